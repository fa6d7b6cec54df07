"""Audits one part: right answers pass its checks, stubs fail cleanly, mistakes and mutants are caught."""

import contextlib
import json
import random
import signal
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from autograder.audit import costs, trivial
from autograder.audit.habits import forget, made_a_difference
from autograder.audit.mutants import Mutant, mutants
from autograder.course import execute
from autograder.course.assignment import Assignment
from autograder.course.plan import Check
from autograder.errors import StudentFault, StudentRaised, TimedOut
from autograder.examine import hints
from autograder.examine.desks import NamespaceDesk
from autograder.examine.examiner import Examiner
from autograder.examine.namespace import NamespaceBackend
from autograder.examine.open import mistakes_of, written_in
from autograder.examine.steady import HINT, asks_the_same
from autograder.report import PASSED

MUTANT_SECONDS = 10
TELLING, PRICED = ("zeros", "the_input"), 1  # trivial answers, and mistakes of a part, where there is a budget


@dataclass
class PartAudit:
    """What was found on one part. `problems` are sentences; there should be none."""

    assignment: str
    part: str
    checks: int = 0
    reference: bool = True
    stub: bool = True
    mistakes: int = 0
    caught: int = 0
    hinted: int = 0
    alternatives: int = 0
    accepted: int = 0
    mutants: int = 0
    killed: int = 0
    equivalent: int = 0
    problems: list[str] = field(default_factory=list)
    free: dict[str, float] = field(default_factory=dict)  # kind of trivial answer -> the points that it earns
    prices: list[costs.Price] = field(default_factory=list)
    idle: set[str] = field(default_factory=set)  # the checks that nothing wrong has failed yet


