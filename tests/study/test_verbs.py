"""hint, reveal, reset and submit, as a student types them."""

import json
import os
import shutil
import time
import zipfile

import pytest

from autograder.notebook import kept
from autograder.report import CheckResult, PartResult
from autograder.study.bench import Bench
from autograder.study.hint import next_hint
from autograder.study.statement import passages
from tests.study.helpers import autograder, cell, load, save, solve

SUM = "def row_mean(x):\n    return x.sum(axis=1)\n"
COLUMNS = "def row_mean(x):\n    return x.mean(axis=0)\n"


def hint(copy, part: str) -> dict:
    done = autograder("hint", part, "--json", cwd=copy.folder)
    return json.loads(done.stdout) | {"code": done.returncode}


def test_hints_come_one_by_one(copy, solution):
    solve(copy.notebook, solution, row_mean=SUM)
    first, second, third, fourth = (hint(copy, "row_mean") for _ in range(4))
    assert first["code"] == 1 and first["of"] == 3 and len(first["hints"]) == 1
    assert first["hints"][0].startswith("asked: the mean of each row equals the reference\nfound: ")
    assert second["hints"] == [*first["hints"], "This is the sum of each row: a mean divides it by the number of entries."]
    assert third["hints"][2] == 'read again: The mean of each row, above `check("row_mean")`'
    assert fourth["hints"] == third["hints"]
    solve(copy.notebook, solution, row_mean=COLUMNS)  # another mistake: from the start
    assert len(hint(copy, "row_mean")["hints"]) == 1
    solve(copy.notebook, solution, "row_mean")
    right = hint(copy, "row_mean")
    assert right["right"] and right["code"] == 0 and right["hints"] == []


def test_hints_in_words_name_the_part_that_comes_first(copy, solution):
    solve(copy.notebook, solution, "centred")
    autograder("hint", "centred", cwd=copy.folder)
    said = autograder("hint", "centred", cwd=copy.folder)
    assert said.returncode == 1 and said.stdout.splitlines() == [
        "centred, hint 1 of 3", "  asked: each row less its mean", "  found: waits for `row_mean`, which is not written yet",
        "centred, hint 2 of 3", "  that part comes first: `autograder hint row_mean`",
        "try again; the same command says one thing more"]


def test_no_hint_holds_code(copy, solution):
    answers = [line.strip() for part in ("row_mean", "centred", "Scaler")
               for line in "".join(cell(solution, f"code-{part}")["source"]).splitlines() if "return" in line]
    with Bench(copy) as bench:
        for result in bench.examine(copy.submission()).results:
            given = [next_hint(copy, result) for _ in range(4)][-1]
            assert len(given.hints) == given.of >= 2
            assert not any(line in "\n".join(given.hints) for line in answers)


def test_passages_of_the_course(assignment):
    from autograder.release.notebook import release_notebook

    found = passages(json.loads(release_notebook(assignment))["cells"])
    assert list(found) == [part.name for part in assignment.plan.parts]
    for part, passage in found.items():
        assert passage.headings and passage.cells == [each.name for each in assignment.cells_of(part)]


def test_answers_are_shown_only_where_they_are(copy, tiny):
    nothing = autograder("reveal", "row_mean", "--yes", cwd=copy.folder)
    assert nothing.returncode == 2 and "autograder hint row_mean" in nothing.stderr and "axis" not in nothing.stdout
    not_wanted = autograder("reveal", "row_mean", cwd=tiny.root, given="n\n")
    assert not_wanted.returncode == 1 and "axis" not in not_wanted.stdout
    shown = autograder("reveal", "row_mean", cwd=tiny.root, given="y\n")
    assert shown.returncode == 0 and "    return x.sum(axis=1) / x.shape[1]  # (N,)\n" in shown.stdout
    assert "- This is the sum of each row" in shown.stdout and "###" not in shown.stdout


def test_reset_puts_the_stub_back_and_keeps_a_copy(copy, solution):
    handed_out = load(copy.notebook)
    solve(copy.notebook, solution, "centred", row_mean=SUM)
    assert autograder("reset", "row_mean", cwd=copy.folder, given="\n").returncode == 1
    before = copy.notebook.read_bytes()
    done = autograder("reset", "row_mean", "--yes", cwd=copy.folder)
    assert done.returncode == 0 and "the part `row_mean` is as it was handed out: `row_mean`" in done.stdout and "Reload Notebook" in done.stdout
    assert cell(load(copy.notebook), "code-row_mean") == cell(handed_out, "code-row_mean")
    assert "row_mean(x)" in "".join(cell(load(copy.notebook), "code-centred")["source"])
    assert (copy.folder / ".autograder" / "means.before-reset-1.ipynb").read_bytes() == before
    assert "nothing to do" in autograder("reset", "row_mean", "--yes", cwd=copy.folder).stdout


def test_reset_puts_deleted_cells_back_in_their_place(copy):
    handed_out = load(copy.notebook)
    notebook = load(copy.notebook)
    gone = ("code-centred", "centred")
    notebook["cells"] = [each for each in notebook["cells"]
                         if each["metadata"].get("nbgrader", {}).get("grade_id") not in gone]
    save(notebook, copy.notebook)
    assert autograder("reset", "centred", "--yes", cwd=copy.folder).returncode == 0
    assert load(copy.notebook)["cells"] == handed_out["cells"]


def submit(copy, *options: str) -> dict:
    done = autograder("submit", copy.notebook, "--json", *options, cwd=copy.folder.parent)
    return json.loads(done.stdout) | {"code": done.returncode}


