"""Sentences on how a notebook was read: what a person should know of it."""

from collections.abc import Iterator, Mapping

from autograder.course.source import WRITTEN
from autograder.submission.counting import found_in, is_replaced, stray_answers
from autograder.submission.matching import Place, placed
from autograder.submission.slots import WRITABLE, Slot

MANY = 6  # names in one note
MISSING = "cells that are missing from the notebook"
HARDLY, MOSTLY = 0.2, 0.5  # of the graded cells: in a notebook that is not this one's, and in one that is


def oddities(places: list[Place]) -> Iterator[str]:
    """Copies, other types of cells, lost names."""
    for place in places:
        if place.slot is None or place.slot.role not in WRITABLE:
            continue
        first = next(other for other in places if place.slot in other.slots)
        if first is not place:
            blank = "an empty copy" if place.is_untouched else "a second copy"
            yield f"{place.name} is {blank} of `{place.slot.name}`{': it is not run' * is_replaced(place, places)}"
        if place.is_code != place.slot.is_code:
            kind = str(place.raw.get("cell_type"))[:20]
            yield f"{place.name} (`{place.slot.name}`) was turned into {kind}: it counts as what it was"
    named = {place.slot for place in places if place.by_name}
    nameless = [place.name for place in places if place.slot and place.slot.name and place.slot not in named]
    if nameless:
        yield f"cells whose names are gone, known by what stands in them: {listed(nameless)}"


def gaps(places: list[Place], slots: list[Slot]) -> Iterator[str]:
    """What is not where it was, or not there."""
    for slot in (slot for slot in slots if slot.role == WRITTEN):
        if stray := stray_answers(places, slot):
            yield f"the answer to `{slot.name}` may stand elsewhere: in {listed([place.name for place in stray])}"
    missing = [slot.name for slot in slots if slot.name and not any(slot in place.slots for place in places)]
    if missing:
        yield f"{MISSING}: {', '.join(missing)}"


def whose(cells: list[dict], share: float, others: Mapping[str, list[Slot]]) -> str:
    """What to say of a notebook in which only so much of the assignment's is; nothing if it may be that one. others:
    the cells of the course's other assignments, by name."""
    shares = {name: found_in(placed(cells, slots), slots) for name, slots in others.items()}
    best = max(shares, key=shares.get, default="")
    if best and shares[best] >= max(MOSTLY, 2 * share):
        return f"this is the notebook of `{best}`, another assignment"
    return "hardly a cell of this assignment is in the notebook: it is another one" if share < HARDLY else ""


def changed_given(names: list[str]) -> str:
    """A sentence for who changed the course's own cells; nothing if nobody did."""
    return f"given cells that were changed: the course's own are used instead: {listed(names)}" if names else ""


def listed(names: list[str]) -> str:
    more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
    return f"{', '.join(names[:MANY])}{more}"
