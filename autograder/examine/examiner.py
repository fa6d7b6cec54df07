"""Examines one answer: runs each part's checks, explains what failed, gives follow-through marks."""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from autograder.course.plan import Check, Part, Plan
from autograder.errors import BudgetSpent, StudentFault, TimedOut
from autograder.examine import hints
from autograder.examine.finite_differences import in_brief
from autograder.examine.runner import CheckRunner, Desk
from autograder.examine.shapes import Axes
from autograder.examine.verdict import Judge, evidence_of
from autograder.report import BROKEN, FAILED, PASSED, SKIPPED, CheckResult, PartResult


class Patience(NamedTuple):
    """How many checks of a part may run out of time before the rest are not run, and the deadline of a call.

    Calls of honest code take milliseconds: even the short deadline leaves hundreds of times their time.
    """

    stalls: int
    seconds: float


CALM, HURRIED = Patience(2, 10.0), Patience(1, 3.0)  # hurried where an earlier part has run out of time already
FAILS_TOO = "it fails also with a correct"
NOT_RUN = "not run: other checks of this part have already run out of time"


class Examiner:
    """The parts of one assignment, ready for any number of answers.

    known_mistakes: what they answer to the checks;
    functions: for each part, the names of the functions that its student writes ("CaptioningRNN.loss"); axes: the
    letters of the arguments of the notebook's functions.
    """

    def __init__(self, plan: Plan, runner: CheckRunner, *, known_mistakes: hints.KnownMistakes,
                 functions: dict[str, frozenset[str]], axes: Axes = MappingProxyType({})):
        self.plan, self.runner = plan, runner
        self.known_mistakes, self.functions = known_mistakes, functions
        self._judge = Judge(functions, runner.is_sound, axes)

    @property
    def asked(self) -> frozenset[str]:
        """All functions that a student writes."""
        return frozenset().union(*self.functions.values())

    def examine(self, desk: Desk, only: Sequence[str] | None = None,
                on_part: Callable[[PartResult], None] = lambda result: None,
                known: Mapping[str, PartResult] = MappingProxyType({})) -> list[PartResult]:
        """The result of each part, in order. `only` names the parts that are asked for; those that they
        build on or wait for are examined too, but not returned, unless their results are `known`."""
        wanted = [part.name for part in self.plan.parts] if only is None else list(only)
        done = {name: result for name, result in known.items() if name not in wanted}
        todo = self._with_prerequisites(wanted, done)
        seen: dict[Check, hints.Evidence | None] = {}
        for part in self.plan.parts:
            if part.name in todo:
                done[part.name] = self._examine_part(part, desk, done, seen)
                if part.name in wanted:
                    on_part(done[part.name])
        return [result for name, result in done.items() if name in wanted]

    def _examine_part(self, part: Part, desk: Desk, done: dict[str, PartResult],
                      seen: dict[Check, hints.Evidence | None]) -> PartResult:
        stalled_before = any(_stalled(check) for name in part.prerequisites for check in done[name].checks)
        failed_before = [name for name in part.prerequisites if done[name].failed]
        waits = [name for name in failed_before if name in part.waits_for or not desk.swappable]
        evidence: dict[Check, hints.Evidence] = {}
        with in_brief(bool(waits)):
            result = PartResult(part.name, self._sit(part, desk, HURRIED if stalled_before else CALM, evidence))
        if not any(check.verdict in (FAILED, SKIPPED) and check.attempted for check in result.checks):
            self._explain(part, result, evidence, seen)
            return result  # all is right, or what fails is not written yet: no harm done, and no second sitting helps
        went_wrong = any(check.verdict == FAILED and check.attempted for check in result.checks)
        if desk.swappable and not set(failed_before).isdisjoint(part.builds_on):
            self._follow_through(part, desk, result, failed_before)
        if went_wrong:  # and did not only wait for what is not written yet
            desk.renew()
        for check in result.checks:
            if check.verdict == FAILED and waits and check.attempted:
                _skip(check, waits[0])
        self._explain(part, result, evidence, seen)
        return result

    def _explain(self, part: Part, result: PartResult, evidence: Mapping[Check, hints.Evidence],
                 before: dict[Check, hints.Evidence | None]) -> None:
        """Hints for what has failed in the end: to find them, known mistakes are examined too. before: what was seen in
        earlier parts; receives what is seen in this one."""
        checks = dict(zip(self.plan.checks_of(part.name), result.checks))
        seen = {check: None if checked.verdict == PASSED else evidence.get(check, hints.UNKNOWN)
                for check, checked in checks.items() if checked.verdict in (PASSED, FAILED) and checked.attempted}
        for check, hint in hints.earned(seen, self.known_mistakes, before).items():
            checks[check].hint = hint
        before.update(seen)

    def _follow_through(self, part: Part, desk: Desk, result: PartResult, failed: list[str]) -> None:
        """A second sitting with the reference in place of the failed parts. Only its verdicts are kept,
        because the student's code shared a process with the reference in it."""
        swapped = self._swaps(part, failed)
        if not swapped:
            return
        again = {check.name: check for check in result.checks if check.verdict in (FAILED, SKIPPED)}
        with in_brief():
            seen, stalled = self._second_sitting(part, desk, swapped, again)
            wrong = {name for name, second in seen.items() if second.verdict != PASSED}
            if wrong and not stalled:
                desk.renew()  # what the first sitting left behind is held against nobody
                seen |= self._second_sitting(part, desk, swapped, wrong)[0]
        correct = [name for name in swapped if name in failed]
        alone = set(failed) <= set(swapped)  # whatever fails now fails by itself
        for name, second in seen.items():
            _take_second(again[name], second, correct, alone)
        if any(second.verdict == PASSED for second in seen.values()):
            result.follow_through = correct

    def _swaps(self, part: Part, failed: list[str]) -> tuple[str, ...]:
        """The failed parts that `part` builds on, with their families: never what `part` itself is written in."""
        wanted = self.plan.with_family([name for name in failed if name in part.builds_on])
        order = [each.name for each in self.plan.parts]
        own = self.functions[part.name]
        return tuple(name for name in wanted
                     if order.index(name) < order.index(part.name) and self.functions[name].isdisjoint(own))

    def _sit(self, part: Part, desk: Desk, patience: Patience,
             evidence: dict[Check, hints.Evidence]) -> list[CheckResult]:
        """The part's checks. `evidence` receives how those fail that do."""
        results, stalls, checks = [], 0, self.plan.checks_of(part.name)
        for place, check in enumerate(checks):
            result = CheckResult(check.name, check.sentence, check.points, hidden=check.hidden)
            if stalls >= patience.stalls:
                result.verdict, result.found = FAILED, NOT_RUN
            else:
                raised = self._ask(checks[place:], desk, patience.seconds)
                stalls += isinstance(raised, TimedOut)
                self._judge.decide(result, check, raised, desk.text)
                if raised is not None:
                    evidence[check] = evidence_of(raised)
            result.points = result.max_points if result.verdict in (PASSED, BROKEN) else 0.0
            results.append(result)
        return results

    def _ask(self, checks: Sequence[Check], desk: Desk, seconds: float) -> BaseException | None:
        try:
            return self.runner.ask(checks, desk, (), seconds)
        except BudgetSpent as spent:
            return spent

    def _second_sitting(self, part: Part, desk: Desk, swapped: tuple[str, ...],
                        names: Collection[str]) -> tuple[dict[str, CheckResult], bool]:
        """The results of those checks with the reference in place of the `swapped` parts; did one run out of time?"""
        seen: dict[str, CheckResult] = {}
        checks = [check for check in self.plan.checks_of(part.name) if check.name in names]
        for place, check in enumerate(checks):
            try:
                raised = self.runner.ask(checks[place:], desk, swapped, HURRIED.seconds)
            except StudentFault:  # the notebook does not let the reference in, such as one that says `nn = 3`
                return seen, False
            seen[check.name] = CheckResult(check.name, check.sentence, check.points)
            self._judge.decide(seen[check.name], check, raised, desk.text)
            if isinstance(raised, TimedOut):
                return seen, True
        return seen, False

    def _with_prerequisites(self, names: Sequence[str], known: Collection[str]) -> set[str]:
        wanted = set(names)
        for part in reversed(self.plan.parts):
            if part.name in wanted:
                wanted.update(set(part.prerequisites).difference(known))
        return wanted


