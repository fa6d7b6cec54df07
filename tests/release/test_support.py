"""Figures, small data and modules in an assignment's folder: handed out as they lie there, and there when it is graded."""

import json
import shutil

import pytest

from autograder.audit.whole import run_whole
from autograder.course import Assignment, load_assignment
from autograder.errors import CourseError
from autograder.export.gradescope import autograder_files, requirements
from autograder.grade.grader import Grader
from autograder.grade.key import course_key, part_keys
from autograder.release import build
from autograder.release.handout import handout_files
from autograder.release.notebook import source_notebook
from tests.study.helpers import autograder

PICTURE = b"\x89PNG\r\n\x1a\n\x00\xff"
GIVEN = '''

# %%
import json
from pathlib import Path

from tools.scaling import SCALE

TABLE = json.loads(Path("data/table.json").read_text())
'''


@pytest.fixture
def supported(tiny) -> Assignment:
    """The tiny assignment with a module, a table and a figure, which its reference and its checks depend on."""
    files = {"tools/__init__.py": b"", "tools/scaling.py": b"SCALE = 3.0\n", "data/table.json": b"[1.0, 2.0]\n",
             "figures/mean.png": PICTURE, "_notes.txt": b"only for us", "_old/more.py": b"", "__pycache__/x.pyc": b""}
    for name, content in files.items():
        path = tiny.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    text = tiny.notebook.read_text().replace("# %%\ndef row_mean", f"{GIVEN.strip()}\n\n\n# %%\ndef row_mean", 1)
    text = text.replace("return x.sum(axis=1) / x.shape[1]", "return SCALE * TABLE[1] * x.sum(axis=1) / x.shape[1] / 6.0")
    tiny.notebook.write_text(text)
    return load_assignment(tiny.name, tiny.root)


def test_they_are_handed_out_where_they_lie(supported):
    assert list(supported.support) == ["data/table.json", "figures/mean.png", "tools/__init__.py", "tools/scaling.py"]
    build.release(supported)
    assert (supported.handout / "figures" / "mean.png").read_bytes() == PICTURE
    assert (build.nbgrader_source(supported) / "tools" / "scaling.py").is_file()
    shutil.copytree(supported.handout / "tools", supported.handout / "__pycache__")  # what working there leaves
    build.verify(load_assignment(supported.name, supported.root))
    names = {name.removeprefix("assignments/t1_means/") for name in handout_files(supported) if name.startswith("assignments")}
    assert names == {"checks.py", "means.ipynb", "recorded.h5", *supported.support}
    (supported.folder / "data" / "table.json").unlink()
    assert build._differences(supported.handout, {}) and not (supported.handout / "_notes.txt").exists()
    with pytest.raises(CourseError, match="No such file or directory: 'data/table.json'"):
        build.release(load_assignment(supported.name, supported.root))


def test_they_are_there_in_the_room_and_at_home(supported, tmp_path):
    """Also where a student's copy of them was changed: what the course wrote is the course's."""
    build.release(supported)
    assert run_whole(supported).problems == []
    folder = tmp_path / "submitted" / "ann" / supported.name
    shutil.copytree(supported.handout, folder)
    (folder / "means.ipynb").write_text(source_notebook(supported))
    (folder / "tools" / "scaling.py").write_text("SCALE = 1.0\n")
    with Grader(supported, b"secret") as grader:
        report = grader.grade("ann", folder)
    assert report.points == 8 and report.notes == [], report.notes  # the written question waits
    home = tmp_path / "home"
    shutil.copytree(supported.handout, home)
    (home / "means.ipynb").write_text(source_notebook(supported))
    done = autograder("check", home / "means.ipynb", cwd=tmp_path)
    assert done.returncode == 0 and "7 of 7 points" in done.stdout, done.stdout + done.stderr


def test_what_they_say_counts_for_what_was_graded(supported):
    before = course_key(supported, b"", "plain"), part_keys(supported, b"", "plain")
    (supported.folder / "data" / "table.json").write_text("[1.0, 2.0, 3.0]\n")
    changed = load_assignment(supported.name, supported.root)
    after = course_key(changed, b"", "plain"), part_keys(changed, b"", "plain")
    assert before[0] != after[0] and all(after[1][part] != key for part, key in before[1].items())


def test_gradescope_has_them(supported):
    (supported.root / "constraints.txt").write_text("numpy\n")
    assert autograder_files(supported)["solutions/t1_means/tools/scaling.py"] == b"SCALE = 3.0\n"
    assert "tools" not in requirements(supported)


@pytest.mark.parametrize("name, content, said", [
    ("means-old.ipynb", json.dumps({"cells": []}).encode(), "a notebook is made of the .py"),
    ("recorded.h5", b"x", "the name is taken"),
    ("data/big.npy", bytes(9 << 20), "9.0 MB; the largest is data/big.npy"),
    ("hints.py", b"    return x.sum(axis=1) / x.shape[1]  # (N,)\n", "hints.py: a line of a solution"),
])
def test_what_cannot_be_handed_out_is_named(tiny, name, content, said):
    (tiny.folder / name).parent.mkdir(exist_ok=True)
    (tiny.folder / name).write_bytes(content)
    with pytest.raises(CourseError) as raised:
        build.build(load_assignment(tiny.name, tiny.root))
    assert said in str(raised.value)
