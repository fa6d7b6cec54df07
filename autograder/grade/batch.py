"""Grades a class: every submission of an assignment, in parallel, each report saved as it arrives.

Who does the work is an executor: processes of this machine, or a cluster (autograder/grade/cluster.py).
"""

import contextlib
import functools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.errors import AutograderError
from autograder.grade.grader import Grader, course_secret
from autograder.grade.job import Job, saved_report
from autograder.grade.key import course_key, submission_key
from autograder.report import Report, report_path, save, sweep
from autograder.room import strongest_mode

ATTEMPTS = 2  # a submission whose grader dies twice is reported, not tried for ever

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
    executor = executor or functools.partial(_graded, jobs=min(jobs or os.cpu_count() or 1, len(todo)))
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


def examined(grader: Grader, student: str, job: Job) -> Report:
    """What every executor does with a submission: its report, also where the grader itself cannot do its work."""
    try:
        return grader.grade(student, job.folder, job.before())
    except AutograderError as error:
        return Report(grader.assignment.name, student, problem=f"the grader could not examine it: {error}")


def given_up(assignment: Assignment, student: str) -> Report:
    """The report of a submission that was tried ATTEMPTS times."""
    return Report(assignment.name, student, problem=f"the grader's own process died on it {ATTEMPTS} times")


def _graded(assignment: Assignment, todo: dict[str, Job], secret: bytes, mode: str | None,
            jobs: int) -> Generator[Report, None, None]:
    """Reports as they are made, by `jobs` worker processes. A pool that breaks is opened again for what is left."""
    attempts = dict.fromkeys(todo, 0)
    while attempts:
        workers = jobs if not any(attempts.values()) else 1  # after a death one at a time, to see whose it is
        with _pool(assignment, secret, mode, workers) as pool:
            try:
                for report in _each(pool, {student: todo[student] for student in attempts}, workers, attempts):
                    del attempts[report.student]
                    yield report
            except BrokenProcessPool:
                pass
        for student in [student for student, count in attempts.items() if count >= ATTEMPTS]:
            del attempts[student]
            yield given_up(assignment, student)


def _each(pool: ProcessPoolExecutor, todo: dict[str, Job], workers: int, attempts: dict[str, int]) -> Iterator[Report]:
    """Submits a few at a time, so that a broken pool tells which submissions were being graded."""
    waiting, running = list(todo), {}
    while waiting or running:
        while waiting and len(running) < workers:
            student = waiting.pop(0)
            attempts[student] += 1
            running[pool.submit(_grade, student, todo[student])] = student
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()
            del running[future]


@contextlib.contextmanager
def _pool(assignment: Assignment, secret: bytes, mode: str | None, workers: int) -> Iterator[ProcessPoolExecutor]:
    """Workers on a leash: they end at once when this process is interrupted or killed, whatever they are doing."""
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start,
                               initargs=(assignment, secret, mode, theirs))
    try:
        yield pool
    except BaseException:
        ours.close()
        raise
    finally:
        pool.shutdown()
        ours.close()
        theirs.close()


_grader: Grader | None = None


def _start(assignment: Assignment, secret: bytes, mode: str | None, leash: Connection) -> None:
    """In a worker: one grader for its whole life. The assignment comes as it was read: reading costs half a second."""
    global _grader
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process hears it, too
    threading.Thread(target=_end_with, args=(leash,), daemon=True).start()
    _grader = Grader(assignment, secret, mode).__enter__()
    Finalize(None, _grader.__exit__, exitpriority=0)  # `atexit` is not asked in a worker


def _end_with(leash: Connection) -> None:
    """Nothing is ever sent: the other end is closed, by the main process or by its death."""
    with contextlib.suppress(EOFError, OSError):
        leash.recv_bytes()
    os._exit(1)


def _grade(student: str, job: Job) -> Report:
    return examined(_grader, student, job)
