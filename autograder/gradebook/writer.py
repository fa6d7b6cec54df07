"""Writes reports into the gradebook: what `nbgrader autograde` writes, without running nbgrader's steps."""

from contextlib import ExitStack
from pathlib import Path

import nbformat
from nbgrader import utils
from nbgrader.api import Comment, Grade, Student, SubmittedAssignment, SubmittedNotebook
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import select

from autograder.course.assignment import Assignment, load_assignment
from autograder.errors import GradebookError
from autograder.gradebook import database
from autograder.gradebook.graded import GradedNotebooks, to_json
from autograder.report import Report, write_whole


class GradebookWriter:
    """A context manager: opens the gradebook once, then writes any number of reports, each whole or not at all.

    Scores and comments given by hand are kept. Raises GradebookError; the gradebook is then as it was before.
    db_url: nbgrader's default, or what nbgrader_config.py says, if None.
    """

    def __init__(self, root: Path, assignment: Assignment | str, db_url: str | None = None):
        self.assignment = load_assignment(assignment, root) if isinstance(assignment, str) else assignment
        self._config = database.course_config(root)
        self._directory = database.course_directory(root, self._config)
        self._url = database.database_url(self._directory, db_url)
        self._stack = ExitStack()

    def __enter__(self) -> "GradebookWriter":
        gradebook = database.open_gradebook(self._url, self._directory.course_id)
        self._stack.callback(gradebook.close)
        try:
            database.ensure_assignment(gradebook, self.assignment, self._url)
            with database.readable_errors(self._url):
                self._remember(gradebook)
        except BaseException:
            self._stack.close()
            raise
        self._notebooks = GradedNotebooks(self.assignment)
        self._late = AssignLatePenalties(config=self._config)
        self._late.init_plugin()
        return self

    def __exit__(self, *error) -> None:
        self._stack.close()

    def _remember(self, gradebook) -> None:
        """The ids that every student's rows refer to."""
        self._db = gradebook.db
        notebook = gradebook.find_notebook(self.assignment.notebook.stem, self.assignment.name)
        self._assignment_id, self._notebook_id = notebook.assignment_id, notebook.id
        self._grade_cells = {cell.name: cell.id for cell in notebook.grade_cells}
        self._solution_cells = {cell.name: cell.id for cell in notebook.solution_cells}
        self._db.commit()

    def write(self, report: Report, submitted: Path) -> None:
        """The rows and the graded notebook of one student, from the report and the submitted folder."""
        _refuse_path(report.student)
        content = self._notebooks.make(submitted, report)
        with database.readable_errors(self._url):
            try:
                self._write_rows(report.student, nbformat.from_dict(content), submitted)
                self._db.flush()
                self._write_notebook(report.student, content, submitted)
                self._db.commit()
            except OSError as error:
                folder = self._directory.autograded_directory
                raise GradebookError(f"a graded notebook of {report.student} in {folder}/", str(error),
                                     "look at the folder's permissions and the free space") from error
            finally:
                self._db.rollback()  # nothing is left to roll back if all went well

    def _write_rows(self, student: str, content: nbformat.NotebookNode, submitted: Path) -> None:
        if self._db.get(Student, student) is None:
            self._db.add(Student(id=student))
            self._db.flush()
        submission = self._row(SubmittedAssignment, assignment_id=self._assignment_id, student_id=student)
        if (timestamp := read_timestamp(submitted)) is not None:
            submission.timestamp = timestamp
        notebook = self._row(SubmittedNotebook, assignment_id=submission.id, notebook_id=self._notebook_id)
        grades = self._rows_by_cell(Grade, notebook.id, self._grade_cells)
        comments = self._rows_by_cell(Comment, notebook.id, self._solution_cells)
        for cell in content.cells:
            if utils.is_grade(cell):
                _set_score(grades[cell.metadata.nbgrader.grade_id], cell)
            if utils.is_solution(cell):
                _set_comment(comments[cell.metadata.nbgrader.grade_id], cell)
        self._set_penalty(submission, notebook)

    def _row(self, table, **key):
        """The row with this key, made if there is none."""
        row = self._db.execute(select(table).filter_by(**key)).scalar_one_or_none()
        if row is None:
            row = table(**key)
            self._db.add(row)
            self._db.flush()
        return row

    def _rows_by_cell(self, table, notebook_id: str, cells: dict[str, str]) -> dict[str, Grade | Comment]:
        """Cell name -> this student's row, one for every cell of the course."""
        found = self._db.execute(select(table).filter_by(notebook_id=notebook_id)).scalars()
        rows = {row.cell_id: row for row in found}
        for cell_id in cells.values():
            if cell_id not in rows:
                rows[cell_id] = table(cell_id=cell_id, notebook_id=notebook_id)
                self._db.add(rows[cell_id])
        return {name: rows[cell_id] for name, cell_id in cells.items()}

    def _set_penalty(self, submission: SubmittedAssignment, notebook: SubmittedNotebook) -> None:
        """What nbgrader's plug-in for late submissions takes away (by default nothing)."""
        notebook.late_submission_penalty = None
        self._db.flush()
        if submission.assignment.duedate is None or submission.total_seconds_late <= 0:
            return
        self._db.expire(notebook, ["score"])
        penalty = self._late.plugin_inst.late_submission_penalty(
            submission.student_id, notebook.score, submission.total_seconds_late)
        if penalty is not None:
            notebook.late_submission_penalty = self._late._check_late_penalty(notebook, penalty)

    def _write_notebook(self, student: str, content: dict, submitted: Path) -> None:
        folder = Path(self._directory.format_path(self._directory.autograded_directory, student, self.assignment.name))
        write_whole(folder / f"{self.assignment.notebook.stem}.ipynb", to_json(content).encode())
        stamp = submitted / "timestamp.txt"  # from which nbgrader sees that a submission is newer than its grades
        if stamp.is_file():
            write_whole(folder / stamp.name, stamp.read_bytes()[:200])


def read_timestamp(submitted: Path):
    """When a notebook was submitted (UTC), from the timestamp.txt beside it; None if it says nothing readable."""
    try:
        with open(submitted / "timestamp.txt", encoding="utf-8", errors="replace") as file:
            return utils.parse_utc(file.read(200).strip() or None)
    except (OSError, ValueError, OverflowError):
        return None


def _set_score(grade: Grade, cell) -> None:
    """As nbgrader's SaveAutoGrades: a score given by hand stays, and asks to be looked at again."""
    grade.auto_score = utils.determine_grade(cell)[0]
    grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None


def _set_comment(comment: Comment, cell) -> None:
    unchanged = cell.metadata.nbgrader.checksum == utils.compute_checksum(cell)
    comment.auto_comment = "No response." if unchanged else None


def _refuse_path(student: str) -> None:
    if student in ("", ".", "..") or "/" in student or "\\" in student or "\0" in student:
        raise GradebookError("a student id that can be a folder's name", f"found {student!r}")
