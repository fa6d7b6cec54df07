"""What leaves the gradebook is kept in removed/, as JSON, and given back when its cell or student comes back."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from nbgrader.api import BaseCell, Comment, Grade, Notebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import select

from autograder.errors import AutograderError, GradebookError
from autograder.report import write_whole

FOLDER = "removed"


@dataclass
class Given:
    """What the gradebook knew of one cell of one student: by the checks, and by hand."""

    student: str
    cell: str
    auto: float | None = None
    manual: float | None = None
    extra: float | None = None
    comment: str | None = None

    @property
    def by_hand(self) -> bool:
        return self.manual is not None or self.extra is not None or self.comment is not None


def read_given(db, notebook: Notebook, *where) -> list[Given]:
    """Of the cells of a notebook, or those of which the conditions `where` hold."""
    def of_notebook(table, *columns):
        return db.execute(select(SubmittedAssignment.student_id, BaseCell.name, *columns)
                          .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
                          .join(table, table.notebook_id == SubmittedNotebook.id)
                          .join(BaseCell, BaseCell.id == table.cell_id)
                          .where(SubmittedNotebook.notebook_id == notebook.id, *where))

    found: dict[tuple[str, str], Given] = {}
    for student, cell, auto, manual, extra in of_notebook(Grade, Grade.auto_score, Grade.manual_score,
                                                          Grade.extra_credit):
        found[student, cell] = Given(student, cell, auto, manual, extra)
    for student, cell, comment in of_notebook(Comment, Comment.manual_comment):
        if comment is not None:
            found.setdefault((student, cell), Given(student, cell)).comment = comment
    return list(found.values())


def give_back(db, notebook: Notebook, given: Iterable[Given]) -> int:
    """Puts what people gave into rows that have nothing by hand yet, with new rows where there are none; how many."""
    cells = {cell.name: cell for cell in (*notebook.solution_cells, *notebook.grade_cells)}
    count = 0
    submissions = {each.student_id: each for each in notebook.assignment.submissions}
    for each in given:
        if each.cell in cells and each.student in submissions:
            _put(db, _submitted(db, notebook, submissions[each.student]), cells, each)
            count += each.by_hand
    db.flush()
    return count


def _submitted(db, notebook: Notebook, submission: SubmittedAssignment) -> SubmittedNotebook:
    for each in submission.notebooks:
        if each.notebook_id == notebook.id:
            return each
    made = SubmittedNotebook(assignment=submission, notebook=notebook)
    db.add(made)
    db.flush()
    return made


def _put(db, submitted: SubmittedNotebook, cells: Mapping[str, BaseCell], given: Given) -> None:
    cell = cells[given.cell]
    if cell.type == "GradeCell":
        grade = next((each for each in submitted.grades if each.cell_id == cell.id), None)
        if grade is None:
            grade = Grade(cell=cell, notebook=submitted, auto_score=given.auto, needs_manual_grade=given.auto is None)
            db.add(grade)
        if grade.manual_score is None and given.manual is not None:
            grade.manual_score, grade.needs_manual_grade = given.manual, False
        grade.extra_credit = given.extra if grade.extra_credit is None else grade.extra_credit
    if given.comment is not None:
        comment = next((each for each in submitted.comments if each.cell.name == given.cell), None)
        if comment is None:
            db.add(Comment(cell=cell, notebook=submitted, manual_comment=given.comment))
        elif comment.manual_comment is None:
            comment.manual_comment = given.comment


def checked_name(text: str, what: str) -> str:
    """The text, if it can be the name of a folder. Raises AutograderError."""
    if text in ("", ".", "..") or any(letter in text for letter in "/\0"):
        raise AutograderError(f"{what}, which can be a folder's name", f"found {text!r}")
    return text


def cell_file(root: Path, assignment: str, cell: str) -> Path:
    return root / FOLDER / "cells" / assignment / f"{quote(cell, safe='')}.json"


def save(path: Path, given: Iterable[Given]) -> None:
    """Written whole, before anything leaves the gradebook. Raises GradebookError."""
    text = json.dumps([asdict(each) for each in given], indent=1, ensure_ascii=False)
    try:
        write_whole(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise GradebookError(f"to keep scores in {path}", str(error.strerror or error),
                             "nothing has left the gradebook: mend this and run the same command again") from error


def load(path: Path) -> list[Given]:
    """Nothing if there is no such file. Raises GradebookError for one that is something else."""
    if not path.is_file():
        return []
    try:
        return [Given(**each) for each in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise GradebookError(f"scores that were kept in {path}", str(error), "move the file away: it is left out") \
            from None
