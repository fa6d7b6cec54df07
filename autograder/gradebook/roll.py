"""Reads who and what is in the gradebook: its students, with their names, and its assignments."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

NAMES = ("last_name", "first_name", "email", "lms_user_id")


@dataclass(frozen=True)
class Member:
    """A student of the gradebook; what nobody gave is "". lms_user_id: the number in another system."""

    student: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""
    lms_user_id: str = ""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.first_name, self.last_name)))


@dataclass(frozen=True)
class Listed:
    """An assignment of the gradebook. max_score: with its written questions."""

    name: str
    max_score: float
    duedate: datetime | None = None


def read_roll(root: Path, db_url: str | None = None) -> tuple[dict[str, Member], dict[str, Listed]]:
    """(student id -> member, name -> assignment), in the gradebook's order; both empty if there is no gradebook.

    Raises GradebookError.
    """
    from autograder.gradebook import database

    with database.existing(root, db_url) as gradebook:
        if gradebook is None:
            return {}, {}
        members = [Member(each.id, each.last_name or "", each.first_name or "", each.email or "",
                          each.lms_user_id or "") for each in gradebook.students]
        assignments = [Listed(each.name, each.max_score, each.duedate) for each in gradebook.assignments]
    return {each.student: each for each in members}, {each.name: each for each in assignments}


def write_roll(root: Path, members: Iterable[Member], db_url: str | None = None) -> int:
    """Puts students into the gradebook, which is made if there is none yet, with what is known of them; how many are
    new there or have other names now. Nobody is removed. Raises GradebookError."""
    from nbgrader.api import Student

    from autograder.gradebook import database
    from autograder.gradebook.turns import turn

    directory = database.course_directory(root, database.course_config(root))
    url, changed = database.database_url(directory, db_url), 0
    with database.readable_errors(url), turn(url):
        gradebook = database.open_gradebook(url, directory.course_id)
        try:
            known = {row.id: row for row in gradebook.db.query(Student)}
            for member in members:
                row = known.get(member.student)
                if row is None:
                    row = Student(id=member.student)
                    gradebook.db.add(row)
                new = {name: value for name in NAMES if (value := getattr(member, name))}
                changed += row is not known.get(member.student) or any(getattr(row, name) != new[name] for name in new)
                for name, value in new.items():
                    setattr(row, name, value)
            gradebook.db.commit()
        finally:
            gradebook.close()
    return changed
