"""The small assignment as a student gets it, and a kernel in its folder."""

import shutil
from pathlib import Path

import pytest

from tests.kernel import Kernel

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path, monkeypatch):
    """No notebook of this machine is found by accident."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def tiny_handout(tmp_path_factory) -> Path:
    """The student's folder of the small assignment in tests/tiny."""
    from autograder.course import load_assignment
    from autograder.release.build import release

    root = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "tests" / "tiny", root, dirs_exist_ok=True)
    release(load_assignment("t1_means", root))
    return root / "assignments" / "t1_means"


@pytest.fixture(scope="module")
def kernel(tiny_handout):
    opened = Kernel(tiny_handout)
    yield opened
    opened.close()
