"""A notebook from top to bottom, in a real kernel, from its handout: untouched, and with the reference in it.

Demo cells included: what they train and draw must come to its end. One file for each notebook, because they take up to
two minutes, and the tests run in several processes, file by file.
"""

import base64
import io
import os
import re

import nbformat
import numpy as np
import pytest
from PIL import Image

from autograder.course import load_assignment
from autograder.release.notebook import source_notebook
from tests.handed_out import ROOT, answers, errors, outputs, run_in_kernel, unpack

PATIENCE = 900  # seconds for a cell, on a machine that does something else besides


def pictures(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for output in outputs(notebook) if "image/png" in output.get("data", {})]


def shows_something(picture: nbformat.NotebookNode) -> bool:
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture["data"]["image/png"]))).convert("L"), float)
    return min(pixels.shape) > 100 and pixels.std() > 5


class TopToBottom:
    """The tests of one notebook. A subclass says which, and how many pictures it shows when it is solved.

    shorter: what is written in place of a training's length, because nothing here asks how well it went; with the
    variable WHOLE_TRAININGS set, the notebook runs as it is.
    """

    name: str
    pictures: int
    shorter: dict[str, str] = {}

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls):
        return load_assignment(cls.name, ROOT)

    @pytest.fixture(scope="class")
    @classmethod
    def home(cls, subject, handed_out, tmp_path_factory):
        return unpack(handed_out(subject), subject.name, tmp_path_factory.mktemp("handout"))

    @pytest.fixture(scope="class")
    @classmethod
    def solved(cls, subject, home):
        notebook = nbformat.reads(source_notebook(subject), as_version=4)
        for length, short in ({} if os.environ.get("WHOLE_TRAININGS") else cls.shorter).items():
            long = [cell for cell in notebook.cells if cell.cell_type == "code" and length in cell.source]
            assert long, length
            for cell in long:
                cell.source = cell.source.replace(length, short)
        return run_in_kernel(notebook, home, home / "assignments" / cls.name, PATIENCE)

    def test_untouched_it_says_what_is_not_written(self, subject, home):
        folder = home / "assignments" / self.name
        notebook = nbformat.read(folder / f"{subject.notebook.stem}.ipynb", as_version=4)
        done = run_in_kernel(notebook, home, folder)
        for part, data in answers(done).items():
            assert data["text/plain"] == "0.0", part
            assert "not attempted" in data["text/html"] or "waits for" in data["text/html"], part
        assert errors(done), "no demo needs a stub"
        for error in errors(done):  # one line, no traceback
            said, = error["traceback"]
            assert said.startswith("not yet: ") and len(said.splitlines()) == 1

    def test_solved_it_has_all_visible_points(self, subject, solved):
        assert [error.get("traceback") or error["text"] for error in errors(solved)] == []
        for part, data in answers(solved).items():
            visible = sum(check.points for check in subject.plan.checks_of(part) if not check.hidden)
            assert float(data["text/plain"]) == visible, (part, data["text/html"])

    def test_solved_its_bars_stand_at_their_ends(self, solved):
        bars = [text for output in outputs(solved) if "%|" in (text := output.get("data", {}).get("text/plain", ""))]
        assert bars and all("100%|" in bar for bar in bars)

    def test_solved_it_shows_its_pictures(self, solved):
        shown = pictures(solved)
        assert len(shown) == self.pictures and all(map(shows_something, shown))
        told = [re.search(r'<img src="data:image/svg\+xml;base64,[^"]+" alt="([^"]{20,})"', html)
                for picture in shown if (html := picture["data"].get("text/html"))]
        assert len(told) == len(shown) and all(told)  # in words, too
