"""A notebook cell's text as plain Python: without IPython's magics, help and shell lines."""

import ast
import re
from collections.abc import Iterator

from autograder.course.reading import parsed

TIMING_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")  # cell magics whose body is still the student's code
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
NOT_PYTHON = re.compile(r"[%!?]|.*\?$|\w+\s*=\s*[!%]")  # a stripped line of magic, shell or help


def plain_python(source: str) -> str:
    """A cell's Python, line for line; what compiles is left as it is."""
    first = source.lstrip().split("\n", 1)[0]
    if first.startswith("%%"):
        if not first.startswith(TIMING_MAGICS):
            return ""
        source = source.lstrip().partition("\n")[2]
    lines = source.split("\n")
    if not any(NOT_PYTHON.match(line.strip()) for line in lines) or parsed(source) is not None:
        return source  # the first is so for most, and quicker to see
    kept = "\n".join(_without_magics(lines))
    return kept if parsed(kept) is not None else source


def _without_magics(lines: list[str]) -> Iterator[str]:
    """A block that held nothing but a magic still needs a body: the line's indentation and `pass`. Lines that a
    backslash adds to a magic go with it."""
    goes_on = False
    for line in lines:
        is_magic = not goes_on and NOT_PYTHON.match(line.strip()) is not None
        yield "" if goes_on else line[: len(line) - len(line.lstrip())] + "pass" if is_magic else line
        goes_on = (goes_on or is_magic) and line.rstrip().endswith("\\")


def defined_in(source: str) -> frozenset[str]:
    """The functions and classes that a cell defines at its top level; none where it does not compile."""
    tree = parsed(plain_python(source)) if "def " in source or "class " in source else None
    return frozenset(node.name for node in tree.body if isinstance(node, DEFINITIONS)) if tree else frozenset()
