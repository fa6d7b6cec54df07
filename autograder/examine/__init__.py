"""Examines an answer: runs a part's pytest checks against it, compares, explains.

This is what checks.py and mistakes.py import; docs/writing-checks.md shows each name at work.
"""

from autograder.course.answers import also_correct, replaces
from autograder.examine.boundaries import boundaries, forms, strided
from autograder.examine.compare import CheckFailed, reached, require, returns, same
from autograder.examine.counted import Cost, calls_of, cost
from autograder.examine.finite_differences import gradient
from autograder.examine.gradients import same_gradients
from autograder.examine.modules import Twins, installed, meant, random_weights, twins
from autograder.examine.probes import beside
from autograder.examine.properties import (
    depends,
    equivariant,
    influences,
    invariant,
    permuted,
    same_as_set,
    shifted,
    unchanged,
)
from autograder.examine.randomness import ALL, mean_of, share_of

__all__ = ["ALL", "CheckFailed", "Cost", "Twins", "also_correct", "beside", "boundaries", "budget", "calls_of",
           "cost", "depends", "equivariant", "forms", "gradient", "influences", "installed", "invariant", "mean_of",
           "meant", "part", "permuted", "points", "random_weights", "reached", "replaces", "require", "returns",
           "same", "same_as_set", "same_gradients", "share_of", "shifted", "strided", "twins", "unchanged"]


def points(part: str, n: float):
    """Marks a test as a check of `part` that is worth `n` points."""
    import pytest

    return pytest.mark.points(part, n)


def budget(*, seconds: float) -> None:
    """How long one submission may take as a whole, by the clock and of processor time; without it, 300 s.

    Whoever uses it up has what was examined until then, and is told. Read from the file's text, as `part` is."""


def part(name: str, *, family: str = "", points: float | None = None, builds_on=(), waits_for=(),
         forbids=()) -> None:
    """Declares a part, in notebook order. It is read from the file's text (autograder.course.plan)."""
