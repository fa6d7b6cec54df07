"""What is loaded before any submission, and in which version."""

import ast
import contextlib
import functools
import importlib
import importlib.metadata
import platform
import sys
import types
from collections.abc import Iterable
from typing import Any

from autograder import __version__
from autograder.course.assignment import Assignment
from autograder.course.source import GIVEN

HEAVY = ("matplotlib.pyplot", "torch")  # what takes longest to import
UNUSED = "matplotlib.pyplot"  # of it, what a notebook imports and a grader never calls: no graded cell draws
VERSIONED = ("numpy", "torch")  # the libraries whose version a verdict may depend on


def preloads(assignment: Assignment) -> tuple[str, ...]:
    """The modules that the assignment's given cells import: the fork server loads them once for all rooms."""
    return _imported("\n".join(cell.source for cell in assignment.cells if cell.role == GIVEN))


def heavy_imports(assignment: Assignment) -> list[str]:
    """Which of HEAVY the notebook names, without a look at its cells: for the impatient."""
    try:
        names = _imported(assignment.notebook.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return []
    return [name for name in HEAVY if name in names]


def load(names: Iterable[str]) -> None:
    """Imports modules, UNUSED only when something is asked of it. Those that are not installed are left out."""
    for name in names:
        with contextlib.suppress(ImportError):
            if name == UNUSED:
                _put_off(name)
            else:
                importlib.import_module(name)


def _put_off(name: str) -> None:
    parent, _, last = name.rpartition(".")
    package = importlib.import_module(parent)
    if name not in sys.modules:
        sys.modules[name] = _Later(name)
        setattr(package, last, sys.modules[name])


class _Later(types.ModuleType):
    """A module that is imported when something of it is used. (An `import` statement counts as a use for the
    LazyLoader of importlib.)"""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules[self.__name__] is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def _imported(source: str) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            names.update(dict.fromkeys(alias.name for alias in node.names))
        elif isinstance(node, ast.ImportFrom):
            names[node.module] = None
    return tuple(name for name in names if not name.startswith("autograder"))


def versions(assignment: Assignment) -> dict[str, str]:
    """The versions that a verdict may depend on."""
    names = ["pytest", *(name for name in VERSIONED if name in preloads(assignment))]
    return {"autograder": __version__, "python": platform.python_version(),
            **{name: _version(name) for name in names}}


_version = functools.cache(importlib.metadata.version)
