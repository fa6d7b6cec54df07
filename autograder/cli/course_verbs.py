"""release, handout, sample: the author's and the instructor's verbs on a course."""

from pathlib import Path

from rich.console import Console

from autograder.course import assignment_names, find_root, load_assignment
from autograder.errors import CourseError

console = Console(highlight=False)


def release(names: tuple[str, ...], verify: bool) -> None:
    from autograder.release import build

    root = find_root()
    names = names or tuple(assignment_names(root))
    if not names:
        raise CourseError("an assignment to release", f"there is none in {root / 'solutions'}")
    for name in names:
        assignment = load_assignment(name, root)
        if verify:
            build.verify(assignment)
            console.print(f"{name}: up to date")
        else:
            changed = build.release(assignment)
            console.print(f"{name}: {', '.join(changed) if changed else 'nothing changed'}")


def handout(name: str, archive: bool) -> None:
    from autograder.release.handout import write_handout

    path = write_handout(load_assignment(name), archive)
    console.print(f"{path}", soft_wrap=True)


def sample(name: str, into: str) -> None:
    from autograder.sample import write_class

    assignment = load_assignment(name)
    made = write_class(assignment, Path(into))
    console.print(f"{len(made)} submissions of {name} in {into}/")
