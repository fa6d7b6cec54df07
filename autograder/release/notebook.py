"""Makes notebooks (.ipynb) of an assignment's cells: nbgrader's source version and the students' version."""

import hashlib
import json

from autograder.course import regions
from autograder.course.assignment import Assignment
from autograder.course.execute import STUB
from autograder.course.source import CHECK, DEMO, GIVEN, SOLUTION, TEXT, WRITTEN, Cell

ANSWER_STUB = "*Write your answer here.*"


def source_notebook(assignment: Assignment) -> str:
    """The notebook with its solutions and nbgrader's metadata: what `nbgrader generate_assignment` starts from."""
    return _notebook([_cell(cell, cell.source, assignment) for cell in assignment.cells])


def release_notebook(assignment: Assignment) -> str:
    """The notebook that students get: each solution region is a stub."""
    return _notebook([_cell(cell, released_source(cell), assignment, released=True) for cell in assignment.cells])


def released_source(cell: Cell) -> str:
    """A cell's text as students get it."""
    return regions.replace(cell.source, regions.SOLUTION, STUB if cell.is_code else ANSWER_STUB)


def _notebook(cells: list[dict]) -> str:
    """Notebook JSON, byte for byte as nbformat writes it."""
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _cell(cell: Cell, source: str, assignment: Assignment, released: bool = False) -> dict:
    made = {"cell_type": "code" if cell.is_code else "markdown", "id": cell_id(cell.name),
            "metadata": _metadata(cell, source, assignment, released), "source": source.splitlines(True)}
    return made | {"execution_count": None, "outputs": []} if cell.is_code else made


def cell_id(name: str) -> str:
    """The id of the cell of that name: two builds are the same."""
    return hashlib.blake2b(name.encode(), digest_size=6).hexdigest()


def _metadata(cell: Cell, source: str, assignment: Assignment, released: bool) -> dict:
    if cell.role == TEXT:
        return {}
    if cell.role == DEMO:
        return {"tags": ["demo", "raises-exception"]}  # one that needs a stub does not end "Run All Cells"
    nbgrader = {"grade": cell.role in (CHECK, WRITTEN), "grade_id": cell.name,
                "locked": cell.role in (CHECK, GIVEN), "schema_version": 3,
                "solution": cell.role in (SOLUTION, WRITTEN), "task": False}
    if nbgrader["grade"]:
        nbgrader["points"] = cell.points or assignment.plan.points_of(cell.name)
    metadata = {"nbgrader": nbgrader}
    if released:
        kind = "code" if cell.is_code else "markdown"
        nbgrader |= {"cell_type": kind, "checksum": checksum(source, kind, nbgrader)}
        metadata["deletable"] = False
        if nbgrader["locked"]:
            metadata["editable"] = False
    return metadata


def checksum(source: str, kind: str, nbgrader: dict) -> str:
    """nbgrader's checksum of a cell (nbgrader.utils.compute_checksum)."""
    locked = nbgrader["locked"] and not nbgrader["solution"]
    fields = [source, kind, str(nbgrader["grade"]), str(nbgrader["solution"]), str(locked), nbgrader["grade_id"]]
    if nbgrader["grade"]:
        fields.append(str(float(nbgrader["points"])))
    return hashlib.md5("".join(fields).encode(), usedforsecurity=False).hexdigest()
