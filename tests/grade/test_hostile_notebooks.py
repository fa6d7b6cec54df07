"""Reading a submission gives a Submission or a SubmissionError, whatever the file holds: fuzzed with hostile JSON."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.course import load_assignment
from autograder.errors import SubmissionError
from autograder.release.notebook import release_notebook
from autograder.report import Question, Report
from autograder.rules.style import Notebook
from autograder.submission import Submission, is_answered, read_submission, slots_of

TINY = load_assignment("t1_means", Path(__file__).parents[1] / "tiny")
SLOTS = {slot.name: slot for slot in slots_of(TINY)}
BLANK = json.loads(release_notebook(TINY))
CALM = settings(max_examples=250, deadline=None, derandomize=True, database=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture])

odd = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
                st.sampled_from([10**4000, -1, 1e308, "\ud800", "\0", "%%time\n%%time", "!rm -rf /", "\ufeff", "\r", "x = (" * 300,
                                 "solution", "code", "markdown", "row_mean", "demo", 'check("row_mean")']))
trees = st.recursive(odd, lambda inner: st.one_of(st.lists(inner, max_size=4),
                                                  st.dictionaries(st.text(max_size=8), inner, max_size=4)), max_leaves=12)


@pytest.fixture
def notebook(tmp_path) -> Path:
    return tmp_path / "means.ipynb"


def read(path: Path) -> None:
    """Everything that the grader does with the file before a room opens, and afterwards with what it said."""
    try:
        submission = read_submission(path, TINY)
    except SubmissionError as error:
        str(error).encode("utf-8", "replace")
        return
    assert type(submission) is Submission
    for text in (*(text for cell in submission.cells for text in cell), *submission.code.values(),
                 *submission.answers.values(), *submission.notes):
        assert type(text) is str
    questions = [Question(cell.name, cell.points, submission.answers.get(cell.name, ""),
                          is_answered(SLOTS[cell.name], submission.answers.get(cell.name))) for cell in TINY.questions]
    Report("t1_means", "mallory", questions=questions, notes=submission.notes).to_json().encode("utf-8", "replace")
    Notebook(submission.cells, {part.name: frozenset({part.name}) for part in TINY.plan.parts}).uses(TINY.plan, [])


@CALM
@given(trees)
def test_any_json(notebook, tree):
    notebook.write_text(json.dumps(tree), encoding="utf-8")
    read(notebook)


@CALM
@given(st.sampled_from([None, -1, 0, 1, 2, 3, 4, 5, 10**30, "4", 4.5, True]), trees)
def test_any_cells_in_any_format(notebook, version, cells):
    for key in ("cells", "worksheets"):
        for content in (cells, [cells], [{"cell_type": "code", "source": cells, "metadata": cells, "cells": [cells]}]):
            notebook.write_text(json.dumps({"nbformat": version, "nbformat_minor": cells, "metadata": cells, key: content}))
            read(notebook)


@CALM
@given(st.data(), trees)
def test_a_true_notebook_with_one_thing_changed(notebook, data, value):
    changed = json.loads(json.dumps(BLANK))
    place = data.draw(st.sampled_from([changed, *changed["cells"], *(cell["metadata"] for cell in changed["cells"]),
                                       *(cell["metadata"]["nbgrader"] for cell in changed["cells"]
                                         if "nbgrader" in cell["metadata"])]))
    key = data.draw(st.sampled_from([*place, "source", "metadata", "tags", "nbgrader"]))
    place[key] = value
    if type(changed["cells"]) is list and data.draw(st.booleans()):
        changed["cells"] *= 2  # every id and every name twice
    notebook.write_text(json.dumps(changed), encoding="utf-8")
    read(notebook)


HOSTILE = {
    "deep": b"[" * 200_000, "deep and closed": b"[" * 100_000 + b"]" * 100_000, "deep objects": b'{"a":' * 100_000,
    "deep cells": b'{"nbformat":4,"cells":[{"cell_type":"code","source":' + b"[" * 900 + b"]" * 900 + b"}]}",
    "a deep old notebook": b'{"nbformat":3,"metadata":{},"worksheets":[{"cells":[{"cell_type":"code","input":'
                           + b"[" * 900 + b"]" * 900 + b"}]}]}",
    "a huge number": b'{"nbformat":' + b"9" * 10_000 + b"}", "an endless exponent": b'{"nbformat":4,"cells":[1e999999]}',
    "a huge version": b'{"nbformat":' + b"9" * 4000 + b',"cells":[]}',
    "a huge source": b'{"nbformat":4,"cells":[{"cell_type":"code","source":[' + b"9" * 4000 + b"]}]}",
    "a negative version": b'{"nbformat":-7,"cells":[]}', "no bytes": b"", "NUL": bytes(100), "half a surrogate": b'"\\ud800"',
    "surrogates in names": b'{"nbformat":4,"cells":[{"cell_type":"code","source":"\\ud800","metadata":{"nbgrader":{"grade_id":"\\udfff"}}}]}',
    "not UTF-8": b'{"nbformat":4,"cells":["\xff"]}', "UTF-16": '{"nbformat":4,"cells":[]}'.encode("utf-16"),
    "NaN": b'{"nbformat":NaN,"cells":Infinity}', "twice the same key": b'{"nbformat":4,"cells":[],"cells":7}',
    "parentheses": json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": "%x\n" + "(" * 50_000}]}).encode(),
    "operators": json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": "%x\nx = " + "-" * 50_000 + "1"}]}).encode(),
    "magics": json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": "!a\n" * 50_000}]}).encode(),
    "many cells": json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": "x"}] * 20_000}).encode(),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files(notebook, what):
    notebook.write_bytes(HOSTILE[what])
    read(notebook)


def test_no_file_and_no_regular_file(tmp_path):
    (tmp_path / "means.ipynb").mkdir()
    with pytest.raises(SubmissionError):
        read_submission(tmp_path / "means.ipynb", TINY)
    with pytest.raises(SubmissionError):
        read_submission(tmp_path / "none.ipynb", TINY)
