"""When an assignment is due, as the gradebook knows it."""

from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import MissingEntry

from autograder.gradebook import database


def due_date(root: Path, assignment: str) -> datetime | None:
    """The due date (aware), or None where no gradebook, no assignment or no date is. Raises GradebookError."""
    directory = database.course_directory(root, database.course_config(root))
    url = database.database_url(directory)
    if database.is_new(url):
        return None
    gradebook = database.open_gradebook(url, directory.course_id)
    try:
        with database.readable_errors(url):
            due = gradebook.find_assignment(assignment).duedate
    except MissingEntry:
        return None
    finally:
        gradebook.close()
    return due.replace(tzinfo=UTC) if due else None
