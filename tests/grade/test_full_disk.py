"""Disks that are really full or read-only, gradebooks that are locked or damaged: said in three lines, nothing is lost,
and the same command ends right when it is mended.

A small file system is mounted, in a mount namespace of its own, where the reports, the graded notebooks or the gradebook
go; after a first run it is made larger.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.report import load
from tests.interrupted import NAME, PATIENCE, Course, ends_as, same_as

SCRIPT = """
set -e
mkdir -p "$PLACE"
mount -t tmpfs -o "$OPTIONS" tmpfs "$PLACE"
"$@" 2> first || echo $? >> first
df --output=avail "$PLACE" | tail -1 > room
cp -a "$PLACE" kept
mount -o remount,rw,size=64m "$PLACE"
"$@" 2> second || echo $? >> second
cp -a "$PLACE" outcome
"""
AS_USER = [] if os.geteuid() == 0 else [  # who is root in the namespace only cannot become somebody else there
    "unshare", "--user", f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}"]


def graded_on(course: Course, place: str, options: str) -> tuple[list[str], Path]:
    """Grades twice: on a file system with these options at `place`, and when it is larger. What the first run said, and
    the folder as it left it; that of the second one is put into the course."""
    course.environment |= {"PLACE": str(course.root / place), "OPTIONS": f"mode=0755,{options}"}
    mounting = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    done = subprocess.run([*mounting, "bash", "-c", SCRIPT, "bash", *AS_USER, sys.executable, "-m", "autograder", "grade",
                           NAME, "--jobs", "2"], cwd=course.root, env=course.environment, text=True,
                          capture_output=True, timeout=2 * PATIENCE)
    assert done.returncode == 0, f"a file system cannot be mounted here (as root, or in a user namespace): {done.stderr}"
    assert (course.root / "second").read_text() == ""
    course.demand_order()
    shutil.rmtree(course.root / place)
    (course.root / "outcome").rename(course.root / place)
    return (course.root / "first").read_text().splitlines(), course.root / "kept"


def test_no_room_for_reports(uninterrupted, tmp_path):
    course = uninterrupted.course(tmp_path)
    said, kept = graded_on(course, "reports", "size=32k")
    assert said[0].startswith("to write ") and said[0].endswith(".json") and "No space left" in said[1]
    assert "run the same command again" in said[2] and said[3:] == ["2"]
    reports = list((kept / NAME).iterdir())
    assert 0 < len(reports) < 12
    for path in reports:  # whole ones, and nothing else
        assert load(path).examined
    same_as(uninterrupted, course)


def test_reports_that_are_read_only(uninterrupted, tmp_path):
    course = uninterrupted.course(tmp_path)
    said, _ = graded_on(course, "reports", "ro")
    assert said[0].startswith("to write in ") and "Read-only" in said[1] and "permissions" in said[2]
    assert said[3:] == ["2"]
    same_as(uninterrupted, course)


@pytest.mark.parametrize("size", ["64k", "176k"], ids=["to make it", "for its rows"])
def test_no_room_for_the_gradebook(uninterrupted, tmp_path, size):
    course = uninterrupted.course(tmp_path)
    with open(course.root / "nbgrader_config.py", "a") as file:
        file.write('\nc.CourseDirectory.db_url = "sqlite:///small/gradebook.db"\n')
    said, kept = graded_on(course, "small", f"size={size}")
    assert said[0].startswith("a gradebook that can be read and written at sqlite:///")
    assert "disk is full" in said[1] and said[2].startswith("hint: make room") and said[3:] == ["2"]
    with sqlite3.connect(kept / "gradebook.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert not list(course.root.glob("autograded/*/*/.*"))
    (course.root / "small" / "gradebook.db").rename(course.root / "gradebook.db")
    same_as(uninterrupted, course)


def test_no_room_for_graded_notebooks(uninterrupted, tmp_path):
    course = uninterrupted.course(tmp_path)
    said, kept = graded_on(course, "autograded", "size=64k")
    assert said[0].startswith("the graded notebooks in autograded/") and "No space left" in said[1]
    assert "free space" in said[2] and said[3:] == ["2"]
    assert not [path for path in kept.rglob("*") if path.is_file()]  # neither whole nor half: the chunk is undone
    same_as(uninterrupted, course)


def test_a_gradebook_that_is_locked_then_damaged_and_a_report_that_is(uninterrupted, tmp_path):
    course = uninterrupted.course(tmp_path)
    gradebook = course.root / "gradebook.db"
    other = sqlite3.connect(gradebook, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    said = failed(course)
    assert "database is locked" in said[1] and "close it and run this again" in said[2]
    other.execute("ROLLBACK")
    other.close()
    reports = sorted((course.root / "reports" / NAME).glob("*.json"))
    reports[0].write_bytes(reports[0].read_bytes()[:1000])
    reports[1].write_bytes(b"\xff\x00" * 500)
    gradebook.write_bytes(b"this is not a database" * 500)
    said = failed(course)
    assert "not a database" in said[1] and "restore it from a copy, or move it away" in said[2]
    assert gradebook.read_bytes() == b"this is not a database" * 500
    gradebook.unlink()
    ends_as(uninterrupted, course)


def failed(course: Course) -> list[str]:
    """What a run that cannot be done says: three lines, no traceback."""
    process = course.grade()
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2 and len(errors.splitlines()) == 3, errors
    return errors.splitlines()
