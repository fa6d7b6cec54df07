"""Grades a class: every submission of an assignment, in parallel, each report saved as it arrives.

Who does the work is an executor: processes of this machine (autograder/grade/pool.py), or a cluster (cluster.py).
"""

import contextlib
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from autograder import handed_in
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
    reports = {report.student: report for report in _not_graded(assignment, folders)}
    for report in reports.values():
        on_report(report, False)
    todo: dict[str, Job] = {}
    for student, key in keys.items():
        if student in reports:
            continue
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


def _not_graded(assignment: Assignment, folders: dict[str, Path]) -> Iterator[Report]:
    """Of those whose reports could be nobody's: there is no file that could bear the name, or two have one and the same
    file. They are not saved; a person has to look."""
    shared = handed_in.shared(folders.items())
    for student in folders:
        if reason := handed_in.refusal(student):
            yield Report(assignment.name, student, problem=f"{reason}: rename the folder in submitted/")
        elif other := shared.get(student):
            yield Report(assignment.name, student, problem=f"its notebook is the same file as that of {other} (a hard "
                         "link): put a copy of their own where each belongs")


def _save(report: Report, assignment: Assignment) -> None:
    path = report_path(assignment.root, assignment.name, report.student)
    try:
        save(report, path)
    except OSError as error:
        raise AutograderError(f"to write {path}", str(error.strerror or error),
                              "the reports before it are kept: mend this and run the same command again") from None
