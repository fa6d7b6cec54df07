"""The page of one student in a real browser: it asks for nothing, fits a phone, can be read in the light and in the dark."""

from pathlib import Path

import pytest

from autograder.feedback import render_page
from autograder.gradebook.scores import CellScore, Scores
from autograder.report import CheckResult, Difference, PartResult, Question, Report
from tests.browser import browser_page
from tests.contrast import CONTRAST

WRONG = Difference(["N", "T", "H"], [2, 3, 4], ["0000", "0000", "9975", "0000", "0000", "3579"])
CODE = 'def forward(x, h0, Wx, Wh, b):\n    """x (N, T, D)"""\n    return np.tanh(x @ Wx + h0 @ Wh + b)  # all steps' + " at once" * 20
VIEWS = {"light": {}, "dark": {"color_scheme": "dark"}, "phone": {"viewport": {"width": 360, "height": 700}}}

@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    """A page with everything that a page may have."""
    def check(verdict: str, **rest) -> CheckResult:
        return CheckResult("test_it", "the sentence of the check", 1, verdict, **rest)

    parts = [PartResult("forward", [check("passed", points=1), check("failed", found="`h` differs at N=0", difference=WRONG, hint="Look at `tanh`."),
                                    check("failed", hidden=True, difference=WRONG)], code=CODE),
             PartResult("word_embedding_backward_by_hand", [check("passed", points=1)]),
             PartResult("backward", [check("skipped", found="waits for `forward`"), check("broken")], follow_through=["forward"], code=CODE + "\n"),
             PartResult("blank", [check("failed", attempted=False, found="not attempted: `blank`")])]
    report = Report("a1_rnn", "ann", "rnn.ipynb", parts, [Question("why", 2, "Because.", True), Question("how", 2, "x" * 300, True)],
                    "", ["a note on `cell 3`"], "", {"mode": "bubblewrap"}, {"numpy": "2.4"})
    scores = Scores("ann", {"why": CellScore("why", 2, None, 1, comment="Say more.")}, {"code-forward": "Nice."}, 0.5)
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(render_page(report, scores), encoding="utf-8")
    return path


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_can_be_read_and_asks_for_nothing(file, view, tmp_path):
    asked, errors = [], []
    with browser_page(**VIEWS[view]) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text))
        page.goto(file.as_uri())
        page.screenshot(path=tmp_path / f"{view}.png", full_page=True)
        assert asked == [file.as_uri()] and errors == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        drawings = page.locator("svg[role=img][aria-label]")
        assert drawings.count() == 1 and drawings.bounding_box()["height"] > 30
        ratio, text = page.evaluate(CONTRAST)
        assert ratio >= 4.5, f"{text!r} has a contrast of {ratio:.2f}"


def test_on_paper_all_code_is_there(file):
    with browser_page() as page:
        page.goto(file.as_uri())
        page.emulate_media(media="print")
        assert page.evaluate("[...document.querySelectorAll('pre')].every(code => code.offsetHeight > 20)")
        assert page.locator("svg").bounding_box()["height"] > 30
