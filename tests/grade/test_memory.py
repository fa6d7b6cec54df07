"""What one submission can make of the trusted side's memory and time is bounded, and is told to its student.

Measured from inside the process that grades and writes the gradebook's notebooks: rooms are other processes, with limits
of their own. The neighbours before and after each get what they would get alone.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import load_assignment
from autograder.release.notebook import source_notebook

MOST, SECONDS = 1200, 60.0  # MB that the peak may be above what honest students need
ROW_MEAN = "return x.sum(axis=1) / x.shape[1]"

# A check as authors write them, which combines answers before it has looked at their shapes.
COMBINES = '''

@points("row_mean", 1)
def test_two_answers_are_combined(student, rng):
    """the mean of each row, taken twice, is the same"""
    x = rng.normal(size=(3, 5))
    first, second = student.row_mean(x), student.row_mean(x)
    require(np.abs(first - second).max() < 1e-9, "both are the same", "they differ")
'''

ANSWERS = {
    "one long text among empty ones": "return ['x' * 100_000] + [''] * 8000",
    "arrays of many numbers, each time others": "import random; return np.full(7_000_000, random.random())",
    "a column and a row": "row_mean.n = 1 - getattr(row_mean, 'n', 0); return np.ones((30_000, 1) if row_mean.n else (1, 30_000))",
    "a list of arrays": "return [np.ones(70_000) for _ in range(100)]",
    "as many entries as may be": "return [[0.0] * 900 for _ in range(100)]",
}
FILES = {
    "empty lists": b'{"nbformat": 4, "cells": [' + b"[]," * 20_000_000 + b"[]]}",
    "small objects": b'{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": [' + b'{"a":1},' * 450_000 + b'1], "source": ""}]}',
}


def magic(assignment) -> bytes:
    """A line that may be a magic, so that the cell must be parsed; and 1.4 MB of statements."""
    notebook = json.loads(source_notebook(assignment))
    notebook["cells"].append({"cell_type": "code", "id": "own", "metadata": {}, "outputs": [], "execution_count": None,
                              "source": "%matplotlib inline\n" + "1\n" * 12_500_000})
    return json.dumps(notebook).encode()


MEASURES = """
import json, resource, sys, time
from pathlib import Path
from autograder.course import load_assignment
from autograder.gradebook.graded import GradedNotebooks
from autograder.grade.grader import Grader
from autograder.handed_in import submissions
assignment = load_assignment("t1_means", Path.cwd())
folders, peak = submissions(Path.cwd(), "t1_means"), lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
with Grader(assignment) as grader:
    graded, notebooks = {}, GradedNotebooks(assignment)
    for student in ["ada", *(name for name in folders if name not in ("ada", "zoe")), "zoe"]:
        begun = time.monotonic()
        report = grader.grade(student, folders[student])
        graded[student] = [report.points, report.examined, peak(), time.monotonic() - begun,
                           " ".join([report.problem, *(check.found for part in report.parts for check in part.checks)])]
json.dump(graded, sys.stdout)
"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> dict[str, list]:
    """Student -> points, examined, the peak until then (MB), seconds, what was found."""
    root = tmp_path_factory.mktemp("memory") / "course"
    shutil.copytree(Path(__file__).parents[1] / "tiny", root)
    assignment = load_assignment("t1_means", root)
    assignment.checks.write_text(assignment.checks.read_text().replace("from autograder", "import numpy as np\nfrom autograder", 1) + COMBINES)
    honest = source_notebook(assignment)
    made = {"ada": honest.encode(), "zoe": honest.encode(), "statements": magic(assignment), **FILES,
            **{name: honest.replace(ROW_MEAN, body).encode() for name, body in ANSWERS.items()},
            **{f"many {number}": honest.replace(ROW_MEAN, ANSWERS["arrays of many numbers, each time others"]
                                                .replace("random.random()", f"{number} + random.random()")).encode() for number in range(5)}}
    for student, content in made.items():
        folder = root / "submitted" / student / "t1_means"
        folder.mkdir(parents=True)
        (folder / "means.ipynb").write_bytes(content)
    done = subprocess.run([sys.executable, "-c", MEASURES], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_the_neighbours_have_their_points(graded):
    assert graded["ada"][0] == graded["zoe"][0] == 9


def test_memory_and_time_are_bounded(graded):
    before = graded["ada"][2]
    assert graded["many 4"][2] - graded["many 1"][2] < 100  # what one leaves behind is not kept for the next
    assert {student: each[2] - before for student, each in graded.items() if each[2] - before > MOST} == {}
    assert {student: each[3] for student, each in graded.items() if each[3] > SECONDS} == {}


def test_what_takes_too_much_is_that_students_report(graded):
    assert all(each[1] for each in graded.values())
    assert all(each[0] < 9 for student, each in graded.items() if student not in ("ada", "zoe", "statements"))
    assert "4000000 entries" in graded["empty lists"][4]
    assert "`mean` is 8001 values" in graded["one long text among empty ones"][4]
    assert "MemoryError: Unable to allocate 6.71 GiB" in graded["a column and a row"][4]

