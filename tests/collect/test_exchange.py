"""nbgrader's exchange, really run: release, fetch, submit, collect, then `autograder grade`.

Who submits is said with --student, so that the test needs no accounts on this machine.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import load_assignment
from autograder.gradebook.scores import read_scores
from autograder.release import build
from autograder.release.notebook import source_notebook

ROOT = Path(__file__).parents[2]
NAME = "t1_means"


@pytest.fixture
def school(tmp_path):
    """school(folder, user, command, ...): the finished process of a person's command."""
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)  # as nbgrader wants it: everybody hands in there

    def run(folder: Path, user: str, *command: str, code: int = 0) -> str:
        home = tmp_path / "homes" / user
        home.mkdir(parents=True, exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "AUTOGRADER"))}
        environment |= {"HOME": str(home), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT),
                        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        if command[0] == "nbgrader":
            command = (*command, "--course", "means101", f"--Exchange.root={exchange}")
        done = subprocess.run([sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def course(tiny) -> Path:
    build.release(tiny)
    shutil.copy(ROOT / "nbgrader_config.py", tiny.root)
    return tiny.root


def test_two_students_fetch_submit_and_are_graded(course, school, tmp_path):
    assignment = load_assignment(NAME, course)
    school(course, "teacher", "nbgrader", "release_assignment", NAME)
    desks = {student: tmp_path / "desks" / student for student in ("ann", "bob")}
    for student, desk in desks.items():
        desk.mkdir(parents=True)
        school(desk, student, "nbgrader", "fetch_assignment", NAME)
        assert sorted(path.name for path in (desk / NAME).iterdir()) == ["checks.py", "means.ipynb", "recorded.h5"]
    fetched = desks["ann"] / NAME / "means.ipynb"
    assert "not attempted" in school(desks["ann"], "ann", "autograder", "check", str(fetched), code=1)

    fetched.write_text(source_notebook(assignment))
    for student, desk in desks.items():
        school(desk, student, "nbgrader", "submit", NAME, f"--student={student}")

    half = json.loads((desks["bob"] / NAME / "means.ipynb").read_text())
    for cell, solved in zip(half["cells"], json.loads(source_notebook(assignment))["cells"]):
        if "def row_mean" in "".join(cell["source"]):
            cell["source"] = solved["source"]
    (desks["bob"] / NAME / "means.ipynb").write_text(json.dumps(half))
    school(desks["bob"], "bob", "nbgrader", "submit", NAME, "--student=bob")  # a second attempt: the last one counts

    school(course, "teacher", "nbgrader", "collect", NAME)
    assert (course / "submitted" / "ann" / NAME / "means.ipynb").read_text() == source_notebook(assignment)
    assert "2 submissions" in school(course, "teacher", "autograder", "grade", NAME)
    scores = read_scores(course, NAME)
    assert {student: each.score for student, each in scores.items()} == {"ann": 8, "bob": 3}
    assert all(each.submitted is not None for each in scores.values())


def test_what_canvas_calls_late_costs_what_nbgrader_says(course, school, tmp_path, zipped):
    """`autograder collect`, a due date in the gradebook, nbgrader's own penalty."""
    with open(course / "nbgrader_config.py", "a") as file:
        file.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    right = source_notebook(load_assignment(NAME, course))
    (tmp_path / "submissions.zip").write_bytes(zipped({
        "doejane_1_11_means.ipynb": right, "roebob_LATE_2_12_means-1.ipynb": right, "\x1b[31m=cmd_3_13_notes.txt": "hello"}))
    school(course, "teacher", "nbgrader", "db", "assignment", "add", NAME, "--duedate=2026-04-20 22:00:00 UTC")
    command = ("autograder", "collect", str(tmp_path / "submissions.zip"), NAME, "--from", "canvas")
    said = school(course, "teacher", *command, code=1)
    assert "3 hand-ins of canvas: 2 new, 1 left out" in said and "late by an unknown time" in said
    assert "\x1b" not in said and "Traceback" not in said and "notes.txt" in said
    school(course, "teacher", "autograder", "grade", NAME)
    scores = read_scores(course, NAME)
    assert (scores["doejane-1"].score, scores["roebob-2"].score) == (8, 0) and scores["roebob-2"].late_penalty == 8


def test_collect_says_what_is_no_export(course, school, tmp_path, zipped):
    (tmp_path / "a.zip").write_bytes(zipped({"means.ipynb": "x"}))
    said = school(course, "teacher", "autograder", "collect", str(tmp_path / "a.zip"), NAME, "--from", "canvas", code=2)
    assert "no name in it is one that Canvas gives: means.ipynb" in said and "Next" not in said
    (tmp_path / "a.zip").write_bytes(b"nothing")
    said = school(course, "teacher", "autograder", "collect", str(tmp_path / "a.zip"), NAME, "--from", "moodle", code=2)
    assert "the folder or zip that you downloaded" in said and "Traceback" not in said
