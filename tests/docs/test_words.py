"""What is written for students can be read by everybody: headings in order, pictures described."""

import json
import re

from autograder.release.notebook import release_notebook


def statements(assignment) -> str:
    """All text of the students' notebook, without its code."""
    cells = json.loads(release_notebook(assignment))["cells"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def test_headings_are_in_order(assignment):
    """One title, and no level is left out: a reader who hears the page finds the way by them."""
    levels = [len(marks) for marks in re.findall(r"^(#+) ", statements(assignment), re.MULTILINE)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert [deeper - level for level, deeper in zip(levels, levels[1:]) if deeper > level + 1] == []


def test_pictures_have_alternative_texts(assignment):
    text = statements(assignment)
    assert "<img" not in text and re.findall(r"!\[\s*\]", text) == []
