"""A warm pytest session over one checks.py: collected once, its checks run any number of times."""

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from _pytest.config import _prepareconfig
from _pytest.main import Session

from autograder.errors import CourseError
from autograder.examine.face import Backend, Face

# Nothing of the user's own pytest set-up may change a verdict: no conftest, no plugins, no configuration file.
ARGUMENTS = ["--noconftest", "--disable-plugin-autoload", "--import-mode=importlib", "-s",
             *(f"-pno:{plugin}" for plugin in ("terminal", "cacheprovider", "faulthandler", "logging", "doctest",
                                               "junitxml", "unittest", "warnings", "unraisableexception",
                                               "threadexception", "stepwise"))]


@dataclass
class Sitting:
    """What the three fixtures give to the check that is running."""

    student: Backend
    reference: Backend
    seed: int


class _Fixtures:
    """The pytest plugin: `student`, `reference` and `rng` of the check that is running."""

    def __init__(self):
        self.sitting: Sitting | None = None

    @pytest.fixture
    def student(self) -> Face:
        return Face(self.sitting.student)

    @pytest.fixture
    def reference(self) -> Face:
        return Face(self.sitting.reference)

    @pytest.fixture
    def rng(self) -> np.random.Generator:
        return np.random.default_rng(self.sitting.seed)

    def pytest_configure(self, config):
        config.addinivalue_line("markers", "points(part, n): the part that a check belongs to, and its points")


class CheckSession:
    """The checks of one file, ready to run. A context manager, because pytest has state to take down."""

    def __init__(self, path: Path):
        self._fixtures = _Fixtures()
        arguments = [str(path), f"--rootdir={path.parent}", "-c", _no_configuration(), *ARGUMENTS]
        self._config = _prepareconfig(arguments, plugins=[self._fixtures])
        try:
            self._config._do_configure()
            self._session = Session.from_config(self._config)
            self._config.hook.pytest_sessionstart(session=self._session)
            self._items = self._collect(path)
        except BaseException:
            self.close()
            raise

    def _collect(self, path: Path) -> dict[str, pytest.Function]:
        problems = []
        self._config.pluginmanager.register(_Collector(problems))
        try:
            with _no_bytecode():
                items = self._session.perform_collect()
        except pytest.UsageError as error:
            problems.append(str(error))
            items = []
        finally:
            _forget_module(path)
        if problems:
            raise CourseError(f"{path}: checks that pytest can collect", problems[0].strip())
        return {item.name: item for item in items}

    def run(self, check: str, sitting: Sitting) -> BaseException | None:
        """What one check raised, or None if it passed. KeyboardInterrupt passes through."""
        item, state = self._items[check], self._session._setupstate
        self._fixtures.sitting = sitting
        item._initrequest()  # fresh fixtures, as pytest-rerunfailures does it
        try:
            state.setup(item)
            item.runtest()
        except (KeyboardInterrupt, pytest.exit.Exception):
            raise
        except BaseException as raised:  # pytest's own outcomes (skip, fail) are BaseExceptions
            return raised
        finally:
            state.teardown_exact(None)
        return None

    def close(self) -> None:
        self._config._ensure_unconfigure()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


class _Collector:
    def __init__(self, problems: list[str]):
        self.problems = problems

    def pytest_collectreport(self, report):
        if report.failed:
            self.problems.append(report.longreprtext)


@contextlib.contextmanager
def _no_bytecode():
    """Keeps pytest from leaving a __pycache__ in the course, or in a student's folder."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _forget_module(path: Path) -> None:
    """Another session's checks.py, or a later state of this one, is another module, whatever its name."""
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) == str(path):
            del sys.modules[name]


def _no_configuration() -> str:
    return str(Path(__file__).with_name("pytest.ini"))
