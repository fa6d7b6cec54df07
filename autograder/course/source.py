"""Reads a notebook source (jupytext percent format) into cells, each with its role in the course."""

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from autograder.course import regions
from autograder.errors import CourseError

CHECK_CELL = re.compile(r"""^check\(["']([\w-]+)["']\)$""")

# What a cell is for. Only GIVEN and SOLUTION cells are run by the grader.
TEXT, GIVEN, SOLUTION, CHECK, DEMO, WRITTEN = "text", "given", "solution", "check", "demo", "written"


@dataclass(frozen=True)
class Cell:
    """One cell of the notebook as its author wrote it.

    name: unique in the notebook; nbgrader's grade_id where the cell has one;
    defines: the functions and classes that a code cell defines at its top level;
    points: of a written question.
    """

    role: str
    name: str
    source: str
    defines: tuple[str, ...] = ()
    points: float = 0.0

    @property
    def is_code(self) -> bool:
        return self.role in (GIVEN, SOLUTION, CHECK, DEMO)

    @property
    def is_run(self) -> bool:
        """Whether the grader runs this cell."""
        return self.role in (GIVEN, SOLUTION)


def read_cells(path: Path) -> list[Cell]:
    """The cells of one notebook source, in order. Raises CourseError with file and reason."""
    jupytext = _jupytext()
    text = path.read_text(encoding="utf-8")
    regions.find(text, regions.SOLUTION, str(path))
    notebook = jupytext.reads(text, fmt="py:percent")
    cells, taken = [], set()
    for cell in notebook.cells:
        made = _read_cell(cell, path)
        name = _unique(made.name, taken)
        if name != made.name and made.role in (CHECK, WRITTEN):
            raise CourseError(f"{path}: each check and question stands in one cell", f"`{made.name}` has two")
        cells.append(Cell(made.role, name, made.source, made.defines, made.points))
    return cells


def _jupytext():
    """The module, imported in a third of the time: where it is installed, jsonschema takes a grammar of international
    addresses, whose own import compiles it for a second. There are none in a notebook's format."""
    grammar = "rfc3987_syntax"
    left_out = grammar not in sys.modules
    if left_out:
        sys.modules[grammar] = None  # the documented way to make an import fail; jsonschema then does without
    try:
        import jupytext
    finally:
        if left_out:
            del sys.modules[grammar]
    return jupytext


def _read_cell(cell, path: Path) -> Cell:
    source, metadata = cell.source, cell.metadata
    if cell.cell_type == "markdown":
        if "question" in metadata:
            return _read_question(source, metadata, path)
        return Cell(TEXT, _slug("text", source), source)
    if "demo" in metadata.get("tags", []):
        return Cell(DEMO, _slug("demo", source), source)
    if match := CHECK_CELL.match(source.strip()):
        return Cell(CHECK, match[1], source)
    defines = _definitions(source, path)
    role = SOLUTION if regions.has(source, regions.SOLUTION) else GIVEN
    prefix = "code" if role == SOLUTION else "given"
    return Cell(role, f"{prefix}-{defines[0]}" if defines else _slug(prefix, source), source, defines)


def _read_question(source: str, metadata: dict, path: Path) -> Cell:
    name, points = metadata["question"], metadata.get("points", 0)
    if not regions.has(source, regions.SOLUTION) or not isinstance(points, (int, float)) or points <= 0:
        raise CourseError(f"{path}: question `{name}` has points and a model answer",
                          f"points={points!r}, or no `### BEGIN SOLUTION` region")
    return Cell(WRITTEN, name, source, points=float(points))


def _definitions(source: str, path: Path) -> tuple[str, ...]:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        first = source.strip().splitlines()[0] if source.strip() else ""
        raise CourseError(f"{path}: code cells that compile",
                          f"line {error.lineno} of the cell `{first}`: {error.msg}") from None
    return tuple(node.name for node in tree.body
                 if isinstance(node, (ast.FunctionDef, ast.ClassDef)))


def _slug(prefix: str, source: str) -> str:
    """A readable name from the first words of a cell, such as text-one-step-forward."""
    words = re.findall(r"[a-z0-9_]+", source.lower())
    return "-".join([prefix, *words[:6]])[:56].rstrip("-")


def _unique(name: str, taken: set[str]) -> str:
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name}-{count}"
    taken.add(candidate)
    return candidate
