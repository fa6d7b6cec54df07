"""Who is who: a CSV file of the class, as Canvas, Moodle, Gradescope or nbgrader write it."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from autograder.collect.spreadsheet import Table, read_table
from autograder.collect.times import read_time
from autograder.collect.worksheet import LATE, find_worksheet, known_as
from autograder.errors import AutograderError
from autograder.gradebook.roll import Member

# Whose cell is the student's id in nbgrader's sense: the first of these columns that a row has something in.
ID_COLUMNS = ("student_id", "student id", "sis login id", "id number", "sid", "username", "id", "sis user id", "email",
              "email address")
# The columns with what each platform calls a student by. Canvas's own numbers are under ID in its gradebook alone.
NUMBERS = {"canvas": ("canvas id", "lms_user_id"), "moodle": (),
           "gradescope": ("sid", "id number", "student id", "student_id", "sis user id", "id")}
CANVAS = {"sis login id", "sis user id", "section"}
MAILS = ("email", "email address", "sis login id")
NAMES = ("student", "name", "full name", "student name", "sortable name")
UNUSABLE = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|^[.\-]|^$")


@dataclass(frozen=True)
class Entry:
    """One student of the roster. time: when the notebook was handed in (aware), and late, where the file says so."""

    member: Member
    time: datetime | None = None
    late: bool = False

    @property
    def student(self) -> str:
        return self.member.student


@dataclass
class Roster:
    """Finds students by what a learning platform knows of them. entries: (kind, handle) -> whom it may mean."""

    entries: dict[tuple[str, str], set[Entry]] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)  # by student id, in the order of the file

    def add(self, entry: Entry, handles: Iterable[tuple[str, str]]) -> None:
        self.members[entry.student] = entry.member
        for handle in handles:
            self.entries.setdefault(handle, set()).add(entry)

    def find(self, system: str = "", numbers: Iterable[str] = (), email: str = "", name: str = "") -> Entry | None:
        """The one student whom number (of `system`; any, if "") and address mean; None for nobody, or for several.

        A name is what somebody calls themselves: it counts only where the roster has neither to go by.
        """
        handles = self._handles(system, numbers, email)
        if sure := [self.entries[handle] for handle in handles if handle in self.entries]:
            found = set.intersection(*sure)
            return found.pop() if len(found) == 1 else None
        if {kind for kind, _ in handles} & {kind for kind, _ in self.entries}:
            return None
        for candidate in without_groups(name):
            if found := set().union(*(self.entries.get(("name", form), set()) for form in name_forms(candidate))):
                return found.pop() if len(found) == 1 else None
        return None

    def is_sure(self, system: str, numbers: Iterable[str], email: str) -> bool:
        """Whether number or address are on the roster: then `find` goes by no name."""
        return any(handle in self.entries for handle in self._handles(system, numbers, email))

    def _handles(self, system: str, numbers: Iterable[str], email: str) -> list[tuple[str, str]]:
        systems = [system] if system else NUMBERS
        return [*((each, number) for each in systems for number in numbers),
                *([("email", email.casefold())] if email else [])]

    def numbers(self, system: str) -> set[str]:
        """What a platform calls the students of the roster, as far as it says so."""
        return {number for kind, number in self.entries if kind == system}


def name_forms(name: str) -> set[str]:
    """A name as letters alone, with the family name first and last: "Doe, Jane" and "Jane Doe" share both."""
    def letters(words: str) -> str:
        return re.sub(r"[\W_]", "", unicodedata.normalize("NFC", words).casefold())

    family, comma, given = name.partition(",")
    if not comma:
        given, _, family = name.strip().rpartition(" ")
    return {letters(family + given), letters(given + family)} - {""}


def without_groups(name: str) -> Iterator[str]:
    """The name, then without what stands before a hyphen, as Moodle puts a group there: "Lab 2-Anna-Maria Lee"."""
    while name:
        yield name
        name = name.partition("-")[2]


def read_roster(path: Path) -> Roster:
    """Raises AutograderError for a file without students, and for an id that cannot be a folder's name."""
    table, roster = read_table(path, "a roster"), Roster()
    for line, (entry, handles) in enumerate(_entries(table), start=2):
        if entry is None:
            continue
        if UNUSABLE.search(entry.student):
            raise AutograderError(f"{path}, student {line - 1}: a student id that can be a folder's name",
                                  f"found {entry.student!r}")
        roster.add(entry, handles)
    if not roster.entries:
        known = any(known_as(title) in ID_COLUMNS for title in table.header)
        raise AutograderError(f"{path}: a roster with a column of student ids",
                              "no line below its first one names a student" if known else
                              f"its columns are {','.join(table.header)[:200]}",
                              f"one column is called {', '.join(ID_COLUMNS[:4])} ...")
    return roster


def _entries(table: Table) -> Iterator[tuple[Entry | None, set[tuple[str, str]]]]:
    """Each row as (entry, handles); None for a row that names nobody."""
    sheet = find_worksheet(table.header, table.rows)
    titles = [known_as(title) for title in table.header]
    if sheet:
        titles[sheet.identifier] = ""
        for name, place in sheet.named.items():
            titles[place] = name
    canvas = len(CANVAS & set(titles)) > 1
    for cells in table.rows:
        row = {title: unicodedata.normalize("NFC", cell.strip()) for title, cell in zip(titles, cells)
               if title and cell.strip()}
        participant = sheet.participant(cells) if sheet else ""
        student = next((row[column] for column in ID_COLUMNS if column in row), "")
        if not student and participant:
            student = slug(row["full name"]) if "full name" in row else f"participant-{participant}"
        if not student or canvas and row.get("student") == "Student, Test":  # who Canvas invents for teachers
            yield None, set()
            continue
        time = read_time(cells[sheet.submitted]) if sheet and sheet.submitted is not None else None
        numbers = {("moodle", participant)} if participant else set()
        numbers |= {("canvas", row["id"])} if canvas and "id" in row else set()
        yield (Entry(_member(student, row, canvas), time, bool(LATE.search(row.get("status", "")))),
               numbers | _handles(row, canvas))


def _handles(row: dict[str, str], canvas: bool) -> set[tuple[str, str]]:
    handles = {(system, row[column]) for system, columns in NUMBERS.items() for column in columns
               if column in row and not (canvas and column == "id")}
    handles |= {("email", row[column].casefold()) for column in MAILS if column in row}
    return handles | {("name", form) for name in _names(row) for form in name_forms(name)}


def _names(row: dict[str, str]) -> list[str]:
    """In the order of trust, each as "family, given" or as it stands."""
    names = [f"{row.get(last, '')},{row.get(first, '')}" for first, last in (("first name", "last name"),
                                                                            ("first_name", "last_name"))
             if first in row or last in row]
    return names + [row[column] for column in NAMES if column in row]


def _member(student: str, row: dict[str, str], canvas: bool) -> Member:
    name = next(iter(_names(row)), "")
    family, comma, given = name.partition(",")
    if not comma:
        given, _, family = name.rpartition(" ")
    email = next((row[column] for column in MAILS if "@" in row.get(column, "")), "")
    number = row.get("lms_user_id") or row.get("canvas id") or (row.get("id", "") if canvas else "")
    return Member(student, family.strip(), given.strip(), email, number)


def slug(text: str) -> str:
    """A student id made of a name: it can be a folder's name everywhere."""
    kept = re.sub(r"[^\w@.+-]+", "-", unicodedata.normalize("NFC", text).lower()).strip("-._")
    return kept.encode()[:100].decode(errors="ignore") or "student"
