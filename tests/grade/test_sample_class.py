"""The sample class of each assignment, graded in the real room: everyone gets what a fair human would give.

What is no notebook, ends the process or never ends is the same in each: it is tried in the first, with --all in each.
"""

import contextlib
import os
import pty
import subprocess
import sys

import pytest

from autograder.examine import examiner
from autograder.grade.grader import Grader
from autograder.release.notebook import source_notebook
from autograder.sample import write_class

SAME_IN_EACH = {"ines-syntax-error", "jo-missing-file", "kim-renamed-function", "lena-endless-loop", "max-exits", "otto-not-a-notebook"}
ENDLESS = "lena-endless-loop"  # half a minute with the real deadlines, which tests/golden/endless has

# Points of the first assignment's class, argued in words: what is lost is what is wrong, and what cannot be examined
# without it because it reads the wrong part's private cache.
FIRST = {
    "ada-perfect": 90, "bela-other-style": 90, "cleo-blank": 0, "jo-missing-file": 0, "nora-cheats": 0,
    "otto-not-a-notebook": 0,
    "kim-renamed-function": 75,    # rnn_forward (5) is not there, nor the cache that rnn_backward (10) needs
    ENDLESS: 69,                   # rnn_step_forward (4) hangs, so do the caches of its two backward passes (7 + 10)
    "max-exits": 69,               # the same
    "ines-syntax-error": 73,       # rnn_step_backward (7) does not compile, and rnn_backward (10) calls it
}


@contextlib.contextmanager
def hurried(student: str):
    """Shorter deadlines for who would use them up."""
    with pytest.MonkeyPatch.context() as patch:
        if student == ENDLESS:
            patch.setattr(examiner, "CALM", examiner.CALM._replace(seconds=examiner.HURRIED.seconds))
        yield


@pytest.fixture(scope="module")
def graded(tmp_path_factory, everything):
    """The reports of an assignment's sample class, by student; graded once."""
    done = {}

    def grade(assignment):
        if assignment.name not in done:
            folder = tmp_path_factory.mktemp(assignment.name)
            students = write_class(assignment, folder)
            if assignment.name != "a1_rnn_captioning" and not everything:
                students = [name for name in students if name not in SAME_IN_EACH]
            done[assignment.name] = {}
            with Grader(assignment, secret=b"sample") as grader:
                for name in students:
                    with hurried(name):
                        done[assignment.name][name] = grader.grade(name, folder / name / assignment.name)
        return done[assignment.name]

    return grade


def test_right_answers_have_all_points(assignment, graded):
    reports = graded(assignment)
    for name in ("ada-perfect", "bela-other-style"):
        lost = [(check.name, check.found) for part in reports[name].parts for check in part.checks
                if check.points < check.max_points]
        assert lost == [], name
        assert reports[name].notes == []


def test_nothing_is_got_for_nothing(assignment, graded):
    reports = graded(assignment)
    for name in {"cleo-blank", "jo-missing-file", "nora-cheats", "otto-not-a-notebook"} & reports.keys():
        assert reports[name].points == 0, name
    assert {"cleo-blank", "nora-cheats"} <= reports.keys()


def test_nobody_meets_a_broken_check(assignment, graded):
    assert not [name for name, report in graded(assignment).items() if report.counts()["broken"]]


def test_a_single_mistake_costs_something_but_not_much(assignment, graded):
    for name, report in graded(assignment).items():
        if name.split("-")[0] in ("eli", "finn", "gita", "hugo"):
            assert 0.6 * report.max_points <= report.points < report.max_points, name
            assert report.hints(), name


def test_every_deduction_has_a_sentence(assignment, graded):
    for report in graded(assignment).values():
        assert all(check.found for part in report.parts for check in part.checks if check.points < check.max_points)


def test_the_class_of_the_first_assignment(assignment, graded):
    if assignment.name == "a1_rnn_captioning":
        assert {name: graded(assignment)[name].points for name in FIRST} == FIRST


def test_the_bar_says_that_it_gets_ready(tiny):
    """What a person at a terminal reads before the first report is there."""
    folder = tiny.root / "submitted" / "ada" / tiny.name
    folder.mkdir(parents=True)
    (folder / "means.ipynb").write_text(source_notebook(tiny))
    ours, theirs = pty.openpty()
    done = subprocess.Popen([sys.executable, "-m", "autograder", "grade", tiny.name, "--no-gradebook"], cwd=tiny.root,
                            stdout=subprocess.DEVNULL, stderr=theirs, env=os.environ | {"COLUMNS": "120", "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # how a closed terminal ends
        while piece := os.read(ours, 1 << 16):
            shown += piece
    os.close(ours)
    assert done.wait() == 0 and b"getting ready" in shown


def test_an_invented_class_asks_before_it_joins_a_real_one(tiny):
    """Nothing is written before the answer."""
    run = [sys.executable, "-m", "autograder", "sample", tiny.name]
    submitted = tiny.root / "submitted"
    (submitted / "ann" / tiny.name).mkdir(parents=True)
    asked = subprocess.run(run, cwd=tiny.root, text=True, capture_output=True, input="n\n")
    assert asked.returncode == 1 and "1 who handed in (ann)" in asked.stdout and "--into" in asked.stdout
    assert [path.name for path in submitted.iterdir()] == ["ann"]
    subprocess.run([*run, "--into", "other"], cwd=tiny.root, capture_output=True, check=True)
    assert [path.name for path in submitted.iterdir()] == ["ann"]
    again = subprocess.run([*run, "--into", "other"], cwd=tiny.root, capture_output=True, check=True, text=True)
    assert "15 submissions" in again.stdout  # over a sample class without a question
