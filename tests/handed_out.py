"""What the tests do with a handout that other tests do, too: unpack it, read what came of running its notebook."""

import io
import os
import zipfile
from pathlib import Path

import nbformat

from autograder.release.handout import zipped

ROOT = Path(__file__).parents[1]
DATA = ROOT / "datasets" / "scenes" / "data"


def unzipped(path: Path) -> dict[str, bytes]:
    """The files of a handout's zip, by their names in its one folder."""
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def unpack(files: dict[str, bytes], name: str, folder: Path) -> Path:
    """The folder that appears where a student unpacks the zip."""
    with zipfile.ZipFile(io.BytesIO(zipped(files, name))) as archive:
        archive.extractall(folder)
    return folder / name


def surroundings(home: Path) -> dict[str, str]:
    """The environment of a machine on which `home` was set up: its own copy of the package, and the data."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AUTOGRADER")}
    return kept | {"PYTHONPATH": str(home), "AUTOGRADER_DATA": str(DATA), "OMP_NUM_THREADS": "1"}


def answers(notebook: nbformat.NotebookNode) -> dict[str, dict]:
    """What each check cell shows: part -> output data."""
    return {cell.metadata.nbgrader.grade_id: cell.outputs[-1]["data"] for cell in notebook.cells
            if cell.cell_type == "code" and cell.source.startswith("check(")}


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def errors(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for output in outputs(notebook) if output["output_type"] == "error" or output.get("name") == "stderr"]
