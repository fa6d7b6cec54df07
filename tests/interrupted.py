"""A course whose grading is interrupted, and what it must end with all the same."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from autograder.course import load_assignment
from autograder.sample import write_class
from tests.rows import rows

ROOT = Path(__file__).parents[1]
NAME = "t1_means"
LEFT_OUT = "lena-endless-loop"  # a quarter of a minute for each run
PATIENCE = 120.0  # seconds for what takes one

# Counts what the main process does to the course's files and to the gradebook, and dies at the n-th step (of those with
# certain words). Its workers are in the same process group; the rooms are not.
FATAL = """
import atexit, os, signal, sys
from sqlite3 import dbapi2

root, last, words = os.environ["COURSE"], int(os.environ.get("DIE_AT", 0)), os.environ.get("DIE_ON", "")
log = os.environ.get("STEPS")
steps = []

def step(what):
    if words in what:
        steps.append(what)
        if len(steps) == last:
            os.killpg(0, signal.SIGKILL)

def audit(event, args):
    if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.link"):
        path = os.fspath(args[0]) if isinstance(args[0], (str, os.PathLike)) else ""
        if path.startswith(root):
            step(event + " " + path[len(root):])

def connect(*args, **options):
    connection = original(*args, **options)
    connection.set_trace_callback(step)
    return connection

if "autograder" in sys.orig_argv:  # not a worker, nor the resource tracker
    sys.addaudithook(audit)
    original, dbapi2.connect = dbapi2.connect, connect
    if log:
        atexit.register(lambda: open(log, "w").write("\\n".join(line.splitlines()[0] for line in steps)))
"""


class Course:
    """A copy of the tiny course with its sample class, and a temporary folder of its own."""

    def __init__(self, folder: Path, template: Path | None = None):
        self.root, self.scratch = folder / "course", folder / "tmp"
        self.scratch.mkdir(parents=True)
        (folder / "sitecustomize.py").write_text(FATAL)
        self.environment = {**os.environ, "PYTHONPATH": str(folder), "COURSE": str(self.root),
                            "TMPDIR": str(self.scratch)}
        if template is not None:
            shutil.copytree(template, self.root)
            return
        shutil.copytree(ROOT / "tests" / "tiny", self.root)
        shutil.copy(ROOT / "nbgrader_config.py", self.root)
        write_class(load_assignment(NAME, self.root), self.root / "submitted")
        shutil.rmtree(self.root / "submitted" / LEFT_OUT)

    def grade(self, *options: str, **environment: str) -> subprocess.Popen:
        return subprocess.Popen([sys.executable, "-m", "autograder", "grade", NAME, "--jobs", "2", *options],
                                cwd=self.root, env=self.environment | environment, start_new_session=True, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self) -> str:
        """What the command prints, run to its end."""
        process = self.grade()
        output, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
        self.demand_order()
        return output

    def demand_order(self) -> None:
        """Nothing goes on, and nothing lies about."""
        wait_until(lambda: not self.processes())
        assert list(self.scratch.iterdir()) == [], list(self.scratch.rglob("*"))

    def kill(self, number: int, words: str = "") -> None:
        """Runs until it kills itself at its n-th step (with these words); to its end if it has none left."""
        process = self.grade(DIE_AT=str(number), DIE_ON=words)
        process.communicate(timeout=PATIENCE)
        assert process.returncode in (-signal.SIGKILL, 0)
        assert process.returncode or not words, f"no {number} steps with {words}"
        wait_until(lambda: not self.processes())

    def processes(self) -> list[int]:
        """Those that belong to this course's runs: they have its temporary folder in their environment, or a scratch
        folder of it on their command line."""
        return [process for process in all_processes() if str(self.scratch).encode() in told_of(process)]

    def result(self) -> dict:
        """Everything that a run ends with, but for seconds."""
        files = {str(path.relative_to(self.root)): path.read_text() for folder in ("reports", "autograded")
                 for path in sorted((self.root / folder).rglob("*")) if path.is_file() and path.suffix != ".lock"}
        reports = {path: json.loads(text) | {"seconds": 0} for path, text in files.items() if path.startswith("reports")}
        return files | reports | rows(self.root)


def all_processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def told_of(process: int) -> bytes:
    """What is known of a process: its environment and its command line; nothing of a dead one."""
    told = b""
    for name in ("environ", "cmdline"):
        with contextlib.suppress(OSError):
            told += Path(f"/proc/{process}/{name}").read_bytes()
    return told


def wait_until(true) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()


class Uninterrupted:
    """The course before it is graded, what grading ends with, and the steps that it takes."""

    def __init__(self, folder: Path):
        course = Course(folder)
        (course.root / "course.secret").write_text("a secret of the tests\n")
        self.template = Path(shutil.copytree(course.root, folder / "template"))
        log = folder / "steps"
        course.environment["STEPS"] = str(log)
        course.finish()
        self.result, self.steps = course.result(), log.read_text().splitlines()

    def course(self, folder: Path) -> Course:
        return Course(folder, self.template)

    def random_steps(self, seed: int) -> list[int]:
        """Two points at which successive runs are killed."""
        return random.Random(seed).choices(range(1, len(self.steps)), k=2)


def ends_as(uninterrupted: Uninterrupted, course: Course) -> None:
    """The same command, once more, ends with what it would have ended with."""
    course.finish()
    same_as(uninterrupted, course)


def same_as(uninterrupted: Uninterrupted, course: Course) -> None:
    result = course.result()
    assert result.keys() == uninterrupted.result.keys()
    for name, value in uninterrupted.result.items():
        assert result[name] == value, name
