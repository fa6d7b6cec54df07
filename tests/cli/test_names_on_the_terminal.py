"""A student's name may hold anything that a folder's name can: on the instructor's terminal it is only text."""

import pytest
from click.testing import CliRunner

from autograder.cli import main
from autograder.release import build
from autograder.release.notebook import release_notebook

NAME = "t1_means"
STUDENTS = ("\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "[bold]x[", "=1+1", "a\u202eb", "z" * 200)


@pytest.fixture
def course(tiny, monkeypatch):
    """The tiny course with a submission of each student."""
    monkeypatch.setenv("AUTOGRADER_COURSE", str(tiny.root))
    monkeypatch.chdir(tiny.root)
    build.release(tiny)
    for student in STUDENTS:
        folder = tiny.root / "submitted" / student / NAME
        folder.mkdir(parents=True)
        (folder / "means.ipynb").write_text(release_notebook(tiny))
    return tiny


def test_no_name_reaches_the_terminal_as_a_command(course):
    for verb in ("grade", "feedback", "report", "similar", "export"):
        done = CliRunner().invoke(main, [verb, NAME, *(["--jobs", "1"] if verb == "grade" else [])], catch_exceptions=False)
        assert done.exit_code == 0 and not set(done.output) & set("\x1b\x07\u202e"), verb
        assert verb != "grade" or "[bold]x[" in done.output


def test_nor_in_an_error(course):
    """A report that was tampered with is named by the error, and so is what is wrong in it."""
    path = course.root / "reports" / NAME / "red.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"schema": 1, "parts": [], "questions": [], "points": 0, "max_points": 0, "\\u001b[31m": 0}')
    done = CliRunner().invoke(main, ["report", NAME], color=True)  # as a terminal, from which click strips nothing
    assert done.exit_code == 2 and "schema" in done.output and "\x1b" not in done.output
