"""Reading submissions: whatever a student did to the notebook, a clear line, and what can be graded is graded."""

import json

import pytest

from autograder.errors import SubmissionError
from autograder.release.notebook import release_notebook, source_notebook
from autograder.submission import find_notebook, plain_python, read_submission


@pytest.fixture
def notebook(tiny) -> dict:
    return json.loads(source_notebook(tiny))


@pytest.fixture
def read(tiny, tmp_path):
    """Reads a notebook (as a dict, text or bytes) as a submission."""
    def reader(content):
        path = tmp_path / "means.ipynb"
        if isinstance(content, dict):
            content = json.dumps(content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_submission(path, tiny)

    return reader


def names(submission) -> list[str]:
    return [name for name, _ in submission.cells]


def cell(notebook: dict, grade_id: str) -> dict:
    return next(each for each in notebook["cells"]
                if each["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def test_check_and_demo_cells_are_not_run(read, notebook):
    submission = read(notebook)
    text = "".join(source for _, source in submission.cells)
    assert "check(" not in text and "get_ipython" not in text
    assert submission.notes == []
    assert "def centred" in submission.code["centred"]
    assert "shift" in submission.answers["why_centre"]


def test_locked_cells_come_from_the_course(read, notebook):
    cell(notebook, "given-scaled")["source"] = "def scaled(x): return 'mine'"
    text = "".join(source for _, source in read(notebook).cells)
    assert "'mine'" not in text and "return factor * x" in text


def test_deleted_locked_cells_come_back_first(read, notebook):
    notebook["cells"] = [each for each in notebook["cells"]
                         if not each["metadata"].get("nbgrader", {}).get("locked")]
    submission = read(notebook)
    assert names(submission)[:2] == ["given-import-numpy-as-np-from-autograder", "given-scaled"]
    assert "missing" in submission.notes[-1] and "row_mean" in submission.notes[-1]


def test_reordered_cells_still_follow_what_they_need(read, notebook):
    notebook["cells"].reverse()
    submission = read(notebook)
    assert names(submission)[0] == "given-import-numpy-as-np-from-autograder"
    assert submission.notes == []


def test_duplicated_cells_both_run_and_are_noted(read, notebook):
    notebook["cells"].append(dict(cell(notebook, "code-row_mean")))
    submission = read(notebook)
    assert sum("def row_mean" in source for _, source in submission.cells) == 2
    assert "second copy of `code-row_mean`" in submission.notes[0]


def test_helper_cells_run(read, notebook):
    notebook["cells"].insert(0, {"cell_type": "code", "metadata": {}, "source": ["a = 1\n", "b = 2"], "outputs": []})
    assert read(notebook).cells[0] == ("cell 1", "a = 1\nb = 2")


def test_a_notebook_without_any_metadata(read, notebook):
    for each in notebook["cells"]:
        each["metadata"] = {}
    del notebook["metadata"]
    text = "".join(source for _, source in read(notebook).cells)
    assert "def row_mean" in text and "check(" not in text and "get_ipython" not in text


def test_format_3_is_converted(read):
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"metadata": {}, "cells": [
        {"cell_type": "code", "collapsed": False, "input": ["def row_mean(x): return x"], "language": "python",
         "metadata": {}, "outputs": []}]}]}
    assert any("def row_mean" in source for _, source in read(old).cells)


def test_fifty_megabytes_of_output(read, notebook):
    flood = {"output_type": "stream", "name": "stdout", "text": "x" * 50_000_000}
    cell(notebook, "code-row_mean")["outputs"] = [flood]
    assert len(read(notebook).cells) == 5


@pytest.mark.parametrize("content, words", [
    (b"\xff\xfe\x00not utf-8", "in UTF-8"),
    (b"", "not JSON"),
    (b"[" * 100_000, "not JSON"),
    (b'{"cells": 3, "nbformat": 4}', "list of cells"),
    (b'{"hello": 1}', "no `nbformat`"),
    (b"[]", "no `nbformat`"),
    (b'{"nbformat": 4, "cells": [1, 2]}', "list of cells"),
    (b'{"nbformat": 2, "worksheets": 7}', "cannot be converted"),
])
def test_files_that_are_no_notebook(read, content, words):
    with pytest.raises(SubmissionError, match=words):
        read(content)


@pytest.mark.parametrize("change", [
    {"source": None}, {"source": 7}, {"metadata": []}, {"metadata": {"nbgrader": "x"}},
    {"metadata": {"nbgrader": {"grade_id": ["x"]}}}, {"metadata": {"tags": "demo"}}, {"cell_type": 9}])
def test_odd_cells_do_no_harm(read, notebook, change):
    notebook["cells"].insert(3, {"cell_type": "code", "metadata": {}, "source": "", "outputs": []} | change)
    assert len(read(notebook).cells) >= 5


def test_finding_the_notebook(tmp_path):
    with pytest.raises(SubmissionError, match="holds nothing"):
        find_notebook(tmp_path, "means")
    (tmp_path / "Means(1).ipynb").write_text("")
    path, notes = find_notebook(tmp_path, "means")
    assert path.name == "Means(1).ipynb" and "expected means.ipynb" in notes[0]
    (tmp_path / "other.ipynb").write_text("")
    with pytest.raises(SubmissionError, match="other.ipynb"):
        find_notebook(tmp_path, "means")
    (tmp_path / "means.ipynb").mkdir()
    with pytest.raises(SubmissionError):
        find_notebook(tmp_path, "means")
    with pytest.raises(SubmissionError, match="not a folder"):
        find_notebook(tmp_path / "other.ipynb", "means")


@pytest.mark.parametrize("source, kept", [
    ("%matplotlib inline\nx = 1", "pass\nx = 1"),
    ("!pip install numpy\nx = !ls\ny = %time 3\nz = 4", "pass\npass\npass\nz = 4"),
    ("!pip install a \\\n    b \\\n  --quiet\nx = 1", "pass\n\n\nx = 1"),
    ("%timeit f(1, \\\n  2)\nx = 1 + \\\n  2", "pass\n\nx = 1 + \\\n  2"),
    ("%%time\nx = 1", "x = 1"),
    ("%%bash\nrm -rf /", ""),
    ("x = (7\n % 3)", "x = (7\n % 3)"),
    ("def f():\n    %timeit g()\nf?", "def f():\n    pass\npass"),
    ("text = '''\n%load\n'''", "text = '''\n%load\n'''"),
    ("def f(:", "def f(:"),
])
def test_magics_are_ignored(source, kept):
    assert plain_python(source) == kept


def test_an_answered_question_differs_from_its_stub(tiny, read):
    from autograder.submission import is_answered, slots_of

    question = slots_of(tiny)[-1]
    blank = read(release_notebook(tiny)).answers["why_centre"]
    assert not is_answered(question, blank) and not is_answered(question, None)
    assert is_answered(question, "because")
