"""What is loaded before any submission, and in which version."""

import ast
import functools
import importlib.metadata
import platform

from autograder import __version__
from autograder.course.assignment import Assignment
from autograder.course.source import GIVEN

HEAVY = ("matplotlib.pyplot", "torch")  # what takes longest to import
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
