"""A warm pytest session over one checks.py: collected once, its checks run any number of times."""

import contextlib
import inspect
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from _pytest.config import _prepareconfig
from _pytest.main import Session

from autograder.errors import CourseError
from autograder.examine.face import Backend, Face

# Nothing of the user's own pytest set-up may change a verdict: no conftest, no plugins, no configuration file, and none
# of the variables that pytest reads.
VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
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

    def fixtures(self) -> dict[str, Any]:
        return {"student": Face(self.student), "reference": Face(self.reference),
                "rng": np.random.default_rng(self.seed)}


class _Fixtures:
    """The pytest plugin: `student`, `reference` and `rng` of the check that is running."""

    def __init__(self):
        self.given: dict[str, Any] = {}

    @pytest.fixture
    def student(self) -> Face:
        return self.given["student"]

    @pytest.fixture
    def reference(self) -> Face:
        return self.given["reference"]

    @pytest.fixture
    def rng(self) -> np.random.Generator:
        return self.given["rng"]

    def pytest_configure(self, config):
        config.addinivalue_line("markers", "points(part, n): the part that a check belongs to, and its points")


class CheckSession:
    """The checks of one file, ready to run. A context manager, because pytest has state to take down."""

    def __init__(self, path: Path):
        self._fixtures = _Fixtures()
        arguments = [str(path), f"--rootdir={path.parent}", "-c", _no_configuration(), *ARGUMENTS]
        with _without_variables():
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
        self._fixtures.given = sitting.fixtures()
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

    def run_within(self, check: str, sitting: Sitting) -> None:
        """Runs a check that passes, while another may be running: by itself, pytest knows nothing of it. Does nothing
        for a check that takes more than the three fixtures."""
        function, fixtures = self._items[check].obj, sitting.fixtures()
        names = inspect.signature(function).parameters
        if fixtures.keys() >= names.keys():
            function(**{name: fixtures[name] for name in names})

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
def _without_variables():
    before = {name: os.environ.pop(name) for name in VARIABLES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(before)


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
