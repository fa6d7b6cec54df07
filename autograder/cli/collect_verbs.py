"""collect: the instructor's verb for what a learning platform exports."""

import sys
from collections import Counter
from datetime import UTC
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.course import load_assignment
from autograder.errors import AutograderError
from autograder.handed_in import folder_of
from autograder.render import clean, shortened

console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


def collect(download: str, name: str, system: str, roster: str | None) -> None:
    from autograder import collect as room

    assignment = load_assignment(name)
    known = room.read_roster(Path(roster)) if roster else None
    with room.opened(Path(download)) as files:
        people, strangers = room.hand_ins(files, system, known.numbers(system) if known else ())
        due = _due(assignment) if known or any(person.late for person in people) else None
        taken = room.take(assignment, people, known, due)
    console.print(_table(name, taken))
    if known:
        _tell_gradebook(assignment, known, {each.student for each in taken if each.state != "left out"})
    for file in strangers:
        why = f" ({file.refused})" if file.refused else ""
        console.print(f"nobody's: {clean('/'.join(file.parts), 200)}{why}", markup=False)
    counts = Counter(each.state for each in taken)
    said = ", ".join(f"{counts[state]} {state}" for state in room.STATES if counts[state])
    following = f" Next: `autograder grade {name}`" if counts["left out"] < len(taken) else ""
    console.print(f"{len(taken)} hand-ins of {system}: {said}.{following}")
    sys.exit(bool(strangers or counts["left out"]))


def _tell_gradebook(assignment, roster, handed_in: set[str]) -> None:
    """Its students, with their names: those who handed in nothing are in the tables, too."""
    from autograder.gradebook.roll import write_roll

    count = write_roll(assignment.root, roster.members.values())
    absent = [student for student in roster.members if student not in handed_in
              and not (folder_of(assignment.root / "submitted", student) / assignment.name).is_dir()]
    said = f"roster: {len(roster.members)} students, {count} of them new or changed in the gradebook"
    console.print(clean(said + (f"; nothing handed in: {shortened(absent)}" if absent else "")), markup=False,
                  soft_wrap=True)


def attempts(name: str, student: str, use: int | None) -> None:
    from autograder.collect import Attempts

    assignment = load_assignment(name)
    found = Attempts(assignment.root, student, name)
    if not found.all:
        raise AutograderError(f"attempts of {student} at {name}", f"there is nothing in submitted/{student}/{name}/")
    if use is not None:
        found.choose(use)
    table = Table(title=f"{name}: the attempts of {clean(student)}", title_justify="left")
    for heading in ("", "file", "from", "handed in", ""):
        table.add_column(heading, overflow="fold")
    for each in found.all:
        time = f"{each.time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if each.time else "late" if each.stamp else ""
        counts = ("counts, as a teacher chose" if each.chosen else "counts") if each is found.counting else ""
        table.add_row(str(each.number), *(Text(clean(cell, 200)) for cell in (each.name, each.system, time, counts)))
    console.print(table)
    if use is not None:
        console.print(f"Next: `autograder grade {name}`")


def _due(assignment):
    from autograder.gradebook.due import due_date  # nbgrader takes a second to import

    return due_date(assignment.root, assignment.name)


def _table(name: str, taken: list) -> Table:
    table = Table(title=f"{name}: what was handed in", title_justify="left")
    for heading, options in (("student", {}), ("name", {}), ("notebook", {}), ("submitted", {"no_wrap": True}),
                             ("", {"no_wrap": True}), ("what to know", {"ratio": 1})):
        table.add_column(heading, overflow="fold", **options)
    for each in taken:
        cells = (each.student, each.name, each.notebook, each.submitted, each.state, "\n".join(each.notes))
        table.add_row(*(Text(clean(cell, 400)) for cell in cells))
    return table
