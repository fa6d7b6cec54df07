"""Who is who: a CSV file of the class, as Canvas, Moodle, Gradescope or nbgrader write it."""

import csv
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from autograder.errors import AutograderError

# Whose cell is the student's id in nbgrader's sense: the first of these columns that a row has something in.
ID_COLUMNS = ("student_id", "student id", "sis login id", "id number", "sid", "username", "id", "sis user id", "email",
              "email address")
NUMBERS = ("id", "identifier", "sid", "id number", "canvas id", "lms_user_id", "student id", "student_id")
MAILS = ("email", "email address", "sis login id")
NAMES = ("student", "name", "full name", "student name", "sortable name")
TIMES = ("%A, %d %B %Y, %I:%M %p", "%A, %B %d, %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%Y-%m-%d %H:%M:%S %z")
UNUSABLE = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|^[.\-]|^$")


@dataclass(frozen=True)
class Entry:
    """One student of the roster. time: when the notebook was handed in (aware), and late, where the file says so."""

    student: str
    time: datetime | None = None
    late: bool = False


@dataclass
class Roster:
    """Finds students by what a learning platform knows of them."""

    entries: dict[tuple[str, str], set[Entry]] = field(default_factory=dict)

    def find(self, numbers=(), email: str = "", name: str = "") -> Entry | None:
        """The one student of a number, an address or a name, in this order; None if there is none, or several."""
        handles = [("number", number) for number in numbers] + [("email", email.casefold())]
        handles += [("name", form) for form in name_forms(name)]
        for handle in handles:
            if len(found := self.entries.get(handle, set())) == 1:
                return next(iter(found))
        return None


def name_forms(name: str) -> set[str]:
    """A name as letters alone, with the family name first and last: "Doe, Jane" and "Jane Doe" share both."""
    def letters(words: str) -> str:
        return re.sub(r"[\W_]", "", unicodedata.normalize("NFC", words).casefold())

    family, comma, given = name.partition(",")
    if not comma:
        given, _, family = name.strip().rpartition(" ")
    return {letters(family + given), letters(given + family)} - {""}


def read_roster(path: Path) -> Roster:
    """Raises AutograderError for a file without students, and for an id that cannot be a folder's name."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AutograderError(f"{path}: a roster in CSV, in UTF-8", str(error)) from None
    roster = Roster()
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)  # the country that a spreadsheet is set to decides
    lines = csv.DictReader(text.splitlines(), delimiter=delimiter)
    for line, cells in enumerate(lines, start=2):
        row = {key.strip().casefold(): value.strip() for key, value in cells.items()
               if isinstance(key, str) and isinstance(value, str)}
        if student := next((row[column] for column in ID_COLUMNS if row.get(column)), ""):
            if UNUSABLE.search(student):
                raise AutograderError(f"{path}:{line}: a student id that can be a folder's name", f"found {student!r}")
            entry = Entry(student, _time(row.get("last modified (submission)", "")),
                          bool(re.search(r" late\b", row.get("status", ""))))
            for handle in _handles(row):
                roster.entries.setdefault(handle, set()).add(entry)
    if not roster.entries:
        known = any(column.strip().casefold() in ID_COLUMNS for column in lines.fieldnames or ())
        raise AutograderError(f"{path}: a roster with a column of student ids",
                              "no line below its first one names a student" if known else
                              f"its columns are {header.strip()[:200]}" if header.strip() else "it is empty",
                              f"one column is called {', '.join(ID_COLUMNS[:4])} ...")
    return roster


def _handles(row: dict[str, str]) -> set[tuple[str, str]]:
    handles = {("number", row[column].removeprefix("Participant ")) for column in NUMBERS if row.get(column)}
    handles |= {("email", row[column].casefold()) for column in MAILS if row.get(column)}
    names = [row[column] for column in NAMES if row.get(column)]
    for first, last in (("first name", "last name"), ("first_name", "last_name")):
        if row.get(first) or row.get(last):
            names.append(f"{row.get(last, '')},{row.get(first, '')}")
    return handles | {("name", form) for name in names for form in name_forms(name)}


def _time(text: str) -> datetime | None:
    """Moodle's time of a submission, in the time zone of this machine as Moodle does not say one."""
    for form in TIMES:
        try:
            return datetime.strptime(text, form).astimezone()
        except ValueError:
            pass
    return None
