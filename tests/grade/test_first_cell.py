"""The set-up cell of a handout, left in a notebook that is handed in, is nothing unusual."""

import json
import re
from pathlib import Path

from autograder.grade.grader import Grader
from autograder.release.notebook import source_notebook


def test_the_set_up_cell_is_nothing_unusual(tiny):
    page = (Path(__file__).parents[2] / "docs" / "students.md").read_text(encoding="utf-8")
    first = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    assert "install.py --here" in first
    notebook = json.loads(source_notebook(tiny))
    notebook["cells"].insert(0, {"cell_type": "code", "id": "setup", "metadata": {}, "outputs": [], "execution_count": 1,
                                 "source": first})
    folder = tiny.root / "submitted" / "ann" / tiny.name
    folder.mkdir(parents=True)
    (folder / "means.ipynb").write_text(json.dumps(notebook))
    with Grader(tiny, b"secret") as grader:
        report = grader.grade("ann", folder)
    assert (report.notes, report.points) == ([], report.max_points)
