"""Each notebook as a student meets it, in a browser: untouched, with a mistake, with the right answer."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from autograder.course.execute import read_answers
from autograder.course.source import CHECK, SOLUTION
from autograder.release.notebook import source_notebook
from tests.notebooks.student import Lab

MISTAKES = {  # a known mistake of the first part, and how it comes about in the reference
    "a1_rnn_captioning": ("step_without_tanh", "np.tanh(a)", "a"),
    "a2_attention": ("glance_without_scale", " / np.sqrt(H)", ""),
    "a3_multi_head_attention": ("split_without_exchange", "pieces.transpose(1, 2)", "pieces"),
    "a4_transformer_captioning": ("divided_by_the_variance", "torch.sqrt(variance + self.eps)", "(variance + self.eps)"),
}


def right_answer(assignment, index: int) -> str:
    """What stands in that cell of the notebook with solutions, without the marks of its region."""
    source = "".join(json.loads(source_notebook(assignment))["cells"][index]["source"])
    return "\n".join(line for line in source.splitlines() if " SOLUTION" not in line)


def earned_hint(assignment, name: str) -> str:
    return next(" ".join(answer.hint.split()) for answer in read_answers(assignment) if answer.name == name)


def index_of(assignment, role: str, after: int = 0) -> int:
    return next(index for index, cell in enumerate(assignment.cells) if index >= after and cell.role == role)


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


def test_a_student_learns_what_is_wrong(assignment, jupyterlab, screenshots):
    page, url, course = jupyterlab
    path = course / assignment.name / "assignments" / assignment.name / f"{assignment.notebook.stem}.ipynb"
    lab = Lab(page, url, path.relative_to(course).as_posix())
    check = index_of(assignment, CHECK)
    stub = index_of(assignment, SOLUTION)
    part = assignment.cells[check].name
    run_all(lab, assignment, screenshots)

    name, right, wrong = MISTAKES[assignment.name]
    answer = right_answer(assignment, stub)
    assert answer.count(right) == 1
    lab.write(stub, answer.replace(right, wrong))
    lab.run(stub)
    shown = lab.run(check)
    hint = f"hint: {earned_hint(assignment, name)}".replace("`", "")
    expect(shown).to_contain_text(hint)
    expect(shown).to_contain_text("differs at")
    said = re.sub(r"\s+", " ", shown.inner_text())
    assert said.count("hint:") == said.count(hint), said  # one mistake, one hint
    lab.picture(screenshots / f"{assignment.name}-2-mistake.png", check)

    lab.write(stub, answer)
    lab.run(stub)
    visible = sum(check.points for check in assignment.plan.checks_of(part) if not check.hidden)
    shown = lab.run(check)
    expect(shown).to_contain_text(f"{visible:g} of {visible:g} points")
    expect(shown).not_to_contain_text("hint:")
    lab.picture(screenshots / f"{assignment.name}-3-right.png", check)

    lab.save()
    saved = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert "".join(saved[stub]["source"]) == answer
    assert saved[check]["outputs"][0]["data"]["text/plain"] == [repr(float(visible))]
