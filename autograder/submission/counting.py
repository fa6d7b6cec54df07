"""Of several places that stand for one of the course's cells, those that count; and where an answer may stand else."""

from autograder.course.source import CHECK, SOLUTION, WRITTEN
from autograder.submission.matching import Place
from autograder.submission.slots import Slot, bare


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


def is_replaced(place: Place, places: list[Place]) -> bool:
    """Whether it is an empty stub of what is written elsewhere: it would undo that."""
    return (place.slot is not None and place.slot.role == SOLUTION and place.is_untouched
            and any(place.slot in other.slots and not other.is_untouched for other in places))


def found_in(places: list[Place], slots: list[Slot]) -> float:
    """The share of what is graded that a notebook has cells for."""
    graded = [slot for slot in slots if slot.role in (SOLUTION, CHECK, WRITTEN)]
    there = {slot for place in places for slot in place.slots}
    return sum(slot in there for slot in graded) / len(graded) if graded else 1.0


def is_answered(question: Slot, answer: str | None) -> bool:
    """Whether a written question got any other text than its stub."""
    return bool(bare(answer or "")) and bare(answer) != question.bare
