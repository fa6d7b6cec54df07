"""What a student wrote does not vanish at home: names gone, types changed, copies, modules, packages, old formats."""

import json
import zipfile

import nbformat
import pytest

from autograder.errors import DataError
from autograder.study.bench import Bench
from autograder.study.handout import Handout, in_folder
from autograder.study.look_over import look_over
from autograder.study.reset import reset
from autograder.study.submit import make_zip
from autograder.study.watch import examined
from tests.study.helpers import cell, load, save, solve

HELPERS = "def mean_of_rows(x):\n    return x.sum(axis=1) / x.shape[1]\n"
WITH_HELPERS = "from helpers import mean_of_rows\n\n\ndef row_mean(x):\n    return mean_of_rows(x)"


@pytest.fixture(scope="module")
def check():
    """check(copy): points by part, and what is said."""
    def run(copy: Handout) -> tuple[dict[str, float], list[str]]:
        with Bench(copy) as bench:
            results, notes = examined(copy, bench)
        return {result.name: result.points for result in results}, notes

    return run


def change(copy, function) -> None:
    notebook = load(copy.notebook)
    function(notebook)
    save(notebook, copy.notebook)


def without_names(notebook: dict) -> None:
    for number, each in enumerate(notebook["cells"]):
        each["metadata"], each["id"] = {}, f"new-{number}"


