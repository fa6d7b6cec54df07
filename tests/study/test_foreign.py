"""`check` on a notebook that is not one's own: confined, and by one's own checks. It cannot read what its reader can."""

import json
import shutil
import subprocess
import sys

import pytest

from autograder.grade.secret import course_secret
from autograder.release.build import release
from autograder.release.notebook import source_notebook

READS = """
import pathlib
found = []
for path in {paths}:
    try:
        found.append(pathlib.Path(path).read_text())
    except OSError as error:
        found.append(type(error).__name__)
def row_mean(x):
    raise ValueError(f"read: {{found}}")
"""


@pytest.fixture
def course(tiny):
    release(tiny)
    course_secret(tiny.root)
    folder = tiny.root / "submitted" / "mallory" / tiny.name
    folder.mkdir(parents=True)
    notebook = json.loads(source_notebook(tiny))
    paths = [str(tiny.root / "course.secret"), str(tiny.checks)]
    notebook["cells"].append({"cell_type": "code", "id": "own", "metadata": {}, "source": READS.format(paths=paths), "outputs": [],
                              "execution_count": None})
    (folder / "means.ipynb").write_text(json.dumps(notebook))
    return tiny


def check(course, *args, cwd=None) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "autograder", "check", *map(str, args)], cwd=cwd or course.root, text=True,
                          capture_output=True)


def test_it_reads_nothing_and_is_told_by_the_same_checks(course):
    secret = (course.root / "course.secret").read_text().strip()
    theirs = course.root / "submitted" / "mallory" / course.name
    done = check(course, theirs / "means.ipynb")
    assert done.returncode == 1 and secret not in done.stdout and "hidden" not in done.stdout, done.stderr
    assert "it ran confined" in done.stdout and "read: ['FileNotFoundError', 'FileNotFoundError']" in done.stdout.replace("PermissionError", "FileNotFoundError")
    assert "centred" in done.stdout and not [path.name for path in theirs.iterdir() if path.name != "means.ipynb"]


def test_checks_that_they_bring_along_are_not_run(course):
    """A whole handout of theirs, named, or stood in: its checks.py would be the first thing to run."""
    theirs = course.root / "submitted" / "mallory" / course.name
    for name in ("checks.py", "recorded.h5"):
        shutil.copy(course.handout / name, theirs)
    (theirs / "checks.py").write_text("raise SystemExit('theirs was run')\n")
    for done in (check(course, theirs), check(course, cwd=theirs)):
        assert done.returncode == 1 and "theirs was run" not in done.stdout + done.stderr
        assert "it ran confined" in done.stdout
    done = subprocess.run([sys.executable, "-m", "autograder", "hint", "row_mean", "--notebook", theirs / "means.ipynb"], cwd=course.root,
                          capture_output=True, text=True)
    assert done.returncode == 2 and "theirs was run" not in done.stdout + done.stderr


def test_ones_own_runs_as_it_is(course):
    notebook = course.handout / "means.ipynb"
    notebook.write_text(source_notebook(course))
    done = check(course, notebook)
    assert done.returncode == 0 and "confined" not in done.stdout


def test_one_that_belongs_to_nothing(course, tmp_path):
    other = tmp_path / "downloads" / "whatever.ipynb"
    other.parent.mkdir()
    other.write_text(source_notebook(course))
    done = check(course, other)
    assert done.returncode == 2 and "neither its folder nor its own name says which" in done.stderr
