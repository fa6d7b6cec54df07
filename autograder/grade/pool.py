"""The executor of one machine: worker processes, each with a grader of its own."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING

from autograder.course.assignment import Assignment
from autograder.errors import AutograderError
from autograder.grade.job import Job
from autograder.grade.versions import preloads
from autograder.report import Report

if TYPE_CHECKING:
    from autograder.grade.grader import Grader

ATTEMPTS = 2  # a submission whose grader dies twice is reported, not tried for ever


def examined(grader: "Grader", student: str, job: Job) -> Report:
    """What every executor does with a submission: its report, also where the grader itself cannot do its work."""
    try:
        return grader.grade(student, job.folder, job.before())
    except AutograderError as error:
        return Report(grader.assignment.name, student, problem=f"the grader could not examine it: {error}")


def given_up(assignment: Assignment, student: str) -> Report:
    """The report of a submission that was tried ATTEMPTS times."""
    return Report(assignment.name, student, problem=f"the grader's own process died on it {ATTEMPTS} times")


def graded(assignment: Assignment, todo: dict[str, Job], secret: bytes, mode: str | None,
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
    context = _context(assignment)
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


def _context(assignment: Assignment) -> BaseContext:
    """Workers are forked from a process that has imported once what each of them needs, and has no threads."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.grade.grader", __name__, *preloads(assignment)])
    return context


_grader: "Grader | None" = None


def _start(assignment: Assignment, secret: bytes, mode: str | None, leash: Connection) -> None:
    """In a worker: one grader for its whole life. The assignment comes as it was read: reading costs half a second."""
    global _grader
    from autograder.grade.grader import Grader  # what it takes, the main process need not import

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
