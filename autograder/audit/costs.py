"""What a known mistake costs, part by part. It should cost its own part, in the notebook as well as in the grader.

Its own part is the first, of those it is written in, where it costs half of the points, or else the one where it costs
the largest share. What it costs elsewhere, after follow-through marks, has a reason in mistakes.py:
ELSEWHERE = {"the mistake: part": "why"}.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from autograder.course import execute
from autograder.course.assignment import Assignment
from autograder.examine.desks import NamespaceDesk
from autograder.examine.examiner import Examiner
from autograder.report import PASSED, PartResult


@dataclass
class Price:
    """lost: points by part, where there are any; unforetold: hidden checks of its own part that it fails, if it passes
    every visible one."""

    mistake: str
    own: str
    lost: dict[str, float] = field(default_factory=dict)
    unforetold: list[str] = field(default_factory=list)

    def problems(self, reasons: dict[str, str]) -> Iterator[str]:
        for part, points in self.lost.items():
            if part != self.own and f"{self.mistake}: {part}" not in reasons:
                yield (f"the mistake `{self.mistake}` of `{self.own}` costs {points:g} points of `{part}`\n"
                       f"    if that cannot be helped, ELSEWHERE in mistakes.py says why:\n"
                       f"    \"{self.mistake}: {part}\": \"...\",")
        if self.unforetold:
            yield (f"the mistake `{self.mistake}` passes all visible checks of `{self.own}`, and fails "
                   f"{', '.join(f'`{name}`' for name in self.unforetold)}")


def price(assignment: Assignment, examiner: Examiner, answer: execute.Answer) -> Price:
    """What an answer with this one mistake loses, part by part."""
    def cells(part: str) -> list[tuple[str, str]]:
        return [(cell.name, cell.source) for cell in assignment.cells_of(part)]

    desk = NamespaceDesk(lambda: vars(execute.with_answer(assignment, answer)), cells)
    owners = {name.partition(".")[0] for name in answer.replaces}
    order = [part.name for part in assignment.plan.parts]
    sharing = [name for name in order if owners & assignment.defined_by(name)]
    before = order[:order.index(sharing[0])]  # what stands above it does not call it
    results = {result.name: result for result in examiner.examine(
        desk, only=order[len(before):], known={name: PartResult(name, []) for name in before})}
    shares = {name: _lost(results[name]) / assignment.plan.points_of(name) for name in sharing}
    own = next((name for name in sharing if shares[name] >= 0.5), max(sharing, key=shares.get))
    found = Price(answer.name, own, {name: _lost(result) for name, result in results.items() if _lost(result)})
    failed = [check for check in results[own].checks if check.verdict != PASSED]
    if failed and all(check.hidden for check in failed):
        found.unforetold = [check.name for check in failed]
    return found


def _lost(result: PartResult) -> float:
    return sum(check.max_points - check.points for check in result.checks)
