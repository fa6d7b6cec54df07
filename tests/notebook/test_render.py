"""autograder.render: the picture of where an array is wrong, as a drawing and as digits."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from autograder.examine.picture import picture
from autograder.render import MARKS, difference_html, difference_text, part_html, part_text
from autograder.report import FAILED, CheckResult, PartResult
from tests.browser import browser_page
from tests.contrast import CONTRAST, contrast


def wrong_at(shape: tuple[int, ...], *places) -> np.ndarray:
    error = np.zeros(shape)
    for place in places:
        error[place] = 1.0
    return error


def squares(html: str) -> set[tuple[int, int]]:
    """(row, column) of each full square."""
    return {(int(y), int(x)) for path in re.findall(r'd="([^"]*)" fill=', html) for x, y in re.findall(r"M(\d+) (\d+)", path)}


def test_a_square_for_each_wrong_value():
    html = difference_html(picture(wrong_at((2, 3, 5), (1, 2, 4), (0, 1, 3)), ["N", "T", "H"]))
    assert squares(html) == {(5, 4), (1, 3)}
    assert "N=2, T=3 down, H=5 across" in html
    assert "M0 3h5" in html                             # a line where the second sequence begins
    drawn = ElementTree.fromstring(html)
    assert drawn.find("svg").get("role") == "img" and "H=5 across" in drawn.find("svg").get("aria-label")


def test_the_same_in_digits():
    lines = difference_text(picture(wrong_at((2, 4), (1, 3)), ["N", "D"]))
    assert lines == ["where (N=2 down, D=4 across; . agrees, 1 to 9: how wrong):", "  ....", "  ...9"]


def test_many_rows_are_cut_in_plain_text():
    lines = difference_text(picture(wrong_at((30, 2), (0, 0)), ["T", "D"]))
    assert len(lines) == 12 and lines[-1] == "  ..."


@pytest.mark.parametrize("error", [np.ones((3, 4)), np.zeros((3, 4)), np.ones(1), np.eye(2)])
def test_no_picture_where_it_says_nothing(error):
    assert difference_html(picture(error, ["N", "D"][: error.ndim])) == ""
    assert difference_text(picture(error, ["N", "D"][: error.ndim])) == []


def test_a_hidden_check_shows_no_picture():
    difference = picture(wrong_at((2, 3), (0, 1)), ["N", "D"])
    for hidden in (False, True):
        part = PartResult("means", [CheckResult("a", "equal", 1, FAILED, hidden=hidden, difference=difference)])
        assert ("<svg" in part_html(part)) != hidden and ("N=2 down" in part_text(part)) != hidden


def test_a_picture_is_drawn_where_some_values_agree():
    error = np.where(np.eye(3, 4), 1.0, 0.01)
    assert difference_text(picture(error, ["N", "D"])) == []
    assert len(difference_text(picture(error * (error < 1), ["N", "D"]))) == 4


def test_a_hint_is_said_once():
    checks = [CheckResult(name, "equal", 1, FAILED, found="differs", hint=hint)
              for name, hint in (("a", "look closer"), ("b", "look closer"), ("c", "another one"), ("d", ""))]
    for shown in (part_html(PartResult("means", checks)), part_text(PartResult("means", checks))):
        assert shown.count("look closer") == shown.count("another one") == 1
    assert [check.hint for check in checks] == ["look closer", "look closer", "another one", ""]  # the report has all


def test_the_hint_comes_last():
    check = CheckResult("a", "equal", 1, FAILED, found="differs", hint="look closer",
                        difference=picture(wrong_at((2, 3), (0, 1)), ["N", "D"]))
    for shown in (part_html(PartResult("means", [check])), part_text(PartResult("means", [check]))):
        assert shown.index("differs") < shown.index("N=2 down") < shown.index("look closer")


def test_names_of_axes_are_escaped():
    html = difference_html(picture(wrong_at((2, 3), (0, 1)), ['<b>"', "D"]))
    assert "<b>" not in html and ElementTree.fromstring(html).find("svg") is not None


@pytest.mark.parametrize("verdict", MARKS)
def test_verdicts_can_be_read_on_every_theme_and_stripe(verdict):
    """White letters on a ground of their own, whatever a theme puts behind a row."""
    check = CheckResult("test_it", "a sentence", 1, verdict, attempted=verdict != "skipped")
    style = re.search(r'<span style="([^"]*)">. ', part_html(PartResult("means", [check])))[1]
    colours = dict(rule.split(":") for rule in style.split(";"))
    assert colours["color"] == "#fff" and contrast("#ffffff", colours["background"]) >= 4.5
    assert colours["white-space"] == "nowrap"


# JupyterLab's tables: rows that are striped, and the one under the mouse, in its light and its dark theme.
STRIPES = """<style>body { margin: 0; color-scheme: %s; background: %s; color: %s; font: 14px sans-serif; overflow-wrap: anywhere; word-break: break-word; }
tr { background: %s; } tr:nth-child(odd) { background: %s; }</style>"""
THEMES = {"light": ("light", "#fff", "rgba(0, 0, 0, .87)", "#fff", "#f5f5f5"), "hovered": ("light", "#fff", "rgba(0, 0, 0, .87)", "#e1f5fe", "#e1f5fe"),
          "dark": ("dark", "#111", "rgba(255, 255, 255, .87)", "#111", "#212121"), "dark, hovered": ("dark", "#111", "#fff", "#012f4a", "#012f4a")}


@pytest.fixture(scope="module")
def phone():
    with browser_page(viewport={"width": 300, "height": 700}) as page:
        yield page


@pytest.mark.parametrize("theme", THEMES)
def test_all_words_of_a_table_can_be_read_and_none_is_broken(theme, phone):
    difference = picture(wrong_at((4, 3), (0, 1)), ["N", "D"])
    checks = [CheckResult("test_it", "the gradients of embeddings", 1, verdict, found="`uncharacteristically` differs", hint="look closer",
                          difference=difference, attempted=attempted)
              for verdict, attempted in (("passed", True), ("failed", True), ("failed", False), ("skipped", True), ("broken", True))]
    phone.set_content(STRIPES % THEMES[theme] + part_html(PartResult("means", checks)))
    ratio, text = phone.evaluate(CONTRAST)
    assert ratio >= 4.5, f"{text!r} has a contrast of {ratio:.2f}"
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert phone.evaluate("""() => { const words = document.createTreeWalker(document.body, 4), range = document.createRange();
      while (words.nextNode()) for (const word of words.currentNode.data.matchAll(/\\S+/g)) {
        range.setStart(words.currentNode, word.index); range.setEnd(words.currentNode, word.index + word[0].length);
        if (range.getClientRects().length > 1) return word[0]; }
      return ""; }""") == ""
