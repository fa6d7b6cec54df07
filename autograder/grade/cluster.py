"""Grades a class on a dask.distributed cluster: a job is a submission's bytes, a result is a report.

Each worker process of the cluster owns one Grader, and so one room server, over a copy of the course of its own. A
worker has one job at a time, sent to its address: when it is lost, it is known whose submission it was grading, and
nobody else is blamed. Commands for a lab, Slurm and Kubernetes: docs/cluster.md.
"""

import contextlib
import queue
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

from autograder.course.assignment import Assignment, load_assignment
from autograder.errors import AutograderError
from autograder.grade.grader import Grader
from autograder.grade.job import Job, Queue
from autograder.grade.key import course_key
from autograder.grade.parcel import Parcel
from autograder.grade.pool import ATTEMPTS, examined, given_up
from autograder.grade.versions import versions
from autograder.report import Report
from autograder.room.modes import chosen, refusal

try:
    import dask
    from distributed import Client, Future, Worker, WorkerPlugin, get_worker
except ImportError:
    raise AutograderError("dask.distributed, which `--cluster` works with", "it is not installed",
                          "pip install 'autograder-course-kit[cluster]', here and on every node") from None

CONNECT = 10.0  # seconds for the scheduler to answer
PATIENCE = 120.0  # seconds without a worker that may grade: those that died are started again in less
LOOK = 1.0  # seconds between looks at which workers are there
GATHER = 30.0  # seconds for a finished report to come over


