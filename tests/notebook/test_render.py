"""autograder.render: the picture of where an array is wrong, as a drawing and as digits."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from autograder.examine.picture import picture
from autograder.render import MARKS, difference_html, difference_text, part_html, part_text
from autograder.report import FAILED, CheckResult, PartResult


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
    assert len(lines) == 18 and lines[-1] == "  ..."


@pytest.mark.parametrize("error", [np.ones((3, 4)), np.zeros((3, 4)), np.ones(1), np.eye(2)])
def test_no_picture_where_it_says_nothing(error):
    assert difference_html(picture(error, ["N", "D"][: error.ndim])) == ""
    assert difference_text(picture(error, ["N", "D"][: error.ndim])) == []


def test_a_hidden_check_shows_no_picture():
    difference = picture(wrong_at((2, 3), (0, 1)), ["N", "D"])
    for hidden in (False, True):
        part = PartResult("means", [CheckResult("a", "equal", 1, FAILED, hidden=hidden, difference=difference)])
        assert ("<svg" in part_html(part)) != hidden and ("N=2 down" in part_text(part)) != hidden


def test_the_hint_comes_last():
    check = CheckResult("a", "equal", 1, FAILED, found="differs", hint="look closer",
                        difference=picture(wrong_at((2, 3), (0, 1)), ["N", "D"]))
    for shown in (part_html(PartResult("means", [check])), part_text(PartResult("means", [check]))):
        assert shown.index("differs") < shown.index("N=2 down") < shown.index("look closer")


def test_names_of_axes_are_escaped():
    html = difference_html(picture(wrong_at((2, 3), (0, 1)), ['<b>"', "D"]))
    assert "<b>" not in html and ElementTree.fromstring(html).find("svg") is not None


def luminance(colour: str) -> float:
    parts = [int(colour[start:start + 2], 16) / 255 for start in (1, 3, 5)]
    return np.dot([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts], [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("verdict", MARKS)
def test_verdicts_can_be_read_on_light_and_dark_themes(verdict):
    """Their contrast after WCAG 2; no colour has 4.5, its rule for text, on both."""
    inside = luminance(MARKS[verdict][1]) + 0.05
    assert (luminance("#ffffff") + 0.05) / inside > 4 and inside / (luminance("#111111") + 0.05) > 4
