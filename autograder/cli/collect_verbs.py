"""collect: the instructor's verb for what a learning platform exports."""

import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.course import load_assignment
from autograder.render import clean

console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


def collect(download: str, name: str, system: str, roster: str | None) -> None:
    from autograder import collect as room

    assignment = load_assignment(name)
    known = room.read_roster(Path(roster)) if roster else None
    with room.opened(Path(download)) as files:
        people, strangers = room.hand_ins(files, system)
        due = _due(assignment) if known or any(person.late for person in people) else None
        taken = room.take(assignment, people, known, due)
    console.print(_table(name, taken))
    for file in strangers:
        why = f" ({file.refused})" if file.refused else ""
        console.print(f"nobody's: {clean('/'.join(file.parts), 200)}{why}", markup=False)
    counts = Counter(each.state for each in taken)
    said = ", ".join(f"{counts[state]} {state}" for state in room.STATES if counts[state])
    following = f" Next: `autograder grade {name}`" if counts["left out"] < len(taken) else ""
    console.print(f"{len(taken)} hand-ins of {system}: {said}.{following}")
    sys.exit(bool(strangers or counts["left out"]))


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
