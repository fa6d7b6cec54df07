"""The executor of one machine: worker processes, each with a grader of its own.

They are forked from one process that imports what each of them needs, which takes seconds; the main process need not.
"""

import contextlib
import faulthandler
import gc
import multiprocessing
import os
import signal
import threading
import traceback
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from multiprocessing import connection
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from autograder.course.assignment import Assignment
from autograder.errors import AutograderError
from autograder.grade.job import Job, PutOff, Queue
from autograder.grade.versions import heavy_imports, load
from autograder.render import clean
from autograder.report import Report

if TYPE_CHECKING:
    from autograder.grade.grader import Grader

MAX_WORDS = 1000  # of what an exception says
GRACE = 60.0  # seconds beyond twice a submission's budget, before its worker is ended
ATTEMPTS = 2  # a submission whose grader dies twice is reported, not tried for ever


def examined(grader: "Grader", student: str, job: Job) -> Report | None:
    """What every executor does with a submission: its report, whatever went wrong with it. Nothing that one submission
    brings about may keep the others from theirs; what is wrong with the course shows before the first of them.

    None if it takes long, and the others come first.
    """
    try:
        return grader.grade(student, job.folder, job.before(), job.seconds)
    except PutOff:
        return None
    except Exception as error:
        return Report(grader.assignment.name, student, problem=f"the grader could not examine it: {in_words(error)}")


def in_words(error: Exception) -> str:
    """What a person needs to know of an exception that nobody expected: its words, and where it was raised."""
    if isinstance(error, AutograderError):
        return clean(str(error), MAX_WORDS)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return clean(f"{type(error).__name__}: {error} ({os.path.basename(last.filename)}:{last.lineno})", MAX_WORDS)


def given_up(assignment: Assignment, student: str) -> Report:
    """The report of a submission that was tried ATTEMPTS times."""
    return Report(assignment.name, student, problem=f"the grader's own process died on it {ATTEMPTS} times, or had "
                  "to be ended because it took too long")


class Pool:
    """Workers on a leash: they end at once when this process is interrupted or killed, whatever they are doing.

    Made early, it has its workers ready when `graded` (an executor for grade_class) gives them something to do. A
    context manager.
    """

    def __init__(self, assignment: Assignment, jobs: int):
        self._modules = ["autograder.grade.grader", *heavy_imports(assignment)]
        self._context = multiprocessing.get_context("spawn")
        self._theirs, self._leash = self._context.Pipe(duplex=False)
        self._families: list[multiprocessing.Process] = []
        self._idle = self._started(jobs)

    def graded(self, assignment: Assignment, todo: dict[str, Job], secret: bytes,
               mode: str | None) -> Generator[Report, None, None]:
        """Reports as they are made. For a worker that dies there is another one, and for its submission another try."""
        waiting, running, tries = Queue(todo), {}, Counter()
        told: set[Connection] = set()
        while waiting or running:
            while waiting and self._idle:
                worker, (student, job) = self._idle.pop(), waiting.next()
                with contextlib.suppress(OSError):  # a dead one: seen below
                    if worker not in told:
                        worker.send((assignment, secret, mode))
                        told.add(worker)
                    worker.send((student, job))
                running[worker] = student
            for worker in connection.wait(running):
                student = running.pop(worker)
                tries[student] += 1
                try:
                    report = worker.recv()
                except (EOFError, OSError):
                    worker.close()
                    self._idle += self._started(1)
                    if tries[student] < ATTEMPTS:
                        waiting.again(student)
                        continue
                    report = given_up(assignment, student)
                else:
                    self._idle.append(worker)
                if isinstance(report, Exception):
                    raise report
                if report is None:
                    waiting.put_off(student)
                else:
                    yield report

    def _started(self, count: int) -> list[Connection]:
        """The channels of new workers."""
        ours, theirs = zip(*(self._context.Pipe() for _ in range(count)))
        family = self._context.Process(target=_found_family, args=(self._modules, theirs, self._theirs))
        family.start()
        self._families.append(family)
        for end in theirs:
            end.close()
        return list(ours)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, kind: type | None, *error) -> None:
        if kind is not None:
            self._leash.close()
            for family in self._families:
                family.terminate()
        for worker in self._idle:
            worker.close()
        for family in self._families:
            family.join()
        self._leash.close()
        self._theirs.close()


def _found_family(modules: Iterable[str], channels: tuple[Connection, ...], leash: Connection) -> None:
    """In a process of its own, which has no threads: a worker for each channel, and its end when they have ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process hears it, too
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # workers share the cores among them, and a fork loses threads
    load(modules)
    gc.freeze()  # nothing of this is ever garbage: workers need not look through it
    for channel in channels:
        if os.fork() == 0:
            try:
                for other in channels:
                    if other is not channel:
                        other.close()
                threading.Thread(target=_end_with, args=(leash,), daemon=True).start()
                _work(channel)
            finally:
                os._exit(0)
    for channel in channels:
        channel.close()
    for _ in channels:
        os.wait()


def _work(channel: Connection) -> None:
    """In a worker: one grader for its whole life. The assignment comes as it was read: reading costs half a second."""
    from autograder.grade.grader import Grader

    try:
        with Grader(*channel.recv()) as grader:
            while True:
                student, job = channel.recv()
                with _watched(2 * grader.assignment.plan.seconds + GRACE):
                    found = examined(grader, student, job)
                channel.send(found)
    except EOFError:  # the other side has closed the channel: there is no more to do
        return
    except AutograderError as error:
        channel.send(error)
    except Exception:
        channel.send(RuntimeError(traceback.format_exc()))


@contextlib.contextmanager
def _watched(seconds: float) -> Iterator[None]:
    """Ends this process if what is inside takes longer: budgets end what rooms do, and this a computation of the
    grader's own that nothing else interrupts. It asks for no lock of Python's."""
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def _end_with(leash: Connection) -> None:
    """Nothing is ever sent: the other end is closed, by the main process or by its death."""
    with contextlib.suppress(EOFError, OSError):
        leash.recv_bytes()
    os._exit(1)
