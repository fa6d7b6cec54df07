"""A cluster of separate worker processes gives the reports of this machine, whatever happens to its workers."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder import handed_in
from autograder.course import Assignment
from autograder.errors import AutograderError
from autograder.grade import batch
from autograder.grade.cluster import Cluster
from autograder.grade.job import Job
from autograder.grade.parcel import Parcel
from autograder.release.notebook import release_notebook, source_notebook
from autograder.report import Report, load, report_path
from autograder.room import strongest_mode

TINY = Path(__file__).parents[1] / "tiny"
DASK = [sys.executable, "-m", "dask"]

# What no notebook can do: kill the process that grades it. Once for "unlucky", each time for "poison".
DEADLY = """
import os, signal, sys
if "--multiprocessing-fork" in sys.orig_argv:  # a worker, not its nanny
    from autograder.grade.grader import Grader
    grade = Grader.grade
    def deadly(self, student, folder, *options):
        if student == "poison" or student == "unlucky" and not os.path.exists({flag!r}):
            open({flag!r}, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return grade(self, student, folder, *options)
    Grader.grade = deadly
"""


class Nodes:
    """A scheduler and workers, each a process of its own, with a course of their own."""

    def __init__(self, root: Path):
        self.root, self.flag = root, root / "unlucky.died"
        self.course = root / "course"
        shutil.copytree(TINY, self.course)
        (root / "sitecustomize.py").write_text(DEADLY.format(flag=str(self.flag)))
        self.processes: list[subprocess.Popen] = []
        contact = root / "scheduler.json"
        self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(contact))
        deadline = time.monotonic() + 60
        while not (contact.exists() and contact.read_text().endswith("}")) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.address = json.loads(contact.read_text())["address"]

    def worker(self, *options: str, **environment: str) -> subprocess.Popen:
        return self.start("worker", self.address, "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1",
                          "--local-directory", str(self.root), *options, **environment)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        variables = {**os.environ, "AUTOGRADER_COURSE": str(self.course), "PYTHONPATH": str(self.root), **environment}
        with open(self.root / "log", "ab") as log:
            process = subprocess.Popen([*DASK, *arguments], cwd=self.root, env=variables, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def stop(self, process: subprocess.Popen) -> None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self) -> None:
        for process in reversed(self.processes):
            self.stop(process)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    cluster = Nodes(tmp_path_factory.mktemp("nodes"))
    try:
        cluster.worker("--nworkers", "2")
        yield cluster
    finally:
        cluster.close()


def submit(tiny: Assignment, student: str, content: bytes | str | None = None) -> Path:
    folder = tiny.root / "submitted" / student / tiny.name
    folder.mkdir(parents=True, exist_ok=True)
    content = source_notebook(tiny) if content is None else content
    (folder / "means.ipynb").write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def grade(tiny: Assignment, **options) -> dict[str, Report]:
    folders = handed_in.submissions(tiny.root, tiny.name)
    reports = {report.student: report for report in batch.grade_class(tiny, folders, again=True, **options)}
    for report in reports.values():
        report.seconds = 0
    return reports


def test_the_reports_are_those_of_one_machine(tiny, nodes):
    submit(tiny, "perfect")
    submit(tiny, "blank", release_notebook(tiny))
    submit(tiny, "wrong", source_notebook(tiny).replace("return x.sum(axis=1) / x.shape[1]", "return x.sum(axis=1)"))
    submit(tiny, "not json", b"\xff\xfe")
    folder = submit(tiny, "名前 <b>&amp;'\"")
    (folder / "means.ipynb").rename(folder / "mine.ipynb")
    folder = submit(tiny, "two")
    (folder / "means.ipynb").rename(folder / "one.ipynb")
    shutil.copy(folder / "one.ipynb", folder / "other.ipynb")
    (folder / "notes.txt").write_text("not sent")
    (tiny.root / "submitted" / "folder" / tiny.name / "means.ipynb").mkdir(parents=True)
    (tiny.root / "submitted" / "empty" / tiny.name).mkdir(parents=True)
    (tiny.root / "submitted" / "a file").mkdir()
    (tiny.root / "submitted" / "a file" / tiny.name).write_text("not a folder")
    here = grade(tiny, jobs=2)
    cluster = Cluster(nodes.address)
    there = grade(tiny, executor=cluster.graded)
    assert there == here and len(there) == 9 and not cluster.refused
    assert {there[name].points for name in ("perfect", "名前 <b>&amp;'\"")} == {8} and there["wrong"].hints()
    assert load(report_path(tiny.root, tiny.name, "perfect")).key == here["perfect"].key != ""
    folders = handed_in.submissions(tiny.root, tiny.name)
    kept = batch.grade_class(tiny, folders, executor=Cluster("tcp://127.0.0.1:1").graded)  # nothing to do, nobody to ask
    assert len(kept) == 9


def test_a_killed_worker_costs_a_retry_and_a_poison_only_its_own_report(tiny, nodes):
    students = [f"student-{number}" for number in range(6)]
    for student in [*students, "poison", "unlucky"]:
        submit(tiny, student)
    nodes.flag.unlink(missing_ok=True)
    arrived = []

    def on_report(report: Report, kept: bool) -> None:
        arrived.append(report.student)
        assert load(report_path(tiny.root, tiny.name, report.student)).student == report.student

    reports = grade(tiny, executor=Cluster(nodes.address).graded, on_report=on_report)
    assert nodes.flag.exists() and sorted(arrived) == sorted(reports)
    assert {reports[student].points for student in [*students, "unlucky"]} == {8}
    poison = reports["poison"]
    assert not poison.examined and poison.key == "" and "died on it 2 times" in poison.problem


def test_a_node_that_differs_gets_no_job(tiny, nodes):
    """Another course and, where that can be arranged, a weaker sandbox; the other nodes grade the class."""
    submit(tiny, "ada")
    other = nodes.root / "other course"
    shutil.copytree(TINY, other)
    with (other / "solutions" / tiny.name / "checks.py").open("a") as file:
        file.write("\n# another state of the course\n")
    started, expected = [nodes.worker("--no-nanny", AUTOGRADER_COURSE=str(other))], ["differs from the one here"]
    if strongest_mode() == "bubblewrap":
        started.append(nodes.worker("--no-nanny", PATH="/nowhere"))
        expected.append("cannot give the sandbox `bubblewrap`")
    try:
        cluster, deadline = Cluster(nodes.address), time.monotonic() + 90
        while len(cluster.refused) < len(started) and time.monotonic() < deadline:
            assert grade(tiny, executor=cluster.graded)["ada"].points == 8
    finally:
        for process in started:
            nodes.stop(process)
    assert len(cluster.refused) == len(expected)
    assert all(any(words in why for why in cluster.refused.values()) for words in expected)


def test_no_node_is_fit(tiny, nodes):
    submit(tiny, "ada")
    tiny.checks.write_text(tiny.checks.read_text() + "\n# changed here only\n")
    with pytest.raises(AutograderError) as raised:
        grade(tiny, executor=Cluster(nodes.address).graded)
    assert raised.value.asked.startswith("a worker that can grade t1_means") and "differs" in raised.value.found
    assert not (tiny.root / "reports").exists()


def test_the_verb(tiny, nodes):
    submit(tiny, "ada")
    command = [sys.executable, "-m", "autograder", "grade", tiny.name, "--no-gradebook", "--cluster", nodes.address]
    done = subprocess.run(command, cwd=tiny.root, capture_output=True, text=True)
    assert done.returncode == 0 and "1 submissions, 0 unchanged" in done.stdout, done.stderr


def test_no_scheduler(tiny, monkeypatch):
    submit(tiny, "ada")
    monkeypatch.setattr("autograder.grade.cluster.CONNECT", 0.5)
    for address in ("tcp://127.0.0.1:1", "no-protocol://here"):
        with pytest.raises(AutograderError) as raised:
            grade(tiny, executor=Cluster(address).graded)
        assert raised.value.asked == f"a dask scheduler at {address}" and "dask scheduler" in raised.value.hint


def test_not_installed(tiny):
    submit(tiny, "ada")
    code = ("import sys; sys.modules['distributed'] = None; from autograder.cli import main; "
            f"main(['grade', '{tiny.name}', '--cluster', 'tcp://127.0.0.1:8786'])")
    done = subprocess.run([sys.executable, "-c", code], cwd=tiny.root, capture_output=True, text=True)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 3
    assert "it is not installed" in done.stderr and "[cluster]" in done.stderr


def test_a_parcel_holds_the_bytes_of_notebooks_only(tmp_path):
    folder = tmp_path / "a1"
    (folder / "x.ipynb").mkdir(parents=True)
    (folder / "mine.ipynb").write_bytes(b"\x00{}")
    (folder / "data.csv").write_text("large")
    parcel = Parcel.of(Job(folder))
    assert parcel.entries == {"x.ipynb": None, "mine.ipynb": b"\x00{}", "data.csv": None}
    (tmp_path / "there").mkdir()
    there = parcel.unpack(tmp_path / "there").folder
    assert there.name == "a1" and sorted(path.name for path in there.iterdir()) == ["data.csv", "mine.ipynb", "x.ipynb"]
    assert (there / "mine.ipynb").read_bytes() == b"\x00{}" and not (there / "x.ipynb").is_file()
