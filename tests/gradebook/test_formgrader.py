"""Grading by hand in nbgrader's formgrader, in a real browser: what the grader sees, and where points and words go."""

import base64
import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
from matplotlib import pyplot

from autograder.gradebook.scores import read_scores
from tests.browser import browser_page, jupyter_server
from tests.pictures.make import base64_of, picture

NAME, ODD = "t1_means", "c o'hara+ü@x.edu"
BELOW = "words below the picture ![](https://hub/logout)"
COMMENT = "Good. Which <shift>, though? `x & y`"


def plot() -> str:
    """A student's plot, as a notebook holds it."""
    matplotlib.use("agg")
    figure, axes = pyplot.subplots(figsize=(3, 2))
    axes.plot([1, 3, 2])
    picture = io.BytesIO()
    figure.savefig(picture)
    pyplot.close(figure)
    return base64.b64encode(picture.getvalue()).decode()


def with_plot(notebook: dict) -> dict:
    """The notebook with a plot below its demo cell, and things there that no page should show."""
    notebook = json.loads(json.dumps(notebook).replace("So that a shift common to all features", "So that an offset"))
    answer = next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == "why_centre")
    drawn = f"![drawn by hand](data:image/png;base64,{base64_of(picture(300, 200))})"
    answer["source"] = "\n\n".join(["".join(answer["source"]), drawn, BELOW])
    demo = next(cell for cell in notebook["cells"] if "demo" in cell["metadata"].get("tags", []))
    demo["outputs"] = [
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": plot(), "text/html": "<b>forged</b>"}},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": "bm90IGEgcGljdHVyZQ=="}},
        {"output_type": "stream", "name": "stdout", "text": "<b>forged</b>"}]
    return notebook


@pytest.fixture(scope="module")
def graded(released, notebooks, submit, tmp_path_factory) -> Path:
    """A course folder with a small class that `autograder grade` has graded."""
    root = Path(shutil.copytree(released, tmp_path_factory.mktemp("formgrader") / "course"))
    for student in (ODD, "bob", "eve"):
        submit(root, student, with_plot(notebooks[student]))
    shutil.rmtree(root / "build")  # as in a fresh clone, where nobody has released anything yet
    autograder(root, "grade", NAME)
    return root


def autograder(root: Path, *arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "autograder", *arguments], cwd=root, text=True, capture_output=True,
                          timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr


def save(page, what: str, act) -> None:
    """Does something to the page that it saves at once, and waits until it has."""
    with page.expect_response(lambda answer: f"/api/{what}/" in answer.url and answer.request.method == "PUT") as saved:
        act()
    assert saved.value.status == 200


def fill(page, selector: str, text: str) -> None:
    page.fill(selector, text)
    page.press(selector, "Tab")


def grade_by_hand(page, url: str, pictures: Path) -> dict[str, str]:
    """What a teacher does: goes through the list, gives points and comments. Returns each student's page as text."""
    page.goto(f"{url}formgrader/?token=t")
    page.click("text=Manual Grading")
    page.click(f"a:text-is('{NAME}')")
    page.click("a:text-is('means')")
    page.wait_for_selector("text=Submission #3")
    page.screenshot(path=pictures / "list.png")
    page.click("text=Submission #1")
    seen = {}
    for _ in range(3):
        page.wait_for_selector("#why_centre")
        page.wait_for_function("document.querySelector('#row_mean').placeholder != ''")  # its scores have arrived
        student = next(student for student in (ODD, "bob", "eve") if student in page.locator(".breadcrumb").text_content())
        seen[student] = page.locator("body").inner_text()
        page.screenshot(path=pictures / f"{len(seen)}.png", full_page=True)
        look(page)
        if student == ODD:
            save(page, "grade", lambda: fill(page, "#why_centre", "1.5"))
            save(page, "grade", lambda: fill(page, "#scaler_extra_credit", "0.5"))
            save(page, "comment", lambda: fill(page, "#why_centre-comment", COMMENT))
        elif student == "eve":
            save(page, "grade", lambda: page.locator(".nbgrader_cell").last.locator(".full-credit").click())
            save(page, "grade", lambda: fill(page, "#row_mean", "2"))
        page.click("text=Next →")
    page.wait_for_selector("text=Submission #3")  # the list again: all are done
    return seen


