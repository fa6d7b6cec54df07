"""Grades one submission after another with a warm room server and a warm pytest session."""

import ast
import contextlib
import importlib.metadata
import os
import platform
import secrets
import time
from pathlib import Path

from autograder import __version__
from autograder.course.assignment import Assignment
from autograder.course.source import GIVEN
from autograder.errors import AutograderError, SubmissionError
from autograder.examine.examiner import unexamined
from autograder.examine.open import course_examiner
from autograder.examine.room_desk import RoomDesk
from autograder.examine.style import Notebook, rule_out
from autograder.render import clean
from autograder.report import Question, Report, stage
from autograder.room import RoomServer
from autograder.submission import Submission, find_notebook, is_answered, read_submission

VERSIONED = ("numpy", "torch")  # the libraries whose version a verdict may depend on
MAX_OUTPUT = 20_000  # characters of a notebook's printed output that a report keeps


class Grader:
    """A context manager; one per process. mode: the room's (None: the strongest that works here)."""

    def __init__(self, assignment: Assignment, secret: bytes = b"", mode: str | None = None):
        self.assignment = assignment
        self._secret, self._mode = secret, mode
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Grader":
        self._server = self._stack.enter_context(RoomServer(preload=preloads(self.assignment), mode=self._mode))
        self._examiner = self._stack.enter_context(course_examiner(self.assignment, self._secret))
        return self

    def __exit__(self, *error) -> None:
        self._stack.close()

    def grade(self, student: str, folder: Path) -> Report:
        """The report of one submission folder. Whatever is wrong with a submission is said in its report."""
        started = time.perf_counter()
        report = Report(self.assignment.name, student, questions=self._questions({}),
                        versions=versions(self.assignment), room=dict(self._server.walls))
        try:
            path, report.notes = find_notebook(folder, self.assignment.notebook.stem)
            report.notebook = path.name
            self._examine(report, read_submission(path, self.assignment))
        except SubmissionError as error:
            report.problem = clean(str(error))
            report.parts = unexamined(self.assignment.plan, "not attempted: there is no notebook that can be read")
        report.seconds = round(time.perf_counter() - started, 3)
        return report

    def _examine(self, report: Report, submission: Submission) -> None:
        desk = RoomDesk(self._server, submission.cells, self._reference_of)
        try:
            report.parts = self._examiner.examine(desk)
        finally:
            desk.renew()
        given = [cell.name for cell in self.assignment.cells if cell.role == GIVEN]
        rule_out(report.parts, self.assignment.plan, Notebook(submission.cells, self._examiner.functions, given))
        for part in report.parts:
            part.code = submission.code.get(part.name, "")
        report.questions = self._questions(submission.answers)
        report.notes = [clean(note, 500) for note in [*report.notes, *submission.notes, *desk.notes.values()]]
        report.output = clean(desk.output, MAX_OUTPUT)

    def _reference_of(self, part: str) -> list[tuple[str, str]]:
        return [(cell.name, cell.source) for cell in self.assignment.cells_of(part)]

    def _questions(self, answers: dict[str, str]) -> list[Question]:
        return [Question(cell.name, cell.points, answers.get(cell.name, ""), is_answered(cell, answers.get(cell.name)))
                for cell in self.assignment.questions]


def preloads(assignment: Assignment) -> tuple[str, ...]:
    """The modules that the assignment's given cells import: the fork server loads them once for all rooms."""
    names: dict[str, None] = {}
    for cell in (cell for cell in assignment.cells if cell.role == GIVEN):
        for node in ast.parse(cell.source).body:
            if isinstance(node, ast.Import):
                names.update(dict.fromkeys(alias.name for alias in node.names))
            elif isinstance(node, ast.ImportFrom):
                names[node.module] = None
    return tuple(name for name in names if not name.startswith("autograder"))


def versions(assignment: Assignment) -> dict[str, str]:
    """The versions that a verdict may depend on."""
    names = ["pytest", *(name for name in VERSIONED if name in preloads(assignment))]
    return {"autograder": __version__, "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in names}}


def course_secret(root: Path) -> bytes:
    """The course's secret, from which hidden checks draw their inputs; made on first use."""
    path = root / "course.secret"
    if not path.exists():
        _make_secret(path)
    secret = path.read_text().strip().encode()
    if not secret:
        raise AutograderError("a course secret", f"{path} is empty", "delete it, and a new one is made")
    return secret


def _make_secret(path: Path) -> None:
    """A file is there whole or not at all, also after a kill; of two that make one at a time, the first counts."""
    try:
        temporary = stage(path, f"{secrets.token_hex(32)}\n".encode(), 0o600)
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            os.replace(temporary, path)
        temporary.unlink(missing_ok=True)
    except OSError as error:
        raise AutograderError(f"to write {path}", str(error.strerror or error),
                              "look at the folder's permissions and the free space") from None
