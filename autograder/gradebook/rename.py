"""An assignment, or a student, gets another name after it was handed in: all of it goes on under the new one."""

import contextlib
from collections import Counter
from glob import escape
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry, Student

from autograder.course.assignment import assignment_names, load_assignment
from autograder.errors import AutograderError, GradebookError
from autograder.gradebook import database, kept
from autograder.report import load, report_path, save

TOPS = ("submitted", "attempts", "autograded", "feedback")  # <top>/<student>/<assignment>/


def former_names(root: Path) -> Counter[str]:
    """What is handed in under a name that no assignment of the course has -> of how many students."""
    known = set(assignment_names(root))
    return Counter(path.name for path in (root / "submitted").glob("*/*/")
                   if path.name not in known and not path.name.startswith(".") and any(path.glob("*.ipynb")))


def rename_assignment(root: Path, old: str, new: str) -> int:
    """Of how many students something was renamed. Raises AutograderError where the course still has `old` or lacks
    `new`, where nothing is called so, or something is in the way: then nothing is changed."""
    load_assignment(new, root)
    if kept.checked_name(old, "the former name of an assignment") in assignment_names(root):
        raise AutograderError(f"{old}, the former name of {new}", f"solutions/{old}/ is there too",
                              "rename the folder in solutions/ first")
    moves = [(path, path.with_name(new)) for top in TOPS for path in sorted((root / top).glob(f"*/{escape(old)}"))]
    moves += [(path, root / "reports" / new / path.name) for path in sorted((root / "reports" / old).glob("*.json"))]
    moves += [(path, path.with_name(new)) for path in [root / kept.FOLDER / "cells" / old] if path.is_dir()]
    if taken := [target for _, target in moves if target.exists()]:
        raise AutograderError(f"{new} in place of {old}", f"{taken[0].relative_to(root)} is there already, and "
                              f"{len(taken) - 1} more" if len(taken) > 1 else f"{taken[0].relative_to(root)} is there",
                              "move away what should not stay: nothing was renamed")
    with database.existing(root) as gradebook:
        rows = gradebook is not None and _rename_rows(gradebook, old, new)
    if not moves and not rows:
        raise AutograderError(f"something that is called {old}",
                              "neither submitted/, reports/ nor the gradebook has it")
    for source, target in moves:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    for path in (target for source, target in moves if target.suffix == ".json"):
        report = load(path)
        report.assignment = new
        save(report, path)
    return sum(source.parent.parent == root / TOPS[0] for source, _ in moves)


def _rename_rows(gradebook: Gradebook, old: str, new: str) -> bool:
    """Whether the gradebook had the old name. An assignment of the new one without submissions gives way."""
    try:
        row = gradebook.find_assignment(old)
    except MissingEntry:
        return False
    try:
        other = gradebook.find_assignment(new)
    except MissingEntry:
        other = None
    if other is not None:
        if other.submissions:
            raise GradebookError(f"{new} in place of {old} in the gradebook", "both have submissions there",
                                 f"`autograder grade {new}` goes on with {new} alone")
        row.duedate = other.duedate or row.duedate
        gradebook.remove_assignment(new)
    row.name = new
    gradebook.db.commit()
    return True


def move_submission(root: Path, assignment: str, old: str, new: str) -> bool:
    """One assignment of a student goes on under another id, scores and all; False, and nothing is done, where the new
    id has something of that assignment already. Raises GradebookError."""
    moves = [(root / top / old / assignment, root / top / new / assignment) for top in TOPS]
    moves.append((report_path(root, assignment, old), report_path(root, assignment, new)))
    moves = [(source, target) for source, target in moves if source.exists()]
    if any(target.exists() for _, target in moves):
        return False
    with database.existing(root) as gradebook:
        if gradebook is not None and not _move_rows(gradebook, assignment, old, new):
            return False
    for source, target in moves:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        if target.suffix == ".json":
            report = load(target)
            report.student = new
            save(report, target)
        elif not any(source.parent.iterdir()):
            source.parent.rmdir()
    return True


def _move_rows(gradebook: Gradebook, assignment: str, old: str, new: str) -> bool:
    """False where both have a submission. A student without any other one leaves the gradebook."""
    try:
        submission = gradebook.find_submission(assignment, old)
    except MissingEntry:
        return True
    with contextlib.suppress(MissingEntry):
        gradebook.find_submission(assignment, new)
        return False
    former = gradebook.find_student(old)
    if gradebook.db.get(Student, new) is None:
        gradebook.db.add(Student(id=new))
        gradebook.db.flush()
    submission.student_id = new
    gradebook.db.flush()
    gradebook.db.expire_all()
    if not former.submissions:
        gradebook.db.delete(former)
    gradebook.db.commit()
    return True