def look(page) -> None:
    """Tables, drawings and plots are there as such; nothing of the student's is more than text."""
    assert page.locator("div[role=region] table").count() == 3
    assert page.locator("blockquote:has-text('Rubric (students do not see it)')").count() == 1
    plots = page.locator("img[alt='a plot in the submitted notebook']")
    assert plots.count() == 1 and plots.evaluate("picture => picture.complete && picture.naturalWidth") > 100
    assert page.locator("b:text('forged')").count() == 0
    answers = page.locator("img[alt='drawn by hand']")
    assert answers.count() == 1 and answers.evaluate("picture => picture.complete && picture.naturalWidth") == 300
    assert page.locator("text=words below the picture [a picture from elsewhere").count() == 1


@pytest.fixture(scope="module")
def by_hand(graded, tmp_path_factory):
    """(course folder, student -> page as text, errors of the pages), after a teacher has been at it."""
    home, errors = tmp_path_factory.mktemp("jupyter"), []
    with jupyter_server(graded, home) as url, browser_page(viewport={"width": 1200, "height": 900}) as page:
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: errors.append(dialog.message))
        page.on("request", lambda request: "hub/logout" in request.url and errors.append(request.url))
        return graded, grade_by_hand(page, url, home), errors


def test_the_teacher_sees_what_was_found_and_the_rubric(by_hand):
    _, seen, errors = by_hand
    assert "row_mean: 0 of 3 points" in seen[ODD] and "hint: This is the sum of each row" in seen[ODD]
    assert "examined with a correct row_mean in place" in seen[ODD]
    assert "row_mean: 0 of 3 points" in seen["bob"] and "not attempted" in seen["bob"]
    for text in seen.values():
        assert "So that a shift common to all features does not matter. (1 point for shift, 1 for common)" in text
        assert "a hidden check, on other inputs" in text and "for another shape" not in text
    assert "<script>steal()</script>" in seen["eve"].replace("\u200b", "")
    assert set(errors) <= {"MathJax is not defined"}  # the formulas' program comes from the network


def test_points_and_comments_are_in_the_gradebook(by_hand):
    scores = read_scores(by_hand[0], NAME)
    odd, eve, bob = scores[ODD], scores["eve"], scores["bob"]
    assert odd.cells["why_centre"].manual == 1.5 and odd.cells["scaler"].extra == 0.5
    assert odd.comments["why_centre"] == COMMENT and not odd.needs_manual
    assert eve.cells["why_centre"].manual == 2 and eve.cells["row_mean"].manual == 2
    assert (odd.score, eve.score, bob.score) == (5 + 1.5 + 0.5, 3 + 2 + 2 + 2, 0)


def test_they_are_on_the_students_pages_and_the_rubric_is_not(by_hand, run_nbgrader):
    root = by_hand[0]
    autograder(root, "feedback", NAME)
    page = (root / "feedback" / ODD / NAME / "means.html").read_text()
    assert "<strong>7</strong> of 10 points" in page and "Which &lt;shift&gt;, though?" in page
    assert "<strong>9</strong> of 10" in (root / "feedback" / "eve" / NAME / "means.html").read_text()
    assert run_nbgrader(root, "generate_feedback", NAME, "--force").returncode == 0
    theirs = (root / "feedback" / ODD / NAME / "means.html").read_text()
    assert "Which &lt;shift&gt;" in theirs or "Which <shift>" in theirs
    for text in (page, theirs):
        assert "shift common to all features" not in text and "Rubric" not in text


def test_they_are_in_nbgraders_export(by_hand, run_nbgrader):
    root = by_hand[0]
    assert run_nbgrader(root, "export").returncode == 0
    with open(root / "grades.csv", newline="") as file:
        rows = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert rows == {ODD: 7, "eve": 9, "bob": 0}


def test_a_regrade_keeps_them(by_hand):
    root = by_hand[0]
    before = read_scores(root, NAME)
    autograder(root, "grade", NAME, "--again")
    after = read_scores(root, NAME)
    for student, scores in before.items():
        assert after[student].score == scores.score and after[student].comments == scores.comments
        assert {name: (cell.manual, cell.extra) for name, cell in after[student].cells.items()} == {
            name: (cell.manual, cell.extra) for name, cell in scores.cells.items()}
