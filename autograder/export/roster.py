"""Finds the students of this course in the list of another system."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autograder.collect.roster import Roster, slug
from autograder.export.grades import Grade, Graded
from autograder.gradebook.roll import NAMES, Member
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


def of_the_class(graded: Sequence[Graded], roster: Roster) -> list[Graded]:
    """The grades in the order of a roster, with its names and addresses, and with those on it who handed in nothing;
    students who are not on it come last, and are named."""
    members = list(roster.members.values())
    keys = [[member.student, member.email, local_part(member.email), member.lms_user_id, *_collected(member)]
            for member in members]
    return [_of_the_class(each, members, match([grade.member for grade in each.grades.values()], keys))
            for each in graded]


def _of_the_class(each: Graded, members: Sequence[Member], matched: Matched) -> Graded:
    students = {place: student for student, place in matched.rows.items()}
    grades = {}
    for place, member in enumerate(members):
        if place in students:
            grade = each.grades[students[place]]
            known = {name: getattr(member, name) for name in NAMES if getattr(member, name)}
            grades[grade.student] = replace(grade, member=replace(grade.member, **known))
        elif member.student not in each.grades:
            grades[member.student] = Grade(member, submitted=False)
    others = {student: grade for student, grade in each.grades.items() if student not in grades}
    said = f"{each.assignment.name}: not on the roster, or not surely, so last in the table: {shortened(list(others))}"
    return Graded(each.assignment, grades | others, [*each.notices, said] if others else each.notices)


def _collected(member: Member) -> tuple[str, str]:
    """What `autograder collect` calls somebody of whom it knows what Moodle or Canvas says in a file's name."""
    name = " ".join(filter(None, (member.first_name, member.last_name)))
    bare = "".join(letter for letter in f"{member.last_name}{member.first_name}".casefold() if letter.isalnum())
    return slug(name) if name else "", f"{bare}-{member.lms_user_id}" if member.lms_user_id else ""
