"""export, gradescope: the grades and the grader on their way to other systems."""

import sys

from rich.console import Console

from autograder.course import load_assignment
from autograder.render import number

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def gradescope(name: str) -> None:
    from autograder.export.gradescope import write_zip

    assignment = load_assignment(name)
    path = write_zip(assignment)
    points = sum(check.points for check in assignment.plan.checks)
    console.print(f"{path.relative_to(assignment.root)}: upload it as the autograder of an assignment of "
                  f"{number(points)} autograder points. It holds the solutions: keep it among the staff.",
                  markup=False, soft_wrap=True)
