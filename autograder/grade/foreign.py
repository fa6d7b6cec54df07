"""Examines a notebook that lies outside one's own handouts, confined: whoever looks at it has rights that it must not.

It meets the visible checks of one's own handout of the same assignment. A folder of somebody else may hold another
checks.py, which would be the first thing to run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import DataError, RoomUnavailable
from autograder.examine.open import handout_examiner
from autograder.examine.room_desk import RoomDesk
from autograder.grade.memory import limited
from autograder.report import PartResult
from autograder.room import RoomServer, strongest_mode
from autograder.room.budget import Budget
from autograder.rules.style import Notebook, rule_out
from autograder.study import handout as handouts
from autograder.study.handout import Handout
from autograder.submission import find_notebook, read


@dataclass
class Examination:
    """The results of the parts, and sentences on the notebook."""

    results: list[PartResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def examined(path: Path, parts: tuple[str, ...] = (),
             on_part: Callable[[PartResult], None] = lambda result: None) -> Examination:
    """Raises DataError where no handout of one's own is of the same assignment, RoomUnavailable without a sandbox,
    SubmissionError for what is no notebook."""
    own = _own_one(path)
    own.require(parts)
    mode = strongest_mode()
    if mode == "plain":
        raise RoomUnavailable(f"a sandbox for {path.name}, which is not in a handout of yours", "this machine has none",
                              "`autograder doctor` says what is missing; `--unconfined` runs it with your rights")
    stem = Path(own.released[0]).stem
    notebook, notes = find_notebook(path, stem, own.slots) if path.is_dir() else (path, [])
    with limited(), handout_examiner(own.folder) as examiner, RoomServer(_preloads(own), mode) as server:
        submission = read(notebook, own.slots)
        rules = Notebook(submission.cells, examiner.functions, own.given, submission.modules)
        desk = RoomDesk(server, submission.cells, lambda part: [], own.given, submission.modules,
                        Budget(own.plan.seconds), examiner.asked)
        desk.swappable = False  # a recording is no reference

        def finish(result: PartResult) -> None:
            rule_out([result], examiner.plan, rules)
            on_part(result)

        try:
            results = examiner.examine(desk, only=list(parts) or None, on_part=finish)
        finally:
            desk.renew()
    where = (f"{notebook.name} is not in a handout of yours: it ran confined ({mode}), and met the checks of "
             f"{own.name}")
    return Examination(results, [where, *notes, *submission.notes, *desk.notes.values()])


def _own_one(path: Path) -> Handout:
    """The handout of one's own that a notebook seems to belong to: by its folder's name, or by its own."""
    known = [Handout(folder, folder / path.name) for folder in handouts.own_folders()]
    found = ([each for each in known if each.name in (path.name, path.parent.name)]
             or [each for each in known if each.released[0] == path.name])
    if len(found) != 1:
        names = ", ".join(each.name for each in known) or "there are none"
        raise DataError(f"the assignment of {path}", f"neither its folder nor its own name says which: {names}",
                        f"put it into a folder called {known[0].name if known else 'as the assignment'}")
    return found[0]


def _preloads(own: Handout) -> tuple[str, ...]:
    text = "\n".join(slot.text for slot in own.slots if slot.name in own.given)
    return ("torch",) if "torch" in text else ()
