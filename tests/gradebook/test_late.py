"""Late penalties and extra credit through nbgrader's own plugins: `autograder grade` and `nbgrader autograde` agree."""

import shutil
import subprocess
import sys
import warnings
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.gradebook.scores import read_scores
from tests.gradebook.test_both_ways import ODD, rows

NAME = "t1_means"
PLUGIN = '''
from math import ceil

from nbgrader.plugins import BasePlugin


class HalfAPointAnHour(BasePlugin):
    """Half a point for each hour that has begun, and a joker for bob."""

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return None if student_id == "bob" else 0.5 * ceil(total_seconds_late / 3600)


c.AssignLatePenalties.plugin_class = HalfAPointAnHour
'''
SUBMITTED = {"ann": "2025-05-01 00:00:00 UTC", "bob": "2025-05-01 05:00:00 UTC", ODD: "2025-05-01T03:30:00+02:00",
             "eve": "2025-05-09 00:00:00 UTC", "dan": "2025-05-01 03:00:00 UTC"}


@pytest.fixture(scope="module")
def both(released, notebooks, submit, run_nbgrader, tmp_path_factory):
    """(course graded by nbgrader, copy graded by autograder), due at midnight, with two hours more for eve."""
    ours = Path(shutil.copytree(released, tmp_path_factory.mktemp("late") / "ours"))
    with open(ours / "nbgrader_config.py", "a") as file:
        file.write(PLUGIN)
    for student, notebook in notebooks.items():
        submit(ours, student, notebook, SUBMITTED[student])
    with Gradebook(f"sqlite:///{ours}/gradebook.db", "") as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate=datetime(2025, 5, 1))
        gradebook.add_student("eve")
        with warnings.catch_warnings():  # of SQLAlchemy, about nbgrader
            warnings.simplefilter("ignore")
            gradebook.add_submission(NAME, "eve", extension=timedelta(hours=2))
    theirs = Path(shutil.copytree(ours, ours.with_name("theirs")))
    grade(ours)
    done = run_nbgrader(theirs, "autograde", NAME)
    assert done.returncode == 0, done.stderr
    return theirs, ours


def grade(root: Path, *options: str) -> None:
    done = subprocess.run([sys.executable, "-m", "autograder", "grade", NAME, *options], cwd=root, text=True,
                          capture_output=True, timeout=240)
    assert done.returncode == 0, done.stderr


def test_penalties_are_those_of_nbgrader(both):
    theirs, ours = map(rows, both)
    assert ours == theirs
    scores = read_scores(both[1], NAME)
    assert {student: each.late_penalty for student, each in scores.items()} == {
        "ann": 0,  # on the second
        "bob": 0,  # the plugin gives None
        ODD: 1,    # 01:30 UTC: two hours have begun
        "eve": 8,  # 190 hours after the extension: never more than the score
        "dan": 0}  # no notebook to speak of: nothing to take away
    assert scores[ODD].score == 4 and scores["eve"].score == 0


def test_extra_credit_counts_and_the_penalty_is_taken_of_the_new_score(both, run_nbgrader):
    for root in both:
        with Gradebook(f"sqlite:///{root}/gradebook.db", "") as gradebook:
            gradebook.find_grade("scaler", "means", NAME, "eve").extra_credit = 1.5
            written = gradebook.find_grade("why_centre", "means", NAME, "eve")
            written.manual_score, written.extra_credit, written.needs_manual_grade = 2, 0.5, False
            gradebook.db.commit()
    assert run_nbgrader(both[0], "autograde", NAME, "--student", "eve", "--force").returncode == 0
    grade(both[1], "--again", "--student", "eve")
    theirs, ours = map(rows, both)
    for name in ("penalties", "comments", "submissions"):
        assert ours[name] == theirs[name]
    for mine, their in zip(ours["grades"], theirs["grades"], strict=True):
        assert mine[:-1] == their[:-1]  # all but whether to look again: nothing has changed for us, all for --force
    eve = read_scores(both[1], NAME)["eve"]
    assert sum(cell.score for cell in eve.cells.values()) == 12 and eve.late_penalty == 12
