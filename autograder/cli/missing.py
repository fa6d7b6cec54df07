"""Who, or what, one would expect among the submissions of an assignment and is not there."""

import shlex
from collections.abc import Collection
from pathlib import Path

from autograder.errors import SubmissionError
from autograder.render import shortened


def absent(root: Path, students: Collection[str]) -> list[str]:
    """Who is in the gradebook and handed in nothing."""
    from autograder.gradebook.roll import read_roll

    missing = [student for student in read_roll(root)[0] if student not in students]
    return [f"nothing handed in: {shortened(missing, 12)}"] if missing else []


def gone(root: Path, name: str, students: Collection[str]) -> list[str]:
    """Who has a report, and no submission any more."""
    former = [path.stem for path in sorted((root / "reports" / name).glob("*.json"))
            if path.stem not in students and not path.name.startswith(".")]
    if not former:
        return []
    return [f"graded before, and no longer in submitted/: {shortened(former)}. They stay in reports, feedback and "
            f"tables; `autograder remove {' '.join(map(shlex.quote, former[:5]))}` takes them out, and keeps all"]


def refuse_former_name(root: Path, name: str) -> None:
    """Raises SubmissionError where submissions lie under a name that no assignment has: perhaps it was this one's."""
    from autograder.gradebook.rename import former_names

    if former := former_names(root).most_common(3):
        under = ", ".join(f"{count} of {other}" for other, count in former)
        raise SubmissionError(f"submissions of {name} in submitted/<student>/{name}/",
                              f"there are none, but {under}, which is no assignment of this course",
                              f"if {name} was called so before: `autograder rename {former[0][0]} {name}`")
