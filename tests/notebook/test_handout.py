"""The student's path, from the zip an instructor gives out, in a fresh folder where there is no solutions/."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.cli import main
from autograder.cli.group import READERS
from autograder.release.carried import carried
from autograder.release.handout import zipped
from autograder.release.notebook import source_notebook
from tests.handed_out import ROOT, unpack

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
    assert len(own) == 3 + len(assignment.support)
    assert not [name for name, content in own.items() for secret in SECRETS if secret in content]
    assert {"README.md", "autograder/cli/student_verbs.py", "setup.sh", "install.py", "pyproject.toml", "constraints.txt", "datasets/scenes/make.py"} <= set(files)


def test_a_student_carries_no_grader(tmp_path):
    """The modules that a student's notebooks and commands can reach, each of which can be imported there; the help and
    the errors of the command speak of no others."""
    for path in carried(ROOT):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    rooms = {path.name for path in (tmp_path / "autograder").iterdir() if path.is_dir()}
    assert {"notebook", "lab", "study"} < rooms and rooms.isdisjoint(
        {"audit", "author", "collect", "export", "feedback", "grade", "gradebook", "overview", "similar"})
    modules = [".".join(path.relative_to(tmp_path).with_suffix("").parts) for path in (tmp_path / "autograder").rglob("*.py")]
    modules.remove("autograder.__main__")
    done = python_in(tmp_path, "-c", f"import importlib\nfor name in {modules}:\n    importlib.import_module(name)")
    assert done.returncode == 0, done.stderr
    said = python_in(tmp_path, "-m", "autograder", "--help").stdout
    assert {name for name in main.commands if f"\n  {name} " in said} == set(READERS["Students"])
    assert "Students:" in said and "Authors:" not in said and "Instructors:" not in said
    refused = python_in(tmp_path, "-m", "autograder", "grade", "a1")
    assert refused.returncode == 2 and "this is a student's copy" in refused.stderr and "Traceback" not in refused.stderr


def python_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-P", *arguments], capture_output=True, text=True, cwd=folder,
                          env=os.environ | {"PYTHONPATH": str(folder)})


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
