"""The student's path, from the zip an instructor gives out, in a fresh folder where there is no solutions/."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.release.handout import zipped
from autograder.release.notebook import source_notebook
from tests.handed_out import unpack

SECRETS = (b"BEGIN SOLUTION", b"BEGIN HIDDEN")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory, handed_out):
    """The folder in which an assignment's zip was unpacked."""
    folders = {}

    def unpack_once(assignment) -> Path:
        if assignment.name not in folders:
            folders[assignment.name] = unpack(handed_out(assignment), assignment.name, tmp_path_factory.mktemp("handout"))
        return folders[assignment.name]

    return unpack_once


def test_the_zip_holds_no_answers(assignment, handed_out):
    files = handed_out(assignment)
    assert not [name for name in files if name.startswith("solutions") or name.endswith((".pyc", ".db"))]
    own = {name: content for name, content in files.items() if name.startswith("assignments/")}
    assert len(own) == 3
    assert not [name for name, content in own.items() for secret in SECRETS if secret in content]
    assert {"README.md", "setup.sh", "install.py", "pyproject.toml", "constraints.txt", "datasets/scenes/make.py"} <= set(files)


def test_the_same_handout_is_the_same_zip(assignment, handed_out):
    assert zipped(handed_out(assignment), "a") == zipped(handed_out(assignment), "a")


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
