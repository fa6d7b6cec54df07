"""Runs an assignment's own files in this process: the reference notebook and the catalogue of mistakes.

Only the course's code is run here, never a student's.
"""

import contextlib
import functools
import linecache
import sys
import traceback
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from autograder.course.assignment import Assignment
from autograder.course.reading import read_text
from autograder.course.regions import SOLUTION as SOLUTION_REGION
from autograder.course.regions import replace
from autograder.course.source import SOLUTION
from autograder.errors import CourseError
from autograder.room import local

STUB = 'raise NotImplementedError("write your code here")'


@dataclass(frozen=True)
class Answer:
    """A way to write part of the notebook: a known mistake (with its hint) or another correct answer.

    replaces: names, with a dot for a method ("CaptioningRNN.loss"); values: what stands in their place; seen: the hint
    says no more than what can be seen.
    """

    name: str
    hint: str
    replaces: tuple[str, ...]
    values: tuple
    correct: bool
    seen: bool = False


def reference_sources(assignment: Assignment) -> list[tuple[str, str]]:
    """(cell name, source) of every cell that the grader runs, solutions included."""
    return [(cell.name, cell.source) for cell in assignment.cells if cell.is_run]


def stub_sources(assignment: Assignment) -> list[tuple[str, str]]:
    """The same cells as a student gets them: every solution region is a stub."""
    return [(cell.name, replace(cell.source, SOLUTION_REGION, STUB) if cell.role == SOLUTION else cell.source)
            for cell in assignment.cells if cell.is_run]


def execute(sources: Iterable[tuple[str, str]], name: str = "notebook",
            assignment: Assignment | None = None) -> types.ModuleType:
    """A module made by running cells one after the other, in their assignment's folder if it holds more than the three
    files. Raises CourseError for a cell that fails."""
    with _among(assignment):
        return _executed(sources, name)


@contextlib.contextmanager
def _among(assignment: Assignment | None):
    """What lies beside a notebook can be read and imported, as a student can. (Its modules also afterwards.)"""
    support = assignment.support if assignment else {}
    local.offer(assignment.modules if support else {})
    with contextlib.chdir(assignment.folder) if support else contextlib.nullcontext():
        yield


def _executed(sources: Iterable[tuple[str, str]], name: str) -> types.ModuleType:
    module = types.ModuleType(name)
    for cell, source in sources:
        filename = f"<{name}: {cell}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        try:
            exec(_compiled(source, filename), module.__dict__)
        except (Exception, SystemExit) as error:
            raise _CellFailed(f"{name}: cell `{cell}` runs by itself", f"{type(error).__name__}: {error}",
                              "cells that need data or train a model are demo cells: tags=[\"demo\"]",
                              cell, _line_in(filename, error)) from error
    return module


class _CellFailed(CourseError):
    """Knows which cell, and the line in it."""

    def __init__(self, asked: str, found: str, hint: str, cell: str, line: int):
        super().__init__(asked, found, hint)
        self.cell, self.line = cell, line


def _line_in(filename: str, error: Exception) -> int:
    """The innermost line of that file that an exception came through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == filename]
    return lines[-1] if lines else getattr(error, "lineno", None) or 1


@functools.lru_cache(maxsize=4096)
def _compiled(source: str, filename: str) -> types.CodeType:
    return compile(source, filename, "exec")


def execute_reference(assignment: Assignment) -> types.ModuleType:
    """The reference: the notebook with its solutions, demo and check cells left out."""
    try:
        return execute(reference_sources(assignment), f"reference {assignment.name}", assignment)
    except _CellFailed as error:
        first = next(cell.line for cell in assignment.cells if cell.name == error.cell)
        raise CourseError(f"{assignment.notebook}:{first + error.line - 1}: each cell runs by itself", error.found,
                          error.hint) from error


def read_answers(assignment: Assignment) -> list[Answer]:
    """The catalogue in mistakes.py, in file order. It may `import reference`."""
    answers = [value for value in vars(_mistakes(assignment)).values() if hasattr(value, "_answers")]
    return [_read_answer(answer, _where(answer, assignment)) for answer in answers]


def _where(answer: Callable, assignment: Assignment) -> str:
    """The file, and the line where it is known: Python 3.11 does not know a class's."""
    code = getattr(answer, "__code__", None)
    return f"{assignment.mistakes}:{code.co_firstlineno}" if code else str(assignment.mistakes)


def read_reasons(assignment: Assignment, table: str) -> dict[str, str]:
    """A table of mistakes.py that excuses what the audit would name, each entry with a reason: EQUIVALENT (mutants that
    compute the same), FREE (points that a trivial answer earns), ELSEWHERE (what a mistake costs in other parts)."""
    return dict(vars(_mistakes(assignment)).get(table, {}))


def _mistakes(assignment: Assignment) -> types.ModuleType:
    module = types.ModuleType(f"mistakes {assignment.name}")
    module.__file__ = str(assignment.mistakes)
    path = str(assignment.mistakes)
    with _importable_reference(execute_reference(assignment)), _among(assignment):
        try:
            exec(compile(read_text(assignment.mistakes), path, "exec"), module.__dict__)
        except CourseError:
            raise
        except (Exception, SystemExit) as error:
            raise CourseError(f"{path}:{_line_in(path, error)}: Python that runs by itself",
                              f"{type(error).__name__}: {error}") from error
    return module


def with_answer(assignment: Assignment, *answers: Answer) -> types.ModuleType:
    """A fresh reference notebook with each answer in place of what it replaces."""
    module = execute_reference(assignment)
    for answer in answers:
        for name, value in zip(answer.replaces, answer.values):
            owner, _, attribute = name.rpartition(".")
            setattr(getattr(module, owner) if owner else module, attribute, value)
    return module


def _read_answer(function: Callable, where: str) -> Answer:
    names, correct, seen = function._answers
    hint = " ".join((function.__doc__ or "").split())
    if not hint and not correct:
        raise CourseError(f"{where}: `{function.__name__}` has a docstring", "found none",
                          "it is the hint that it earns")
    try:
        values = tuple(function()[name] for name in names) if len(names) > 1 else (function,)
    except Exception as error:
        raise CourseError(f"{where}: `{function.__name__}` replaces several names: it returns {{name: what stands in "
                          "its place}", f"{type(error).__name__}: {error}") from error
    return Answer(function.__name__, hint, names, values, correct, seen)


@contextlib.contextmanager
def _importable_reference(module: types.ModuleType):
    before = sys.modules.get("reference")
    sys.modules["reference"] = module
    try:
        yield
    finally:
        if before is None:
            del sys.modules["reference"]
        else:
            sys.modules["reference"] = before
