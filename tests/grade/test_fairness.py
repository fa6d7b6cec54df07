"""No honest habit costs a point, load changes no verdict, and whatever is lost has a sentence."""

import json
import subprocess
import sys
from pathlib import Path

from autograder.grade.grader import Grader
from autograder.release.notebook import source_notebook
from benchmarks.fairness import differences

ROOT = Path(__file__).parents[2]
HABITS = {
    "magics": "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n!ls",
    "unused imports": "import os, sympy_of_my_own\nfrom a_package_of_my_own.sub import thing\nimport matplotlib.pyplot as plt",
    "noise": "import sys, warnings, logging\nprint('70 passed')\nprint('Traceback (most recent call last):', file=sys.stderr)\n"
             "warnings.warn('an honest warning')\nlogging.warning('another')\nnp.seterr(all='warn')",
    "a plot": "plt.plot([1, 2], [3, 4])\nplt.title('mine')\nplt.show()",
    "a helper": "def _sum(x):\n    print('in the helper')\n    return np.einsum('nd->n', x)",
    "a cell that fails": "1 / 0",
    "in place": "def row_mean(x):\n    x /= x.shape[1]\n    return _sum(x)\n\n\n"
                "def centred(x):\n    warnings.warn('again')\n    x -= x.mean(axis=1, keepdims=True)\n    return x, [x]",
}


def with_habits(assignment, folder: Path) -> Path:
    """The reference, with a cell for each habit at its end."""
    notebook = json.loads(source_notebook(assignment))
    notebook["cells"] += [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
                          for source in HABITS.values()]
    folder.mkdir()
    (folder / "means.ipynb").write_text(json.dumps(notebook))
    return folder


def test_no_habit_costs_a_point_and_a_regrade_gives_the_same(tiny, tmp_path):
    folder = with_habits(tiny, tmp_path / "submitted")
    with Grader(tiny, secret=b"habits") as grader:
        first, second = (grader.grade("ann", folder) for _ in range(2))
    assert [check.found for part in first.parts for check in part.checks if check.verdict != "passed"] == []
    assert first.points == first.max_points == 8
    assert any("1 / 0" in note or "ZeroDivisionError" in note for note in first.notes)
    assert any("a_package_of_my_own" in note for note in first.notes)
    first.seconds = second.seconds = 0
    assert first == second


def test_load_changes_no_verdict():
    """The sample class of the tiny course, quietly and under load; python -m benchmarks.fairness does the same again and
    again with a real assignment."""
    command = [sys.executable, "-m", "benchmarks.fairness", "--course", "tests/tiny", "--assignment", "t1_means",
               "--runs", "2", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert [run["differences"] for run in result["runs"]] == [[], [], []]
    assert result["submissions"] >= 12 and result["checks"] >= 60


def test_differences_are_found():
    assert differences({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) == []
    assert differences({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}) == ["/a/1/b: '2' became '3'"]
    assert len(differences({"a": 1}, {"b": 1})) == len(differences([1], [1, 2])) == 1
