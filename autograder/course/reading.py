"""Reads a file that an author wrote, and gathers what is wrong in it, so that all of it is named at once."""

import ast
import contextlib
import math
import re
import warnings
from collections.abc import Iterable
from pathlib import Path

from autograder.errors import CourseError

MAX_PARSED = 2 << 20  # characters: the tree of a text may take some hundred times its memory
NAME = re.compile(r"[\w-]+\Z", re.ASCII)  # what nbgrader takes as the name of a cell


def read_text(path: Path) -> str:
    """The text of a source file; line ends of Windows and a byte-order mark are fine.

    Raises CourseError, with the line, for a file that is not UTF-8, and for one that cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path}: a file that can be read", str(error.strerror or error)) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CourseError(f"{path}:{line}: text in UTF-8", f"the byte {content[error.start]:#04x} is not",
                          "save the file with the encoding UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parsed(source: str) -> ast.Module | None:
    """The tree of what a student wrote, without a warning; None if it does not compile, or is too deep or too large."""
    if len(source) > MAX_PARSED:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_points(value) -> bool:
    """Whether a value can be what something is worth: a finite number above zero."""
    return type(value) in (int, float) and math.isfinite(value) and value > 0


class Findings(list):
    """CourseErrors, gathered instead of raised one by one."""

    @contextlib.contextmanager
    def gathered(self):
        """Keeps a CourseError that is raised inside, and goes on after it."""
        try:
            yield
        except CourseError as error:
            self += error.each

    def add(self, asked: str, found: str = "", hint: str = "") -> None:
        self.append(CourseError(asked, found, hint))

    def settle(self) -> None:
        """Raises what was found, if anything was."""
        if self:
            raise together(self)


def together(errors: Iterable[CourseError]) -> CourseError:
    """One error that says what several say, each once."""
    each = list({str(error): error for error in errors}.values())
    if len(each) == 1:
        return each[0]
    error = CourseError(f"{len(each)} things to mend", "\n\n".join(map(str, each)))
    error.each = each
    return error
