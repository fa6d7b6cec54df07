"""Reads scores back from the gradebook: those given by hand, comments, penalties and totals."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class CellScore:
    """One graded cell of one student. score: by hand where there is one, else the autograder's, and extra credit."""

    name: str
    max_points: float
    auto: float | None = None
    manual: float | None = None
    extra: float = 0.0
    needs_manual: bool = False
    comment: str = ""

    @property
    def waits(self) -> bool:
        """Whether nobody has given a score yet: nbgrader also asks for a second look at those from before a regrade."""
        return self.auto is None and self.manual is None

    @property
    def score(self) -> float:
        given = self.manual if self.manual is not None else self.auto
        return (given or 0.0) + self.extra


@dataclass(frozen=True)
class Scores:
    """One student's scores. comments: by cell name, also of solution cells, which have no score of their own."""

    student: str
    cells: dict[str, CellScore] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    late_penalty: float = 0.0
    submitted: datetime | None = None

    @property
    def score(self) -> float:
        """As nbgrader counts: the sum of the cells less the penalty for lateness."""
        return sum(cell.score for cell in self.cells.values()) - self.late_penalty

    @property
    def max_points(self) -> float:
        return sum(cell.max_points for cell in self.cells.values())

    @property
    def needs_manual(self) -> bool:
        return any(cell.needs_manual for cell in self.cells.values())


def read_scores(root: Path, assignment: str, db_url: str | None = None) -> dict[str, Scores]:
    """Student -> scores, for everyone who has a submission in the gradebook; {} if there is no gradebook.

    Raises GradebookError.
    """
    from autograder.gradebook import database

    with database.existing(root, db_url) as gradebook:
        return {} if gradebook is None else _read(gradebook.db, assignment)


def _read(db, assignment: str) -> dict[str, Scores]:
    """Three queries, however many students there are."""
    from nbgrader.api import Assignment, BaseCell, Comment, Grade, GradeCell, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy import select

    def of_assignment(*columns):
        return (select(SubmittedAssignment.student_id, *columns)
                .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
                .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
                .where(Assignment.name == assignment).order_by(SubmittedAssignment.student_id))

    submissions = db.execute(of_assignment(SubmittedNotebook.late_submission_penalty, SubmittedAssignment.timestamp))
    scores = {student: Scores(student, late_penalty=penalty or 0.0, submitted=time)
              for student, penalty, time in submissions}
    comments = of_assignment(BaseCell.name, Comment.manual_comment, Comment.auto_comment).join(
        Comment, Comment.notebook_id == SubmittedNotebook.id).join(BaseCell, BaseCell.id == Comment.cell_id)
    for student, name, by_hand, automatic in db.execute(comments):
        if text := by_hand if by_hand is not None else automatic:
            scores[student].comments[name] = text
    cells = GradeCell.__table__
    grades = of_assignment(BaseCell.name, cells.c.max_score, Grade.auto_score, Grade.manual_score, Grade.extra_credit,
                           Grade.needs_manual_grade).join(Grade, Grade.notebook_id == SubmittedNotebook.id).join(
        BaseCell, BaseCell.id == Grade.cell_id).join(cells, cells.c.id == Grade.cell_id)
    for student, name, most, auto, manual, extra, needs in db.execute(grades):
        comment = scores[student].comments.get(name, "")
        scores[student].cells[name] = CellScore(name, most, auto, manual, extra or 0.0, needs, comment)
    return scores
