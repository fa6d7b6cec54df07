"""An assignment gets another name after it was handed in: everything under the old name goes on under the new one."""

from collections import Counter
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from autograder.course.assignment import assignment_names, load_assignment
from autograder.errors import AutograderError, GradebookError
from autograder.gradebook import database, kept
from autograder.report import load, save

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
    if old in assignment_names(root):
        raise AutograderError(f"{old}, the former name of {new}", f"solutions/{old}/ is there too",
                              "rename the folder in solutions/ first")
    moves = [(path, path.with_name(new)) for top in TOPS for path in sorted((root / top).glob(f"*/{old}"))]
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
