"""Where a student's line stands: a cell of this kernel, as `In [7]`, or a file of their own."""

import linecache
import os
import re
import sysconfig
from collections.abc import Collection
from pathlib import Path

import autograder
from autograder.lab.kernel import shell

LIBRARIES = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")}
                  | {str(Path(autograder.__file__).parent) + os.sep})
TYPED = ("<stdin>", "<python-input", "<ipython-input", "<timed exec>")  # code that came without a file
NUMBERED = re.compile(r"ipython-input-(\d+)-")  # a cell of an older IPython, such as Colab's


class Places:
    """Names files as people see them. A cell's file name is IPython's own business; it knows which cell it was.

    given: the texts of the course's cells, without blanks.
    """

    def __init__(self, given: Collection[str] = ()):
        self._given = given
        self._cells: dict[str, int] = getattr(getattr(shell(), "compile", None), "_filename_map", {})
        self._files: dict[str, str] = {}

    def owns(self, filename: str) -> bool:
        """Whether the student wrote it: a cell or a file of their own, not a library or this package."""
        if filename in self._cells or filename.startswith(TYPED):
            return True
        return not (filename.startswith(("<", *LIBRARIES)) or "site-packages" in filename)

    def name(self, filename: str) -> str:
        numbered = NUMBERED.search(filename)
        if filename in self._cells:
            name = f"In [{self._cells[filename]}]"
        elif numbered:
            name = f"In [{numbered[1]}]"
        elif filename.startswith("<"):
            name = filename.strip("<>")
        else:
            name = os.path.basename(filename)
        self._files[name] = filename
        return name

    def text(self, name: str, line: int) -> str:
        """The text of a line that the student wrote, stripped; '' where it is not known, or the course's own."""
        filename = self._files.get(name, name)
        linecache.checkcache(filename)  # a module may have been edited since
        lines = linecache.getlines(filename)
        if not 0 < line <= len(lines) or bare("".join(lines)) in self._given:
            return ""
        return lines[line - 1].strip()


def bare(text: str) -> str:
    """Without blanks."""
    return "".join(text.split())
