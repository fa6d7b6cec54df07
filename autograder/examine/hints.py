"""Earned hints: a known mistake's hint is shown where that mistake, and no other, explains what went wrong.

What fails with the same numbers, the same exception or the same words is explained; what passes must pass with the
mistake, too. Where two mistakes with different hints explain the same, nobody is told anything.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

SAME = {8: 1e-6, 4: 1e-4, 2: 1e-2}    # by the bytes of a number: relative difference of two wrong answers that are one
NOISE = {8: 1e-12, 4: 1e-5, 2: 1e-2}  # relative to the right answer: what is smaller is zero, but for rounding
CLOSER = 100  # times as close to the mistake's numbers as those are to the right ones
OF_SOME = " (This is about "  # begins the words after a hint that explains some of what fails


@dataclass(frozen=True)
class Evidence:
    """How a check failed: the name of a value, and the value; or, without one, what was raised or said.

    scale: the largest number of the right value; error: how far the value is from it at most, where that can be
    measured; tells: whether a hint can be earned by it alone.
    """

    what: str
    got: np.ndarray | None = None
    scale: float = 0.0
    error: float = np.inf
    tells: bool = True

    @classmethod
    def of_numbers(cls, what: str, got: np.ndarray, scale: float = 0.0,
                   difference: np.ndarray | None = None) -> "Evidence":
        """Of numbers of the right shape, with their distance from the right ones where it is known. They tell nothing
        by themselves where mistakes look alike: in zeros, in what is not finite, in examples so small that an axis has
        one place."""
        finite = got[np.isfinite(got)]
        finite = np.where(np.abs(finite) <= NOISE[_bytes(got)] * scale, 0, finite)
        varied = len(np.unique(finite)) > 1 or got.ndim == 0 and finite.size == 1 and finite[0] not in (0, 1)
        # where some of it is not finite, what is left may be right, and off by no more than rounding
        measured = difference is not None and np.isfinite(difference).all()
        far = float(difference.max(initial=0.0)) if measured else 0.0
        return cls(what, got.copy(), float(scale), far or np.inf, varied and 1 not in got.shape)

    @classmethod
    def of_words(cls, *words: str | None, tells: bool = True) -> "Evidence":
        """Of what was said of an answer. Digits do not count: they may be drawn by chance."""
        return cls(re.sub(r"-?\d[\d.e+-]*", "0", "\n".join(filter(None, words))), tells=tells)

    def matches(self, other: "Evidence") -> bool:
        """The same words, shape and numbers (NaN equals NaN), as far as the coarser of both can tell, and to a small
        part of what is wrong with the other's."""
        if not self.what or self.what != other.what or (self.got is None) != (other.got is None):
            return False
        if self.got is None or self.got.shape != other.got.shape:
            return self.got is None
        size = min(_bytes(self.got), _bytes(other.got))
        a, b = np.asarray(self.got, dtype=complex), np.asarray(other.got, dtype=complex)
        finite = np.isfinite(b)
        allowed = max(SAME[size] * np.abs(b[finite]).max(initial=0.0), NOISE[size] * max(self.scale, other.scale))
        with np.errstate(all="ignore"):
            equal = np.abs(a - b) <= min(allowed, other.error / CLOSER)
        return bool((equal | (a == b) | (np.isnan(a) & np.isnan(b))).all())


UNKNOWN = Evidence("", tells=False)  # of a failure that says nothing of its cause, such as a call that never ends


def _bytes(array: np.ndarray) -> int:
    """The bytes of one real number; whole numbers count as exact."""
    return min(array.real.dtype.itemsize, 8) if array.dtype.kind in "fc" else 8


@dataclass(frozen=True)
class Mistake:
    """A known mistake. seen: its hint says no more than what can be seen in zeros, too (see `replaces`)."""

    name: str
    hint: str
    seen: bool = False


class KnownMistakes(Protocol):
    """What known mistakes answer to checks."""

    def of(self, check: Any) -> Sequence[Mistake]:
        """The mistakes that can be made in what the check's part asks for, or at least those that fail the check."""

    def evidence(self, check: Any, name: str) -> Evidence | None:
        """How the mistake of that name fails the check; None if it passes."""


Seen = Mapping[Any, Evidence | None]  # how each check failed, None where it passed


def earned(seen: Seen, known: KnownMistakes, beside: Seen = MappingProxyType({})) -> dict[Any, str]:
    """The hints for the checks of a part, by check. beside: what was seen in other parts, where the same mistakes may
    show. What was not attempted is in neither.

    A mistake that explains all failures is the cause; one that explains some, and would fail nothing else or
    otherwise, is a cause, and the hint says of which checks.
    """
    failed = [check for check, evidence in seen.items() if evidence is not None]
    explained = {mistake: checks for mistake in dict.fromkeys(each for check in failed for each in known.of(check))
                 if (checks := _explained(mistake, failed, {**beside, **seen}, known))}
    whole = [mistake for mistake, checks in explained.items() if len(checks) == len(failed)]
    hints = {}
    for check in failed:
        causes = whole or [mistake for mistake, checks in explained.items() if check in checks]
        if len({mistake.hint for mistake in causes}) == 1 and _is_earned(causes[0], explained[causes[0]], seen):
            hints[check] = causes[0].hint if whole else _of_some(causes[0].hint, explained[causes[0]])
    return hints


def _explained(mistake: Mistake, failed: Sequence, seen: Seen, known: KnownMistakes) -> list:
    """The failed checks that fail with the mistake in the same way; none if any check speaks against it."""
    if not all(_agrees(check, mistake, seen, known) for check in failed):
        return []
    checks = [check for check in failed if known.evidence(check, mistake.name)]
    return checks if checks and all(_agrees(check, mistake, seen, known) for check in seen) else []


def _agrees(check: Any, mistake: Mistake, seen: Seen, known: KnownMistakes) -> bool:
    """Whether the check fails in the same way with the mistake, or passes with it."""
    predicted = known.evidence(check, mistake.name)
    return predicted is None or seen[check] is not None and seen[check].matches(predicted)


def _is_earned(mistake: Mistake, checks: Sequence, seen: Seen) -> bool:
    return mistake.seen or any(seen[check].tells for check in checks)


def _of_some(hint: str, checks: Sequence) -> str:
    visible = [check.sentence for check in checks if not check.hidden]
    named = f"“{visible[0]}”" if visible else "a hidden check"
    more = f", {len(checks) - 1} more" if len(checks) > 1 else ""
    return f"{hint}{OF_SOME}{named}{more}; something else is wrong, too.)"


class Catalogue:
    """The known mistakes' answers to each check, found by replaying the check and kept.

    answers_for: the mistakes of a part; replay(check, answer): how that check fails with the answer in the student's
    place, or None.
    """

    def __init__(self, answers_for: Callable[[str], list], replay: Callable[[Any, Any], Evidence | None]):
        self._answers_for, self._replay = answers_for, replay
        self._known: dict[tuple[str, str], Evidence | None] = {}

    def of(self, check) -> list[Mistake]:
        return [Mistake(answer.name, answer.hint, answer.seen) for answer in self._answers_for(check.part)]

    def evidence(self, check, name: str) -> Evidence | None:
        key = (check.name, name)
        if key not in self._known:
            answer = next((each for each in self._answers_for(check.part) if each.name == name), None)
            self._known[key] = answer and self._replay(check, answer)
        return self._known[key]
