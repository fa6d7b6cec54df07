"""`check`, `autograder check` and `grade` say the same of the same notebook, one visible check after the other.

Each known mistake, each other right answer and each student of the sample classes, as notebooks. A share of them, another
one each day; with --all all of them.
"""

import json
from pathlib import Path

from autograder.course.execute import read_answers
from autograder.release import build
from autograder.sample import with_answers, write_class
from tests import today
from tests.parity.sides import opened

SHARE = 3  # of the answers to each assignment
# They take the process with them, or all of its time: what is said of that depends on who ends it.
ENDED = ("max-exits", "lena-endless-loop")
EXTRA = {  # cells below those of the reference, and what they are about
    "helpers that import what is not there": "from cs231n.layers import *\nfrom ..rnn_layers import *\n"
                                             "from numpy import float_\ndef row_mean(x):\n    return x.sum(axis=1)",
    "an exit": "def row_mean(x):\n    raise SystemExit(3)",
    "a number for an array": "def centred(x):\n    return np.float64(3.5), None",
    "arrays of objects": "def centred(x):\n    return np.array([None, 1.0]), None",
    "containers in containers": "def centred(x):\n    return ((x, [x]), [(x,)]), {}",
    "draws": "def centred(x):\n    return np.random.normal(size=x.shape), None",
    "an error in given code": "def centred(x):\n    return scaled('x'), None",
    "stubs that return None": "def row_mean(x):\n    mean = None\n    # TODO\n    return mean\n"
                              "def centred(x):\n    m = row_mean(x)\n    return x - m[:, None], None",
    "shapes that do not fit": "def row_mean(x):\n    return (x @ np.ones((7, 1)))[:, 0]",
    "a property of an exception": "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\n"
                                  "def row_mean(x):\n    raise Odd",
}


def differences(assignment, notebooks: dict[str, str], folder: Path) -> list[str]:
    found, count = [], 0
    with opened(assignment) as sides:
        for number, (name, notebook) in enumerate(notebooks.items()):
            (folder / str(number)).mkdir()
            compared, differing = sides.compare(notebook, folder / str(number))
            count += compared
            found += [f"{name}: {each}" for each in differing]
    print(f"{assignment.name}: {len(notebooks)} notebooks, {count} verdicts, {len(found)} differ")
    return found


def sample_class(assignment, folder: Path) -> dict[str, str]:
    names = [name for name in write_class(assignment, folder) if name not in (*ENDED, "jo-missing-file", "otto-not-a-notebook")]
    return {name: (folder / name / assignment.name / f"{assignment.notebook.stem}.ipynb").read_text("utf-8") for name in names}


def test_whatever_the_smallest_assignment_is_answered_with(tiny, tmp_path):
    build.release(tiny)
    notebooks = {answer.name: with_answers(tiny, [answer]) for answer in read_answers(tiny)}
    notebooks |= sample_class(tiny, tmp_path / "class")
    for name, source in EXTRA.items():
        notebook = json.loads(with_answers(tiny, []))
        notebook["cells"].append({"cell_type": "code", "metadata": {}, "source": source, "outputs": []})
        notebooks[name] = json.dumps(notebook)
    assert differences(tiny, notebooks, tmp_path) == []


def test_answers_to_the_course(assignment, tmp_path, everything):
    answers = read_answers(assignment)
    drawn = answers if everything else today.drawn(answers, SHARE, f"parity {assignment.name}")
    notebooks = {answer.name: with_answers(assignment, [answer]) for answer in drawn}
    notebooks |= sample_class(assignment, tmp_path / "class") if everything else {}
    assert differences(assignment, notebooks, tmp_path) == []
