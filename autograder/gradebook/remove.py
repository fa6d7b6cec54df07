"""A student leaves the course: out of reports, feedback, gradebook and tables, into removed/students/; and back."""

import json
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry, Student, SubmittedAssignment

from autograder.errors import AutograderError
from autograder.gradebook import database, kept
from autograder.gradebook.roll import NAMES
from autograder.handed_in import folder_of
from autograder.report import write_whole

TOPS = ("submitted", "attempts", "autograded", "feedback")  # <top>/<student>/


@dataclass
class Moved:
    """What became of one student. folder: where all that was theirs is now; by_hand: scores and comments of people."""

    student: str
    folder: Path
    by_hand: int = 0


def remove_student(root: Path, student: str) -> Moved:
    """Takes a student out of the course, and keeps everything. Raises AutograderError where nobody has that id, or
    something of theirs is kept already. Whatever was cut off is finished by calling it again."""
    away = _away(root, student)
    moves = _moves(root, away, student)
    with database.existing(root) as gradebook:
        known = gradebook is not None and gradebook.db.get(Student, student) is not None
        if not moves and not known:
            raise AutograderError(f"a student `{student}`", "neither submitted/, reports/ nor the gradebook has one",
                                  "an id is the name of a folder in submitted/")
        _check(moves)
        moved = Moved(student, away, _keep_rows(gradebook, away, student) if known else 0)
    _move(moves)
    return moved


def restore_student(root: Path, student: str) -> Moved:
    """Brings back who was removed. Raises AutograderError where nobody of that id was, or one has come since."""
    away = _away(root, student)
    if not away.is_dir():
        raise AutograderError(f"a student `{student}` who was removed", f"there is no {away.relative_to(root)}/")
    moves = [(there, here) for here, there in _moves(root, away, student, kept_ones=True)]
    _check(moves)
    moved = Moved(student, away)
    with database.existing(root) as gradebook:
        if gradebook is not None:
            moved.by_hand = _give_rows_back(gradebook, away, student)
    _move(moves)
    return moved


def _away(root: Path, student: str) -> Path:
    return root / kept.FOLDER / "students" / kept.checked_name(student, "a student id")


def _moves(root: Path, away: Path, student: str, kept_ones: bool = False) -> list[tuple[Path, Path]]:
    """(where it lies in the course, where it is kept) of all that is there now, or of all that is kept."""
    pairs = [(folder_of(root / top, student), away / top) for top in TOPS]
    names = ({path.name for path in (away / "reports").glob("*.json")} if kept_ones else
             {f"{path.parent.name}.json" for path in (root / "reports").glob(f"*/{escape(student)}.json")})
    pairs += [(root / "reports" / name.removesuffix(".json") / f"{student}.json", away / "reports" / name)
              for name in sorted(names)]
    return [(here, there) for here, there in pairs if (there if kept_ones else here).exists()]


def _check(moves: list[tuple[Path, Path]]) -> None:
    if taken := [str(target) for _, target in moves if target.exists()]:
        raise AutograderError(f"a place for what is moved to {taken[0]}", "something is there already",
                              "move it away first: nothing was moved")


def _move(moves: list[tuple[Path, Path]]) -> None:
    for source, target in moves:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)


def _keep_rows(gradebook: Gradebook, away: Path, student: str) -> int:
    """Saves the student's rows, then removes them; how many of them hold something by hand."""
    row, by_hand = gradebook.find_student(student), 0
    names = {name: getattr(row, name) for name in NAMES}
    write_whole(away / "student.json", json.dumps(names, ensure_ascii=False).encode("utf-8", "replace"))
    for submission in row.submissions:
        given = [each for notebook in submission.assignment.notebooks
                 for each in kept.read_given(gradebook.db, notebook, SubmittedAssignment.student_id == student)]
        by_hand += sum(each.by_hand for each in given)
        kept.save(away / "scores" / f"{submission.assignment.name}.json", given)
    gradebook.remove_student(student)
    return by_hand


def _give_rows_back(gradebook: Gradebook, away: Path, student: str) -> int:
    names = json.loads((away / "student.json").read_text()) if (away / "student.json").is_file() else {}
    gradebook.update_or_create_student(student, **{name: value for name, value in names.items() if value})
    by_hand = 0
    for path in sorted((away / "scores").glob("*.json")):
        try:
            assignment = gradebook.find_assignment(path.stem)
        except MissingEntry:
            continue
        if not any(each.student_id == student for each in assignment.submissions):
            gradebook.db.add(SubmittedAssignment(assignment_id=assignment.id, student_id=student))
            gradebook.db.commit()
        for notebook in assignment.notebooks:
            by_hand += kept.give_back(gradebook.db, notebook, kept.load(path))
        gradebook.db.commit()
    return by_hand
