"""What all tests share: the real course, and a tiny one that is quick to examine."""

import shutil
from pathlib import Path

import pytest

from autograder.course import Assignment, assignment_names, load_assignment
from autograder.release.handout import handout_files, zipped
from tests import today
from tests.handed_out import unzipped
from tests.once import once

ROOT = Path(__file__).parents[1]
LONGEST = (  # files of tests, those that take longest first
    "attacks/test_attacks.py", "notebooks/test_whole.py", "notebooks/test_in_jupyterlab.py", "grade/test_sample_class.py",
    "grade/test_kill.py", "course/test_course.py",
    "grade/test_fairness.py", "gradebook/test_postgres.py", "grade/test_full_disk.py", "docs/test_messages.py",
    "author/test_first_assignment.py", "grade/test_batch.py", "study/test_verbs.py", "attacks/test_injection.py",
    "notebook/test_handout.py", "gradebook/test_both_ways.py", "export/test_gradescope.py", "study/test_install.py",
    "gradebook/test_formgrader.py", "pages/test_pages.py", "grade/test_cluster.py", "benchmarks/test_batch_benchmark.py")


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", dest="everything",
                     help="everything: all attacks, whole trainings, each notebook in a browser, every mutant")


def pytest_configure(config):
    config.addinivalue_line("markers", "one_a_day: for one assignment only, another one each day; with --all for each")


def pytest_report_header(config):
    return "everything" if config.getoption("everything") else f"today's samples: TESTS_DAY={today.DAY} repeats them"


@pytest.fixture(scope="session")
def everything(request) -> bool:
    """Whether all is to be tried (--all), and not a choice that changes by the day."""
    return request.config.getoption("everything")


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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Each process takes a file of tests at a time, because they share fixtures; or, where they ask about each
    assignment, those of one assignment."""
    from xdist.scheduler import LoadFileScheduling

    class ByAssignment(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            about = [name for name in assignment_names(ROOT) if name in test.partition("[")[2].rstrip("]").split("-")]
            return " ".join([file, *about])

    return ByAssignment(config, log)


def pytest_generate_tests(metafunc):
    """A test with the argument `assignment` runs for each assignment of the course."""
    if "assignment" in metafunc.fixturenames:
        found = [load_assignment(name, ROOT) for name in assignment_names(ROOT)]
        if metafunc.definition.get_closest_marker("one_a_day") and not metafunc.config.getoption("everything"):
            found = today.turn(found)
        metafunc.parametrize("assignment", found, ids=lambda assignment: assignment.name, scope="module")
