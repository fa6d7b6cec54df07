"""Known mistakes crossed with each other: is every hint that a mistake earns true of it, at home and in grading?

`python -m autograder.audit.crossed [ASSIGNMENT ...]` prints a table; the assignments must have been released.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.audit.run import SECRET
from autograder.course import assignment_names, execute, find_root, load_assignment
from autograder.course.assignment import Assignment
from autograder.examine.desks import LiveDesk
from autograder.examine.examiner import Examiner
from autograder.examine.hints import OF_SOME
from autograder.examine.open import course_examiner, handout_examiner

HOME, GRADING = "home", "grading"
OWN, ALIKE, PARTLY, FALSE, NONE = "own", "alike", "partly", "false", "none"


@dataclass(frozen=True)
class Crossing:
    """What one known mistake earns on one side: its own hint, that of a mistake which fails all checks alike, that of
    one which explains some of them and says so, a false one (of `other`, against which `check` speaks), or none."""

    mistake: str
    side: str
    verdict: str
    other: str = ""
    check: str = ""


def crossings(assignment: Assignment, grader: Examiner, share: int = 1) -> Iterator[Crossing]:
    """Of all known mistakes, or of each `share`-th: one for each side, and one more for each further hint."""
    known = [answer for answer in execute.read_answers(assignment) if not answer.correct]
    with handout_examiner(assignment.handout) as home:
        for answer in known[share // 2::share]:
            for side, examiner in ((HOME, home), (GRADING, grader)):
                hints = _hints(assignment, answer, examiner)
                for hint in hints:
                    yield _crossing(assignment, answer, side, hint, known, grader)
                if not hints:
                    yield Crossing(answer.name, side, NONE)


def _hints(assignment: Assignment, answer: execute.Answer, examiner: Examiner) -> list[str]:
    """Each hint that is shown to somebody who made the mistake, once."""
    desk = LiveDesk(vars(execute.with_answer(assignment, answer)))
    results = examiner.examine(desk, _parts(assignment, answer))
    return list(dict.fromkeys(check.hint for result in results for check in result.checks if check.hint))


def _parts(assignment: Assignment, answer: execute.Answer) -> list[str]:
    """The parts in which what it replaces is written."""
    owners = {name.partition(".")[0] for name in answer.replaces}
    return [part.name for part in assignment.plan.parts if owners & assignment.defined_by(part.name)]


def _crossing(assignment: Assignment, answer: execute.Answer, side: str, hint: str, known: list[execute.Answer],
              grader: Examiner) -> Crossing:
    hint, *some = hint.split(OF_SOME)
    if hint == answer.hint:
        return Crossing(answer.name, side, OWN)
    others = [other for other in known if other.hint == hint]
    against = {other.name: _against(assignment, answer, other, grader, bool(some)) for other in others}
    other = min(against, key=lambda name: bool(against[name]))
    return Crossing(answer.name, side, FALSE if against[other] else PARTLY if some else ALIKE, other, against[other])


def _against(assignment: Assignment, answer: execute.Answer, other: execute.Answer, grader: Examiner,
             some: bool) -> str:
    """The first check that fails with one and not in the same way with the other; "" if there is none. some: the hint
    says that it explains some failures only, so that the other may pass what this one fails."""
    for name in dict.fromkeys((*_parts(assignment, answer), *_parts(assignment, other))):
        for check in assignment.plan.checks_of(name):
            here, there = (grader.known_mistakes.evidence(check, each.name) for each in (answer, other))
            if there is None and (here is None or some):
                continue
            if here is None or there is None or not here.matches(there):
                return check.name
    return ""


def main(names: list[str]) -> None:
    root = find_root()
    for assignment in (load_assignment(name, root) for name in names or assignment_names(root)):
        with course_examiner(assignment, SECRET) as grader:
            found = list(crossings(assignment, grader))
        print(f"\n{assignment.name}")
        for side in (HOME, GRADING):
            counts = Counter(each.verdict for each in found if each.side == side)
            print(f"  {side:8}", *(f"{verdict} {counts[verdict]:4}" for verdict in (OWN, ALIKE, PARTLY, FALSE, NONE)))
        for each in found:
            if each.verdict != OWN:
                print("   ", each.side, each.verdict, each.mistake, each.other, each.check)


if __name__ == "__main__":
    main(sys.argv[1:])
