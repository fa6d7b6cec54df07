"""What names hidden checks, and what holds grades, is for its owner alone; and for a group, where a course is shared."""

import os
import stat
import subprocess
import sys

import pytest

from autograder.grade.grader import Grader
from autograder.private import HELD
from autograder.release.build import release
from autograder.release.notebook import source_notebook
from autograder.report import report_path, save

COPIED = ("feedback", "build")  # by nbgrader, with their rights: they lie behind a closed folder
VERBS = ["grade", "feedback", "report", "similar", "export"]
MADE = {"reports", "gradebook.db", "autograded", "feedback", "similar", "overview", "exports", "build"}


@pytest.fixture
def submitted(tiny):
    for student in ("ada", "ben"):
        folder = tiny.root / "submitted" / student / tiny.name
        folder.mkdir(parents=True)
        (folder / "means.ipynb").write_text(source_notebook(tiny))
    release(tiny)
    return tiny


def run(assignment, verb: str) -> None:
    done = subprocess.run([sys.executable, "-m", "autograder", verb, assignment.name], cwd=assignment.root, umask=0o022,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def open_to(root, rights: int) -> list[str]:
    """What in the course's folders of results somebody with these rights may read."""
    places = [path for name in HELD for top in [root / name] for path in (top, *(top.rglob("*") if name not in COPIED else ()))
              if path.exists()]
    return [str(path.relative_to(root)) for path in places if stat.S_IMODE(path.stat().st_mode) & rights]


def test_all_that_instructors_commands_write(submitted):
    (submitted.root / "reports").mkdir(mode=0o755)
    for verb in VERBS:
        run(submitted, verb)
    assert {path.name for path in submitted.root.iterdir()} >= MADE
    assert open_to(submitted.root, 0o077) == []
    page = submitted.root / "feedback" / "ada" / submitted.name / "means.html"
    assert stat.S_IMODE(page.stat().st_mode) == 0o644  # nbgrader releases it to its student with the rights that it has
    handed_out = submitted.root / "assignments" / submitted.name / "means.ipynb"
    assert stat.S_IMODE(handed_out.stat().st_mode) & 0o044 == 0o044  # what is for students stays theirs


def test_a_course_that_a_group_shares(submitted):
    submitted.root.chmod(0o2770)
    run(submitted, "grade")
    assert open_to(submitted.root, 0o007) == []
    for name in (f"reports/{submitted.name}/ada.json", "gradebook.db"):
        assert stat.S_IMODE((submitted.root / name).stat().st_mode) == 0o660


def test_a_report_is_closed_whoever_writes_it(submitted):
    """nbgrader's own command, too, which knows nothing of our command line."""
    before = os.umask(0o022)
    try:
        with Grader(submitted) as grader:
            path = report_path(submitted.root, submitted.name, "ada")
            save(grader.grade("ada", submitted.root / "submitted" / "ada" / submitted.name), path)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent, path.parent.parent)] == [0o600, 0o700, 0o700]
