"""Words are tested: each folder of tests/golden holds an answer and the exact verdict that its student reads.

After a change of words: `python -m tests.grade.test_golden` writes the verdicts anew; read the difference.
"""

import json
from pathlib import Path

import pytest

from autograder.course import load_assignment
from autograder.grade.grader import Grader
from autograder.release.notebook import release_notebook
from autograder.render import part_text

GOLDEN = Path(__file__).parents[1] / "golden"
TINY = Path(__file__).parents[1] / "tiny"


@pytest.fixture(scope="module")
def grader():
    with Grader(load_assignment("t1_means", TINY), secret=b"golden") as opened:
        yield opened


@pytest.mark.parametrize("folder", sorted(path for path in GOLDEN.iterdir()), ids=lambda path: path.name)
def test_verdict(folder, grader, tmp_path):
    assert verdict(folder, grader, tmp_path) == (folder / "verdict.txt").read_text(encoding="utf-8")


def verdict(folder: Path, grader: Grader, into: Path) -> str:
    """What the student of a golden folder reads: the blank notebook with answer.py in a cell at its end."""
    notebook = json.loads(release_notebook(grader.assignment))
    source = (folder / "answer.py").read_text(encoding="utf-8")
    notebook["cells"].append({"cell_type": "code", "metadata": {}, "source": source, "outputs": []})
    (into / "means.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    report = grader.grade("student", into)
    return "\n".join([*map(part_text, report.parts), *report.notes]) + "\n"


if __name__ == "__main__":
    import tempfile

    with Grader(load_assignment("t1_means", TINY), secret=b"golden") as opened, tempfile.TemporaryDirectory() as into:
        for each in sorted(GOLDEN.iterdir()):
            (each / "verdict.txt").write_text(verdict(each, opened, Path(into)), encoding="utf-8")
