"""When an assignment is due, as the gradebook knows it."""

from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import MissingEntry

from autograder.gradebook import database


def due_date(root: Path, assignment: str) -> datetime | None:
    """The due date (aware), or None where no gradebook, no assignment or no date is. Raises GradebookError."""
    with database.existing(root) as gradebook:
        if gradebook is None:
            return None
        try:
            due = gradebook.find_assignment(assignment).duedate
        except MissingEntry:
            return None
    return due.replace(tzinfo=UTC) if due else None
