"""copy-gradebook: from one database to another."""

from rich.console import Console

from autograder.course import find_root

console = Console(highlight=False)


def copy_gradebook(target: str) -> None:
    from autograder.gradebook.copy import copy_gradebook

    copied = copy_gradebook(find_root(), target)
    console.print(f"copied {sum(copied.values())} rows: {copied['student']} students, "
                  f"{copied['submitted_assignment']} submissions, {copied['grade']} grades.", markup=False)
    console.print("Next: name it in nbgrader_config.py as `c.CourseDirectory.db_url`. The old gradebook is as it was.")
