"""The cells of a course's notebook as they are handed out: what a submission is held against."""

import contextlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.course.execute import STUB
from autograder.course.source import CHECK, CHECK_CELL, DEMO, GIVEN, SOLUTION, TEXT, WRITTEN
from autograder.errors import SubmissionError
from autograder.release.notebook import ANSWER_STUB, released_source
from autograder.submission.notebook_file import grade_id_of, metadata_of, raw_cells, source_of
from autograder.submission.python import defined_in

WRITABLE = (SOLUTION, WRITTEN)


@dataclass(frozen=True)
class Slot:
    """A cell as it was handed out. name: nbgrader's grade_id, or "" for a text or a demo cell."""

    role: str
    name: str
    text: str

    @property
    def is_code(self) -> bool:
        return self.role not in (TEXT, WRITTEN)

    @cached_property
    def bare(self) -> str:
        return bare(self.text)

    @cached_property
    def defines(self) -> frozenset[str]:
        """The functions and classes that it defines at its top level."""
        return defined_in(self.text) if self.role in (GIVEN, SOLUTION) else frozenset()

    @cached_property
    def words(self) -> set[str]:
        """Without the place for an answer."""
        return set(self.text.replace(ANSWER_STUB, "").split())

    @cached_property
    def lines(self) -> set[str]:
        return lines_of(self.text.replace(STUB, ""))


def slots_of(assignment: Assignment) -> list[Slot]:
    return [Slot(cell.role, "" if cell.role in (TEXT, DEMO) else cell.name, released_source(cell))
            for cell in assignment.cells]


def released_slots(cells: list[dict]) -> list[Slot]:
    """The same of the raw cells of a notebook as it was handed out."""
    return [Slot(_role(raw), grade_id_of(raw), source_of(raw)) for raw in cells]


def released_assignments(folder: Path, but: str) -> dict[str, list[Slot]]:
    """The slots of the other assignments that were handed out, by name; folder: assignments/."""
    found = {}
    for path in sorted(folder.glob("*/*.ipynb")):
        if path.parent.name != but and (path.parent / "checks.py").is_file():
            with contextlib.suppress(SubmissionError):
                found[path.parent.name] = released_slots(raw_cells(path))
    return found


def written_for(slots: list[Slot]) -> dict[str, list[Slot]]:
    """The solution cells that a check cell examines (see Assignment.cells_of), by part."""
    latest, current, found = [], [], {}
    for slot in slots:
        if slot.role == SOLUTION:
            current.append(slot)
        elif slot.role == CHECK:
            latest, current = current or latest, []
            found.setdefault(slot.name, latest)
    return found


def _role(raw: dict) -> str:
    rules = metadata_of(raw).get("nbgrader", {})
    if CHECK_CELL.match(source_of(raw).strip()):
        return CHECK
    if rules.get("solution"):
        return WRITTEN if rules.get("grade") else SOLUTION
    if raw["cell_type"] != "code":
        return TEXT
    return GIVEN if rules.get("locked") else DEMO


def bare(text: str) -> str:
    """Without its blanks: what an editor may change."""
    return "".join(text.split())


def lines_of(text: str) -> set[str]:
    """The lines of a cell that say something."""
    return {line.strip() for line in text.splitlines() if len(line.strip()) > 3}
