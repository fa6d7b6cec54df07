"""Release: byte-stable, fresh, free of answers, and the same as nbgrader's own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.audit.parts import PartAuditor
from autograder.course import load_assignment
from autograder.errors import CourseError, StaleRelease
from autograder.examine.open import course_examiner
from autograder.examine.recorded import read_notebook
from autograder.release import build
from autograder.release.notebook import release_notebook

ROOT = Path(__file__).parents[2]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_builds_are_byte_identical(tiny):
    assert build.release(tiny) == ["checks.py", "means.ipynb", "recorded.h5"]
    first = contents(tiny.handout)
    assert build.release(load_assignment("t1_means", tiny.root)) == []
    assert contents(tiny.handout) == first


def test_the_student_gets_stubs_and_visible_checks(tiny):
    build.release(tiny)
    files = contents(tiny.handout)
    notebook = json.loads(files["means.ipynb"])
    text = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    assert text.count('raise NotImplementedError("write your code here")') == 3
    assert "x.sum(axis=1)" not in text and "model answer" not in text and "SOLUTION" not in text
    assert "*Write your answer here.*" in text
    assert b"test_mean_of_many_rows" not in files["checks.py"] and b"HIDDEN" not in files["checks.py"]


def test_the_recording_keeps_the_notebook_as_it_was_handed_out(tiny):
    build.release(tiny)
    assert read_notebook(tiny.handout / "recorded.h5") == ("means.ipynb", (tiny.handout / "means.ipynb").read_bytes())


def test_cells_have_nbgrader_metadata(tiny):
    cells = json.loads(release_notebook(tiny))["cells"]
    marked = {cell["metadata"]["nbgrader"]["grade_id"]: cell["metadata"]["nbgrader"] for cell in cells
              if "nbgrader" in cell["metadata"]}
    assert marked["row_mean"]["grade"] and marked["row_mean"]["locked"] and marked["row_mean"]["points"] == 3
    assert marked["code-row_mean"]["solution"] and not marked["code-row_mean"]["grade"]
    assert marked["why_centre"]["grade"] and marked["why_centre"]["solution"] and marked["why_centre"]["points"] == 2
    assert all(entry["schema_version"] == 3 for entry in marked.values())
    assert len({cell["id"] for cell in cells}) == len(cells)


def test_a_stale_handout_names_the_command(tiny):
    build.release(tiny)
    build.verify(tiny)
    (tiny.handout / "checks.py").write_text("x")
    (tiny.handout / "stray.txt").write_text("x")
    with pytest.raises(StaleRelease, match="(?s)checks.py, stray.txt.*autograder release t1_means"):
        build.verify(tiny)
    build.release(tiny)
    assert not (tiny.handout / "stray.txt").exists()


def test_the_scan_refuses_solution_text_and_stray_files(tiny):
    from autograder.release.scan import scan

    with pytest.raises(CourseError, match="a line of a solution"):
        scan(tiny, {"extra.py": b"    return x.sum(axis=1) / x.shape[1]  # (N,)\n"})
    with pytest.raises(CourseError, match="hidden test"):
        scan(tiny, {"extra.py": b"def test_mean_of_many_rows(student, reference, rng):\n"})
    with pytest.raises(CourseError, match="SOLUTION region"):
        scan(tiny, {"extra.py": b"### BEGIN SOLUTION\n"})
    with pytest.raises(CourseError, match="does not belong"):
        scan(tiny, {"__pycache__/checks.cpython-311.pyc": b""})
    with pytest.raises(CourseError, match="has an output"):
        scan(tiny, {"a.ipynb": json.dumps({"cells": [{"source": [], "outputs": [1]}]}).encode()})


def test_a_check_that_the_reference_fails_cannot_be_released(tiny):
    tiny.checks.write_text(tiny.checks.read_text().replace("worst < 1e-9", "worst > 1"))
    with pytest.raises(CourseError, match="the reference passes `test_centred_rows_sum_to_zero`"):
        build.release(load_assignment("t1_means", tiny.root))


def test_nbgrader_generates_the_same_bytes(tiny):
    build.release(tiny)
    ours = contents(tiny.handout)
    (tiny.root / "nbgrader_config.py").write_bytes((ROOT / "nbgrader_config.py").read_bytes())
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "t1_means", "--force"]
    done = subprocess.run(command, cwd=tiny.root, capture_output=True, text=True,
                          env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"})
    assert done.returncode == 0, done.stderr
    assert contents(tiny.handout) == ours


@pytest.mark.parametrize("draws", ["np.random.normal(size=(3, 5))", "np.random.default_rng().normal(size=(3, 5))",
                                   "np.array([[random.random(), time.perf_counter()]])", "torch.rand(3, 5).numpy()"])
def test_a_check_that_asks_something_else_each_time_is_named(tiny, draws):
    """At home its questions would not be those that the recorded answers are answers to: who is right would fail."""
    visible, hidden = "student.row_mean(x), reference.row_mean(x), \"mean\"", "rng.normal(size=(7, 2))"
    text = tiny.checks.read_text().replace("from autograder", "import random\nimport time\n\nimport numpy as np\nimport torch\n\nfrom autograder", 1)
    tiny.checks.write_text(text.replace("x = rng.normal(size=(3, 5))\n    same(", f"x = {draws}\n    same(", 1))
    assert visible in text and hidden in text
    line = 1 + next(number for number, line in enumerate(tiny.checks.read_text().splitlines()) if "test_each_row" in line)
    with pytest.raises(CourseError, match=rf"(?s)checks.py:{line}: `test_each_row_has_its_mean` asks the same.*hint: draw with"):
        build.release(load_assignment("t1_means", tiny.root))
    tiny.checks.write_text(text.replace(hidden, draws))
    tiny = load_assignment("t1_means", tiny.root)
    build.release(tiny)  # a hidden check is recorded nowhere: the audit names it
    with course_examiner(tiny) as examiner:
        problem, = PartAuditor(tiny, examiner).audit("row_mean", 0).problems
    assert "`test_mean_of_many_rows` asks something else each time" in problem


def test_what_the_notebook_draws_is_its_own_affair(tiny):
    """A reference may draw from global generators (dropout does): the check asks the same all the same."""
    text = tiny.checks.read_text()
    tiny.checks.write_text(text.replace("x = rng.normal(size=(3, 5))", 'x = student.evaluate("np.random.normal(size=(3, 5))") * 2', 1))
    assert build.release(load_assignment("t1_means", tiny.root))
