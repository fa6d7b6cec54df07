"""Reads a submitted notebook without running it: which cells to run, in which order, and whose text they have."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.course.source import CHECK, GIVEN, SOLUTION, WRITTEN
from autograder.submission.matching import Place, is_check, is_demo, placed
from autograder.submission.modules import local_modules
from autograder.submission.notebook_file import submitted_cells
from autograder.submission.python import plain_python
from autograder.submission.slots import WRITABLE, Slot, bare, slots_of, written_for

MANY = 6  # names in one note
HARDLY, MOSTLY = 0.2, 0.5  # of the graded cells: in a notebook that is not this one's, and in one that is
MISSING = "cells that are missing from the notebook"


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
    found = read_cells(submitted_cells(path), slots, others)
    found.modules = local_modules(path.parent, found.cells)
    return found


def read_cells(cells: list[dict], slots: list[Slot],
               others: Callable[[], Mapping[str, list[Slot]]] | None = None) -> Submission:
    """The notebook alone, from its raw cells. others: gives the cells of the course's other assignments, by name."""
    places = placed(cells, slots)
    found = Submission(_cells_to_run(places, slots))
    for part, written in written_for(slots).items():
        own = {place.number: place.source for slot in written for place in chosen(places, slot)}
        if own:
            found.code[part] = "\n\n\n".join(own[number] for number in sorted(own))
    for slot in (slot for slot in slots if slot.role == WRITTEN):
        if answer := chosen(places, slot) + stray_answers(places, slot):
            passages = {place.source: place.raw.get("attachments") for place in answer}
            found.answers[slot.name] = "\n\n".join(passages)
            found.passages[slot.name] = list(passages.items())
    found.texts = [(place.source, place.raw.get("attachments")) for place in places if place.is_own_text]
    found.changed = [slot.name for slot in slots if slot.role in (GIVEN, CHECK)
                     and any(place.bare != slot.bare for place in places if place.slot == slot)]
    found.notes = list(_notes(places, slots))
    share = found_in(places, slots)
    if share < MOSTLY and (said := _whose(cells, share, others() if others else {})):
        found.not_this = said
        found.notes = [note for note in found.notes if not note.startswith(MISSING)] + [found.not_this]
    return found


def _whose(cells: list[dict], share: float, others: Mapping[str, list[Slot]]) -> str:
    """What to say of a notebook in which only so much of the assignment's is; nothing if it may be that one."""
    shares = {name: found_in(placed(cells, slots), slots) for name, slots in others.items()}
    best = max(shares, key=shares.get, default="")
    if best and shares[best] >= max(MOSTLY, 2 * share):
        return f"this is the notebook of `{best}`, another assignment"
    return "hardly a cell of this assignment is in the notebook: it is another one" if share < HARDLY else ""


def found_in(places: list[Place], slots: list[Slot]) -> float:
    """The share of what is graded that a notebook has cells for."""
    graded = [slot for slot in slots if slot.role in (SOLUTION, CHECK, WRITTEN)]
    there = {slot for place in places for slot in place.slots}
    return sum(slot in there for slot in graded) / len(graded) if graded else 1.0


def chosen(places: list[Place], slot: Slot) -> list[Place]:
    """The places that stand for a slot. Where one was written in, those that were not do not count."""
    own = [place for place in places if slot in place.slots]
    return [place for place in own if not place.is_untouched] or own


def stray_answers(places: list[Place], slot: Slot) -> list[Place]:
    """Where the answer to a question may stand, if not in its own cell: right below it; or, where its own cell is
    not there, in any text of the student's own. A person decides."""
    own = [place for place in places if slot in place.slots]
    if not own:
        return [place for place in places if place.is_own_text]
    if any(not place.is_untouched for place in own):
        return []
    below = []
    for place in places[own[-1].number:]:
        if not place.is_own_text:
            break
        below.append(place)
    return below


def counting(places: list[Place], slots: list[Slot]) -> dict[int, str]:
    """number of a place -> name of the course's cell that it stands for: of copies the last one."""
    found = {}
    for slot in (slot for slot in slots if slot.name):
        if main := [place for place in chosen(places, slot) if place.slot == slot]:
            found[main[-1].number] = slot.name
    return found


