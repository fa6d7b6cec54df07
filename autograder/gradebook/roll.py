"""Reads who and what is in the gradebook: its students, with their names, and its assignments."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Member:
    """A student of the gradebook; what nobody gave is "". lms_user_id: the number in another system."""

    student: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""
    lms_user_id: str = ""


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
