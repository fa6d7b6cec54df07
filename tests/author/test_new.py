"""`autograder new`: what it makes works at once, and nothing that is there is touched.

A class of it is graded in test_first_assignment.py.
"""

import json
from pathlib import Path

import pytest

from autograder.audit.parts import PartAuditor
from autograder.author.new import new, notebook_stem
from autograder.course import load_assignment
from autograder.course.execute import read_answers
from autograder.errors import CourseError
from autograder.examine.open import course_examiner
from autograder.release import build

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A course whose one assignment was just made."""
    root = tmp_path_factory.mktemp("new") / "course"
    new(root, "a5_first")
    return load_assignment("a5_first", root)


def test_it_makes_three_files(begun):
    assert sorted(path.name for path in begun.folder.iterdir()) == ["checks.py", "first.py", "mistakes.py"]
    assert begun.max_points == 100
    assert {question.name for question in begun.questions} == {"why_shift"}


def test_it_tells_jupytext_to_keep_the_head_of_the_file(begun):
    """As the course's own solutions/ does; what is there already stays."""
    settings = begun.root / "solutions" / "jupytext.toml"
    assert settings.read_bytes() == (ROOT / "solutions" / "jupytext.toml").read_bytes()
    settings.write_text("# mine\n")
    new(begun.root, "a6_second")
    assert settings.read_text() == "# mine\n"


def test_its_release_is_fresh(begun):
    assert build.release(begun) == ["checks.py", "first.ipynb", "recorded.h5"]
    build.verify(load_assignment(begun.name, begun.root))


def test_it_shows_each_thing_once_at_least(begun):
    """What an author wants to copy: both kinds of checks in each part, hints, other answers, follow-through, a demo."""
    for part in begun.plan.parts:
        assert {check.hidden for check in begun.plan.checks_of(part.name)} == {True, False}
    assert begun.plan.part("cross_entropy").builds_on == ("softmax",)
    answers = read_answers(begun)
    assert {answer.correct for answer in answers} == {True, False}
    assert {cell.role for cell in begun.cells} == {"text", "given", "solution", "check", "demo", "written"}


def test_its_audit_finds_nothing(begun):
    with course_examiner(begun, b"tests") as examiner:
        auditor = PartAuditor(begun, examiner)
        results = [auditor.audit(part.name) for part in begun.plan.parts]
    assert [result.problems for result in results] == [[], []]
    assert all(result.mistakes and result.mistakes == result.hinted for result in results)
    assert all(result.mutants and result.mutants == result.killed + result.equivalent for result in results)


@pytest.mark.parametrize("place", ["solutions", "assignments"])
def test_nothing_is_overwritten(tmp_path, place):
    folder = tmp_path / place / "a5_first"
    folder.mkdir(parents=True)
    (folder / "checks.py").write_text("mine")
    with pytest.raises(CourseError, match="(?s)`a5_first`.*is there already.*nothing was changed"):
        new(tmp_path, "a5_first")
    assert [path.name for path in tmp_path.rglob("*.py")] == ["checks.py"]
    assert (folder / "checks.py").read_text() == "mine"


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "a/b", "../a", "/a", "a\\b", "-a", "_a", ".a", "a+b", "ä1", "a\n",
                                  "a\0b", "<script>", "=cmd", "\x1b[31m", "x" * 65])
def test_a_name_that_cannot_be_one_is_refused(tmp_path, name):
    with pytest.raises(CourseError, match="a name for an assignment: letters, digits, _ and -"):
        new(tmp_path / "course", name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name, stem", [
    ("a5_softmax", "softmax"), ("hw3-graphs", "graphs"), ("softmax", "softmax"), ("a5_checks", "a5_checks"), ("a5", "a5"),
    ("2026_exam", "exam"), ("a5_reference", "a5_reference"), ("a1_2_b", "a1_2_b")])
def test_the_notebook_is_called_after_the_assignment(name, stem):
    assert notebook_stem(name) == stem


def test_the_released_notebook_is_valid(begun):
    import nbformat

    build.release(begun)
    notebook = (begun.handout / "first.ipynb").read_text()
    nbformat.validate(nbformat.reads(notebook, as_version=4))
    assert sum(cell["metadata"].get("nbgrader", {}).get("points", 0) for cell in json.loads(notebook)["cells"]) == 100
