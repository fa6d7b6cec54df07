"""export, gradescope: the grades and the grader on their way to other systems."""

import sys
from pathlib import Path

from rich.console import Console

from autograder.course import assignment_names, find_root, load_assignment
from autograder.errors import AutograderError
from autograder.render import clean, number

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def export(names: tuple[str, ...], to: str, roster: str | None, columns: tuple[str, ...]) -> None:
    from autograder.collect.spreadsheet import read_table
    from autograder.export.canvas import canvas_csv
    from autograder.export.grades import collect_grades
    from autograder.export.moodle import moodle_csv
    from autograder.export.sheet import write_sheet
    from autograder.export.table import count, nbgrader_csv

    root = find_root()
    for name in names:
        load_assignment(name, root)  # says which there are
    graded = [each for each in collect_grades(root, names or assignment_names(root)) if each.grades]
    asked, names = names, _all_graded(names, tuple(each.assignment.name for each in graded))
    if to == "canvas":
        sheet = read_table(Path(roster), "--roster") if roster else None
        exported = canvas_csv(graded, sheet, _titles(columns, names))
    elif to == "moodle":
        exported = moodle_csv(graded, read_table(Path(roster), "--roster") if roster else None)
    else:
        graded = _of_the_class(graded, Path(roster)) if roster else graded
        exported = nbgrader_csv(graded)
    path = write_sheet(root / "exports" / f"{'grades' if to == 'csv' else to}.csv", exported.rows, exported.delimiter)
    others = [] if asked else _unknown(root)
    for notice in [notice for each in graded for notice in each.notices] + exported.notices + others:
        console.print(clean(notice), markup=False, soft_wrap=True)
    all_of_them = count(graded)
    of = f" of {all_of_them}" if exported.filled != all_of_them else ""
    console.print(f"{exported.filled}{of} grades: {path.relative_to(root)}", markup=False, soft_wrap=True)


def _unknown(root: Path) -> list[str]:
    """What the gradebook has, and the course has not."""
    from autograder.gradebook.roll import read_roll

    known = assignment_names(root)
    return [f"{name}: in the gradebook, and no assignment of this course, so left out; if it has another name now: "
            f"`autograder rename {name} NAME`" for name in read_roll(root)[1] if name not in known]


def _of_the_class(graded: list, roster: Path) -> list:
    from autograder.collect.roster import read_roster
    from autograder.export.roster import of_the_class

    return of_the_class(graded, read_roster(roster))


def _all_graded(asked: tuple[str, ...], graded: tuple[str, ...]) -> tuple[str, ...]:
    """Those with grades; raises AutograderError where one that was asked for, or every one, has none."""
    missing = [name for name in asked if name not in graded]
    if missing or not graded:
        raise AutograderError(f"grades of {', '.join(missing) or 'an assignment'}", "nobody has a score yet",
                              f"run `autograder grade {missing[0] if missing else 'ASSIGNMENT'}` first")
    return graded


def _titles(columns: tuple[str, ...], names: tuple[str, ...]) -> dict[str, str]:
    """ASSIGNMENT=TITLE of the command line; raises AutograderError for anything else."""
    pairs = [column.partition("=") for column in columns]
    for name, _, title in pairs:
        if name not in names or not title:
            raise AutograderError("--column ASSIGNMENT=TITLE, of an assignment that is exported",
                                  f"found {name}, where {', '.join(names)} are exported")
    return {name: title for name, _, title in pairs}


def gradescope(name: str) -> None:
    from autograder.export.gradescope import write_zip

    assignment = load_assignment(name)
    path = write_zip(assignment)
    points = sum(check.points for check in assignment.plan.checks)
    console.print(f"{path.relative_to(assignment.root)}: upload it as the autograder of an assignment of "
                  f"{number(points)} autograder points. It holds the solutions: keep it among the staff.",
                  markup=False, soft_wrap=True)
