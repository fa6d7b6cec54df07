"""Verdicts: what a check raised, in the words of a report."""

import re
from collections.abc import Callable
from types import MappingProxyType

import pytest

from autograder.course.plan import Check
from autograder.errors import AutograderError, StudentFault, StudentRaised
from autograder.examine import hints, shapes
from autograder.examine.compare import CheckFailed
from autograder.examine.lines import Text, raised_at
from autograder.report import BROKEN, FAILED, SKIPPED, CheckResult

_ADDRESS = re.compile("0x[0-9a-f]+")
GONE = "its cell was not run, has failed, or is gone"


class Judge:
    """functions: for each part, the names of the functions that its student writes; is_sound: whether the reference
    passes a check (if it does not, the check is broken and not the answer); axes: the letters of arguments."""

    def __init__(self, functions: dict[str, frozenset[str]], is_sound: Callable[[Check], bool],
                 axes: shapes.Axes = MappingProxyType({})):
        self.functions, self.is_sound, self.axes = functions, is_sound, axes

    def decide(self, result: CheckResult, check: Check, raised: BaseException | None, text: Text) -> None:
        """Writes the verdict into `result`, without a hint. text: of the student's own lines."""
        if raised is None:
            return
        if isinstance(raised, CheckFailed):
            result.verdict, result.asked, result.found = FAILED, raised.asked or "", raised.found
            result.difference = raised.difference
        elif isinstance(raised, StudentRaised):
            self._decide_exception(result, check, raised, text)
        elif isinstance(raised, StudentFault):
            result.verdict, result.found = FAILED, raised.found
        elif isinstance(raised, AutograderError | KeyboardInterrupt | pytest.exit.Exception):
            raise raised
        elif self.is_sound(check):
            result.verdict, result.found = FAILED, _unusable(raised)
        else:
            result.verdict = BROKEN
            result.found = f"the check itself cannot run ({type(raised).__name__}: {raised}); no points are lost"

    def _decide_exception(self, result: CheckResult, check: Check, raised: StudentRaised, text: Text) -> None:
        result.verdict, result.where = FAILED, [list(frame) for frame in raised.frames]
        if raised.kind == "NotImplementedError" and raised.unwritten:
            function = raised.unwritten
            owner = self._owner(function, check.part)
            if owner == check.part:
                result.attempted, result.found = False, f"not attempted: `{function}` is not written yet"
            else:
                # the name of a function that the course does not know could say anything, of hidden inputs too
                waited_for = f"`{owner or function}`" if owner or not check.hidden else "a function of your own"
                result.verdict, result.found = SKIPPED, f"waits for {waited_for}, which is not written yet"
        elif raised.kind == "NameError" and not raised.frames:
            result.found = f"{raised.message}: {GONE}"
        else:
            lines = [f"your code raised {raised.kind}: {raised.message}{raised_at(raised.frames, text)}",
                     self._in_letters(raised)]
            result.found = "\n".join(filter(None, lines))

    def _in_letters(self, raised: StudentRaised) -> str:
        """Of the function that the check has called: the outermost of the student's own."""
        parameters = self.axes.get(raised.frames[0][2]) if raised.frames else None
        if parameters is None or raised.given is None:
            return ""
        return shapes.in_letters(raised.kind, raised.message, parameters, raised.given)

    def _owner(self, function: str, asked: str) -> str:
        """The part that asks for a function to be written: the one being checked, where it does."""
        if function in self.functions[asked]:
            return asked
        return next((name for name, functions in self.functions.items() if function in functions), "")


def evidence_of(raised: BaseException | None) -> hints.Evidence | None:
    """How a check failed: with numbers, with an exception of the answer's, or in words."""
    if raised is None:
        return None
    if isinstance(raised, CheckFailed):
        return raised.evidence
    if isinstance(raised, StudentRaised):
        return hints.Evidence(_ADDRESS.sub("0x", f"{raised.kind}: {raised.message}"))
    if isinstance(raised, StudentFault):
        return hints.UNKNOWN
    return hints.Evidence(_ADDRESS.sub("0x", _unusable(raised)))


def _unusable(raised: BaseException) -> str:
    text = str(raised).splitlines()[0] if str(raised) else ""
    if isinstance(raised, AssertionError):
        return text or "the answer is not what the check asserts"
    return f"the answer cannot be used as one ({type(raised).__name__}: {text})"
