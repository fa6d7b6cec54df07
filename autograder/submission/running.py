"""Which cells of a submission are run, in which order, and whose text they have."""

from autograder.course.source import GIVEN, SOLUTION
from autograder.submission.counting import is_replaced
from autograder.submission.matching import Place, is_check, is_demo
from autograder.submission.python import plain_python
from autograder.submission.slots import Slot


def cells_to_run(places: list[Place], slots: list[Slot]) -> list[tuple[str, str]]:
    cells, given = [], _Given(slots)
    blank = {place.number for place in places if is_replaced(place, places)}
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
