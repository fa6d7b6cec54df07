"""Earned hints: a known mistake's hint is shown only to an answer with the same wrong numbers."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

SAME = {8: 1e-6, 4: 1e-4, 2: 1e-2}    # by the bytes of a number: relative difference of two wrong answers that are one
NOISE = {8: 1e-12, 4: 1e-5, 2: 1e-2}  # relative to the right answer: what is smaller is zero, but for rounding


@dataclass(frozen=True)
class Evidence:
    """What a failing check was given: the name of the value, the value, and the largest number of the right one."""

    what: str
    got: np.ndarray
    scale: float = 0.0

    def matches(self, other: "Evidence") -> bool:
        """The same name, shape and numbers (NaN equals NaN), as far as the coarser of both can tell."""
        if self.what != other.what or self.got.shape != other.got.shape:
            return False
        size = min(_bytes(self.got), _bytes(other.got))
        a, b = np.asarray(self.got, dtype=complex), np.asarray(other.got, dtype=complex)
        finite = np.isfinite(b)
        allowed = max(SAME[size] * np.abs(b[finite]).max(initial=0.0), NOISE[size] * max(self.scale, other.scale))
        with np.errstate(all="ignore"):
            equal = (np.abs(a - b) <= allowed) | (a == b) | (np.isnan(a) & np.isnan(b))
        return bool(equal.all())


def _bytes(array: np.ndarray) -> int:
    """The bytes of one real number; whole numbers count as exact."""
    return min(array.real.dtype.itemsize, 8) if array.dtype.kind in "fc" else 8


@dataclass(frozen=True)
class Mistake:
    """What one known mistake answers to one check."""

    name: str
    hint: str
    evidence: Evidence


KnownMistakes = Callable[[Any, Collection[str]], Iterable[Mistake]]  # of a check: those of the names first


def explaining(evidence: Evidence, known: Iterable[Mistake]) -> Mistake | None:
    """The first known mistake that gives the same wrong numbers: its hint is earned."""
    return next((mistake for mistake in known if mistake.evidence.matches(evidence)), None)


def likely_first(mistakes: Iterable, likely: Collection[str]) -> list:
    """In their order, but those of the names in `likely` before the others."""
    return sorted(mistakes, key=lambda mistake: mistake.name not in likely)


@dataclass
class Failure:
    """A failing check, its result, what it was given, and the mistake that explains it."""

    check: Any
    result: Any
    evidence: Evidence
    mistake: Mistake


class Diagnosis:
    """The hints of one part: a single mistake for all its failures, where there is one that explains them all.

    known: the mistakes' answers to a check.
    """

    def __init__(self, known: KnownMistakes):
        self._known: KnownMistakes = known
        self._failures: list[Failure] = []

    def explain(self, check, result, evidence: Evidence) -> None:
        """Gives the result of a failing check the hint that it has earned, if any; earlier ones get the same where
        it is theirs, too: in a small example, different mistakes may give the same numbers."""
        names = {failure.mistake.name for failure in self._failures}  # the likeliest here, too
        mistake = explaining(evidence, self._known(check, names))
        if mistake is None:
            return
        if mistake.name not in names and all(self._fits(mistake.name, failure) for failure in self._failures):
            for failure in self._failures:
                failure.mistake, failure.result.hint = mistake, mistake.hint
        result.hint = mistake.hint
        self._failures.append(Failure(check, result, evidence, mistake))

    def _fits(self, name: str, failure: Failure) -> bool:
        first = next(iter(self._known(failure.check, {name})), None)
        return first is not None and first.name == name and first.evidence.matches(failure.evidence)


class Catalogue:
    """The known mistakes' answers to each check, found by replaying the check and kept.

    replay(check, answer) is the Evidence of that check's failure with the mistake in the student's place, or None.
    """

    def __init__(self, answers_for: Callable[[str], list], replay: Callable):
        self._answers_for, self._replay = answers_for, replay
        self._known: dict[tuple[str, str], Evidence | None] = {}

    def mistakes(self, check, likely: Collection[str] = ()) -> Iterator[Mistake]:
        """Those that fail a check (of a plan) with numbers; each is replayed when it is asked for."""
        for answer in likely_first(self._answers_for(check.part), likely):
            key = (check.name, answer.name)
            if key not in self._known:
                self._known[key] = self._replay(check, answer)
            if self._known[key] is not None:
                yield Mistake(answer.name, answer.hint, self._known[key])
