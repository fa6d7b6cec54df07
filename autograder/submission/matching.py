"""Which cell of a submission is which of the course's: by its name, and where names are gone by what it is.

Editors, converters and version control strip metadata and ids; people copy, merge and retype cells. So a cell is
also known by its text, by the functions and classes that it defines, and by the question above an answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from autograder.course.source import CHECK, CHECK_CELL, DEMO, GIVEN, SOLUTION, TEXT, WRITTEN
from autograder.release.notebook import cell_id
from autograder.submission.notebook_file import grade_id_of, metadata_of, source_of
from autograder.submission.python import defined_in
from autograder.submission.slots import WRITABLE, Slot, bare, lines_of

ALIKE = 0.6  # of the words of a question, or of the lines of a cell: it is the same one, edited


@dataclass
class Place:
    """One cell of a submission. number: from 1; slots: what it stands for, its main one first; by_name: whether its
    own metadata say so."""

    number: int
    raw: dict
    slots: list[Slot] = field(default_factory=list)
    by_name: bool = False

    @cached_property
    def source(self) -> str:
        return source_of(self.raw)

    @cached_property
    def bare(self) -> str:
        return bare(self.source)

    @cached_property
    def defines(self) -> frozenset[str]:
        return defined_in(self.source)

    @property
    def slot(self) -> Slot | None:
        return self.slots[0] if self.slots else None

    @property
    def name(self) -> str:
        return f"cell {self.number}"

    @property
    def is_code(self) -> bool:
        return self.raw.get("cell_type") == "code"

    @property
    def is_untouched(self) -> bool:
        """Whether it is what the course handed out for it."""
        return self.slot is not None and self.bare == self.slot.bare

    @property
    def is_own_text(self) -> bool:
        """Whether it is words of the student's own, in a cell of their own or below a text of the course."""
        is_elsewhere = self.slot is None and not self.is_code or self.slot is not None and self.slot.role == TEXT
        return is_elsewhere and bool(self.bare) and not self.is_untouched

    @cached_property
    def words(self) -> set[str]:
        return set(self.source.split())

    @cached_property
    def lines(self) -> set[str]:
        return lines_of(self.source)


def placed(cells: Iterable[dict], slots: list[Slot]) -> list[Place]:
    """The places of a submission's raw cells, in order."""
    places = [Place(number, raw) for number, raw in enumerate(cells, start=1)]
    _by_name(places, slots)
    _by_text(places, slots)
    _by_definition(places, slots)
    _by_likeness(places, slots)
    return places


def _by_name(places: list[Place], slots: list[Slot]) -> None:
    named = {slot.name: slot for slot in slots if slot.name}
    ids = {cell_id(slot.name): slot for slot in named.values()}
    for place in places:
        name = grade_id_of(place.raw)
        known = named.get(name) if name else ids.get(_id_of(place.raw))
        if known is not None:
            place.slots, place.by_name = [known], True


def _id_of(raw: dict) -> str:
    return raw["id"] if isinstance(raw.get("id"), str) else ""


def _by_text(places: list[Place], slots: list[Slot]) -> None:
    texts = {slot.bare: slot for slot in reversed(slots)}
    checks = {slot.name: slot for slot in slots if slot.role == CHECK}
    for place in places:
        if place.slot is None and place.bare:
            check = CHECK_CELL.match(place.source.strip())
            known = checks.get(check[1]) if check else texts.get(place.bare)
            place.slots = [known] if known else []


def _by_definition(places: list[Place], slots: list[Slot]) -> None:
    """By functions and classes. A cell may hold those of several: they were put into one."""
    owners = {name: slot for role in (GIVEN, SOLUTION) for slot in slots if slot.role == role
              for name in sorted(slot.defines)}
    for place in places:
        if place.slot is not None and place.slot.role != SOLUTION or not place.defines:
            continue
        found = {slot: None for role in (SOLUTION, GIVEN) for name, slot in owners.items()
                 if name in place.defines and slot.role == role}
        main = next(iter([*place.slots, *found]), None)
        if main and (main.role == SOLUTION or not _is_there(main, places)):  # a given function anew is no copy of it
            place.slots = list(dict.fromkeys([*place.slots, *found]))


def _is_there(slot: Slot, places: list[Place]) -> bool:
    return any(slot in place.slots for place in places)


def _by_likeness(places: list[Place], slots: list[Slot]) -> None:
    """What is left on both sides: an answer by its question, other cells by most of their lines."""
    missing = [slot for slot in slots if not _is_there(slot, places) and slot.bare]
    for slot in sorted(missing, key=lambda each: each.role not in WRITABLE):
        left = [place for place in places if place.bare and _may_be(place, slot)]
        best = max(left, key=lambda place: _likeness(place, slot), default=None)
        if best is not None and _likeness(best, slot) >= ALIKE:
            best.slots.append(slot)


def _may_be(place: Place, slot: Slot) -> bool:
    """Several questions may have been put into one cell; of anything else only what is nothing yet."""
    if place.slot is not None:
        return place.slot.role == slot.role == WRITTEN
    return place.is_code == slot.is_code or slot.role in WRITABLE


def _likeness(place: Place, slot: Slot) -> float:
    """The share of what was handed out that is still there."""
    handed_out, now = (slot.lines, place.lines) if slot.is_code else (slot.words, place.words)
    return len(handed_out & now) / len(handed_out) if handed_out else 0.0


def is_demo(place: Place) -> bool:
    """Whether it trains and plots: such a cell is never run for grading."""
    tags = metadata_of(place.raw).get("tags")
    return place.slot.role == DEMO if place.slot else isinstance(tags, list) and "demo" in tags


def is_check(place: Place) -> bool:
    return place.slot.role == CHECK if place.slot else CHECK_CELL.match(place.source.strip()) is not None