def test_a_whole_notebook_is_zipped(copy, solution):
    solve(copy.notebook, solution, "row_mean")
    autograder("check", copy.notebook, cwd=copy.folder)
    found = submit(copy)
    assert found["code"] == 0 and found["problems"] == [] and found["submitted"]
    assert found["not_attempted"] == ["centred", "scaler"] and found["not_answered"] == ["why_centre"]
    assert (found["points"], found["max_points"]) == (2, 7)
    assert found["zip"] == str(copy.folder.parent.parent / "handin" / "t1_means.zip")
    renamed = copy.notebook.rename(copy.folder / "means (Zoë, final).ipynb")
    again = autograder("submit", renamed, cwd=copy.folder)
    assert again.returncode == 0 and "hand in this file: " in again.stdout and "\x1b" not in again.stdout
    with zipfile.ZipFile(found["zip"]) as archive:
        assert archive.namelist() == ["means.ipynb"]
        assert archive.read("means.ipynb") == renamed.read_bytes()


def without(name):
    def change(notebook):
        notebook["cells"].remove(cell(notebook, name))
    return change


def twice(notebook):
    notebook["cells"].append(json.loads(json.dumps(cell(notebook, "code-centred"))))


def of_last_year(notebook):
    cell(notebook, "code-centred")["metadata"]["nbgrader"]["checksum"] = "0" * 32


def half_typed(notebook):
    cell(notebook, "code-centred")["source"] = "def centred(x):\n    return ("


@pytest.mark.parametrize(("change", "problem"), [
    (without("centred"), "cells of the handout that are missing (`autograder reset PART` puts a part's back): centred"),
    (without("why_centre"), "puts a part's back): why_centre"),
    (twice, "cells that stand in the notebook twice (delete the copy): code-centred"),
    (of_last_year, "cells from another version of the assignment"),
    (half_typed, "does not compile: '(' was never closed (line 2)"),
])
def test_what_would_cost_points_is_said_first(copy, change, problem):
    notebook = load(copy.notebook)
    change(notebook)
    save(notebook, copy.notebook)
    found = submit(copy)
    assert found["code"] == 1 and len(found["problems"]) == 1 and problem in found["problems"][0] and not found["zip"]
    assert submit(copy, "--anyway")["code"] == 0


def test_changed_given_cells_are_a_note(copy):
    notebook = load(copy.notebook)
    cell(notebook, "given-scaled")["source"] = "def scaled(x):\n    return 3 * x"
    save(notebook, copy.notebook)
    found = submit(copy)
    assert found["code"] == 0 and "given cells that were changed" in found["notes"][0]


def test_a_notebook_that_is_not_saved_is_noticed(copy):
    long_ago = time.time() - 600
    os.utime(copy.notebook, (long_ago, long_ago))
    assert submit(copy)["code"] == 0
    kept.keep(copy.notebook, [PartResult("row_mean", [CheckResult("a", "b", 1)])], kept.SHELL)
    assert submit(copy)["code"] == 0  # a look at the saved file says nothing about what is not saved
    kept.keep(copy.notebook, [PartResult("row_mean", [CheckResult("a", "b", 1)])], kept.KERNEL)
    found = submit(copy)
    assert found["code"] == 1 and "a check cell ran after the notebook was last saved" in found["problems"][0]
    os.utime(copy.notebook)
    assert submit(copy)["code"] == 0
    checkpoint = copy.folder / ".ipynb_checkpoints" / "means-checkpoint.ipynb"
    checkpoint.parent.mkdir()
    shutil.copy(copy.notebook, checkpoint)
    os.utime(copy.notebook, (long_ago, long_ago))
    kept.write(copy.notebook, kept.Kept())
    assert submit(copy)["code"] == 0  # the same content
    checkpoint.write_text("{}")
    assert "a newer checkpoint" in submit(copy)["problems"][0]


def test_what_is_not_a_notebook_cannot_be_handed_in(copy):
    copy.notebook.write_bytes(copy.notebook.read_bytes()[:500])
    done = autograder("submit", copy.notebook, cwd=copy.folder)
    assert done.returncode == 2 and "it is not JSON" in done.stderr


def test_nbgraders_exchange_takes_the_submission(copy, tmp_path):
    """A real exchange: the course releases, the student fetches, works, and submits with our command."""
    from tests.study.helpers import nbgrader

    exchange, course, student = (tmp_path / name for name in ("exchange", "course", "student"))
    for folder in (exchange, student, course / "release"):
        folder.mkdir(parents=True)
    exchange.chmod(0o777)
    shutil.copytree(copy.folder, course / "release" / "t1_means")
    settings = f"c = get_config()\nc.CourseDirectory.course_id = 'dl'\nc.Exchange.root = {str(exchange)!r}\n"
    for folder in (course, student):
        (folder / "nbgrader_config.py").write_text(settings)
    nbgrader("release_assignment", "t1_means", cwd=course)
    nbgrader("fetch_assignment", "t1_means", cwd=student)
    notebook = student / "t1_means" / "means.ipynb"
    kept.write(notebook, kept.Kept())
    assert json.loads(autograder("progress", "--json", cwd=student).stdout)[0]["notebook"] == str(notebook)
    done = autograder("submit", notebook, "--exchange", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Submitted as: dl t1_means" in done.stdout and not (student / "handin").exists()
    received, = (exchange / "dl" / "inbound").glob("*+t1_means+*")
    assert {"means.ipynb", "timestamp.txt"} < {path.name for path in received.iterdir()}
    assert not (received / ".autograder").exists()
    (student / "nbgrader_config.py").write_text("c = get_config()\n")
    failed = autograder("submit", notebook, "--exchange", cwd=tmp_path)
    assert failed.returncode == 2 and "leave --exchange away" in failed.stderr
