"""A JupyterLab with a handout, as a student of the course has it, and a browser in which it is open."""

import os
from pathlib import Path

import pytest

from tests.browser import browser_page, jupyter_server
from tests.handed_out import surroundings, unpack
from tests.notebooks.student import settle


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory) -> Path:
    """Where pictures of what was seen go: a temporary folder, or the one that the variable SCREENSHOTS names."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def jupyterlab(assignment, handed_out, tmp_path_factory):
    """(page of a browser, address of the server, folder in which the zip was unpacked)"""
    course, home = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("home")
    package = unpack(handed_out(assignment), assignment.name, course)
    settle(home)
    with (jupyter_server(course, home, surroundings=surroundings(package)) as url,
          browser_page(viewport={"width": 1280, "height": 900}) as page):
        yield page, url, course
