"""Grades a class: every submission of an assignment, in parallel, each report saved as it arrives.

Who does the work is an executor: processes of this machine (autograder/grade/pool.py), or a cluster (cluster.py).
"""

import contextlib
import os
from collections.abc import Callable, Generator
from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.errors import AutograderError
from autograder.grade.job import Job, saved_report
from autograder.grade.key import course_key, submission_key
from autograder.grade.pool import Pool
from autograder.grade.secret import course_secret
from autograder.report import Report, report_path, save, sweep
from autograder.room import strongest_mode

# (assignment, student -> job, course secret, room mode) -> a report for each student, as they are made.
Executor = Callable[[Assignment, dict[str, Job], bytes, str | None], Generator[Report, None, None]]


def submissions(root: Path, assignment: str) -> dict[str, Path]:
    """Student id -> folder, for everyone who submitted this assignment, in the order of their names."""
    return {path.parent.name: path for path in sorted((root / "submitted").glob(f"*/{assignment}"))
            if not path.parent.name.startswith(".")}


def grade_class(assignment: Assignment, folders: dict[str, Path], *, jobs: int | None = None,
                mode: str | None = None, again: bool = False, executor: Executor | None = None,
                on_report: Callable[[Report, bool], None] = lambda report, kept: None) -> list[Report]:
    """The reports of `folders`, in their order; saves each in reports/ as soon as it is there.

    Unchanged submissions keep their report, and parts of which nothing has changed their results (`again` grades them
    anyway). on_report(report, kept) is called for each.
    executor: `jobs` processes of this machine if None.
    """
    with contextlib.ExitStack() as stack:
        if executor is None and folders:
            executor = stack.enter_context(Pool(assignment, min(jobs or os.cpu_count() or 1, len(folders)))).graded
        return _grade_class(assignment, folders, executor, mode, again, on_report)


def _grade_class(assignment: Assignment, folders: dict[str, Path], executor: Executor, mode: str | None, again: bool,
                 on_report: Callable[[Report, bool], None]) -> list[Report]:
    secret = course_secret(assignment.root)
    sweep(report_path(assignment.root, assignment.name, "").parent)
    course = course_key(assignment, secret, mode or strongest_mode())
    keys = {student: submission_key(course, folder) for student, folder in folders.items()}
    reports: dict[str, Report] = {}
    todo: dict[str, Job] = {}
    for student, key in keys.items():
        path = report_path(assignment.root, assignment.name, student)
        last = None if again else saved_report(path)
        if last is not None and last.key == key:
            reports[student] = last
            on_report(last, True)
        else:
            todo[student] = Job(folders[student], path if last else None)
    if todo:
        with contextlib.closing(executor(assignment, todo, secret, mode)) as graded:
            for report in graded:
                report.key = keys[report.student] if report.examined else ""
                _save(report, assignment)
                reports[report.student] = report
                on_report(report, False)
    return [reports[student] for student in folders]


def _save(report: Report, assignment: Assignment) -> None:
    path = report_path(assignment.root, assignment.name, report.student)
    try:
        save(report, path)
    except OSError as error:
        raise AutograderError(f"to write {path}", str(error.strerror or error),
                              "the reports before it are kept: mend this and run the same command again") from None
