"""The rows of an assignment itself: its notebook and cells, which follow the course when that changes after grading.

nbgrader refuses a change of cells once somebody has handed in, and takes a renamed notebook for a second one. Here a
renamed notebook keeps its rows; what people gave for cells that are no more is kept in removed/ (kept.py).
"""

import json

import nbformat
from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    SolutionCell,
    SourceCell,
    SubmittedNotebook,
)
from nbgrader.preprocessors import SaveCells
from sqlalchemy import delete

from autograder.course.assignment import Assignment
from autograder.gradebook import database, kept
from autograder.release.notebook import release_notebook


def ensure_assignment(gradebook: Gradebook, assignment: Assignment, url: str) -> list[str]:
    """Puts an assignment and its cells into the gradebook, as `nbgrader generate_assignment` does.

    Sentences on what became of scores where the course has changed since. Raises GradebookError.
    """
    notebook = nbformat.from_dict(json.loads(release_notebook(assignment)))
    for cell in notebook.cells:
        cell.source = "".join(cell.source)
    with database.readable_errors(url):
        gradebook.update_or_create_assignment(assignment.name)
        if _is_current(gradebook, assignment, notebook):
            return []
        said = _follow(gradebook, assignment, _rules(notebook))
        gradebook.db.remove()  # SaveCells opens a connection of its own
        names = {"notebook": assignment.notebook.stem, "assignment": assignment.name, "db_url": url}
        SaveCells().preprocess(notebook, {"nbgrader": names})
    return said


def _is_current(gradebook: Gradebook, assignment: Assignment, notebook) -> bool:
    """Whether the gradebook knows exactly this notebook and these cells."""
    try:
        row = gradebook.find_notebook(assignment.notebook.stem, assignment.name)
    except MissingEntry:
        return False
    rules = _rules(notebook)
    solved = {name for name, rule in rules.items() if rule["solution"]}
    return (len(row.assignment.notebooks) == 1
            and {(cell.name, cell.checksum, cell.source) for cell in row.source_cells}
            == {(name, rule["checksum"], rule["source"]) for name, rule in rules.items()}
            and {(cell.name, cell.max_score) for cell in row.grade_cells}
            == {(name, float(rule["points"])) for name, rule in rules.items() if rule["grade"]}
            and {cell.name for cell in row.solution_cells} == solved)


def _rules(notebook) -> dict[str, dict]:
    """Cell name -> nbgrader's rules for it, with its text and type."""
    return {cell.metadata.nbgrader["grade_id"]: {**cell.metadata.nbgrader, "source": cell.source,
                                                 "cell_type": cell.cell_type}
            for cell in notebook.cells if "nbgrader" in cell.metadata}


def _follow(gradebook: Gradebook, assignment: Assignment, rules: dict[str, dict]) -> list[str]:
    """Makes the notebook and cells those of the course, as one transaction; values of cells that stay are left to
    SaveCells."""
    db, said = gradebook.db, []
    row = _the_notebook(db, gradebook.find_assignment(assignment.name), assignment, said)
    if row is not None and row.submissions:
        _take_out(db, row, assignment, rules, said)
        _put_in(db, row, assignment, rules, said)
    db.commit()
    return said


def _the_notebook(db, row, assignment: Assignment, said: list[str]) -> Notebook | None:
    """The one notebook of an assignment: one of another name is the same before it was renamed."""
    stem = assignment.notebook.stem
    known = sorted(row.notebooks, key=lambda each: (each.name != stem, -len(each.submissions)))
    if not known:
        return None
    now, *others = known
    if now.name != stem:
        said.append(f"the notebook `{now.name}` is called `{stem}` now: its scores, by hand too, go on under this name")
        now.name = stem
    for other in others:
        given = kept.give_back(db, now, kept.read_given(db, other))
        if other.submissions:
            said.append(f"the notebook was in the gradebook twice, as `{stem}` and `{other.name}`: it is there once, "
                        f"with {given} scores and comments that were given by hand to `{other.name}`")
        _remove_notebook(db, other)
    return now


def _remove_notebook(db, notebook: Notebook) -> None:
    submitted = [each.id for each in notebook.submissions]
    for table in (Grade, Comment):
        db.execute(delete(table).where(table.notebook_id.in_(submitted)))
    db.execute(delete(SubmittedNotebook).where(SubmittedNotebook.id.in_(submitted)))
    db.expire_all()
    for cell in (*notebook.grade_cells, *notebook.solution_cells, *notebook.task_cells, *notebook.source_cells):
        db.delete(cell)
    db.delete(notebook)
    db.flush()
    db.expire_all()


def _take_out(db, row: Notebook, assignment: Assignment, rules: dict[str, dict], said: list[str]) -> None:
    """The cells that are no more. Their scores are kept in a file for each."""
    gone = [*(cell for cell in row.grade_cells if not rules.get(cell.name, {}).get("grade")),
            *(cell for cell in row.solution_cells if not rules.get(cell.name, {}).get("solution")), *row.task_cells]
    ids = [cell.id for cell in gone]
    given: dict[str, list[kept.Given]] = {}
    for each in kept.read_given(db, row, BaseCell.id.in_(ids)):
        given.setdefault(each.cell, []).append(each)
    for name, each in given.items():
        path = kept.cell_file(assignment.root, assignment.name, name)
        kept.save(path, each)
        by_hand = sum(one.by_hand for one in each)
        said.append(f"`{name}` is no longer in the course, and counts no more: the scores of {len(each)} students "
                    f"({by_hand} with something given by hand) are kept in {path.relative_to(assignment.root)}, and "
                    "return with it")
    for table in (Grade, Comment):
        db.execute(delete(table).where(table.cell_id.in_(ids)))
    db.expire_all()
    for cell in [*gone, *(cell for cell in row.source_cells if cell.name not in rules)]:
        db.delete(cell)
    db.flush()
    db.expire_all()


def _put_in(db, row: Notebook, assignment: Assignment, rules: dict[str, dict], said: list[str]) -> None:
    """The cells that are new, or back again with what people gave for them."""
    graded, solved, known = ({cell.name for cell in cells}
                             for cells in (row.grade_cells, row.solution_cells, row.source_cells))
    new = []
    for name, rule in rules.items():
        if rule["grade"] and name not in graded:
            db.add(GradeCell(name=name, max_score=float(rule["points"]), cell_type=rule["cell_type"], notebook=row))
            new.append(name)
        if rule["solution"] and name not in solved:
            db.add(SolutionCell(name=name, notebook=row))
            new.append(name)
        if name not in known:
            db.add(SourceCell(name=name, cell_type=rule["cell_type"], locked=rule["locked"], source=rule["source"],
                              checksum=rule["checksum"], notebook=row))
    db.flush()
    db.expire_all()
    for name in dict.fromkeys(new):
        if given := kept.give_back(db, row, kept.load(kept.cell_file(assignment.root, assignment.name, name))):
            said.append(f"`{name}` is back in the course, with {given} scores and comments that were given by hand")
