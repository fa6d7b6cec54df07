"""What of a hand-in is kept: the notebook that was written in, the modules that it imports, under names that work."""

import json

import pytest

from autograder.collect import hand_ins, opened, take
from autograder.grade.grader import Grader
from autograder.release.notebook import release_notebook
from tests.study.helpers import cell

HELPERS = "from tools.sums import total\n\n\ndef mean_of_rows(x):\n    return total(x) / x.shape[1]\n"
SUMS = "def total(x):\n    return x.sum(axis=1)\n"


@pytest.fixture
def blank(tiny) -> str:
    return release_notebook(tiny)


@pytest.fixture
def solved(blank) -> str:
    notebook = json.loads(blank)
    cell(notebook, "code-row_mean")["source"] = "from helpers import mean_of_rows\ndef row_mean(x):\n    return mean_of_rows(x)"
    return json.dumps(notebook)


@pytest.fixture
def collected(tiny, download):
    """collected(files, system): what became of the one hand-in, and its files in submitted/."""
    def run(files: dict, system: str = "moodle"):
        with opened(download(files)) as found:
            [taken] = take(tiny, hand_ins(found, system)[0])
        folder = tiny.root / "submitted" / taken.student / tiny.name
        return taken, {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}

    return run


def test_own_modules_come_along_and_nothing_else(tiny, collected, solved):
    home = "Ann Lee_7_assignsubmission_file_"
    taken, files = collected({f"{home}/work/means.ipynb": solved, f"{home}/work/helpers.py": HELPERS,
                              f"{home}/work/tools/sums.py": SUMS, f"{home}/work/unused.py": "1 / 0", f"{home}/checks.py": "x"})
    assert files == {"means.ipynb": solved, "helpers.py": HELPERS, "tools/sums.py": SUMS}
    assert taken.notes == ["not taken: work/unused.py, checks.py"]
    with Grader(tiny) as grader:
        report = grader.grade(taken.student, tiny.root / "submitted" / taken.student / tiny.name)
    assert report.parts[0].points == 3


def test_names_that_canvas_changed_are_changed_back(collected, solved):
    _, files = collected({"leeann_7_11_means-1.ipynb": solved, "leeann_7_12_helpers-1.py": HELPERS.replace("tools.", ""),
                          "leeann_7_13_sums (2).py": SUMS}, "canvas")
    assert set(files) == {"means.ipynb", "helpers.py", "sums.py"}


@pytest.mark.parametrize("names, counts, said", [
    (("means.ipynb", "means-Copy1.ipynb"), "means-Copy1.ipynb", "not taken: means.ipynb"),
    (("means-Copy1.ipynb", "means.ipynb"), "means.ipynb", "means-Copy1.ipynb is as it was handed out: means.ipynb, which"),
    (("means-2.ipynb", "means-1.ipynb"), "means-1.ipynb", "means-2.ipynb is as it was handed out"),
])
def test_a_blank_notebook_does_not_hide_the_answered_one(collected, blank, solved, names, counts, said):
    home = "Ann Lee_7_assignsubmission_file_"
    taken, files = collected({f"{home}/{names[0]}": blank, f"{home}/{names[1]}": solved})
    assert taken.notebook == counts and files["means.ipynb"] == solved and said in " ".join(taken.notes)


@pytest.mark.parametrize("name", ["means.ipynb.txt", "means.ipynb.json", "Means (1).IPYNB.TXT"])
def test_what_mail_programs_add_to_a_name(collected, solved, name):
    taken, files = collected({f"Ann Lee_7_assignsubmission_file_/{name}": solved})
    assert taken.state == "new" and files == {"means.ipynb": solved}


def test_another_assignments_notebook_is_named(tiny, collected, solved):
    other = tiny.root / "assignments" / "t2_other"
    other.mkdir(parents=True)
    theirs = solved
    for name in ("row_mean", "centred", "scaler", "Scaler", "why_centre", "scaled"):
        theirs = theirs.replace(name, f"other_{name}")
    (other / "other.ipynb").write_text(theirs)
    (other / "checks.py").write_text("")
    taken, _ = collected({"Ann Lee_7_assignsubmission_file_/means.ipynb": theirs})
    assert taken.notes == ["this is the notebook of `t2_other`, another assignment"]
    with Grader(tiny) as grader:
        report = grader.grade(taken.student, tiny.root / "submitted" / taken.student / tiny.name)
    assert taken.notes[0] in report.notes and not any("missing" in note for note in report.notes)
