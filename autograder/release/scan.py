"""Looks for what must not be handed out: solutions, hidden tests, outputs, bytecode, stray files."""

import ast
import json
from collections.abc import Iterable
from pathlib import Path

from autograder.course import regions
from autograder.course.assignment import Assignment
from autograder.course.reading import read_text
from autograder.errors import CourseError

STRAY_FOLDERS = ("__pycache__", ".ipynb_checkpoints", "solutions", ".git")
STRAY_ENDINGS = (".pyc", ".pyo", ".orig", ".rej", "~")
MIN_LENGTH = 12  # shorter lines of a solution, such as `return x`, may stand anywhere


def scan(assignment: Assignment, files: dict[str, bytes]) -> None:
    """Raises CourseError for the first thing in `files` (path: content) that a student must not get."""
    secrets = set(_solution_lines(assignment)) | set(_hidden_names(assignment))
    for path, content in files.items():
        problem = _stray(path) or _leak(path, content, secrets)
        if problem:
            raise CourseError(f"{assignment.name}: a handout without answers", f"{path}: {problem}",
                              "move it into a SOLUTION or HIDDEN TESTS region, or take it out of the given text")


def _stray(path: str) -> str:
    if any(part in STRAY_FOLDERS for part in Path(path).parts) or path.endswith(STRAY_ENDINGS):
        return "a file that does not belong in a handout"
    return ""


def _leak(path: str, content: bytes, secrets: set[str]) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:  # recorded answers, a picture, numbers: no text
        return ""
    if path.endswith(".ipynb"):
        cells = json.loads(text)["cells"]
        if any(cell.get("outputs") for cell in cells):
            return "a cell has an output"
        text = "\n".join("".join(cell["source"]) for cell in cells)
    for kind in (regions.SOLUTION, regions.HIDDEN):
        if f"BEGIN {kind}" in text or f"END {kind}" in text:
            return f"a {kind} region"
    found = secrets & {line.strip() for line in text.split("\n")}
    return f"a line of a solution or hidden test: `{sorted(found)[0]}`" if found else ""


def _solution_lines(assignment: Assignment) -> Iterable[str]:
    """The lines of all solutions that no given cell, statement or docstring shows anyway."""
    given = {line.strip() for cell in assignment.cells
             for line in regions.replace(cell.source, regions.SOLUTION).split("\n")}
    for cell in assignment.cells:
        lines = cell.source.split("\n")
        for begin, end in regions.find(cell.source, regions.SOLUTION):
            inside = (line.strip() for line in lines[begin:end - 1])
            yield from (line for line in inside
                        if len(line) >= MIN_LENGTH and not line.startswith("#") and line not in given)


def _hidden_names(assignment: Assignment) -> Iterable[str]:
    """The `def` lines of the hidden checks."""
    hidden = {check.name for check in assignment.plan.checks if check.hidden}
    tree = ast.parse(read_text(assignment.checks))
    lines = read_text(assignment.checks).split("\n")
    return (lines[node.lineno - 1].strip() for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name in hidden)