def unexamined(plan: Plan, reason: str) -> list[PartResult]:
    """The result of a submission without any code: nothing attempted."""
    return [PartResult(part.name, [CheckResult(check.name, check.sentence, check.points, FAILED, check.hidden,
                                               found=reason, attempted=False) for check in plan.checks_of(part.name)])
            for part in plan.parts]


def _stalled(check: CheckResult) -> bool:
    return check.found == NOT_RUN or check.found.startswith("still running")


def _skip(check: CheckResult, part: str) -> None:
    check.verdict, check.difference = SKIPPED, None
    check.found = f"waits for `{part}`, which fails; until then: {check.found.partition(chr(10))[0]}"


def _take_second(check: CheckResult, second: CheckResult, correct: list[str], alone: bool) -> None:
    """What a second sitting, with a `correct` earlier part in place, changes in the result of the first."""
    if second.verdict == PASSED:
        check.verdict, check.points, check.follow_through = PASSED, check.max_points, True
        check.asked = check.found = ""
        check.where, check.attempted, check.difference = [], True, None
    elif not second.attempted:
        check.verdict, check.attempted, check.found = FAILED, False, second.found
    elif second.verdict == FAILED and alone and check.verdict == SKIPPED:
        check.verdict, check.found = FAILED, f"{FAILS_TOO} {', '.join(f'`{name}`' for name in correct)}"
