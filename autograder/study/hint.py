"""Hints in steps, for those who learn by themselves: what is asked, the earned hint, where to read. Never the code."""

import re
from dataclasses import dataclass, field

from autograder.notebook import kept
from autograder.report import BROKEN, PASSED, CheckResult, PartResult
from autograder.study.handout import Handout
from autograder.study.statement import passages


@dataclass
class Hints:
    """The hints given so far on a part's first check that is not passed; of: how many there are in all."""

    part: str
    check: str = ""
    hints: list[str] = field(default_factory=list)
    of: int = 0

    @property
    def right(self) -> bool:
        return not self.check


def next_hint(handout: Handout, result: PartResult) -> Hints:
    """One step more than last time; from the first step where another check, or another mistake, is in the way."""
    check = next((each for each in result.checks if each.verdict not in (PASSED, BROKEN)), None)
    memory = kept.read(handout.notebook)
    before = memory.hints.pop(result.name, {})
    if check is None:
        kept.write(handout.notebook, memory)
        return Hints(result.name)
    steps = _steps(handout, result.name, check)
    about = [check.name, check.attempted, check.hint]
    step = min(before.get("step", 0) + 1, len(steps)) if before.get("about") == about else 1
    memory.hints[result.name] = {"about": about, "step": step}
    kept.write(handout.notebook, memory)
    return Hints(result.name, check.name, steps[:step], len(steps))


def _steps(handout: Handout, part: str, check: CheckResult) -> list[str]:
    found = check.found.removeprefix("not attempted: ")
    steps = [f"asked: {check.asked or check.sentence}\nfound: {found}"]
    earlier = re.match(r"waits for `([\w-]+)`", found)
    if earlier and any(each.name == earlier[1] for each in handout.plan.parts):
        steps.append(f"that part comes first: `autograder hint {earlier[1]}`")
    if check.hint:
        steps.append(check.hint)
    passage = passages(handout.released[1]).get(part)
    if passage is not None:
        steps.append(f"read again: {passage.place}, above `check(\"{part}\")`")
    if answers_of(handout) is not None:
        steps.append(f"the answer, when you want it: `autograder reveal {part}`")
    return steps


def answers_of(handout: Handout):
    """The course's own assignment, where solutions/ is here; None in a student's copy."""
    from autograder.course.assignment import Assignment

    assignment = Assignment(handout.folder.parents[1], handout.name)
    return assignment if assignment.checks.is_file() else None
