"""The rows of a chunk of students: a dozen statements, however many students and cells there are."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Comment, Grade, Notebook, Student, SubmittedAssignment, SubmittedNotebook, new_uuid
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import insert, select, update

NO_RESPONSE = "No response."


@dataclass(frozen=True)
class Graded:
    """What the gradebook keeps of one student. auto_scores: cell name -> points, None if a person must give them;
    auto_comments: solution cell name -> what nbgrader remarks, or None; afresh: its graded notebook is another than
    before, so that a person who has given points looks at it again."""

    student: str
    auto_scores: dict[str, float | None]
    auto_comments: dict[str, str | None]
    timestamp: datetime | None = None
    afresh: bool = True


def score_of(cell: NotebookNode) -> float | None:
    return utils.determine_grade(cell)[0]


def comment_of(cell: NotebookNode) -> str | None:
    """As nbgrader's SaveAutoGrades."""
    return NO_RESPONSE if cell.metadata.nbgrader.checksum == utils.compute_checksum(cell) else None


class Rows:
    """Puts students' rows of one assignment into an open gradebook; whoever calls it commits or rolls back."""

    def __init__(self, db, notebook: Notebook, late: AssignLatePenalties):
        self._db, self._late = db, late
        self._assignment, self._notebook_id = notebook.assignment, notebook.id
        self._grade_cells = {cell.name: cell.id for cell in notebook.grade_cells}
        self._solution_cells = {cell.name: cell.id for cell in notebook.solution_cells}

    def put(self, chunk: list[Graded]) -> None:
        """At most one row of each student in a chunk. Manual scores, comments and extra credit stay as they are."""
        submissions = self._submissions({each.student: each for each in chunk})
        notebooks = self._notebooks(submissions)
        self._put_grades({notebooks[each.student]: each for each in chunk})
        self._put_comments({notebooks[each.student]: each for each in chunk})
        self._put_penalties(submissions, notebooks)

    def _submissions(self, chunk: dict[str, Graded]) -> dict[str, SubmittedAssignment]:
        """Student -> submission, with those that were not there yet."""
        known = set(self._db.scalars(select(Student.id).where(Student.id.in_(chunk))))
        self._insert(Student, [{"id": student} for student in chunk if student not in known])
        query = select(SubmittedAssignment).where(SubmittedAssignment.assignment_id == self._assignment.id,
                                                  SubmittedAssignment.student_id.in_(chunk))
        found = {each.student_id for each in self._db.scalars(query)}
        self._insert(SubmittedAssignment, [{"assignment_id": self._assignment.id, "student_id": student}
                                           for student in chunk if student not in found])
        submissions = {each.student_id: each for each in self._db.scalars(query)}
        for student, submission in submissions.items():
            if (time := chunk[student].timestamp) is not None and submission.timestamp != time:
                submission.timestamp = time
        return submissions

    def _notebooks(self, submissions: dict[str, SubmittedAssignment]) -> dict[str, str]:
        """Student -> id of the submitted notebook."""
        ids = {submission.id: student for student, submission in submissions.items()}
        query = select(SubmittedNotebook.assignment_id, SubmittedNotebook.id).where(
            SubmittedNotebook.notebook_id == self._notebook_id, SubmittedNotebook.assignment_id.in_(ids))
        found = {submission: notebook for submission, notebook in self._db.execute(query)}
        made = {submission: new_uuid() for submission in ids if submission not in found}
        self._insert(SubmittedNotebook, [{"id": new, "assignment_id": submission, "notebook_id": self._notebook_id}
                                         for submission, new in made.items()])
        return {ids[submission]: notebook for submission, notebook in (found | made).items()}

    def _put_grades(self, chunk: dict[str, Graded]) -> None:
        """As nbgrader's SaveAutoGrades: a score given by hand stays, and asks to be looked at again."""
        known = self._known(Grade, chunk, Grade.auto_score, Grade.manual_score)
        new, changed = [], []
        for notebook, graded in chunk.items():
            rows = known[notebook]
            afresh = graded.afresh or any(name not in rows or rows[name][1] != score
                                          for name, score in graded.auto_scores.items())
            for name, score in graded.auto_scores.items():
                if name not in rows:
                    new.append({"notebook_id": notebook, "cell_id": self._grade_cells[name], "auto_score": score,
                                "needs_manual_grade": score is None})
                elif afresh:
                    needs = score is None or rows[name][2] is not None
                    changed.append({"id": rows[name][0], "auto_score": score, "needs_manual_grade": needs})
        self._insert(Grade, new)
        self._update(Grade, changed)

    def _put_comments(self, chunk: dict[str, Graded]) -> None:
        known = self._known(Comment, chunk, Comment.auto_comment)
        new, changed = [], []
        for notebook, graded in chunk.items():
            for name, cell in self._solution_cells.items():
                comment, row = graded.auto_comments.get(name), known[notebook].get(name)
                if row is None:
                    new.append({"notebook_id": notebook, "cell_id": cell, "auto_comment": comment})
                elif name in graded.auto_comments and row[1] != comment:
                    changed.append({"id": row[0], "auto_comment": comment})
        self._insert(Comment, new)
        self._update(Comment, changed)

    def _known(self, table, notebooks: dict[str, Graded], *columns) -> dict[str, dict[str, tuple]]:
        """Notebook -> cell name -> (id of its row, *columns)."""
        names = {cell: name for cells in (self._solution_cells, self._grade_cells) for name, cell in cells.items()}
        rows: dict[str, dict[str, tuple]] = defaultdict(dict)
        query = select(table.notebook_id, table.cell_id, table.id, *columns).where(table.notebook_id.in_(notebooks))
        for notebook, cell, *rest in self._db.execute(query):
            if cell in names:
                rows[notebook][names[cell]] = tuple(rest)
        return rows

    def _put_penalties(self, submissions: dict[str, SubmittedAssignment], notebooks: dict[str, str]) -> None:
        """What nbgrader's plug-in for late submissions takes away (by default nothing), of today's scores."""
        rows = self._db.scalars(select(SubmittedNotebook).where(
            SubmittedNotebook.id.in_(notebooks.values()), SubmittedNotebook.late_submission_penalty.is_not(None)))
        for row in rows:
            row.late_submission_penalty = None
        self._db.flush()
        if self._assignment.duedate is None:
            return
        for student, submission in submissions.items():
            if submission.total_seconds_late > 0:
                row = self._db.get(SubmittedNotebook, notebooks[student], populate_existing=True)
                penalty = self._late.plugin_inst.late_submission_penalty(
                    student, row.score, submission.total_seconds_late)
                if penalty is not None:
                    row.late_submission_penalty = self._late._check_late_penalty(row, penalty)

    def _insert(self, table, rows: list[dict]) -> None:
        if rows:
            self._db.execute(insert(table), rows)

    def _update(self, table, rows: list[dict]) -> None:
        if rows:
            self._db.execute(update(table), rows)
