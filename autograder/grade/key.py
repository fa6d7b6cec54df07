"""What determines a report: if none of it has changed, a submission is not graded again."""

import hashlib
import json
from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.errors import AutograderError
from autograder.grade.grader import versions
from autograder.report import SCHEMA, Report, load


def course_key(assignment: Assignment, secret: bytes, mode: str) -> str:
    """A digest of everything but the submission: notebook, checks, mistakes, versions, secret and room mode."""
    digest = hashlib.blake2b(digest_size=16, key=secret[:64])
    for path in (assignment.notebook, assignment.checks, assignment.mistakes):
        digest.update(path.read_bytes() + b"\0")
    digest.update(json.dumps([SCHEMA, mode, versions(assignment)], sort_keys=True).encode())
    return digest.hexdigest()


def submission_key(course: str, folder: Path) -> str:
    """A digest of the course's key and the submitted notebooks' names and bytes."""
    digest = hashlib.blake2b(course.encode(), digest_size=16)
    for path in sorted(folder.glob("*.ipynb")) if folder.is_dir() else []:
        content = path.read_bytes() if path.is_file() else b""
        digest.update(path.name.encode("utf-8", "surrogateescape") + b"\0" + len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def kept_report(path: Path, key: str) -> Report | None:
    """The saved report if it was made of the same things, else None."""
    try:
        report = load(path)
    except (OSError, AutograderError, UnicodeDecodeError):
        return None
    return report if report.key == key else None
