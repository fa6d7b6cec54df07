"""Every page that we make, in a real browser: its words can be read in light and dark, it fits narrow windows, nothing in
it moves, and a keyboard reaches all of it."""

import base64
import shutil
from pathlib import Path

import pytest

from autograder.author.preview import preview
from autograder.course import load_assignment
from autograder.feedback import render_page as feedback_page
from autograder.gradebook.scores import CellScore, Scores
from autograder.overview import class_figures
from autograder.overview import render_page as class_page
from autograder.overview.attention import concerns
from autograder.overview.page import Links
from autograder.pictures.shrink import shrunk
from autograder.report import CheckResult, Difference, PartResult, Picture, Question, Report
from autograder.similar import write_page
from autograder.similar.compare import Agreement, Pair
from tests.browser import browser_page
from tests.contrast import CONTRAST
from tests.pictures.make import picture

ROOT = Path(__file__).parents[2]
VIEWS = {"light": {}, "dark": {"color_scheme": "dark"}, "narrow": {"viewport": {"width": 560, "height": 800}},
         "phone": {"viewport": {"width": 360, "height": 700}, "color_scheme": "dark"}}
LONG = r"$$\frac{\partial L}{\partial W_x} = \sum_{t} x_t \frac{\partial L}{\partial h_t} (1 - h_t h_t) + \sum_{t} h_t \frac{\partial L}{\partial h_t}$$"
WIDE = f"# ```text\n# {'a drawing of letters ' * 9}\n# ```\n#\n# | a | b |\n# |---|---|\n# | 1 | `{'w' * 90}` |\n#\n"
CODE = "def row_mean(x):\n    return x.sum(axis=1) / x.shape[1]  # " + "a long line of words " * 12 + "\n"


def a_class() -> list[Report]:
    """With each verdict, a long name, notes, a difference and a hint."""
    wrong = Difference(["N", "T", "H"], [2, 3, 4], ["0000", "0000", "9975", "0000", "0000", "3579"])

    def checks(*verdicts: str) -> list[CheckResult]:
        return [CheckResult(f"test_{number}", "the sentence of a check", 1, verdict, hidden=number > 2, points=verdict == "passed",
                            found="`next_h` differs at N=0", hint="Look at `tanh`.", attempted=verdict != "broken", difference=wrong)
                for number, verdict in enumerate(verdicts)]

    small = Picture(base64.b64encode(shrunk(picture(900, 300))[0]).decode())
    answer = f"### Why?\n\nBecause ![a sketch](attachment:p) of it. `code` [a link](https://x.org)\n\n{LONG}\n\n| a | b |\n|---|---|\n| 1 | {'2' * 80} |"
    return [Report("t1_means", name, "means.ipynb", [
        PartResult("row_mean", checks("passed", "failed", "skipped", "broken"), follow_through=["row_mean"], code=CODE),
        PartResult("word_embedding_backward_by_hand", checks("failed", "failed"), code=CODE * 2)],
        [Question("why_centre", 2, answer, True), Question("how", 2, "", False)], notes=["a note on `cell 3`"],
        pictures={"p": small}, room={"mode": "bubblewrap"}, versions={"numpy": "2.4"}, seconds=number + 0.1)
        for number, name in enumerate(("ann", "finn-forget-and-input-swapped-and-more", "a.long.address@of.a.university.edu"))]


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """Name -> file, with everything in it that such a page may have."""
    root = tmp_path_factory.mktemp("pages") / "course"
    shutil.copytree(ROOT / "tests" / "tiny", root)
    source = root / "solutions" / "t1_means" / "means.py"
    source.write_text(source.read_text().replace("# # Means\n", f"# # Means\n# A formula that is long:\n#\n# {LONG}\n#\n{WIDE}", 1))
    assignment, reports = load_assignment("t1_means", root), a_class()
    cells = {"why_centre": CellScore("why_centre", 2, None, None, needs_manual=True), "row_mean": CellScore("row_mean", 4, 1, 2)}
    scores = {report.student: Scores(report.student, cells, {"code-row_mean": "Well done."}, 0.5) for report in reports[:2]}
    pair = Pair("ann", reports[1].student, [Agreement("row_mean", 60, 1.0, 0.1, 0, 50)])
    made = {"feedback": feedback_page(reports[0], scores["ann"]),
            "class": class_page(class_figures("t1_means", reports, scores), concerns(reports, scores, [pair]),
                                Links({"ann": ["..", "feedback.html"]}))}
    for name, text in made.items():
        (root / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: root / f"{name}.html" for name in made} | {
        "similar": write_page(assignment, [pair], {report.student: {"row_mean": CODE} for report in reports}),
        "preview": preview(assignment)[0]}


PAGES = ["feedback", "class", "similar", "preview"]


@pytest.fixture(scope="module", params=VIEWS)
def browser(request):
    with browser_page(**VIEWS[request.param]) as page:
        yield page


@pytest.mark.parametrize("name", PAGES)
def test_all_words_can_be_read_and_the_page_fits(pages, browser, name):
    errors = []
    browser.on("console", lambda message: errors.append(message.text))
    browser.goto(pages[name].as_uri())
    browser.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    ratio, text = browser.evaluate(CONTRAST)
    assert ratio >= 4.5, f"{text!r} has a contrast of {ratio:.2f}"
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways as a whole"
    assert errors == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_moves(pages, browser, name):
    browser.goto(pages[name].as_uri())
    moving = """[...document.querySelectorAll("*")].map(each => getComputedStyle(each)).filter(style => style.animationName !== "none"
        || style.transitionDuration !== "0s" || style.scrollBehavior !== "auto").length"""
    assert browser.evaluate(moving) == 0


REACHED = """() => { const element = document.activeElement, style = getComputedStyle(element);
    return element === document.body ? "" : element.dataset.reached ??= String(Math.random()) + " " + (style.outlineStyle !== "none"); }"""

@pytest.mark.parametrize("name", PAGES)
def test_a_keyboard_reaches_everything(pages, browser, name):
    """All that can be pressed, opened or scrolled has the focus at some time, and is seen to have it."""
    browser.goto(pages[name].as_uri())
    browser.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    reached = []
    for _ in range(200):
        browser.keyboard.press("Tab")
        here = browser.evaluate(REACHED)
        if not here or here in reached:
            break
        reached.append(here)
    assert all(each.endswith("true") for each in reached)
    missed = browser.evaluate("""() => [...document.querySelectorAll("a[href], button, summary, pre, .scroll, .display")].filter(each =>
        each.checkVisibility() && !each.dataset.reached && (!each.matches("pre, .scroll, .display") || each.scrollWidth > each.clientWidth))
        .map(each => each.outerHTML.slice(0, 80))""")
    assert missed == []


def test_the_table_of_students_is_sorted_by_keys(pages, browser):
    browser.goto(pages["class"].as_uri())
    first = browser.locator("#students tbody tr th").first
    before = first.inner_text()
    browser.locator("#students thead button").first.focus()
    browser.keyboard.press("Enter")
    assert first.inner_text() != before and browser.locator("th[aria-sort=descending]").count() == 1
