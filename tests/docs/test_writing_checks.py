"""The page on writing checks: each example is run, on the notebook's own answers and on the wrong one below it."""

import re
from pathlib import Path

import pytest

from autograder import examine
from autograder.examine.namespace import NamespaceBackend
from autograder.examine.session import CheckSession, Sitting

PAGE = (Path(__file__).parents[2] / "docs" / "writing-checks.md").read_text(encoding="utf-8")
NOTEBOOK, *BLOCKS = re.findall(r"```(?:python|text)\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = list(zip(BLOCKS[::3], BLOCKS[1::3], BLOCKS[2::3]))  # a check, a wrong answer, what is read
NAMES = [re.search(r"def (test_\w+)", check)[1] for check, _, _ in EXAMPLES]
HEAD = "import numpy as np\nimport torch\nfrom autograder.examine import *\n\n"
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """The checks of the page as one file."""
    path = tmp_path_factory.mktemp("page") / "checks.py"
    path.write_text(HEAD + "\n\n".join(check for check, _, _ in EXAMPLES), encoding="utf-8")
    with CheckSession(path) as opened:
        yield opened


def notebook(*changes: str, trusted: bool = False) -> NamespaceBackend:
    names: dict = {"__name__": "notebook"}
    for cell in (NOTEBOOK, *changes):
        exec(cell, names)
    return NamespaceBackend(names, trusted=trusted)


def read(session: CheckSession, check: str, *changes: str) -> list[str]:
    """What a student reads whose notebook is the page's, with these changes; nothing if the check passes."""
    raised = session.run(check, Sitting(notebook(*changes), notebook(trusted=True), seed=7))
    return [] if raised is None else [line for line in (raised.asked, raised.found) if line]


@pytest.mark.parametrize("check, wrong, text", [(name, *rest) for name, (_, *rest) in zip(NAMES, EXAMPLES)], ids=NAMES)
def test_an_example(session, check, wrong, text):
    """It passes on the notebook; on the wrong answer it says what the page says."""
    assert read(session, check) == []
    found = "\n".join(read(session, check, wrong)) + "\n"
    assert NUMBER.sub("#", found) == NUMBER.sub("#", text), found
    if "noisy" not in check:  # whose numbers are drawn anew
        numbers, wanted = ([float(number) for number in NUMBER.findall(each)] for each in (found, text))
        assert numbers == pytest.approx(wanted, rel=0.1), found


def test_every_name_is_on_the_page():
    told = set(re.findall(r"\b\w+\b", PAGE))
    assert set(examine.__all__) - {"CheckFailed", "Cost", "Twins", "part", "budget", "replaces", "also_correct"} <= told
