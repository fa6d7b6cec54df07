"""A student's copy of the tiny assignment, in a folder with a name that people really have."""

import json
import shutil

import pytest

from autograder.release import build
from autograder.release.notebook import source_notebook
from autograder.study.handout import Handout, of_notebook


@pytest.fixture
def copy(tiny, tmp_path) -> Handout:
    """assignments/t1_means below a folder with spaces and letters outside ASCII; no solutions/ anywhere."""
    build.release(tiny)
    folder = tmp_path / "Zoë Müller 学生" / "my course" / "assignments" / tiny.name
    shutil.copytree(tiny.handout, folder)
    return of_notebook(folder / "means.ipynb")


@pytest.fixture
def solution(tiny) -> dict:
    """The notebook with all answers in it."""
    return json.loads(source_notebook(tiny))
