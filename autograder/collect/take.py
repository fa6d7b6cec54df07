"""Puts what was handed in where nbgrader and the grader look for it: submitted/<student>/<assignment>/."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autograder.collect.download import File, Refused
from autograder.collect.roster import Roster
from autograder.collect.systems import HandIn
from autograder.course.assignment import Assignment
from autograder.report import write_whole

STATES = NEW, SAME, REPLACED, LEFT_OUT = "new", "as before", "replaced", "left out"
# What Canvas, browsers and Jupyter add to a name that is there already.
ATTEMPT = re.compile(r"(?:[-_ ]++copy(?:[-_ ]*+\d{1,6}+)?+|[-_ ]++\d{1,6}+|[-_ ]*+\(\d{1,6}\))*+[-_ ]*+", re.IGNORECASE)


@dataclass
class Taken:
    """What became of one hand-in. submitted: what is known of its time; notes: sentences for the teacher."""

    student: str
    name: str
    state: str = NEW
    notebook: str = ""
    submitted: str = ""
    notes: list[str] = field(default_factory=list)


def take(assignment: Assignment, people: list[HandIn], roster: Roster | None = None,
         due: datetime | None = None) -> list[Taken]:
    """Writes the notebook and nbgrader's timestamp.txt of each person; what became of each, by student.

    due: when the assignment is due (aware). Canvas says that a hand-in is late, not when it came: it counts as one
    second late.
    """
    known, same = [_identified(person, roster) for person in people], {}
    for person in known:  # some file systems do not tell Ann from ann
        same.setdefault(person.student.casefold(), []).append(person)
    taken = []
    for person in known:
        result, rivals = Taken(person.student, person.name, notes=person.notes), same[person.student.casefold()]
        if len(rivals) > 1 and not _is_latest(person, rivals):
            result.state = LEFT_OUT
            result.notes.append("a later hand-in of the same student counts" if all(each.time for each in rivals) else
                                f"{len(rivals)} people would be the student `{person.student}`: give a roster")
        else:
            _take_one(assignment, person, due, result)
        taken.append(result)
    return sorted(taken, key=lambda each: (each.student, each.state == LEFT_OUT))


def _identified(person: HandIn, roster: Roster | None) -> HandIn:
    """The person as the roster knows them."""
    entry = roster.find(person.numbers, person.email, person.name) if roster else None
    if entry is None:
        return replace(person, notes=[*person.notes, "not on the roster"] if roster else [*person.notes])
    return replace(person, student=entry.student, time=person.time or entry.time, late=person.late or entry.late,
                   notes=[*person.notes])


def _is_latest(person: HandIn, rivals: list[HandIn]) -> bool:
    return all(each.time for each in rivals) and person is max(rivals, key=lambda each: each.time)


def _take_one(assignment: Assignment, person: HandIn, due: datetime | None, result: Taken) -> None:
    stem = assignment.notebook.stem
    folder = assignment.root / "submitted" / person.student / assignment.name
    chosen, result.notes = _chosen(person.files, stem), _unread(person.files) + result.notes
    if chosen is None:
        result.state = LEFT_OUT
        result.notes.insert(0, f"no notebook: {_names(person.files) or 'nothing was handed in'}")
        return
    result.notebook = chosen.name
    if others := [file for file in person.files if file is not chosen and not file.refused]:
        result.notes.append(f"not taken: {_names(others)}")
    try:
        content = chosen.read()
    except Refused as reason:
        result.state = LEFT_OUT
        result.notes.insert(0, f"{chosen.name} is {reason}")
        return
    time = _time(person, due, result)
    _write(folder / f"{stem}.ipynb", content, time, result)


def _chosen(files: list[File], stem: str) -> File | None:
    """The notebook of the expected name in its last attempt, else the last notebook."""
    notebooks = [file for file in files if file.name.lower().endswith(".ipynb") and not file.refused]

    def rank(file: File) -> tuple[bool, int, int]:
        begin, rest = file.name[: len(stem)], file.name[len(stem):-len(".ipynb")]
        expected = begin.casefold() == stem.casefold() and ATTEMPT.fullmatch(rest) is not None
        return expected, file.number, int((re.findall(r"\d+", rest) or [0])[-1]) if expected else 0

    return max(reversed(notebooks), key=rank, default=None)


def _unread(files: list[File]) -> list[str]:
    return [f"not read: {file.name}: {file.refused}" for file in files if file.refused]


def _names(files: list[File]) -> str:
    more = f" and {len(files) - 4} more" if len(files) > 4 else ""
    return ", ".join("/".join(file.parts) for file in files[:4]) + more


def _time(person: HandIn, due: datetime | None, result: Taken) -> datetime | None:
    """When it was handed in, as far as it is known."""
    if person.time:
        result.submitted = f"{person.time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return person.time
    if not person.late:
        return None
    result.submitted = "late"
    if due is None:
        result.notes.append("late, but the gradebook knows no due date (`nbgrader db assignment add`): no penalty")
        return None
    result.notes.append("late by an unknown time: counted as one second")
    return due + timedelta(seconds=1)


def _write(path: Path, content: bytes, time: datetime | None, result: Taken) -> None:
    stamp = path.with_name("timestamp.txt")
    if path.is_file():
        result.state = SAME if path.read_bytes() == content else REPLACED
    if result.state != SAME:
        write_whole(path, content)
        stamp.unlink(missing_ok=True)
    if time is not None:
        write_whole(stamp, f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC\n".encode())