class PartAuditor:
    """Audits the parts of one assignment in this process, with an examiner that is open."""

    def __init__(self, assignment: Assignment, examiner: Examiner):
        self.assignment, self.examiner = assignment, examiner
        self.answers = execute.read_answers(assignment)
        self.reasons = execute.read_reasons(assignment, "EQUIVALENT")
        self.free, self.elsewhere = (execute.read_reasons(assignment, name) for name in ("FREE", "ELSEWHERE"))

    def audit(self, part: str, budget: int | None = None, strict: bool = True) -> PartAudit:
        """The audit of one part; `budget` bounds how many of its mutants are tried, and then few trivial answers are,
        and few mistakes priced (None: all). strict: with slips of array code, trivial answers and prices."""
        checks = self.assignment.plan.checks_of(part)
        result = PartAudit(self.assignment.name, part, len(checks), idle={check.name for check in checks})
        self._audit_reference(result)
        self._audit_stub(result)
        for answer in self.answers:
            if home(self.assignment, answer.replaces[0]) == part:
                (self._audit_alternative if answer.correct else self._audit_mistake)(result, answer)
        for mutant in self._chosen(part, budget, strict):
            self._audit_mutant(result, mutant)
        if strict:
            self._audit_trivial(result, trivial.KINDS if budget is None else TELLING)
            result.prices = self.prices(part, None if budget is None else PRICED)
            result.problems += [problem for price in result.prices for problem in price.problems(self.elsewhere)]
        if budget is None:  # with fewer mutants, nothing may have come by that it is there for
            self._audit_idle(result, checks)
        return result

    def _audit_trivial(self, result: PartAudit, kinds: Collection[str]) -> None:
        """What takes no thought earns no points, or a reason is given."""
        found: dict[str, list[str]] = {}
        for check, kind, points in trivial.earned(self.assignment, self.examiner, result.part, kinds):
            if f"{check}: {kind}" not in self.free:
                found.setdefault(check, []).append(kind)
                result.free[kind] = result.free.get(kind, 0.0) + points
        for check in self.assignment.plan.checks_of(result.part):
            if check.name in found:
                result.problems.append(f"{self.assignment.checks}:{check.line}: `{check.name}` gives {check.points:g} "
                                       f"points for {', '.join(found[check.name])}")

    def prices(self, part: str, budget: int | None = None) -> list[costs.Price]:
        """What the known mistakes of a part cost, everywhere; `budget` bounds how many are tried."""
        mistakes = [answer for answer in self.answers
                    if not answer.correct and home(self.assignment, answer.replaces[0]) == part]
        if budget is not None and len(mistakes) > budget:
            mistakes = random.Random(part).sample(mistakes, budget)
        return [costs.price(self.assignment, self.examiner, answer) for answer in mistakes]

    def _audit_idle(self, result: PartAudit, checks: list[Check]) -> None:
        """A check that nothing wrong in its own part fails meets whatever is wrong in the cells that it examines."""
        wrong = iter([*mistakes_of(self.assignment, result.part, self.answers), *self._mutants(result.part)])
        while result.idle and (each := next(wrong, None)):
            idle = [check for check in checks if check.name in result.idle]
            if isinstance(each, Mutant):
                self._is_killed(result, each, idle)
            else:
                list(self._failures(result, idle, vars(execute.with_answer(self.assignment, each))))
        said = "no mistake and no mutant gives `{}` a wrong answer"
        result.problems += [f"{self.assignment.checks}:{check.line}: {said.format(check.name)}" for check in checks
                            if check.name in result.idle]

    def _failures(self, result: PartAudit, checks: list[Check], names: dict) -> Iterator[tuple[Check, BaseException]]:
        """Each check that an answer fails, and what it raises; those that nothing has failed yet are asked first. What
        only raises has failed nothing: no check need be any good to notice that."""
        for check in sorted(checks, key=lambda check: check.name not in result.idle):
            raised = self.examiner.runner.run(check, NamespaceBackend(names))
            if raised is not None:
                if not isinstance(raised, StudentRaised):
                    result.idle.discard(check.name)
                yield check, raised

    def _checks(self, names: tuple[str, ...]) -> list[Check]:
        """The checks of all parts that share the cells of what is replaced."""
        owners = {name.partition(".")[0] for name in names}
        return [check for each in self.assignment.plan.parts if owners & self.assignment.defined_by(each.name)
                for check in self.assignment.plan.checks_of(each.name)]

    def _related(self, function: str) -> list[Check]:
        """The checks that should notice a change of a function: its own part's first, then those of the family,
        because what a forward pass keeps in its cache shows in the backward pass."""
        own = self._checks((function,))
        families = {self.assignment.plan.part(check.part).family for check in own} - {""}
        return own + [check for check in self.assignment.plan.checks
                      if check not in own and self.assignment.plan.part(check.part).family in families]

    def _audit_reference(self, result: PartAudit) -> None:
        for check in self.assignment.plan.checks_of(result.part):
            raised = self.examiner.runner.run(check, self.examiner.runner.reference(check.name))
            if raised is not None:
                result.reference = False
                result.problems.append(f"the reference fails `{check.name}`: {type(raised).__name__}: {raised}")
            elif not asks_the_same(self.examiner.runner, check):
                result.problems.append(f"{self.assignment.checks}:{check.line}: `{check.name}` asks something else "
                                       f"each time that it is run\n    {HINT}")

    def _audit_stub(self, result: PartAudit) -> None:
        stubs = execute.stub_sources(self.assignment)
        desk = NamespaceDesk(lambda: vars(execute.execute(stubs, assignment=self.assignment)))
        for check in self.examiner.examine(desk, only=[result.part])[0].checks:
            clean = check.verdict != PASSED and ("not attempted" in check.found or "waits for" in check.found)
            if not clean:
                result.stub = False
                result.problems.append(f"the stub is not reported as unwritten by `{check.name}`: {check.found}")

    def _audit_alternative(self, result: PartAudit, answer: execute.Answer) -> None:
        result.alternatives += 1
        names = vars(execute.with_answer(self.assignment, answer))
        for check in self._checks(answer.replaces):
            raised = self.examiner.runner.run(check, NamespaceBackend(names))
            if raised is not None:
                result.problems.append(f"the correct answer `{answer.name}` fails `{check.name}`: {raised}")
                return
        result.accepted += 1

    def _audit_mistake(self, result: PartAudit, answer: execute.Answer) -> None:
        result.mistakes += 1
        names = vars(execute.with_answer(self.assignment, answer))
        caught, _ = next(self._failures(result, self._checks(answer.replaces), names), (None, None))
        if caught is None:
            result.problems.append(f"no check notices the mistake `{answer.name}`")
            return
        result.caught += 1
        if answer.hint in self._hints(answer):
            result.hinted += 1
        else:
            result.problems.append(f"the mistake `{answer.name}` is caught by `{caught.name}`, but does not earn its "
                                   "own hint: another mistake explains the same, or its numbers tell too little")

    def _hints(self, answer: execute.Answer) -> set[str]:
        """What somebody is told who made this mistake."""
        known, seen, told = self.examiner.known_mistakes, {}, set()
        for _, checks in groupby(self._checks(answer.replaces), key=lambda check: check.part):
            here = {check: known.evidence(check, answer.name) for check in checks}
            told.update(hints.earned(here, known, seen).values())
            seen |= here
        return told

    def _chosen(self, part: str, budget: int | None, slips: bool = True) -> list[Mutant]:
        """The part's mutants, or an even, repeatable choice of `budget` of them."""
        found = [mutant for mutant in self._mutants(part) if home(self.assignment, mutant.function) == part
                 and (slips or not mutant.is_slip)]
        if budget is None or len(found) <= budget:
            return found
        return random.Random(part).sample(found, budget)

    def _mutants(self, part: str) -> list[Mutant]:
        """The mutants of the cells that a part examines, which other parts may share."""
        return [mutant for cell in self.assignment.cells_of(part) for mutant in mutants(cell)
                if mutant.function in written_in(cell)]

    def _audit_mutant(self, result: PartAudit, mutant: Mutant) -> None:
        result.mutants += 1
        if mutant.name in self.reasons:
            result.equivalent += 1
        elif self._is_killed(result, mutant, self._related(mutant.function)):
            result.killed += 1
        elif mutant.is_slip and not made_a_difference():
            result.mutants -= 1
        else:
            result.problems.append(f"{self.assignment.notebook}:{mutant.line}: a mutant survives: {mutant.name}\n"
                                   f"    if it computes the same, EQUIVALENT in {self.assignment.mistakes} says why:\n"
                                   f"    {json.dumps(mutant.name, ensure_ascii=False)}: \"...\",")

    def _is_killed(self, result: PartAudit, mutant: Mutant, checks: list[Check]) -> bool:
        sources = [(name, mutant.source if name == mutant.cell else source)
                   for name, source in execute.reference_sources(self.assignment)]
        try:
            with deadline(MUTANT_SECONDS), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a mutant may well be code that Python warns of
                forget()
                names = vars(execute.execute(sources, assignment=self.assignment))
                return any(self._failures(result, checks, names))
        except (execute.CourseError, StudentFault):
            return True


def home(assignment: Assignment, function: str) -> str:
    """The part that a function belongs to: the first whose cells define it; of parts that share a class, the one
    that is named after the method (`CaptioningRNN.sample` belongs to `captioning_sample`)."""
    owner, _, method = function.partition(".")
    sharing = [part.name for part in assignment.plan.parts if owner in assignment.defined_by(part.name)]
    return next((part for part in sharing if method in part.split("_")), sharing[0])


@contextlib.contextmanager
def deadline(seconds: int):
    """Raises TimedOut in this (main) thread when the time is over."""
    def stop(number, frame):
        raise TimedOut(seconds)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
