"""What one person handed in, and whose the files of a download are."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from autograder.collect.download import File


@dataclass
class HandIn:
    """What one person handed in. ids: what the platform calls them, which decides who it is; several where the name of
    a file can be read in several ways; student: an id made of what the platform says; numbers: what a roster may know
    of them in place of `ids`; email: as the platform knows it; time: aware, where the platform says it; refused: why it
    is nobody's, if so; former: the id that they had in this assignment before, if it was another; notes: sentences for
    the teacher."""

    system: str
    ids: tuple[str, ...]
    name: str
    student: str
    numbers: tuple[str, ...] = ()
    email: str = ""
    late: bool = False
    time: datetime | None = None
    files: list[File] = field(default_factory=list)
    refused: str = ""
    former: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def handles(self) -> tuple[str, tuple[str, ...], str]:
        """By what a roster finds them: the system, its numbers, an address."""
        return self.system, self.numbers or self.ids, self.email


def grouped(files: list[File], person: Callable) -> tuple[list[HandIn], list[File]]:
    """Files by the person whom their outermost telling name belongs to: what is further in, a student chose.

    One id under two names is nobody's: one of them may be somebody else's work, by a name that was made for it.
    """
    people: dict[tuple, HandIn] = {}
    strangers = []
    for file in files:
        for place, part in enumerate(file.parts):
            inner = file.parts[place + 1:]
            if found := person(part, inner):
                made, rest, number = found
                own = people.setdefault((made.ids, made.name), made)
                own.late |= made.late
                own.files.append(replace(file, parts=inner or (rest,), number=number))
                break
        else:
            strangers.append(file)
    _refuse_clashes(list(people.values()))
    return list(people.values()), strangers


def _refuse_clashes(people: list[HandIn]) -> None:
    claims: dict[str, list[HandIn]] = {}
    for person in people:
        for each in person.ids:
            claims.setdefault(each, []).append(person)
    for each, claimants in claims.items():
        if len(claimants) > 1 or len(claimants[0].ids) > 1:
            names = " and ".join(dict.fromkeys(f"`{claimant.name}`" for claimant in claimants))
            for claimant in claimants:
                claimant.refused = claimant.refused or (
                    f"the number {each} would be that of {names}: rename the file or folder whose name was made for "
                    "it, in the unpacked download" if len(claimants) > 1 else
                    f"its name can be read as that of {' or '.join(claimant.ids)}: rename it in the unpacked download")
