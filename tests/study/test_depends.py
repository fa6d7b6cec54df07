"""Which parts are examined again: those that a change can reach, and with it all that builds on them."""

import pytest

from autograder.course import load_assignment
from autograder.course.execute import stub_sources
from autograder.study.depends import part_keys
from tests.study.helpers import ROOT

CENTRED = ("c", "def centred(x):\n    return x - helper(x)[:, None], None")
BASE = [("a", "import numpy as np"), ("b", "def row_mean(x):\n    return np.mean(x, 1)"), CENTRED,
        ("d", "def helper(x):\n    return row_mean(x)"), ("e", "class Scaler:\n    pass"), ("f", "print(row_mean)"),
        ("g", "def unused():\n    return 1")]


def changed(copy, before: list, after: list) -> set[str]:
    checks = (copy.folder / "checks.py").read_text(encoding="utf-8")
    old, new = part_keys(before, copy.plan, checks), part_keys(after, copy.plan, checks)
    return {part for part in new if new[part] != old[part]}


@pytest.mark.parametrize(("cell", "source", "reached"), [
    ("c", "def centred(x):\n    return 2", {"centred"}),
    ("b", "def row_mean(x):\n    return 2", {"row_mean", "centred"}),
    ("b", "def row_mean(x):\n    return (", {"row_mean", "centred"}),                      # half typed
    ("d", "def helper(x):\n    return 2", {"centred"}),
    ("d", "", {"centred"}),                                                               # deleted
    ("e", "class Scaler:\n    largest = 0", {"scaler"}),
    ("e", "class Scaler:\n    pass\nScaler.fit = row_mean", {"scaler"}),
    ("f", "print(centred)", {"row_mean", "centred", "scaler"}),                            # may have done anything
    ("g", "def unused():\n    return 2", set()),
    ("g", "# a thought", set()),
    ("g", "row_mean = faster", {"row_mean", "centred"}),
    ("c", "import numpy as np\n" + CENTRED[1], set()),                                     # that is known
    ("c", "import numpy.linalg as np\n" + CENTRED[1], {"row_mean", "centred"}),            # that is not
    ("c", "# a thought\n" + CENTRED[1], set()),
])
def test_a_change_reaches_what_mentions_it(copy, cell, source, reached):
    after = [(name, source if name == cell else text) for name, text in BASE]
    assert changed(copy, BASE, after) == reached


def test_names_that_are_only_strings_count(copy):
    before = [*BASE[:2], ("c", "def centred(x):\n    return globals()['helper'](x)"), *BASE[3:]]
    after = [(name, "def helper(x):\n    return 0" if name == "d" else text) for name, text in before]
    assert changed(copy, before, after) == {"centred"}


def test_in_the_course_one_part_seldom_means_all_of_them():
    assignment = load_assignment("a1_rnn_captioning", ROOT)
    checks = assignment.checks.read_text(encoding="utf-8")
    before = stub_sources(assignment)
    keys = part_keys(before, assignment.plan, checks)
    for name, reached in (("bleu", {"bleu"}), ("captioning_loss", {"captioning_loss", "captioning_sample", "captioning_lstm"})):
        own = {cell.name for cell in assignment.cells_of(name)}
        after = [(cell, source.replace("NotImplementedError", "ValueError") if cell in own else source) for cell, source in before]
        new = part_keys(after, assignment.plan, checks)
        assert {part for part in new if new[part] != keys[part]} == reached


def test_demo_and_check_cells_decide_nothing(copy):
    assert not any("check(" in source for _, source in copy.submission().cells)
