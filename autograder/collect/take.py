"""Puts what was handed in where nbgrader and the grader look for it: submitted/<student>/<assignment>/."""

import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from autograder.collect.attempts import Attempt, Attempts, people_before
from autograder.collect.contents import contents
from autograder.collect.hand_in import HandIn
from autograder.collect.identity import go_on, identified, refused_rivals
from autograder.collect.roster import Roster
from autograder.course.assignment import Assignment
from autograder.errors import SubmissionError

STATES = NEW, SAME, REPLACED, EARLIER, LEFT_OUT = "new", "as before", "replaced", "kept, not counted", "left out"
NEVER = datetime.min.replace(tzinfo=UTC)


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
    before = people_before(assignment.root, assignment.name)
    known = [identified(person, roster, before) for person in people]
    same: dict[str, list[HandIn]] = {}
    for person in known:  # some file systems do not tell Ann from ann
        if not person.refused:
            same.setdefault(person.student.casefold(), []).append(person)
    taken: list[Taken] = []
    for person in sorted(known, key=lambda each: each.time or NEVER):
        result = Taken(person.student, person.name, notes=person.notes)
        if refused := person.refused or refused_rivals(person, same[person.student.casefold()], roster):
            result.state = LEFT_OUT
            result.notes.insert(0, refused)
        else:
            result.notes += go_on(assignment, person)
            _take_one(assignment, person, due, result)
        if result.state not in (EARLIER, LEFT_OUT):
            for each in taken:
                if each.student == result.student and each.state != LEFT_OUT:
                    each.state = EARLIER  # of the same download
        taken.append(result)
    return sorted(taken, key=lambda each: (each.student, each.state == LEFT_OUT))


def _take_one(assignment: Assignment, person: HandIn, due: datetime | None, result: Taken) -> None:
    found = contents(assignment, person.files)
    result.notes = found.notes + result.notes
    if found.refused:
        result.state = LEFT_OUT
        result.notes.insert(0, found.refused)
        return
    result.notebook = found.notebook.name
    new = Attempt(0, "", found.notebook.name, person.system, person.ids[0], found.notebook.number, person.time,
                  _time(person, due, result))
    _keep(assignment, found.files, new, result)


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


def _keep(assignment: Assignment, files: dict[str, bytes], new: Attempt, result: Taken) -> None:
    """Among the student's attempts, and in submitted/ if it is the one that counts."""
    try:
        attempts = Attempts(assignment.root, result.student, assignment.name)
        before = attempts.counting
        attempt, counts = attempts.take(files, new)
    except SubmissionError as error:
        result.state = LEFT_OUT
        result.notes.insert(0, ": ".join(str(error).splitlines()[:2]))
        return
    if before is not None and attempt is not before:
        result.state = REPLACED if counts else EARLIER
        other = (f"attempt {before.number} is kept, attempt {attempt.number} counts" if counts else
                 f"an earlier attempt, kept as number {attempt.number}: number {before.number} counts")
        result.notes.insert(0, f"{other} (`autograder attempts {assignment.name} {shlex.quote(result.student)}`)")
    elif before is not None:
        result.state = SAME
