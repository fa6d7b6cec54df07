"""Examines an answer: runs a part's pytest checks against it, compares, explains.

This is what checks.py and mistakes.py import.
"""

from autograder.course.answers import also_correct, replaces
from autograder.examine.compare import CheckFailed, require, returns, same
from autograder.examine.finite_differences import gradient

__all__ = ["CheckFailed", "also_correct", "gradient", "part", "points", "replaces", "require", "returns", "same"]


def points(part: str, n: float):
    """Marks a test as a check of `part` that is worth `n` points."""
    import pytest

    return pytest.mark.points(part, n)


def part(name: str, *, family: str = "", points: float | None = None, builds_on=(), waits_for=(),
         forbids=()) -> None:
    """Declares a part, in notebook order. It is read from the file's text (autograder.course.plan)."""
