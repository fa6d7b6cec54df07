"""What is loaded before any submission, and in which version."""

import ast
import functools
import importlib.metadata
import platform

from autograder import __version__
from autograder.course.assignment import Assignment
from autograder.course.source import GIVEN

VERSIONED = ("numpy", "torch")  # the libraries whose version a verdict may depend on


def preloads(assignment: Assignment) -> tuple[str, ...]:
    """The modules that the assignment's given cells import: the fork server loads them once for all rooms."""
    names: dict[str, None] = {}
    for cell in (cell for cell in assignment.cells if cell.role == GIVEN):
        for node in ast.parse(cell.source).body:
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
