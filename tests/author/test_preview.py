"""`autograder preview`: the student's first sight of an assignment, in a page that needs nothing but itself."""

import base64
import re

import pytest
from playwright.sync_api import sync_playwright

from autograder.author.markdown import formula, to_html
from autograder.author.preview import preview
from autograder.course import load_assignment
from autograder.errors import CourseError

CHROMIUM = "/usr/bin/chromium"


@pytest.fixture
def page_text(tiny) -> str:
    return preview(tiny)[0].read_text(encoding="utf-8")


def test_it_shows_stubs_checks_and_points(page_text):
    assert page_text.count("NotImplementedError") == 3
    assert "row_mean: 0 of 2 points" in page_text and "3 points, 1 of them in hidden checks" in page_text
    assert "question, 2 points, graded by hand" in page_text and "Write your answer here." in page_text
    assert "10 points:" in page_text and "1 in hidden checks" in page_text


def test_it_shows_no_answer_and_no_hidden_check(page_text):
    for secret in ("sum", "a shift common", "test_mean_of_many_rows", "the mean is right for another shape", "HIDDEN"):
        assert secret not in page_text.replace("each row sums to zero", ""), secret


def test_it_leaves_the_handed_out_assignment_alone(tiny):
    page, _ = preview(tiny)
    assert page == tiny.root / "build" / "preview" / "t1_means.html"
    assert not tiny.handout.exists()


def test_a_run_shows_what_demo_cells_show(tiny):
    """With the solutions in it; a cell that fails, or shows something else than it says, is named with its line."""
    demo = ("from matplotlib import pyplot\nfor step in range(10000):\n    pyplot.plot(row_mean(np.eye(2)))\npyplot.show()\n"
            'print("the mean", row_mean(np.eye(2)))')
    head, broken = '# %% tags=["demo"] pictures=2 short={"range(10000)": "range(1)"}', '# %% tags=["demo"]\nrow_mean(1, 2)'
    text = tiny.notebook.read_text()
    tiny.notebook.write_text(text.replace("# %% [markdown] question=", f"{head}\n{demo}\n\n{broken}\n\n# %% [markdown] question="))
    line = tiny.notebook.read_text().splitlines().index("row_mean(1, 2)") + 1
    page, (other, problem) = preview(load_assignment(tiny.name, tiny.root), run=True)
    assert other == f"{tiny.notebook}:{line - 7}: the cell shows 1 pictures, and says pictures=2"
    assert problem.startswith(f"{tiny.notebook}:{line}: with the solutions above it, the cell raises TypeError: row_mean() takes 1 pos")
    shown = page.read_text(encoding="utf-8")
    assert shown.count('<img alt="" src="data:image/png;base64,') == 1
    assert "<pre>the mean [0.5 0.5]\n</pre>" in shown and "<pre>TypeError: row_mean()" in shown


def test_a_mistake_in_the_source_is_named(tiny):
    tiny.checks.write_text(tiny.checks.read_text().replace('@points("scaler", 2)', '@points("scaler", 0)'))
    with pytest.raises(CourseError, match="is worth something"):
        preview(tiny)


def test_a_browser_shows_it_without_a_network(tiny):
    text = tiny.notebook.read_text()
    tiny.notebook.write_text(text.replace("# ## The mean of each row", "# ## The mean $m_i = \\frac1D \\sum_j x_{ij}$\n# $$A^\\top$$"))
    page_file, _ = preview(tiny)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 380, "height": 800}, color_scheme="dark")
        asked, said = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto(page_file.as_uri())
        page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
        assert page.locator("img.formula").count() == 2
        assert page.get_by_text("not attempted").count() == 4
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")  # nothing sticks out on a phone
        browser.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []


def test_a_dollar_in_code_is_a_dollar():
    assert to_html("`$x$` and\n```\n$y$\n```\n") == "<p><code>$x$</code> and</p>\n<pre><code>$y$\n</code></pre>\n"


def test_a_formula_that_cannot_be_drawn_is_shown_as_it_is_written():
    assert formula(r"\begin{pmatrix} a < b \end{pmatrix}") == '<code class="formula">\\begin{pmatrix} a &lt; b \\end{pmatrix}</code>'


@pytest.mark.parametrize("tex", [r"\frac12", r"\frac1{18}", r"\frac{a}b", r"\sqrt d", r"\big[\,x\,\big]", r"\tfrac12", "a < b"])
def test_tex_of_other_dialects_is_drawn(tex):
    assert formula(tex).startswith('<img class="formula" alt="')


def test_a_formula_has_no_background():
    """White paper would be a black box where the page is dark."""
    picture = base64.b64decode(re.search(r"base64,([^\"]+)", formula("x"))[1]).decode()
    assert "<svg" in picture and "ffffff" not in picture and "white" not in picture