def answered_elsewhere(places: list[Place], slots: list[Slot]) -> set[str]:
    """The names of the questions that may be answered in a cell which is not their own."""
    merged = {slot.name for place in places for slot in place.slots[1:] if slot.role == WRITTEN}
    return merged | {slot.name for slot in slots if slot.role == WRITTEN and stray_answers(places, slot)}


def _cells_to_run(places: list[Place], slots: list[Slot]) -> list[tuple[str, str]]:
    cells, given = [], _Given(slots)
    blank = {place.number for place in places if _is_replaced(place, places)}
    for place in places:
        if place.slot is not None:
            cells += given.up_to(place.slot, included=place.slot.role == GIVEN)
        if _is_run(place) and place.number not in blank:
            cells.append((place.name, plain_python(place.source)))
    return cells + given.rest()


def _is_run(place: Place) -> bool:
    """Whether it is code of the student's. The course's own cells run as the course has them, checks and demos never;
    a solution runs whatever type its cell was given."""
    if place.slot is not None:
        return place.slot.role == SOLUTION
    return place.is_code and bool(place.bare) and not is_check(place) and not is_demo(place)


def _is_replaced(place: Place, places: list[Place]) -> bool:
    """Whether it is an empty stub of what is written elsewhere: it would undo that."""
    return (place.slot is not None and place.slot.role == SOLUTION and place.is_untouched
            and any(place.slot in other.slots and not other.is_untouched for other in places))


class _Given:
    """The course's locked cells: they run in the course's order and before what follows them there,
    whatever a submission did with its copies of them."""

    def __init__(self, slots: list[Slot]):
        self._order = {slot: position for position, slot in reversed(list(enumerate(slots)))}
        self._waiting = [slot for slot in slots if slot.role == GIVEN]

    def up_to(self, slot: Slot, included: bool) -> list[tuple[str, str]]:
        limit = self._order[slot] + included
        due = [each for each in self._waiting if self._order[each] < limit]
        self._waiting = self._waiting[len(due):]
        return [(each.name, each.text) for each in due]

    def rest(self) -> list[tuple[str, str]]:
        return [(each.name, each.text) for each in self._waiting]


def _notes(places: list[Place], slots: list[Slot]) -> Iterable[str]:
    """What a person should know of how the notebook was read."""
    for place in places:
        if place.slot is None or place.slot.role not in WRITABLE:
            continue
        first = next(other for other in places if place.slot in other.slots)
        if first is not place:
            blank = "an empty copy" if place.is_untouched else "a second copy"
            yield f"{place.name} is {blank} of `{place.slot.name}`{': it is not run' * _is_replaced(place, places)}"
        if place.is_code != place.slot.is_code:
            kind = str(place.raw.get("cell_type"))[:20]
            yield f"{place.name} (`{place.slot.name}`) was turned into {kind}: it counts as what it was"
    named = {place.slot for place in places if place.by_name}
    nameless = [place.name for place in places if place.slot and place.slot.name and place.slot not in named]
    if nameless:
        yield f"cells whose names are gone, known by what stands in them: {listed(nameless)}"
    for slot in (slot for slot in slots if slot.role == WRITTEN):
        if stray := stray_answers(places, slot):
            yield f"the answer to `{slot.name}` may stand elsewhere: in {listed([place.name for place in stray])}"
    missing = [slot.name for slot in slots if slot.name and not any(slot in place.slots for place in places)]
    if missing:
        yield f"{MISSING}: {', '.join(missing)}"


def changed_given(submission: Submission) -> str:
    """A sentence for who wrote it; nothing if the course's cells are as they were."""
    if not submission.changed:
        return ""
    return f"given cells that were changed: the course's own are used instead: {listed(submission.changed)}"


def listed(names: list[str]) -> str:
    more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
    return f"{', '.join(names[:MANY])}{more}"


def is_answered(question: Slot, answer: str | None) -> bool:
    """Whether a written question got any other text than its stub."""
    return bool(bare(answer or "")) and bare(answer) != question.bare
