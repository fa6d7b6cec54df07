"""Makes an Examiner: for the grader, with the real reference, or for a student's copy, with its recording."""

import ast
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from autograder.course import execute
from autograder.course.assignment import Assignment
from autograder.course.plan import read_plan
from autograder.course.regions import SOLUTION, has
from autograder.course.source import Cell
from autograder.examine.examiner import Examiner
from autograder.examine.hints import Catalogue
from autograder.examine.namespace import NamespaceBackend
from autograder.examine.recorded import Recording, read_notebook
from autograder.examine.runner import CheckRunner
from autograder.examine.session import CheckSession
from autograder.examine.shapes import axes_in


@contextlib.contextmanager
def course_examiner(assignment: Assignment, secret: bytes = b"") -> Iterator[Examiner]:
    """The examiner of the grader: all checks, the real reference, and mistakes that are replayed."""
    reference = execute.execute_reference(assignment)
    answers = execute.read_answers(assignment)
    with CheckSession(assignment.checks) as session:
        runner = CheckRunner(session, reference=lambda check: NamespaceBackend(vars(reference), trusted=True),
                             secret=secret, rehearses=True)

        def replay(check, answer):
            mistaken = vars(execute.with_answer(assignment, answer))
            return runner.evidence(check, NamespaceBackend(mistaken))

        catalogue = Catalogue(lambda part: mistakes_of(assignment, part, answers), replay)
        yield Examiner(assignment.plan, runner, known_mistakes=catalogue,
                       functions=functions_by_part(assignment),
                       axes=axes_in(cell.source for cell in assignment.cells if cell.is_run))


@contextlib.contextmanager
def handout_examiner(folder: Path) -> Iterator[Examiner]:
    """The examiner of a student's copy: the visible checks, and recorded answers in the reference's place."""
    recording = Recording(folder / "recorded.h5")
    with CheckSession(folder / "checks.py") as session:
        yield Examiner(read_plan(folder / "checks.py"), CheckRunner(session, reference=recording.reference),
                       known_mistakes=recording,
                       functions=recording.functions, axes=axes_in(_code(read_notebook(folder / "recorded.h5")[1])))


def _code(notebook: bytes) -> Iterator[str]:
    """The code cells of a notebook as it was handed out."""
    return ("".join(cell["source"]) for cell in json.loads(notebook)["cells"] if cell["cell_type"] == "code")


def mistakes_of(assignment: Assignment, part: str, answers: list[execute.Answer]) -> list[execute.Answer]:
    """The known mistakes in what a part asks a student to write."""
    own = assignment.defined_by(part)
    return [answer for answer in answers if not answer.correct
            and any(name.partition(".")[0] in own for name in answer.replaces)]


def functions_by_part(assignment: Assignment) -> dict[str, frozenset[str]]:
    """For each part, the names of the functions and methods that hold its solution regions."""
    return {part.name: frozenset(name for cell in assignment.cells_of(part.name) for name in written_in(cell))
            for part in assignment.plan.parts}


def written_in(cell: Cell) -> list[str]:
    """The functions of a solution cell that hold a region, methods as "Class.method"."""
    lines = cell.source.splitlines()
    names = []
    for node in ast.parse(cell.source).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        names += [prefix + each.name for each in inside if isinstance(each, ast.FunctionDef)
                  and has("\n".join(lines[each.lineno - 1:each.end_lineno]), SOLUTION)]
    return names
