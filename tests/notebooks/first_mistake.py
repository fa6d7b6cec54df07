"""The first exercise of any assignment as a student comes to it: a known mistake, its hint, the right answer."""

import json
from dataclasses import dataclass

from autograder.course import Assignment
from autograder.course.execute import read_answers
from autograder.course.source import CHECK, SOLUTION
from autograder.examine.recorded import Recording
from autograder.release.notebook import source_notebook
from autograder.sample import as_student_code


@dataclass(frozen=True)
class FirstExercise:
    """stub, check: the places of the two cells; part: its name; visible: its points at home;
    right, wrong: what is written into the first, and the hint that the wrong one earns."""

    stub: int
    check: int
    part: str
    visible: float
    right: str
    wrong: str
    hint: str


def first_exercise(assignment: Assignment) -> FirstExercise:
    """The mistake is the first one that a visible check of the first part knows by the numbers that it gives."""
    roles = [cell.role for cell in assignment.cells]
    stub, check = roles.index(SOLUTION), roles.index(CHECK)
    part = assignment.cells[check].name
    visible = [each for each in assignment.plan.checks_of(part) if not each.hidden]
    recording = Recording(assignment.handout / "recorded.h5")
    known = {mistake.name for each in visible for mistake in recording.of(each)}
    mistake = next(answer for answer in read_answers(assignment) if answer.name in known and len(answer.replaces) == 1)
    source = "".join(json.loads(source_notebook(assignment))["cells"][stub]["source"])
    right = "\n".join(line for line in source.splitlines() if " SOLUTION" not in line)
    return FirstExercise(stub, check, part, sum(each.points for each in visible), right,
                         f"{right}\n\n\n{as_student_code(assignment, mistake)}", " ".join(mistake.hint.split()))
