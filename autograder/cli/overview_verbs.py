"""report: how a class did, as a page and as a short table."""

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.cli.progress import progress_bar
from autograder.course import load_assignment
from autograder.render import clean, number

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
HINTS = 3  # that the terminal shows


def report(name: str) -> None:
    from autograder.overview import write_overview

    assignment = load_assignment(name)
    with progress_bar() as progress:
        progress.add_task("comparing solutions", total=None)  # a minute for a class of 2,000
        path, figures, concerns = write_overview(assignment)
    console.print(_table(figures))
    source = "of the automatic checks: the gradebook has no scores"
    if figures.known:
        source = (f"from the gradebook; not final: answers of {figures.waiting} wait for a grader, and are left out"
                  if figures.waiting else "final, from the gradebook")
    console.print(f"{len(figures.standings)} submissions; median {number(figures.median)}, mean {number(figures.mean)} "
                  f"of {number(figures.max_points)} points ({source})")
    for mistake in figures.mistakes[:HINTS]:
        console.print(f"{len(mistake.students)} made this mistake: {clean(mistake.hint)}", markup=False)
    for concern in concerns:
        console.print(f"to look at: {concern.title}: {len(concern.cases)}", markup=False)
    console.print(f"The page: {path.relative_to(assignment.root)}", markup=False, soft_wrap=True)


def _table(figures) -> Table:
    table = Table(title=f"{figures.assignment}: the class, part by part", title_justify="left")
    table.add_column("part")
    for heading in ("mean points", "passed", "failed", "skipped", "broken", "not attempted"):
        table.add_column(heading, justify="right")
    for part in figures.parts:
        total = sum(part.counts.values()) or 1
        shares = [f"{part.counts[key] / total:.0%}" for key in ("passed", "failed", "skipped", "broken",
                                                                "not attempted")]
        table.add_row(Text(part.name), f"{number(part.points)} of {number(part.max_points)}", *shares)
    return table
