"""What all tests share: the real course, and a tiny one that is quick to examine."""

import shutil
from pathlib import Path

import pytest

from autograder.course import Assignment, assignment_names, load_assignment
from autograder.release.handout import handout_files, zipped
from tests.handed_out import unzipped
from tests.once import once

ROOT = Path(__file__).parents[1]
LONGEST = (  # files of tests, those that take longest first
    "attacks/test_attacks.py", "notebooks/test_a4.py", "notebooks/test_in_jupyterlab.py", "grade/test_sample_class.py",
    "grade/test_kill.py", "notebooks/test_a2.py", "notebooks/test_a1.py", "notebooks/test_a3.py", "course/test_course.py",
    "grade/test_fairness.py", "gradebook/test_postgres.py", "grade/test_full_disk.py", "docs/test_messages.py",
    "author/test_first_assignment.py", "grade/test_batch.py", "study/test_verbs.py", "attacks/test_injection.py",
    "notebook/test_handout.py", "gradebook/test_both_ways.py", "export/test_gradescope.py", "study/test_install.py",
    "gradebook/test_formgrader.py", "grade/test_cluster.py", "benchmarks/test_batch_benchmark.py")


@pytest.fixture
def tiny_course(tmp_path) -> Path:
    """A writable copy of the course tests/tiny."""
    root = tmp_path / "course"
    shutil.copytree(ROOT / "tests" / "tiny", root)
    return root


@pytest.fixture
def tiny(tiny_course) -> Assignment:
    """Its one assignment: three parts, a class, a written question."""
    return load_assignment("t1_means", tiny_course)


@pytest.fixture(scope="session")
def handed_out(tmp_path_factory):
    """handed_out(assignment): the files of an assignment's handout. They are collected once, because that builds the
    assignment; raises StaleRelease if that is not what lies in assignments/."""
    def collect(assignment: Assignment) -> dict[str, bytes]:
        def make(folder: Path) -> None:
            (folder / "handout.zip").write_bytes(zipped(handout_files(assignment), "handout"))

        return unzipped(once(tmp_path_factory, f"handout-{assignment.name}", make) / "handout.zip")

    return collect


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The longest files come first: whichever process began one of them last would end long after the others."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_generate_tests(metafunc):
    """A test with the argument `assignment` runs for each assignment of the course."""
    if "assignment" in metafunc.fixturenames:
        metafunc.parametrize("assignment", [load_assignment(name, ROOT) for name in assignment_names(ROOT)],
                             ids=lambda assignment: assignment.name)
