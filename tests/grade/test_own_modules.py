"""A student's own modules beside the notebook: examined at home and in grading alike."""

import json

import pytest

from autograder.grade.grader import Grader
from autograder.release.notebook import release_notebook
from autograder.submission import find_notebook, read_submission
from tests.study.helpers import cell

HELPERS = '''"""What several cells need."""
import numpy as np

from tools.sums import total


def mean_of_rows(x):
    return total(x) / x.shape[1]
'''
CELLS = {"row_mean": "from helpers import mean_of_rows\n\n\ndef row_mean(x):\n    return mean_of_rows(x)",
         "centred": "def centred(x):\n    import helpers\n    mean = helpers.mean_of_rows(x)\n    return x - mean[:, None], None"}
FILES = {"helpers.py": HELPERS, "tools/sums.py": "def total(x):\n    return x.sum(axis=1)\n", "unused.py": "1 / 0\n",
         "checks.py": "raise RuntimeError('the course has its own')\n"}


@pytest.fixture
def folder(tiny, tmp_path):
    """A submission whose functions stand in modules beside the notebook."""
    notebook = json.loads(release_notebook(tiny))
    for name, source in CELLS.items():
        cell(notebook, f"code-{name}")["source"] = source
    folder = tmp_path / "submission"
    for name, text in {**FILES, "means.ipynb": json.dumps(notebook)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    """points(assignment, folder): part -> points, and the report."""
    def graded(assignment, folder):
        with Grader(assignment) as grader:
            report = grader.grade("ann", folder)
        return {part.name: part.points for part in report.parts}, report

    return graded


def test_what_is_imported_travels_and_nothing_else(tiny, folder):
    submission = read_submission(folder / "means.ipynb", tiny)
    assert list(submission.modules) == ["helpers.py", "tools/sums.py"]


def test_your_code_holds_what_it_uses_of_them(tiny, folder):
    code = read_submission(folder / "means.ipynb", tiny).code
    assert code["row_mean"] == CELLS["row_mean"] + (
        "\n\n\n# helpers.py\ndef mean_of_rows(x):\n    return total(x) / x.shape[1]"
        "\n\n\n# tools/sums.py\ndef total(x):\n    return x.sum(axis=1)")
    assert "# helpers.py" in code["centred"] and "# helpers.py" not in code["scaler"]


def test_the_room_imports_them(tiny, folder, points):
    found, report = points(tiny, folder)
    assert found == {"row_mean": 3, "centred": 3, "scaler": 0} and report.notes == []


def test_a_fault_in_one_has_its_line(tiny, folder, points):
    (folder / "tools" / "sums.py").write_text("def total(x):\n    return x.nothing\n")
    found, report = points(tiny, folder)
    where = report.parts[0].checks[0].where
    assert found["row_mean"] == 0 and [place[0] for place in where][1:] == ["helpers.py", "tools/sums.py"]
    assert where[-1][1] == 2


def test_an_unused_import_in_one_that_is_not_installed_costs_nothing(tiny, folder, points):
    (folder / "helpers.py").write_text("import no_such_package\n" + HELPERS)
    found, report = points(tiny, folder)
    assert found["row_mean"] == 3 and "imports `no_such_package`, which is not installed here" in report.notes[0]


def test_one_that_does_not_compile_is_said(tiny, folder, points):
    (folder / "helpers.py").write_text("def mean_of_rows(x:\n")
    found, report = points(tiny, folder)
    assert found["row_mean"] == 0 and "SyntaxError" in " ".join(report.notes)


def test_links_out_of_a_submission_are_not_followed(tiny, folder, tmp_path):
    (tmp_path / "secret.py").write_text("SECRET = 1")
    (folder / "helpers.py").unlink()
    (folder / "helpers.py").symlink_to(tmp_path / "secret.py")
    assert read_submission(folder / "means.ipynb", tiny).modules == {}


def test_a_change_in_one_is_graded_again(folder):
    from autograder.grade.key import submission_key

    before = submission_key("course", folder)
    (folder / "helpers.py").write_text(HELPERS + "\n# better\n")
    assert submission_key("course", folder) != before


def test_they_travel_to_another_machine(folder, tmp_path):
    from autograder.grade.job import Job
    from autograder.grade.parcel import Parcel

    (tmp_path / "there").mkdir()
    there = Parcel.of(Job(folder)).unpack(tmp_path / "there").folder
    assert (there / "tools" / "sums.py").read_text() == FILES["tools/sums.py"]
    assert find_notebook(there, "means")[0] == there / "means.ipynb"
