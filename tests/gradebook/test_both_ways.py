"""`nbgrader autograde` with this course's configuration, and GradebookWriter: the same rows, the same notebooks."""

import json
import shutil
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.gradebook.scores import read_scores
from autograder.gradebook.writer import GradebookWriter
from autograder.report import load
from tests.rows import QUERIES, rows

NAME, ODD = "t1_means", "c o'hara+ü@x.edu"

def write_all(root: Path, reports: Path) -> None:
    with GradebookWriter(root, NAME) as writer:
        for path in sorted((reports / "reports" / NAME).glob("*.json")):
            report = load(path)
            writer.write(report, root / "submitted" / report.student / NAME)


def set_up_course(root: Path) -> None:
    """A due date and a penalty for lateness."""
    with open(root / "nbgrader_config.py", "a") as file:
        file.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    with GradebookWriter(root, NAME):
        pass
    with Gradebook(f"sqlite:///{root}/gradebook.db", "") as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate=datetime(2025, 5, 1))


def grade_by_hand(root: Path) -> None:
    """What a person does in formgrader."""
    with Gradebook(f"sqlite:///{root}/gradebook.db", "") as gradebook:
        grade = gradebook.find_grade("why_centre", "means", NAME, "ann")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        gradebook.find_grade("row_mean", "means", NAME, "bob").manual_score = 0.5
        gradebook.find_grade("scaler", "means", NAME, "bob").extra_credit = 0.25
        gradebook.find_comment("why_centre", "means", NAME, "ann").manual_comment = "Good, say more."
        gradebook.db.commit()


@pytest.fixture(scope="module")
def both(released, notebooks, submit, run_nbgrader, tmp_path_factory):
    """(course graded by nbgrader, copy graded by the writer from the same reports)."""
    by_nbgrader = Path(shutil.copytree(released, tmp_path_factory.mktemp("both") / "nbgrader"))
    for student, notebook in notebooks.items():
        submit(by_nbgrader, student, notebook, {"ann": "2025-05-01 02:00:00 UTC", "bob": "2025-04-30 10:00:00 CET"}
               .get(student, ""))
    by_writer = Path(shutil.copytree(by_nbgrader, by_nbgrader.with_name("writer")))
    set_up_course(by_nbgrader)
    set_up_course(by_writer)
    done = run_nbgrader(by_nbgrader, "autograde", NAME)
    assert done.returncode == 0, done.stderr
    write_all(by_writer, by_nbgrader)
    return by_nbgrader, by_writer


def test_both_ways_write_the_same_rows(both):
    by_nbgrader, by_writer = map(rows, both)
    for name in QUERIES:
        assert by_writer[name] == by_nbgrader[name], name


def test_both_ways_write_the_same_notebooks(both):
    import nbformat

    for student in ("ann", "bob", ODD, "dan", "eve"):
        first, second = (nbformat.read(root / "autograded" / student / NAME / "means.ipynb", as_version=4)
                         for root in both)
        assert first == second, student
        nbformat.validate(second)


def test_the_scores_are_what_the_class_deserves(both):
    scores = read_scores(both[1], NAME)
    assert {student: sum(cell.score for cell in each.cells.values()) for student, each in scores.items()} == {
        "ann": 8, "bob": 0, ODD: 5, "dan": 0, "eve": 8}
    assert scores["ann"].late_penalty == 8 and scores["ann"].score == 0
    assert scores["bob"].comments["why_centre"] == "No response." and not scores["bob"].needs_manual
    assert scores["eve"].cells["why_centre"].needs_manual
    assert scores["dan"].max_points == 10 and not scores["dan"].needs_manual


def test_a_second_grading_keeps_what_people_gave_and_is_the_same_both_ways(both, run_nbgrader):
    for root in both:
        grade_by_hand(root)
        submission = root / "submitted" / "ann" / NAME / "means.ipynb"
        submission.write_text(submission.read_text().replace("def row_mean(x):", "def row_mean(x):  # anew"))
    done = run_nbgrader(both[0], "autograde", NAME, "--student", "ann", "--force")
    assert done.returncode == 0, done.stderr
    write_all(both[1], both[0])
    assert rows(both[1]) == rows(both[0])
    ann = read_scores(both[1], NAME)["ann"]
    assert ann.cells["why_centre"].manual == 1.5 and ann.cells["why_centre"].comment == "Good, say more."
    assert ann.cells["why_centre"].needs_manual  # to be looked at again, as nbgrader does it
    assert read_scores(both[1], NAME)["bob"].cells["row_mean"].manual == 0.5


def test_what_has_not_changed_is_left_alone(both):
    """As by `nbgrader autograde` without --force: what a person has looked at need not be looked at again."""
    with Gradebook(f"sqlite:///{both[1]}/gradebook.db", "") as gradebook:
        gradebook.find_grade("why_centre", "means", NAME, "ann").needs_manual_grade = False
        gradebook.db.commit()
    before = rows(both[1])
    files = {path: path.stat().st_mtime_ns for path in (both[1] / "autograded").rglob("*") if path.is_file()}
    write_all(both[1], both[0])
    assert rows(both[1]) == before
    assert {path: path.stat().st_mtime_ns for path in (both[1] / "autograded").rglob("*") if path.is_file()} == files


@pytest.fixture(scope="module")
def pages(both, run_nbgrader) -> Path:
    """The folder that nbgrader's own `generate_feedback` makes of what the writer wrote."""
    done = run_nbgrader(both[1], "generate_feedback", NAME)
    assert done.returncode == 0, done.stderr
    return both[1] / "feedback"


def test_nbgrader_shows_no_hidden_test_in_its_feedback(pages):
    page = (pages / ODD / NAME / "means.html").read_text()
    assert "row_mean: 0 of 3 points" in page and "a hidden check, on other inputs" in page
    for path in filter(Path.is_file, pages.rglob("*")):
        for secret in (b"the mean is right for another shape", b"test_mean_of_many_rows", b"HIDDEN TESTS"):
            assert secret not in path.read_bytes(), path


class Dangers(HTMLParser):
    """The elements and attributes of a page that run something."""

    def __init__(self, page: str):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "iframe", "object", "style", "svg"):
            self.found.append((tag, attributes))
        for name, value in attributes:
            if name.startswith("on") or (value or "").strip().lower().startswith(("javascript:", "data:text")):
                self.found.append((tag, name, value))


def test_a_submission_brings_no_script_into_nbgraders_pages(pages):
    """Formgrader shows these notebooks with the same exporter to teachers who are logged in."""
    harmless, hostile = ((pages / student / NAME / "means.html").read_text() for student in ("bob", "eve"))
    assert "because" in hostile
    assert Dangers(hostile).found == Dangers(harmless).found


def test_nothing_but_our_results_is_in_the_graded_notebooks(both):
    for path in both[1].glob("autograded/*/*/means.ipynb"):
        notebook = json.loads(path.read_text())
        checks = [cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("locked")
                  and cell["metadata"]["nbgrader"]["grade"]]
        assert sorted(cell["metadata"]["nbgrader"]["grade_id"] for cell in checks) == ["centred", "row_mean", "scaler"]
        for cell in notebook["cells"]:
            outputs = cell.get("outputs", [])
            assert len(outputs) == (cell in checks)
            assert all(output["output_type"] == "execute_result" for output in outputs)
            assert all("forged" not in output["data"]["text/html"] for output in outputs)
        assert "1 / 0" not in path.read_text()
