"""The student's path, from the zip an instructor gives out, in a fresh folder where there is no solutions/."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.release.handout import handout_files, zipped
from autograder.release.notebook import source_notebook

ROOT = Path(__file__).parents[2]
SECRETS = (b"BEGIN SOLUTION", b"BEGIN HIDDEN")


@pytest.fixture(scope="module")
def handed_out():
    """The files of an assignment's handout; collected once, because that rebuilds the assignment."""
    collected = {}

    def collect(assignment) -> dict[str, bytes]:
        if assignment.name not in collected:
            collected[assignment.name] = handout_files(assignment)
        return collected[assignment.name]

    return collect


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory, handed_out):
    """The folder in which an assignment's zip was unpacked."""
    folders = {}

    def unpack(assignment) -> Path:
        if assignment.name not in folders:
            folder = tmp_path_factory.mktemp(assignment.name)
            with zipfile.ZipFile(io.BytesIO(zipped(handed_out(assignment), assignment.name))) as archive:
                archive.extractall(folder)
            folders[assignment.name] = folder / assignment.name
        return folders[assignment.name]

    return unpack


def run_in_kernel(notebook: nbformat.NotebookNode, home: Path, folder: Path, **options) -> nbformat.NotebookNode:
    """Runs a notebook as Jupyter does, with the handout's own copy of the package and without the course."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUTOGRADER")}
    environment |= {"PYTHONPATH": str(home), "AUTOGRADER_DATA": str(ROOT / "datasets/scenes/data"), "OMP_NUM_THREADS": "1"}
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}},
                            **options)
    return client.execute(env=environment)


def without_demos(text: str) -> nbformat.NotebookNode:
    notebook = nbformat.reads(text, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if "demo" not in cell.metadata.get("tags", [])]
    return notebook


def answers(notebook: nbformat.NotebookNode) -> dict[str, dict]:
    """What each check cell shows: part -> output data."""
    return {cell.metadata.nbgrader.grade_id: cell.outputs[-1]["data"] for cell in notebook.cells
            if cell.cell_type == "code" and cell.source.startswith("check(")}


def errors(notebook: nbformat.NotebookNode) -> list:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])
            if output["output_type"] == "error" or output.get("name") == "stderr"]


def test_the_zip_holds_no_answers(assignment, handed_out):
    files = handed_out(assignment)
    assert not [name for name in files if name.startswith("solutions") or name.endswith((".pyc", ".db"))]
    own = {name: content for name, content in files.items() if name.startswith("assignments/")}
    assert len(own) == 3
    assert not [name for name, content in own.items() for secret in SECRETS if secret in content]
    assert {"README.md", "setup.sh", "install.py", "pyproject.toml", "constraints.txt", "datasets/scenes/make.py"} <= set(files)


def test_the_same_handout_is_the_same_zip(assignment, handed_out):
    assert zipped(handed_out(assignment), "a") == zipped(handed_out(assignment), "a")


def test_the_untouched_notebook_says_what_is_not_written(assignment, unpacked):
    home = unpacked(assignment)
    folder = home / "assignments" / assignment.name
    text = (folder / f"{assignment.notebook.stem}.ipynb").read_text(encoding="utf-8")
    done = run_in_kernel(without_demos(text), home, folder)
    assert errors(done) == []
    for part, data in answers(done).items():
        assert data["text/plain"] == "0.0", part
        assert "not attempted" in data["text/html"] or "waits for" in data["text/html"], part


def test_the_solved_notebook_has_all_visible_points(assignment, unpacked):
    home = unpacked(assignment)
    done = run_in_kernel(without_demos(source_notebook(assignment)), home, home / "assignments" / assignment.name)
    assert errors(done) == []
    for part, data in answers(done).items():
        visible = sum(check.points for check in assignment.plan.checks_of(part) if not check.hidden)
        assert float(data["text/plain"]) == visible, (part, data["text/html"])


def test_check_on_the_command_line(assignment, unpacked):
    home = unpacked(assignment)
    notebook = home / "assignments" / assignment.name / f"{assignment.notebook.stem}.ipynb"
    environment = os.environ | {"PYTHONPATH": str(home)}
    command = [sys.executable, "-m", "autograder", "check", str(notebook)]
    blank = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home)
    assert blank.returncode == 1 and "not attempted" in blank.stdout and "Traceback" not in blank.stdout + blank.stderr
    solved = notebook.with_name("solved.ipynb")
    solved.write_text(source_notebook(assignment), encoding="utf-8")
    command[-1] = str(solved)
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, env=environment, cwd=home)
    solved.unlink()
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(part["points"] == part["max_points"] for part in json.loads(done.stdout))
