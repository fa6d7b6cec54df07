"""The class that is graded, and the two courses that it is graded in: this one, and one of stock nbgrader.

About 70 of 100 students have everything right, 20 make one known mistake, the others are half done or hand in the
blank notebook. Each who writes everything writes it in a way of their own: the other right answers of mistakes.py,
thrown together by chance. Nobody hangs: nbgrader would wait its 30 seconds for each cell of theirs.
"""

import json
import random
import shutil
import tempfile
from itertools import cycle, islice
from pathlib import Path

from autograder.course import Assignment, load_assignment
from autograder.course.execute import read_answers
from autograder.course.source import DEMO
from autograder.release.notebook import cell_id, release_notebook, source_notebook
from autograder.release.record import record
from autograder.sample import going_together, with_answers, write_class

# p perfect, m mistake, h half done, b blank: 14, 4, 1, 1 of 20
MIX = "pmpppppmpphppmppbppm"
SAMPLES = {"b": "cleo-blank", "h": "dora-half-done"}
MISTAKES = 20  # how many different ones there are in the class
OFTEN = 0.3  # how often a function is written in another way than the reference

STOCK_CONFIG = """
c = get_config()
c.CourseDirectory.root = {root!r}
c.ClearSolutions.code_stub = {{"python": 'raise NotImplementedError("write your code here")'}}
"""


def notebooks(assignment: Assignment, count: int) -> dict[str, str]:
    """Student -> notebook, for `count` students."""
    with tempfile.TemporaryDirectory() as folder:
        write_class(assignment, Path(folder))
        texts = {kind: Path(folder, student, assignment.name, f"{assignment.notebook.stem}.ipynb").read_text("utf-8")
                 for kind, student in SAMPLES.items()}
    others, chance = going_together(assignment), random.Random(0)
    known = [answer for answer in read_answers(assignment) if not answer.correct and len(answer.replaces) == 1]
    mistakes = cycle(known[:: max(1, len(known) // MISTAKES)])

    def written(kind: str) -> str:
        wrong = [next(mistakes)] if kind == "m" else []
        own = [answer for answer in others if chance.random() < OFTEN
               and not any(set(answer.replaces) & set(mistake.replaces) for mistake in wrong)]
        return with_answers(assignment, [*own, *wrong])

    return {f"student-{number:03d}": texts.get(kind) or written(kind)
            for number, kind in enumerate(islice(cycle(MIX), count))}


def make_course(assignment: Assignment, submissions: dict[str, str], root: Path) -> None:
    """The course with one assignment, and its submissions."""
    shutil.copytree(assignment.folder, root / "solutions" / assignment.name)
    shutil.copy(Path(__file__).parents[1] / "nbgrader_config.py", root)
    _submit(assignment, submissions, root)


def make_stock_course(assignment: Assignment, submissions: dict[str, str], root: Path) -> None:
    """A course of plain nbgrader. Its check cells run the same checks, hidden ones too, in the student's kernel.

    There is no other way to give them to it: the full checks.py and the answers of the reference lie in the working
    directory, and `check` prints the points, which nbgrader reads. Cells that train and plot are left out.
    """
    source = root / "source" / assignment.name
    source.mkdir(parents=True)
    demos = {cell_id(cell.name) for cell in assignment.cells if cell.role == DEMO}
    (source / f"{assignment.notebook.stem}.ipynb").write_text(_without(source_notebook(assignment), demos), "utf-8")
    shutil.copy(assignment.checks, source)
    notebook = f"{assignment.notebook.stem}.ipynb", release_notebook(assignment).encode()
    record(load_assignment(assignment.name, assignment.root), assignment.checks, notebook, source / "recorded.h5")
    (root / "nbgrader_config.py").write_text(STOCK_CONFIG.format(root=str(root)))
    _submit(assignment, {student: _without(text, demos) for student, text in submissions.items()}, root)


def _submit(assignment: Assignment, submissions: dict[str, str], root: Path) -> None:
    for student, text in submissions.items():
        folder = root / "submitted" / student / assignment.name
        folder.mkdir(parents=True)
        (folder / f"{assignment.notebook.stem}.ipynb").write_text(text, "utf-8")


def _without(text: str, cells: set[str]) -> str:
    notebook = json.loads(text)
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] not in cells]
    return json.dumps(notebook)
