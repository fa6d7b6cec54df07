"""A written answer on the student's page: as a notebook shows it, with its own pictures, and never cut in silence."""

import time

import pytest

from autograder.feedback.answer import MAX_ANSWER, MAX_MARKDOWN, answer_html
from autograder.report import Picture

PICTURES = {"picture-1": Picture("UklGRg=="), "picture-2": Picture(refused="it is damaged")}


def test_it_is_shown_as_a_notebook_shows_it():
    html = answer_html("#### Why *centre*?\n\nBecause `x` < 1:\n- one\n- **two**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
                       "```python\nx < 1\n```\nsee [the paper](https://arxiv.org) and <https://x.org>", {})
    for piece in ("<h4>Why <em>centre</em>?</h4>", "<code>x</code> &lt; 1", "<li>one</li>", "<strong>two</strong>", "<td>1</td>",
                  "<code>x &lt; 1\n</code>", "the paper (https://arxiv.org) and https://x.org"):
        assert piece in html
    assert "#" not in html and "href" not in html


def test_formulas_stand_as_they_were_typed():
    html = answer_html("so $a_1 * b_2 * c$ and\n\n$$\n\\frac{a_1}{b_2} < \\alpha\n$$\n\nbut $5 and $6", {})
    assert "$a_1 * b_2 * c$" in html and "$$\\frac{a_1}{b_2} &lt; \\alpha$$" in html and "but $5 and $6" in html
    assert "<em>" not in html


def test_its_own_pictures_are_shown_and_no_other():
    html = answer_html("![a \"quoted\" one](attachment:picture-1) ![](attachment:picture-1) ![x](attachment:picture-2) "
                       "![y](attachment:gone) ![z](https://x.org/a.png)", PICTURES)
    assert html.count("<img ") == html.count('src="data:image/webp;base64,UklGRg=="') == 2
    assert 'alt="a &#34;quoted&#34; one"' in html and 'alt="a picture of this answer"' in html
    assert "![z](https://x.org/a.png)" in html and "![y](attachment:gone)" in html


@pytest.mark.parametrize("length", [MAX_MARKDOWN + 1, MAX_ANSWER + 12_345])
def test_what_is_too_long_says_how_much_is_missing(length):
    html = answer_html("x\n" * (length // 2) + "x" * (length % 2), {})
    assert html.startswith('<div class="typed">') and html.count("x") >= min(length, MAX_ANSWER) // 2
    assert ("12345 more characters are left out here" in html) == (length > MAX_ANSWER)


@pytest.mark.parametrize("piece", ["*", "_a", "**a ", "[", "![a](", "`", "$", "> ", "- ", "| a |\n|-|\n", "\\", "<a ", "~~a ", "[a]: b\n"])
def test_a_text_that_is_made_to_be_slow_is_not(piece):
    began = time.perf_counter()
    answer_html(piece * (MAX_MARKDOWN // len(piece)), {})
    assert time.perf_counter() - began < 5