def in_format(version: int, notebook: dict) -> dict:
    """The notebook as an older Jupyter wrote it."""
    if version == 4:
        cells = [{key: value for key, value in each.items() if key != "id"} for each in notebook["cells"]]
        return notebook | {"cells": cells, "nbformat_minor": 0}
    for each in notebook["cells"]:
        each["source"] = "".join(each["source"])
    old = json.loads(json.dumps(nbformat.convert(nbformat.from_dict(notebook), 3)))
    for each in old["worksheets"][0]["cells"]:
        for key in ("input", "source"):
            if key in each:
                each[key] = each[key].splitlines(True)
    old["worksheets"][0]["cells"].insert(0, {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Means, ", "again"]})
    return old


def test_an_own_module_is_checked_and_handed_in(copy, solution, check):
    solve(copy.notebook, solution, row_mean=WITH_HELPERS)
    (copy.folder / "helpers.py").write_text(HELPERS)
    (copy.folder / "notes.py").write_text("1 / 0")
    points, notes = check(copy)
    assert points["row_mean"] == 2 and notes == []
    assert "your own modules go with it: helpers.py" in look_over(copy).notes
    with zipfile.ZipFile(make_zip(copy)) as archive:
        assert archive.namelist() == ["means.ipynb", "helpers.py"] and archive.read("helpers.py").decode() == HELPERS


def test_a_changed_module_is_a_change(copy, solution):
    from autograder.study.watch import keys_of

    solve(copy.notebook, solution, row_mean=WITH_HELPERS)
    (copy.folder / "helpers.py").write_text(HELPERS)
    before = keys_of(copy, copy.submission())
    (copy.folder / "helpers.py").write_text(HELPERS.replace("sum", "mean"))
    after = keys_of(copy, copy.submission())
    assert before["row_mean"] != after["row_mean"] and before["scaler"] == after["scaler"]


def test_a_module_that_does_not_compile_is_a_problem(copy, solution):
    solve(copy.notebook, solution, row_mean=WITH_HELPERS)
    (copy.folder / "helpers.py").write_text("def mean_of_rows(x:\n")
    assert any(problem.startswith("helpers.py does not compile") for problem in look_over(copy).problems)


@pytest.mark.parametrize("source, asked", [
    ("import hypothesis\n\n\ndef row_mean(x):\n    return hypothesis", True),
    ("def row_mean(x):\n    from hypothesis import given\n    return given", True),
    ("import hypothesis\n\n\ndef row_mean(x):\n    return x", False),           # nothing uses it
    ("import no_such_package as p\n\n\ndef row_mean(x):\n    return p", False),  # it fails here, too
    ("import json, numpy, matplotlib.pyplot as plt\n\n\ndef row_mean(x):\n    return json, numpy, plt", False),
])
def test_a_package_that_a_grader_may_lack_is_said(copy, solution, source, asked):
    solve(copy.notebook, solution, row_mean=source)
    assert list(copy.unexpected(copy.submission())) == (["hypothesis"] if asked else [])
    assert any("`hypothesis`, which this course does not count on" in each for each in look_over(copy).problems) == asked


def test_names_that_are_gone(copy, solution, check):
    solve(copy.notebook, solution, "row_mean", "centred", "Scaler")
    change(copy, without_names)
    points, notes = check(copy)
    assert points == {"row_mean": 2, "centred": 3, "scaler": 2} and "names are gone" in notes[0]
    found = look_over(copy)
    assert found.problems == [] and found.not_attempted == [] and found.not_answered == ["why_centre"]


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_solution_of_another_type_is_examined_and_said(copy, solution, check, kind):
    solve(copy.notebook, solution, "row_mean")
    change(copy, lambda notebook: cell(notebook, "code-row_mean").update(cell_type=kind))
    points, notes = check(copy)
    assert points["row_mean"] == 2 and f"was turned into {kind}" in notes[0]
    assert look_over(copy).notes == notes


def test_reset_finds_cells_without_names(copy, solution):
    handed_out = load(copy.notebook)
    solve(copy.notebook, solution, "row_mean", "centred")
    change(copy, without_names)
    assert reset(copy, "row_mean").cells == ["code-row_mean"]
    now = load(copy.notebook)
    assert len(now["cells"]) == len(handed_out["cells"])
    assert cell(now, "code-row_mean") == cell(handed_out, "code-row_mean")
    assert "row_mean(x)" in "".join(next(each for each in now["cells"] if "def centred" in "".join(each["source"]))["source"])


def test_reset_takes_copies_and_types_back(copy, solution):
    handed_out = load(copy.notebook)
    solve(copy.notebook, solution, "row_mean")

    def spoil(notebook):
        own = cell(notebook, "code-row_mean")
        notebook["cells"].append({**own, "id": "copy"})
        own["cell_type"] = "markdown"

    change(copy, spoil)
    reset(copy, "row_mean")
    assert load(copy.notebook)["cells"] == handed_out["cells"]


def test_reset_takes_no_other_part_away(copy, solution):
    both = "".join(cell(solution, "code-row_mean")["source"]) + "\n\n" + "".join(cell(solution, "code-centred")["source"])
    solve(copy.notebook, solution, row_mean=both)
    change(copy, lambda notebook: notebook["cells"].remove(cell(notebook, "code-centred")))
    before = copy.notebook.read_bytes()
    with pytest.raises(DataError, match="holds code-centred as well"):
        reset(copy, "row_mean")
    assert copy.notebook.read_bytes() == before


@pytest.mark.parametrize("version", [3, 4])
def test_old_formats(copy, solution, check, version):
    solve(copy.notebook, solution, "row_mean", "centred")
    save(in_format(version, load(copy.notebook)), copy.notebook)
    assert check(copy)[0] == {"row_mean": 2, "centred": 3, "scaler": 0}
    assert reset(copy, "centred").cells == ["code-centred"]
    nbformat.validate(load(copy.notebook))
    assert check(copy)[0] == {"row_mean": 2, "centred": 0, "scaler": 0}


def test_a_blank_notebook_beside_the_one_that_is_worked_on(copy, solution):
    worked = copy.folder / "means-Copy1.ipynb"
    worked.write_bytes(copy.notebook.read_bytes())
    solve(worked, solution, "row_mean")
    found = in_folder(copy.folder)
    assert found.notebook == worked and "means.ipynb is as it was handed out" in found.note
    assert found.note in look_over(found).notes
    solve(copy.notebook, solution, "centred")
    assert in_folder(copy.folder).notebook == copy.notebook
    copy.notebook.rename(copy.folder / "mine.ipynb")
    with pytest.raises(DataError, match="which notebook is meant"):
        in_folder(copy.folder)


def test_another_assignments_notebook_is_named(copy, tiny):
    other = copy.folder.parent / "t2_other"
    other.mkdir()
    theirs = json.dumps(load(copy.notebook))
    for name in ("row_mean", "centred", "scaler", "Scaler", "why_centre", "scaled"):
        theirs = theirs.replace(name, f"other_{name}")
    (other / "other.ipynb").write_text(theirs)
    (other / "checks.py").write_text("")
    mine = copy.notebook.read_bytes()
    copy.notebook.write_text(theirs)
    assert look_over(copy).problems[0] == "this is the notebook of `t2_other`, another assignment"
    copy.notebook.write_text('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}')
    assert "it is another one" in look_over(copy).problems[0]
    copy.notebook.write_bytes(mine)
    assert look_over(copy).problems == []
