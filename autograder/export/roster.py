"""Finds the students of this course in the list of another system."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.gradebook.roll import Member
from autograder.render import shortened


@dataclass
class Matched:
    """rows: student -> place in the list; unknown: students who are not in it, or not surely."""

    rows: dict[str, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def match(members: Iterable[Member], keys: Sequence[Sequence[str]]) -> Matched:
    """keys: for each row of the list what names its student, each kind in its place, "" where it has none.

    A student is found by id, address or the other system's number. A key that two rows share names nobody, and a row
    that two students claim is given to neither: a grade in the wrong hands is worse than one that is missing.
    """
    tables = [_unique(kind) for kind in zip(*keys)] if keys else []
    found = {member.student: _found(member, tables) for member in members}
    claims = Counter(row for row in found.values() if row is not None)
    return Matched({student: row for student, row in found.items() if row is not None and claims[row] == 1},
                   [student for student, row in found.items() if row is None or claims[row] > 1])


def notices(matched: Matched, submitted: Mapping[str, bool], names: Sequence[str], where: str) -> list[str]:
    """What is to be said: of students who are missing in the list, and of its rows without a submission."""
    sentences = []
    if unknown := [student for student in matched.unknown if submitted[student]]:
        sentences.append(f"not in {where}, or not surely, and left out: {shortened(unknown)}")
    handed_in = {row for student, row in matched.rows.items() if submitted[student]}
    if missing := [name for row, name in enumerate(names) if row not in handed_in]:
        sentences.append(f"in {where} without a submission, left as they are: {shortened(missing)}")
    return sentences


def local_part(address: str) -> str:
    return address.partition("@")[0] if "@" in address else ""


def _unique(keys: Iterable[str]) -> dict[str, int]:
    keys = [key.strip().casefold() for key in keys]
    counts = Counter(keys)
    return {key: row for row, key in enumerate(keys) if key and counts[key] == 1}


def _found(member: Member, tables: Sequence[Mapping[str, int]]) -> int | None:
    """The one row that everything known of a student leads to."""
    own = [key.strip().casefold() for key in (member.student, member.email, member.lms_user_id) if key.strip()]
    rows = {table[key] for table in tables for key in own if key in table}
    return rows.pop() if len(rows) == 1 else None
