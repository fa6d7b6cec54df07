"""Reads a submitted notebook without running it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.course.source import CHECK, GIVEN, WRITTEN
from autograder.submission.counting import chosen, found_in, stray_answers
from autograder.submission.matching import Place, placed
from autograder.submission.modules import Definitions, local_modules
from autograder.submission.notebook_file import submitted_cells
from autograder.submission.notes import MOSTLY, gaps, oddities, whose
from autograder.submission.running import cells_to_run
from autograder.submission.slots import Slot, slots_of, written_for


@dataclass
class Submission:
    """What a notebook says.

    cells: (name, source) of what the room runs, in order; code: what was written for each part;
    answers: to the written questions; passages: (text, attachments) of the cells that an answer stands in; texts: the
    same of all other words of the student's own; notes: sentences on what is unusual; modules: path -> text of the
    student's own modules that the cells import; not_this: a sentence on a notebook that is not this assignment's;
    changed: the course's own cells of which the notebook has another text, which does not count.
    """

    cells: list[tuple[str, str]] = field(default_factory=list)
    code: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    passages: dict[str, list[tuple[str, object]]] = field(default_factory=dict)
    texts: list[tuple[str, object]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    modules: dict[str, str] = field(default_factory=dict)
    not_this: str = ""
    changed: list[str] = field(default_factory=list)


def read_submission(path: Path, assignment: Assignment) -> Submission:
    """The notebook `path` in a folder of submitted/. Raises SubmissionError for a file that is not a notebook."""
    return read(path, slots_of(assignment))


def read(path: Path, slots: list[Slot], others: Callable[[], Mapping[str, list[Slot]]] | None = None) -> Submission:
    """A submitted notebook, and the modules beside it. slots: the course's notebook as it was handed out. Home and
    grader read by the same rules."""
    return with_modules(read_cells(submitted_cells(path), slots, others), path.parent)


def with_modules(found: Submission, folder: Path) -> Submission:
    """The same with the student's own modules in that folder, and what of them its parts use."""
    found.modules = local_modules(folder, found.cells)
    if found.modules:
        own = Definitions(found.modules)
        found.code = {part: "\n\n\n".join([code, *own.used(code)]) for part, code in found.code.items()}
    return found


def read_cells(cells: list[dict], slots: list[Slot],
               others: Callable[[], Mapping[str, list[Slot]]] | None = None) -> Submission:
    """The notebook alone, from its raw cells. others: gives the cells of the course's other assignments, by name."""
    places = placed(cells, slots)
    found = Submission(cells_to_run(places, slots), _code(places, slots))
    share = found_in(places, slots)
    if share < MOSTLY:
        found.not_this = whose(cells, share, others() if others else {})
    for slot in (slot for slot in slots if slot.role == WRITTEN):
        if answer := chosen(places, slot) + ([] if found.not_this else stray_answers(places, slot)):
            passages = {place.source: place.raw.get("attachments") for place in answer}
            found.answers[slot.name] = "\n\n".join(passages)
            found.passages[slot.name] = list(passages.items())
    found.texts = [(place.source, place.raw.get("attachments")) for place in places if place.is_own_text]
    found.changed = [slot.name for slot in slots if slot.role in (GIVEN, CHECK)
                     and any(place.bare != slot.bare for place in places if place.slot == slot)]
    found.notes = [*([found.not_this] if found.not_this else gaps(places, slots)), *oddities(places)]
    return found


def _code(places: list[Place], slots: list[Slot]) -> dict[str, str]:
    """What was written for each part."""
    found = {}
    for part, written in written_for(slots).items():
        own = {place.number: place.source for slot in written for place in chosen(places, slot)}
        if own:
            found[part] = "\n\n\n".join(own[number] for number in sorted(own))
    return found
