"""remove and rename: what changes in a course after something was handed in."""

from rich.console import Console

from autograder.course import find_root
from autograder.render import clean

console = Console(highlight=False)


def remove(students: tuple[str, ...], undo: bool) -> None:
    from autograder.gradebook.remove import remove_student, restore_student

    root = find_root()
    for student in students:
        moved = (restore_student if undo else remove_student)(root, student)
        given = f", with {moved.by_hand} scores and comments that were given by hand" if moved.by_hand else ""
        said = (f"{student} is back{given}. Next: `autograder grade ASSIGNMENT`" if undo else
                f"{student}: out of submissions, reports, feedback and gradebook{given}; all of it is kept in "
                f"{moved.folder.relative_to(root)}/")
        console.print(clean(said), markup=False, soft_wrap=True)
    if not undo:
        said = ("`autograder report`, `similar` and `export` name them no more when they are run again; "
                f"`autograder remove --undo {students[0]}` brings them back.")
        console.print(clean(said), markup=False, soft_wrap=True)


def rename(old: str, new: str) -> None:
    from autograder.gradebook.rename import rename_assignment

    count = rename_assignment(find_root(), old, new)
    console.print(clean(f"{old} is {new} now: {count} submissions, with reports, feedback and gradebook. Next: "
                        f"`autograder grade {new}`"), markup=False, soft_wrap=True)
