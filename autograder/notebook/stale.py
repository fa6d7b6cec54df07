"""A function that was examined, but is not the one that stands in the notebook: its cell was edited and not run again,
or did not come to its end when it was."""

import ast
import inspect
import re
import time
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

from autograder.errors import SubmissionError
from autograder.notebook.places import Places, bare

BEGAN = time.time()  # of this kernel, near enough: what was saved before was written by another one
CELL = re.compile(r"In \[(\d+)\]")


def stale(functions: Collection[str], namespace: dict[str, Any], history: list[tuple[str, str]], places: Places,
          notebook: Path | None) -> list[str]:
    """A sentence for each function or class that is older than what was written. history: (name, source) of the cells
    that were run, in order; notebook: the file, if it is known."""
    sources = dict(history)
    found = []
    for name in dict.fromkeys(function.partition(".")[0] for function in functions):
        cell = _cell_of(namespace.get(name), places)
        if cell not in sources:
            continue
        later = [each for each in list(sources)[list(sources).index(cell) + 1:] if _defines(sources[each], name)]
        if later:
            found.append(f"`{name}` is still that of {cell}: {later[-1]} {_trouble(sources[later[-1]])}")
        elif notebook is not None and _edited(notebook, cell, name, sources[cell]):
            found.append(f"`{name}` is that of {cell}, and its cell has changed since: run it, then check again")
    return found


def _cell_of(value: Any, places: Places) -> str:
    """The cell in which a function or class was made, or ''."""
    members = [value, *vars(value).values()] if inspect.isclass(value) else [value]
    for member in members:
        code = getattr(inspect.unwrap(member), "__code__", None) if inspect.isfunction(member) else None
        if code is not None and CELL.fullmatch(name := places.name(code.co_filename)):
            return name
    return ""


def _defines(source: str, name: str) -> bool:
    return re.search(rf"^(?:def|class) {name}\b", source, re.MULTILINE) is not None


def _trouble(source: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError) as error:
        return f"does not compile ({getattr(error, 'msg', error)}, line {getattr(error, 'lineno', 1)})"
    return "ended with an error before it was made anew"


def _edited(notebook: Path, cell: str, name: str, source: str) -> bool:
    """Whether the saved notebook has another text in the cell that was run under this number."""
    from autograder.submission import raw_cells, source_of

    try:
        if notebook.stat().st_mtime < BEGAN:
            return False
        cells = [raw for raw in raw_cells(notebook) if f"In [{raw.get('execution_count')}]" == cell]
    except (OSError, SubmissionError):
        return False
    return any(_defines(source_of(raw), name) and bare(source_of(raw)) != bare(source) for raw in cells)
