"""Runs a notebook with its solutions from top to bottom, in a real kernel, as it runs for a student who has written
everything: with the students' checks and recorded answers beside it, and with its trainings cut short."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.course.assignment import Assignment
from autograder.course.source import CHECK, Cell
from autograder.release.build import build
from autograder.release.notebook import source_notebook
from autograder.report import write_whole

CELL_SECONDS = 900  # on a machine that does something else besides


@dataclass
class WholeRun:
    """problems: sentences, there should be none; notebook: as it was run, with outputs (as nbformat has it)."""

    assignment: str
    problems: list[str] = field(default_factory=list)
    notebook: Any = None


def run_whole(assignment: Assignment) -> WholeRun:
    """Runs it in build/whole/<name>/. Raises CourseError for what is wrong in the sources."""
    folder = assignment.root / "build" / "whole" / assignment.name
    for name, content in build(assignment).items():
        write_whole(folder / name, content)
    package = Path(__file__).parents[2]
    found = WholeRun(assignment.name)
    found.notebook, stopped = run_notebook(shortened(assignment), folder, os.environ | {"PYTHONPATH": str(package)})
    found.problems += [f"{assignment.notebook}: the notebook runs to its end: {stopped}"] if stopped else []
    for cell, ran in zip(assignment.cells, found.notebook["cells"]):
        place = f"{assignment.notebook}:{cell.line}"
        found.problems += [f"{place}: {problem}" for problem in _problems(cell, ran, assignment)]
    return found


def shortened(assignment: Assignment, whole: bool = False) -> str:
    """The notebook with its solutions (JSON). Its trainings are cut short as its demo cells say, or are `whole`."""
    notebook = json.loads(source_notebook(assignment))
    for cell, made in zip(assignment.cells, notebook["cells"]):
        source = "".join(made["source"])
        for text, short in () if whole else cell.short:
            source = source.replace(text, short)
        made["source"] = source
    return json.dumps(notebook)


def run_notebook(text: str, folder: Path, surroundings: Mapping[str, str]) -> tuple[Any, str]:
    """(the notebook with its outputs, what stopped it before its end or ""). Cells that fail do not end it."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    notebook = nbformat.reads(text, as_version=4)
    client = NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", allow_errors=True,
                            extra_arguments=["--log-level=40"],  # what Jupyter warns of is none of ours
                            resources={"metadata": {"path": str(folder)}})
    try:
        client.execute(env={**surroundings})
    except DeadKernelError:
        return notebook, "its kernel died"
    except CellTimeoutError:
        return notebook, f"a cell was still running after {CELL_SECONDS} s"
    return notebook, ""


def _problems(cell: Cell, ran: Any, assignment: Assignment) -> Iterator[str]:
    outputs = ran.get("outputs", [])
    for output in outputs:
        if output["output_type"] == "error":
            yield f"with the solutions above it, the cell raises {output['ename']}: {output['evalue']}"
    shown = sum("image/png" in output.get("data", {}) for output in outputs)
    if cell.pictures is not None and shown != cell.pictures:
        yield f"the cell shows {shown} pictures, and says pictures={cell.pictures}"
    if cell.role == CHECK:
        visible = sum(check.points for check in assignment.plan.checks_of(cell.name) if not check.hidden)
        points = [output["data"]["text/plain"] for output in outputs if "text/plain" in output.get("data", {})]
        if points[-1:] != [repr(float(visible))]:
            given = points[-1] if points else "nothing"
            yield f"with the solutions, the check gives {given} of {visible:g} visible points"
