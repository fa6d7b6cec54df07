"""One submission has so much time as a whole, whatever it does with it, is told so, and keeps nobody waiting."""

import json
import time

import pytest

from autograder.course import load_assignment
from autograder.course.plan import SECONDS, Part, Plan, read_plan
from autograder.errors import CourseError
from autograder.grade import job
from autograder.grade.batch import grade_class
from autograder.grade.grader import Grader
from autograder.handed_in import submissions
from autograder.release.notebook import source_notebook
from autograder.rules.style import UNREADABLE, Notebook

ROW_MEAN, CENTRED = "return x.sum(axis=1) / x.shape[1]", "return x - row_mean(x)[:, None]"


def hand_in(assignment, student: str, text: str | None = None) -> None:
    folder = assignment.root / "submitted" / student / assignment.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "means.ipynb").write_text(text or source_notebook(assignment))


def limited(tiny, seconds: float):
    """The tiny course, whose submissions may take so long."""
    tiny.checks.write_text(tiny.checks.read_text().replace('part("row_mean"', f'budget(seconds={seconds})\npart("row_mean"', 1)
                           .replace("import part,", "import budget, part,"))
    return load_assignment(tiny.name, tiny.root)


def with_cell(assignment, source: str) -> str:
    notebook = json.loads(source_notebook(assignment))
    notebook["cells"].append({"cell_type": "code", "id": "own", "metadata": {}, "source": source, "outputs": [], "execution_count": None})
    return json.dumps(notebook)


def spun(seconds: float) -> str:
    return f"import time\nbegun = time.process_time()\nwhile time.process_time() < begun + {seconds}: pass"


HOSTILE = {
    "a cell that runs again in each room": lambda a: with_cell(a, "import time; time.sleep(1.2)").replace(ROW_MEAN, "return 0 * x[0]"),
    "calls just under their deadline": lambda a: source_notebook(a).replace(ROW_MEAN, f"import time; time.sleep(2.2); {ROW_MEAN}"),
    "a cell that computes": lambda a: with_cell(a, spun(1.2)).replace(ROW_MEAN, "return 0 * x[0]"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_submission_ends_when_its_time_is_used_up(tiny, what):
    """Its deadlines alone would let it go on for many times as long. What was right until then counts."""
    assignment = limited(tiny, 3)
    for student in ("ada", "zoe"):
        hand_in(assignment, student)
    hand_in(assignment, "mallory", HOSTILE[what](assignment))
    with Grader(assignment) as grader:
        reports = {}
        for student, folder in submissions(tiny.root, tiny.name).items():
            begun = time.monotonic()
            reports[student] = grader.grade(student, folder)
            assert time.monotonic() - begun < 8
    assert [reports[student].points for student in ("ada", "zoe")] == [8, 8]
    found = [check.found for part in reports["mallory"].parts for check in part.checks]
    assert "not run: the notebook as a whole has used up its 3 s" in found
    assert any("used up the 3 s that it may take" in note for note in reports["mallory"].notes)
    assert reports["mallory"].points < 8 and reports["ada"].notes == reports["zoe"].notes == []


def test_who_takes_long_makes_way_for_the_others(tiny, monkeypatch):
    """One worker: the slow one is met first, and graded last, with all of its time."""
    for student in ("ada", "ben", "zoe"):
        hand_in(tiny, student)
    hand_in(tiny, "aaa-slow", source_notebook(tiny).replace(ROW_MEAN, f"import time; time.sleep(1); {ROW_MEAN}"))
    monkeypatch.setattr(job, "SLICE", 1.0)
    order = []
    reports = grade_class(tiny, submissions(tiny.root, tiny.name), jobs=1, on_report=lambda report, kept: order.append(report.student))
    assert order == ["ada", "ben", "zoe", "aaa-slow"]
    assert [report.points for report in reports] == [8, 8, 8, 8] and reports[0].notes == []


@pytest.mark.parametrize("wrong", ["budget(300)", "budget(seconds=0)", "budget(seconds='all')", "budget()", "budget(seconds=limit)"])
def test_the_policy_is_a_number_above_zero(tiny, wrong):
    tiny.checks.write_text(tiny.checks.read_text().replace('part("row_mean"', f'{wrong}\npart("row_mean"', 1))
    with pytest.raises(CourseError, match="a number above zero"):
        read_plan(tiny.checks)


def test_without_a_policy_it_is_generous(tiny):
    assert read_plan(tiny.checks).seconds == SECONDS == 300


TORCH = "import torch\n"
ENTANGLED = {
    "names of names": TORCH + "\n".join(f"a{n} = a{n + 1} + a{n + 1}" for n in range(200)) + "\ndef f(x):\n    "
                      + "\n    ".join(["getattr(x, a0)(getattr(x, a1))"] * 8000),
    "alternatives": TORCH + "def f(x):\n    return " + "+".join(["(x[0] or x[1] or (x if x else x[x]))(x)"] * 8000)
                    + "\n" + "\n".join(f"x = [x, getattr(x, 'b{n}')]" for n in range(5000)),
    "too deep": TORCH + "def f(x):\n    return " + "-" * 50_000 + "1",
    "joined": TORCH + f"s = {'y' * 20_000!r}\ndef f(x):\n    return getattr(x, s.join([{'s, ' * 60_000}]))",
}


@pytest.mark.parametrize("what", ENTANGLED)
def test_the_rules_end_too(what):
    """What cannot be read to its end is not taken for honest: it could hold anything."""
    plan = Plan((Part("f", forbids=("torch.nn.Linear",)),), ())
    notebook = Notebook([("cell 1", "Linear = 0\n" + ENTANGLED[what])], {"f": frozenset({"f"})})
    begun = time.process_time()
    uses = notebook.uses(plan, ["f"])
    assert time.process_time() - begun < 30
    assert uses == ({} if what == "joined" else {"f": UNREADABLE})


def test_a_grader_that_is_stuck_itself_is_ended(tiny, monkeypatch, tmp_path):
    """In a computation that holds Python's lock, so that no thread could interrupt it; the others are graded."""
    (tmp_path / "sitecustomize.py").write_text(
        "from autograder.grade import grader, pool\npool.GRACE = 1.0\nbefore = grader.find_notebook\n"
        "def find(folder, *rest):\n    if 'mallory' in str(folder):\n"
        "        sum(range(10**11))\n    return before(folder, *rest)\n"
        "grader.find_notebook = find\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assignment = limited(tiny, 1)
    for student in ("ada", "mallory", "zoe"):
        hand_in(assignment, student)
    begun = time.monotonic()
    reports = grade_class(assignment, submissions(tiny.root, tiny.name), jobs=1)
    assert [report.points for report in reports] == [8, 0, 8] and time.monotonic() - begun < 120
    assert not reports[1].examined and "took too long" in reports[1].problem
