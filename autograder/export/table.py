"""nbgrader's own table of grades, and what all tables have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from autograder.export.grades import Grade, Graded
from autograder.render import number

NBGRADER = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
            "late_submission_penalty", "score", "max_score")


@dataclass
class Exported:
    """A file to be written, and sentences on what is in it. filled: how many of its cells are grades of ours."""

    rows: list[Sequence]
    notices: list[str] = field(default_factory=list)
    delimiter: str = ","
    filled: int = 0


def nbgrader_csv(graded: Sequence[Graded]) -> Exported:
    """What `nbgrader export` writes, column by column, to the hundredth of a point; a student without a submission has
    0, as there."""
    rows = [(each.assignment.name, each.assignment.duedate, grade.timestamp, grade.student, grade.member.last_name,
             grade.member.first_name, grade.member.email, *(round(value, 2) for value in (
                 grade.raw_score, grade.penalty, grade.score, each.assignment.max_score)))
            for each in graded for grade in each.grades.values()]
    return Exported([NBGRADER, *rows], filled=count(graded))


def count(graded: Sequence[Graded]) -> int:
    """Of how many submissions there are grades."""
    return sum(grade.submitted for each in graded for grade in each.grades.values())


def points(grade: Grade | None) -> str:
    """Nothing for who handed nothing in: the other system decides what that is worth."""
    return number(grade.score) if grade is not None and grade.submitted else ""


def as_number(text: str) -> float | None:
    """A number as another system writes it, with a point or a comma; None for anything else."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None
