"""A notebook as a student meets it, in a browser: untouched, with a mistake, with the right answer.

One assignment, another one each day, or with --all each: what differs between assignments shows in a kernel, too
(test_whole.py).
"""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from autograder.course.source import CHECK
from tests.notebooks.first_mistake import first_exercise
from tests.notebooks.student import Lab


def run_all(lab: Lab, assignment, screenshots: Path) -> None:
    """The whole notebook at once: nothing ends it, and each check and each demo says what is to be written."""
    checks = [index for index, cell in enumerate(assignment.cells) if cell.role == CHECK]
    lab.menu("Run", "Run All Cells")
    for index in checks:
        expect(lab.cells.nth(index).locator(".jp-OutputArea")).to_contain_text(re.compile("not attempted|waits for"))
    code = [index for index, cell in enumerate(assignment.cells) if cell.is_code]
    expect(lab.cells.nth(code[-1]).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))
    said = lab.page.locator(".jp-Notebook .jp-OutputArea-output[data-mime-type*=stderr]").all_inner_texts()
    assert said and all(text.startswith("not yet: ") and len(text.splitlines()) == 1 for text in said), said
    lab.picture(screenshots / f"{assignment.name}-1-untouched.png", checks[0])


@pytest.mark.one_a_day
def test_a_student_learns_what_is_wrong(assignment, jupyterlab, screenshots):
    page, url, course = jupyterlab
    path = course / assignment.name / "assignments" / assignment.name / f"{assignment.notebook.stem}.ipynb"
    lab = Lab(page, url, path.relative_to(course).as_posix())
    run_all(lab, assignment, screenshots)

    first = first_exercise(assignment)
    lab.write(first.stub, first.wrong)
    lab.run(first.stub)
    shown = lab.run(first.check)
    hint = f"hint: {first.hint}".replace("`", "")
    expect(shown).to_contain_text(hint)
    expect(shown).to_contain_text("differs at")
    said = re.sub(r"\s+", " ", shown.inner_text())
    assert said.count("hint:") == said.count(hint), said  # one mistake, one hint
    lab.picture(screenshots / f"{assignment.name}-2-mistake.png", first.check)

    lab.write(first.stub, first.right)
    lab.run(first.stub)
    shown = lab.run(first.check)
    expect(shown).to_contain_text(f"{first.visible:g} of {first.visible:g} points")
    expect(shown).not_to_contain_text("hint:")
    lab.picture(screenshots / f"{assignment.name}-3-right.png", first.check)

    lab.save()
    saved = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert "".join(saved[first.stub]["source"]) == first.right
    assert saved[first.check]["outputs"][0]["data"]["text/plain"] == [repr(float(first.visible))]

    # What pictures go by (autograder/lab/in_words.py), and what a narrow window does to a formula that is wider.
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "light"
    page.set_viewport_size({"width": 560, "height": 900})
    wide = page.evaluate("""[...document.querySelectorAll(".jp-RenderedMarkdown")].filter(each => each.scrollWidth > each.clientWidth + 2)
        .map(each => getComputedStyle(each).overflowX)""")
    page.set_viewport_size({"width": 1280, "height": 900})
    assert set(wide) == {"auto"}
