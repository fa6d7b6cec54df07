"""Each notebook from top to bottom, in a real kernel, from its handout: untouched, then with a mistake and the right
answer in its first exercise, as somebody begins with it; and with the reference in it.

Demo cells included: what they train and draw must come to its end. Trainings are cut short as the cells themselves say,
because nothing here asks how well they went; with --all the notebook runs as it is.
"""

import base64
import html
import io
import re

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell
from PIL import Image
from playwright.sync_api import expect

from autograder.audit.whole import run_notebook, shortened
from tests.browser import browser_page, jupyter_server
from tests.handed_out import answers, errors, outputs, surroundings, unpack
from tests.notebooks.first_mistake import first_exercise
from tests.notebooks.student import Lab, settle


def shows_something(picture: nbformat.NotebookNode) -> bool:
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture["data"]["image/png"]))).convert("L"), float)
    return min(pixels.shape) > 100 and pixels.std() > 5


def pictures(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]


@pytest.fixture(scope="module")
def home(assignment, handed_out, tmp_path_factory):
    return unpack(handed_out(assignment), assignment.name, tmp_path_factory.mktemp("handout"))


@pytest.fixture(scope="module")
def run(assignment, home):
    """run(notebook as JSON): it, with its outputs, after it was run with the handout's own copy of the package."""
    def run(text: str) -> nbformat.NotebookNode:
        notebook, stopped = run_notebook(text, home / "assignments" / assignment.name, surroundings(home))
        assert not stopped
        return notebook

    return run


@pytest.fixture(scope="module")
def begun(assignment, home, run):
    """Untouched, and below that its first exercise: a mistake, the check, the right answer, the check."""
    notebook = nbformat.read(home / "assignments" / assignment.name / f"{assignment.notebook.stem}.ipynb", as_version=4)
    first = first_exercise(assignment)
    check = notebook.cells[first.check].source
    notebook.cells += [new_code_cell(source) for source in (first.wrong, check, first.right, check)]
    done = run(nbformat.writes(notebook))
    added, done.cells = done.cells[-4:], done.cells[:-4]
    return done, added


@pytest.fixture(scope="module")
def solved(assignment, run, everything):
    return run(shortened(assignment, whole=everything))


def test_untouched_it_says_what_is_not_written(begun):
    done, _ = begun
    for part, data in answers(done).items():
        assert data["text/plain"] == "0.0", part
        assert "not attempted" in data["text/html"] or "waits for" in data["text/html"], part
    assert errors(done), "no demo needs a stub"
    for error in errors(done):  # one line, no traceback
        said, = error["traceback"]
        assert said.startswith("not yet: ") and len(said.splitlines()) == 1


def test_a_student_learns_what_is_wrong(assignment, begun):
    """One mistake, one hint; and the right answer has none."""
    first, (_, (wrong, checked, right, again)) = first_exercise(assignment), begun
    assert wrong.outputs == right.outputs == []
    said = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", checked.outputs[-1]["data"]["text/html"])))
    assert first.hint.replace("`", "") in said.replace("`", "") and said.count("hint:") == said.count("hint: " + first.hint[:9]), said
    assert "differs at" in said and float(checked.outputs[-1]["data"]["text/plain"]) < first.visible
    data = again.outputs[-1]["data"]
    assert data["text/plain"] == repr(float(first.visible)) and "hint:" not in data["text/html"]


def test_solved_it_has_all_visible_points(assignment, solved):
    assert [error.get("traceback") or error["text"] for error in errors(solved)] == []
    for part, data in answers(solved).items():
        visible = sum(check.points for check in assignment.plan.checks_of(part) if not check.hidden)
        assert float(data["text/plain"]) == visible, (part, data["text/html"])


def test_solved_its_bars_stand_at_their_ends(solved):
    bars = [text for output in outputs(solved) if "%|" in (text := output.get("data", {}).get("text/plain", ""))]
    assert bars and all("100%|" in bar for bar in bars)


def test_solved_it_shows_its_pictures(assignment, solved):
    """As many as its demo cells say, each of which shows something, and says in words what."""
    shown = {cell.name: pictures(ran) for cell, ran in zip(assignment.cells, solved.cells)}
    assert {name: len(found) for name, found in shown.items() if found} == {
        cell.name: cell.pictures for cell in assignment.cells if cell.pictures}
    for picture in (each for found in shown.values() for each in found):
        assert shows_something(picture)
        assert re.search(r'<img src="data:image/svg\+xml;base64,[^"]+" alt="([^"]{20,})"', picture["data"].get("text/html", ""))


@pytest.mark.one_a_day
def test_its_pictures_are_seen(assignment, home, solved, screenshots, tmp_path):
    """In a browser, opened again the next day: curves, captions below their pictures, attention on the scene."""
    nbformat.write(solved, home / "solved.ipynb")
    settle(tmp_path)
    count = sum(cell.pictures or 0 for cell in assignment.cells)
    with (jupyter_server(home, tmp_path, surroundings=surroundings(home)) as url,
          browser_page(viewport={"width": 1280, "height": 900}) as page):
        lab = Lab(page, url, "solved.ipynb")
        shown = page.locator(".jp-Notebook .jp-OutputArea-output img")
        expect(shown).to_have_count(count)
        for index in range(count):
            shown.nth(index).scroll_into_view_if_needed()
            assert shown.nth(index).evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 100
            lab.picture(screenshots / f"{assignment.name}-4-picture-{index + 1}.png")
