"""Nothing that a student is shown was said by a process that has been sent the inputs of hidden checks."""

import json
from pathlib import Path

import pytest

from autograder.course import load_assignment
from autograder.grade.grader import Grader
from autograder.release.notebook import source_notebook
from autograder.render import lines_for_student, public
from autograder.report import Report

TINY = load_assignment("t1_means", Path(__file__).parents[1] / "tiny")
HIDDEN = "7, 2"  # the shape of what the hidden check of `row_mean` asks

# What was called so far, and every array that lies in the process: sent ahead, waiting, or left over.
TELLS = """
import gc
asked = []

def known(x):
    asked.append(x.shape)
    return str(asked + [each.shape for each in gc.get_objects() if type(each) is np.ndarray]
               + [each.shape for there in gc.get_objects() if isinstance(there, (list, tuple, dict))
                  for each in (there.values() if isinstance(there, dict) else there) if type(each) is np.ndarray])
"""

SPIES = {
    "raises what it has seen": """
def row_mean(x):
    known(x)
    return x.mean(axis=1)

def centred(x):
    raise ValueError(known(x))
""",
    "raises it at once": """
def row_mean(x):
    raise ValueError(known(x))
""",
    "prints it": """
def row_mean(x):
    print(known(x))
    return x.mean(axis=1)
""",
    "names a function by it": """
def row_mean(x):
    names, told = {}, "seen_" + "_".join(map(str, x.shape))
    source = f"def {told}():\\n    raise NotImplementedError('write your code here')"
    exec(compile(source, known.__code__.co_filename, "exec"), names)
    names[told]()
"""}


@pytest.fixture(scope="module")
def grader():
    with Grader(TINY, b"secret") as opened:
        yield opened


def graded(grader: Grader, folder: Path, source: str) -> Report:
    notebook = json.loads(source_notebook(TINY))
    notebook["cells"].append({"cell_type": "code", "id": "spy", "metadata": {}, "source": source, "outputs": [],
                              "execution_count": None})
    (folder / "means.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return grader.grade("spy", folder)


@pytest.mark.parametrize("spy", SPIES)
def test_what_a_student_sees_was_never_beside_hidden_inputs(spy, grader, tmp_path):
    report = graded(grader, tmp_path, TELLS + SPIES[spy])
    checks = [check for part in map(public, report.parts) for check in part.checks]
    shown = [line for check in checks for line in [check.found, *lines_for_student(check)]] + report.notes + [report.output]
    assert any("3, 5" in text or "3_5" in text for text in shown), shown
    assert not [text for text in shown if HIDDEN in text or HIDDEN.replace(", ", "_") in text]


def test_the_spy_would_see_them(grader, tmp_path):
    """In the room of the hidden checks it does: the test above would fail if that were the room of the others."""
    hidden = graded(grader, tmp_path, TELLS + SPIES["raises it at once"]).parts[0].checks[1]
    assert hidden.hidden and HIDDEN in hidden.found


def test_the_right_answer_has_its_points(grader, tmp_path):
    report = graded(grader, tmp_path, "")
    assert report.points == report.max_points
