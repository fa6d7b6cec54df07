"""Whatever one submission's files and names are, the others are graded and in the gradebook, and the one is told.

Graded by an ordinary user, who cannot read what is closed; where the tests run as root, that is another one.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.course import load_assignment
from autograder.grade import batch
from autograder.handed_in import folder_of, shared, submissions
from autograder.release.notebook import source_notebook
from autograder.report import Report, load
from tests.attacks import matrix

ROOT = Path(__file__).parents[2]
TINY = load_assignment("t1_means", ROOT / "tests" / "tiny")
HONEST = source_notebook(TINY)
NEIGHBOURS = ("ada", "zoe")  # the first and the last


def with_cells(*sources: str) -> str:
    notebook = json.loads(HONEST)
    notebook["cells"] += [{"cell_type": "code", "id": f"own-{number}", "metadata": {}, "source": source, "outputs": [],
                           "execution_count": None} for number, source in enumerate(sources)]
    return json.dumps(notebook)


FORGES = """import builtins
before = builtins.compile
def compile(source, name, *args, **options):
    if "###" in str(source):
        raise ModuleNotFoundError("No module named 'numpy'")
    return before(source, name, *args, **options)
builtins.compile = compile"""

# The notebook of each, and what becomes of it: its points, and a word of what is said.
NOTEBOOKS: dict[str, tuple[str | bytes, float, str]] = {
    "a-large-cell": (with_cells(f"pasted = '{'0.5, ' * (1 << 20)}'"), 8, ""),
    "escaped-letters": (with_cells(f"# {chr(0x1f600) * (1 << 20)}"), 8, ""),
    "forged-import": (with_cells(FORGES, "import numpy ###\n)"), 8, "raised ModuleNotFoundError: No module named"),
    "many-cells": (json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": "1"}] * 110_000}), 0, "10000 cells"),
    "deep": (b"[" * 200_000, 0, "not JSON"),
}


def linked_notebook(root: Path, folder: Path) -> None:
    (folder / "means.ipynb").symlink_to(root / "submitted" / "ada" / TINY.name / "means.ipynb")


def linked_folder(root: Path, folder: Path) -> None:
    folder.rmdir()
    folder.symlink_to(root / "submitted" / "ada" / TINY.name)


def linked_student(root: Path, folder: Path) -> None:
    folder.rmdir()
    folder.parent.rmdir()
    folder.parent.symlink_to(root / "submitted" / "ada")


def linked_into_a_closed_folder(root: Path, folder: Path) -> None:
    (folder / "means.ipynb").symlink_to(root / "submitted" / "closed-folder" / TINY.name / "means.ipynb")


def pipe(root: Path, folder: Path) -> None:
    os.mkfifo(folder / "means.ipynb")


def closed_notebook(root: Path, folder: Path) -> None:
    (folder / "means.ipynb").write_text(HONEST)
    (folder / "means.ipynb").chmod(0)


def closed_folder(root: Path, folder: Path) -> None:
    (folder / "means.ipynb").write_text(HONEST)
    folder.chmod(0)


def closed_student(root: Path, folder: Path) -> None:
    (folder / "means.ipynb").write_text(HONEST)
    folder.parent.chmod(0)


def sparse(root: Path, folder: Path) -> None:
    for name in ("means.ipynb", "more.ipynb"):
        (folder / name).touch()
        os.truncate(folder / name, 2 << 30)


FOLDERS: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "linked-notebook": (linked_notebook, "a link"), "linked-folder": (linked_folder, "a link"),
    "linked-student": (linked_student, "a link"), "linked-closed": (linked_into_a_closed_folder, "a link"),
    "pipe": (pipe, "a link or a device"), "closed-notebook": (closed_notebook, "Permission denied"),
    "closed-folder": (closed_folder, "Permission denied"), "closed-student": (closed_student, "Permission denied"),
    "sparse": (sparse, "2048 MB")}

STAMPS = {"stamp-of-decimals": b"9" * 30 + b".5m", "stamp-of-a-far-zone": b"1 Jan 2026 10:00 XYZT", "stamp-not-text": b"\xff\x00"}
NAMES = {"DOMAIN\\user": "a backslash", "\udcff": "no text", "x" * 250: "longer than"}


@pytest.fixture(scope="module")
def graded():
    """The course after one `autograder grade`, and what it printed."""
    with tempfile.TemporaryDirectory(prefix="class-") as made:
        root = Path(made, "course")
        shutil.copytree(ROOT / "tests" / "tiny", root)
        for student in (*NEIGHBOURS, *NOTEBOOKS, *FOLDERS, *STAMPS, *NAMES, "stamp-a-pipe"):
            (root / "submitted" / student / TINY.name).mkdir(parents=True)
        for student in (*NEIGHBOURS, *STAMPS, *NAMES, "stamp-a-pipe"):
            (root / "submitted" / student / TINY.name / "means.ipynb").write_text(HONEST)
        for student, (content, _, _) in NOTEBOOKS.items():
            (root / "submitted" / student / TINY.name / "means.ipynb").write_bytes(
                content if isinstance(content, bytes) else content.encode())
        for student, stamp in STAMPS.items():
            (root / "submitted" / student / TINY.name / "timestamp.txt").write_bytes(stamp)
        os.mkfifo(root / "submitted" / "stamp-a-pipe" / TINY.name / "timestamp.txt")
        for student, (make, _) in FOLDERS.items():
            make(root, root / "submitted" / student / TINY.name)
        command = list(matrix.python(matrix.USERS[1]))
        if os.getuid() == 0:
            Path(made).chmod(0o755)
            subprocess.run(["chown", "-R", "-h", str(matrix.ORDINARY), str(root)], check=True)
        done = subprocess.run([*command, "-m", "autograder", "grade", TINY.name, "--jobs", "2"], cwd=root, text=True,
                              env=matrix.environment() | {"HOME": str(root), "COLUMNS": "300"}, capture_output=True)
        subprocess.run(["chmod", "-R", "u+rwX", str(root)], check=True)
        yield root, done


def report_of(root: Path, student: str) -> Report:
    return load(root / "reports" / TINY.name / f"{student}.json")


def test_everybody_else_is_graded_and_in_the_gradebook(graded):
    root, done = graded
    assert (done.returncode, done.stderr) == (0, "")
    in_the_gradebook = scores(root)
    for student in (*NEIGHBOURS, *STAMPS, "stamp-a-pipe"):
        assert report_of(root, student).points == in_the_gradebook[student] == 8, student
    assert set(in_the_gradebook) == {*NEIGHBOURS, *STAMPS, *NOTEBOOKS, *FOLDERS, "stamp-a-pipe"}


@pytest.mark.parametrize("student", NOTEBOOKS)
def test_a_notebook_gets_what_its_own_code_earns(graded, student):
    root, _ = graded
    _, points, word = NOTEBOOKS[student]
    report = report_of(root, student)
    assert (report.points, scores(root)[student]) == (points, points)
    assert report.examined and word in " ".join([report.problem, *report.notes])


@pytest.mark.parametrize("student", FOLDERS)
def test_what_is_no_plain_file_is_not_read(graded, student):
    root, _ = graded
    report = report_of(root, student)
    assert report.points == scores(root)[student] == 0 and FOLDERS[student][1] in report.problem


@pytest.mark.parametrize("student", NAMES)
def test_a_name_that_nothing_can_bear_is_said(graded, student):
    root, done = graded
    assert not any((root / "reports").rglob("*[\\\\]*"))
    assert NAMES[student] in done.stdout and "rename the folder" in done.stdout
    assert student not in scores(root)


def scores(root: Path) -> dict[str, float]:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
        return {each.student.id: each.score for each in gradebook.assignment_submissions(TINY.name)}


def test_a_hard_link_to_a_neighbours_work_earns_nothing(tiny):
    """Whose work it is shows by its owner; where it does not, neither is graded before somebody has looked."""
    for student in ("ada", "mallory", "zoe"):
        (tiny.root / "submitted" / student / tiny.name).mkdir(parents=True)
    for student in ("ada", "zoe"):
        (tiny.root / "submitted" / student / tiny.name / "means.ipynb").write_text(HONEST)
    os.link(tiny.root / "submitted/ada" / tiny.name / "means.ipynb", tiny.root / "submitted/mallory" / tiny.name / "means.ipynb")
    folders = submissions(tiny.root, tiny.name)
    reports = {report.student: report for report in batch.grade_class(tiny, folders, jobs=1)}
    assert reports["zoe"].points == 8
    assert not reports["ada"].examined and "the same file as that of mallory" in reports["ada"].problem
    assert not reports["mallory"].examined and reports["mallory"].points == 0
    if os.getuid() == 0:
        os.chown(tiny.root / "submitted/ada" / tiny.name, matrix.ORDINARY, -1)
        os.chown(tiny.root / "submitted/ada" / tiny.name / "means.ipynb", matrix.ORDINARY, -1)
        assert shared(folders.items()) == {}
        reports = {report.student: report for report in batch.grade_class(tiny, folders, jobs=1)}
        assert [reports[name].points for name in folders] == [8, 0, 8] and "somebody else" in reports["mallory"].problem


def test_any_exception_of_one_submission_is_its_report(tiny, monkeypatch, tmp_path):
    """One that nobody has foreseen, in the code that reads a notebook."""
    for student in (*NEIGHBOURS, "mallory"):
        (tiny.root / "submitted" / student / tiny.name).mkdir(parents=True)
        (tiny.root / "submitted" / student / tiny.name / "means.ipynb").write_text(HONEST)
    (tmp_path / "sitecustomize.py").write_text(
        "from autograder.grade import grader\nbefore = grader.find_notebook\n"
        "def find(folder, *rest):\n    if 'mallory' in str(folder):\n        raise KeyError('\\x1b[31m')\n    return before(folder, *rest)\n"
        "grader.find_notebook = find\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    folders = submissions(tiny.root, tiny.name)
    reports = {report.student: report for report in batch.grade_class(tiny, folders, jobs=1)}
    assert [reports[name].points for name in folders] == [8, 0, 8]
    assert not reports["mallory"].examined and "KeyError" in reports["mallory"].problem and reports["mallory"].key == ""


def test_a_student_is_the_same_however_accents_are_written(tiny):
    """macOS takes the accents of names apart; rosters have them in one piece."""
    apart, whole = "zoe\u0308", "zo\u00eb"
    (tiny.root / "submitted" / apart / tiny.name).mkdir(parents=True)
    (tiny.root / "submitted" / apart / tiny.name / "means.ipynb").write_text(HONEST)
    folders = submissions(tiny.root, tiny.name)
    assert folders == {whole: tiny.root / "submitted" / apart / tiny.name}
    [report] = batch.grade_class(tiny, folders, jobs=1)
    assert (report.student, report.points) == (whole, 8)
    assert folder_of(tiny.root / "submitted", whole).name == apart
    (tiny.root / "submitted" / whole / tiny.name).mkdir(parents=True)
    assert set(submissions(tiny.root, tiny.name)) == {apart, whole}
