"""Runs single checks, remembering what the reference says to each, and what a check made of the same answers before."""

import functools
import hashlib
import itertools
from collections.abc import Callable, Sequence
from typing import Protocol

from autograder.course.plan import Check
from autograder.examine import hints
from autograder.examine.face import Backend
from autograder.examine.finite_differences import Known, in_brief, is_brief, knowing, measuring
from autograder.examine.lines import Text
from autograder.examine.outcomes import Outcomes
from autograder.examine.rehearsal import Disturbed, Rehearsal
from autograder.examine.session import CheckSession, Sitting
from autograder.examine.verdict import evidence_of


class Desk(Protocol):
    """Where a student's code is ready to be called. text: of the lines that the student wrote."""

    swappable: bool
    text: Text

    def backend(self, swapped: tuple[str, ...], seconds: float, rehearsals: Sequence[Rehearsal] = (),
                hidden: bool = False) -> Backend:
        """The student's code, with the reference in place of the `swapped` parts; `seconds` is a call's deadline,
        where the desk can keep one; `rehearsals`: what this check and those after it will ask, where that is known;
        `hidden`: whether these are hidden checks, of which nothing may be learnt."""

    def renew(self) -> None:
        """Forget the present process or namespace: something went wrong in it."""


class CheckRunner:
    """The checks of one assignment, each ready for any number of answers.

    reference: makes the backend of the reference for a check;
    rehearses: whether the reference is real, so that it can sit the checks itself.
    """

    def __init__(self, session: CheckSession, *, reference: Callable[[str], Backend], secret: bytes = b"",
                 rehearses: bool = False):
        self.session, self.reference, self.secret, self.rehearses = session, reference, secret, rehearses
        self._rehearsals: dict[str, Rehearsal | None] = {}
        self._gradients: dict[str, Known] = {}
        self._outcomes = Outcomes()

    def run(self, check: Check, student: Backend) -> BaseException | None:
        """What one check raises for one answer, or None."""
        rehearsal = self.rehearsal(check)
        reference = rehearsal.reference() if rehearsal else self.reference(check.name)
        with knowing(lambda: self._measured(check) if rehearsal else {}):
            return self.sit(check, student, reference)

    def sit(self, check: Check, student: Backend, reference: Backend) -> BaseException | None:
        """What one check raises for this student and this reference, or None."""
        return self.session.run(check.name, Sitting(student, reference, self._seed(check)))

    def evidence(self, check: Check, student: Backend) -> hints.Evidence | None:
        """How an answer fails a check, or None if it passes."""
        with in_brief():
            return evidence_of(self.run(check, student))

    def ask(self, checks: Sequence[Check], desk: Desk, swapped: tuple[str, ...],
            seconds: float) -> BaseException | None:
        """What the first of the checks raises; the others are those that will be asked next.

        swapped: the parts in whose place the reference stands; seconds: a call's deadline.
        """
        check = checks[0]
        alike = [each for each in checks if each.hidden == check.hidden]
        known = itertools.takewhile(lambda rehearsal: rehearsal is not None, map(self.rehearsal, alike))
        student = desk.backend(swapped, seconds, list(known), check.hidden)
        raised = self._outcomes.of((check.name, is_brief()), student, lambda: self.run(check, student))
        if isinstance(raised, Disturbed):
            raised = self.run(check, desk.backend(swapped, seconds, hidden=check.hidden))
        return raised

    def is_sound(self, check: Check) -> bool:
        """Whether the reference passes a check: if it does not, the check is broken and not the answer. In a student's
        copy it does, or there would be no recording; and that one cannot sit a check, only answer for the reference."""
        return not self.rehearses or self.rehearsal(check) is not None

    def rehearsal(self, check: Check) -> Rehearsal | None:
        """None where the reference is only a recording, or does not pass its own check."""
        if self.rehearses and check.name not in self._rehearsals:
            self._rehearsals[check.name] = Rehearsal.of(functools.partial(self.sit, check),
                                                        lambda: self.reference(check.name))
        return self._rehearsals.get(check.name)

    def _measured(self, check: Check) -> Known:
        """The derivatives of the reference's own forward passes, wherever a check measures one."""
        if check.name not in self._gradients:
            with measuring() as self._gradients[check.name]:
                sitting = Sitting(self.reference(check.name), self.reference(check.name), self._seed(check))
                self.session.run_within(check.name, sitting)
        return self._gradients[check.name]

    def _seed(self, check: Check) -> int:
        """Each check draws its own inputs; a hidden check's depend on the course's secret."""
        key = self.secret[:64] if check.hidden else b""
        return int.from_bytes(hashlib.blake2b(check.name.encode(), key=key, digest_size=8).digest(), "big")