class Cluster:
    """`graded` is an executor for grade_class. refused: worker's address -> why it got no job."""

    def __init__(self, address: str):
        self.address = address
        self.refused: dict[str, str] = {}

    def graded(self, assignment: Assignment, todo: dict[str, Job], secret: bytes,
               mode: str | None) -> Generator[Report, None, None]:
        """The workers must have this machine's course, versions and room mode: a report is the same anywhere."""
        if not todo:
            return
        mode = chosen(mode)
        owner = GraderOwner(f"autograder-{uuid.uuid4().hex}", assignment.name, secret, mode, versions(assignment),
                            course_key(assignment, secret, mode))
        with (dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}),
              self._client() as client):
            try:
                self._set_up(client, owner)
                yield from _Batch(self, client, owner.name, assignment, todo).reports()
            finally:
                _take_down(client, owner)

    def _client(self) -> Client:
        try:
            return Client(self.address, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise AutograderError(f"a dask scheduler at {self.address}", _first_line(error),
                                  "start one with `dask scheduler`; it prints its address") from None

    def _set_up(self, client: Client, owner: "GraderOwner") -> None:
        """A grader on each worker, on those that come later too; returns when the present ones have said yes or no."""
        try:
            client.register_plugin(owner, name=owner.name)
        except Exception as error:  # whatever a node without this package makes of it
            raise AutograderError(f"a grader on each node of {self.address}", _first_line(error),
                                  "install the same autograder and its packages on every node") from None


def _take_down(client: Client, owner: "GraderOwner") -> None:
    with contextlib.suppress(Exception):  # a scheduler or a worker that is gone has nothing left to be closed
        client.unregister_worker_plugin(owner.name)


class GraderOwner(WorkerPlugin):
    """In a worker: its Grader, made in `setup` (on the main thread) if the node is fit, and closed in `teardown`.

    Says under its name, as an event that the batch reads: [worker's address, why it is refused or ""].
    """

    def __init__(self, name: str, assignment: str, secret: bytes, mode: str, wanted: dict[str, str], key: str):
        self.name = name
        self._assignment, self._secret, self._mode = assignment, secret, mode
        self._wanted, self._key = wanted, key
        self.grader: Grader | None = None

    def setup(self, worker: Worker) -> None:
        try:
            why = self._open()
        except Exception as error:  # any reason not to be able to grade is a reason to be refused
            why = "; ".join(str(error).splitlines()) or type(error).__name__
        worker.log_event(self.name, [worker.address, why])

    def teardown(self, worker: Worker) -> None:
        if self.grader:
            self.grader.__exit__()
            self.grader = None

    def _open(self) -> str:
        assignment = load_assignment(self._assignment)
        if why := refusal(self._mode):
            return f"it cannot give the sandbox `{self._mode}` that this batch uses: {why}"
        found = versions(assignment)
        if differing := [f"{name} {found.get(name)} (here {version})" for name, version in self._wanted.items()
                         if found.get(name) != version]:
            return f"its versions differ: {', '.join(differing)}"
        if course_key(assignment, self._secret, self._mode) != self._key:
            return f"its {assignment.folder} differs from the one here"
        self.grader = Grader(assignment, self._secret, self._mode).__enter__()
        return ""


class _Batch:
    """One batch on its way: who waits, and which worker grades whom."""

    def __init__(self, cluster: Cluster, client: Client, name: str, assignment: Assignment, todo: dict[str, Job]):
        self.cluster, self.client, self.name, self.assignment, self.todo = cluster, client, name, assignment, todo
        self.waiting = Queue(todo)
        self.running: dict[str, tuple[str, Future]] = {}  # worker's address -> student, and the report to come
        self.attempts = Counter()
        self._ended = queue.SimpleQueue()
        self._idle_since: float | None = None

    def reports(self) -> Iterator[Report]:
        while self.waiting or self.running:
            workers = self._workers()
            for worker in workers:
                if self.waiting and worker not in self.running:
                    self._send(worker, *self.waiting.next())
            self._pause()
            for worker, (student, future) in list(self.running.items()):
                if future.done() or worker not in workers:
                    del self.running[worker]
                    yield from self._outcome(student, future)

    def _send(self, worker: str, student: str, job: Job) -> None:
        self.attempts[student] += 1
        future = self.client.submit(grade_parcel, self.name, student, Parcel.of(job), workers=[worker],
                                    allow_other_workers=False, pure=False)
        future.add_done_callback(self._ended.put)
        self.running[worker] = student, future

    def _pause(self) -> None:
        """Until something has ended, but not for long: a worker that is lost does not say so."""
        with contextlib.suppress(queue.Empty):
            self._ended.get(timeout=LOOK)

    def _outcome(self, student: str, future: Future) -> Iterator[Report]:
        """The report; none if the submission waits for another attempt."""
        try:
            made = future.result(timeout=GATHER if future.done() else 0)
            if made is None:
                self.waiting.put_off(student)
                self.attempts[student] -= 1
            else:
                yield Report.from_json(made)
            return
        except Exception:  # the worker is gone, or its disk is full, or ...: all the same to the submission
            future.cancel()
        if self.attempts[student] < ATTEMPTS:
            self.waiting.again(student)
        else:
            yield given_up(self.assignment, student)

    def _workers(self) -> list[str]:
        """The addresses of the workers that are there and may grade."""
        try:
            told = dict(event for _, event in self.client.get_events(self.name))
            present = self.client.nthreads()
        except Exception as error:
            raise AutograderError(f"an answer from the scheduler at {self.cluster.address}", _first_line(error),
                                  "the reports before this are kept: run the same command again") from None
        self.cluster.refused = {worker: why for worker, why in told.items() if why}
        workers = [worker for worker in present if told.get(worker) == ""]
        if workers:
            self._idle_since = None
        else:
            all_refused = present and present.keys() <= self.cluster.refused.keys()
            self._be_patient(hopeless=all_refused and not self.attempts)
        return workers

    def _be_patient(self, hopeless: bool) -> None:
        """Raises AutograderError if no worker will grade, or none has come for too long."""
        now = time.monotonic()
        self._idle_since = self._idle_since or now
        if hopeless or now - self._idle_since > PATIENCE:
            refused = "; ".join(f"{worker}: {why}" for worker, why in self.cluster.refused.items())
            raise AutograderError(f"a worker that can grade {self.assignment.name} at {self.cluster.address}",
                                  refused or "there is none", "docs/cluster.md says what a node needs")


def grade_parcel(owner: str, student: str, parcel: Parcel) -> str | None:
    """In a worker: the report as JSON; None if it takes long, and the others come first.

    What a killed worker leaves in its local directory is removed by dask."""
    worker = get_worker()
    with tempfile.TemporaryDirectory(dir=worker.local_directory) as folder:
        report = examined(worker.plugins[owner].grader, student, parcel.unpack(Path(folder)))
        return report.to_json() if report else None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
