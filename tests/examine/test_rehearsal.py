"""Rehearsals change how often rooms and references are asked, and nothing else."""

import numpy as np
import pytest

from autograder.course import load_assignment
from autograder.course.execute import execute_reference, read_answers, stub_sources
from autograder.examine import examiner as patience
from autograder.examine.face import Face
from autograder.examine.namespace import NamespaceBackend
from autograder.examine.open import course_examiner
from autograder.examine.rehearsal import Recorder, Rehearsal, Remembered
from autograder.examine.room_desk import RoomDesk
from autograder.room import RoomServer
from autograder.sample import with_answers
from autograder.submission import read_submission

CODE = """
import numpy as np

def forward(x):
    return x.sum(), {"x": x, "inner": [(x, 2 * x)]}

def backward(dout, cache):
    cache["x"] *= 0  # works in place, as much honest code does
    return dout * cache["inner"][0][1]

class Model:
    def __init__(self):
        self.params = {}

    def loss(self, x):
        return (self.params["w"] * x).sum()
"""


class Counting:
    """The reference, and how often it was asked."""

    def __init__(self):
        namespace: dict = {}
        exec(CODE, namespace)
        self.backend, self.asked = NamespaceBackend(namespace, trusted=True), 0

    def __getattr__(self, name):
        self.asked += 1
        return getattr(self.backend, name)


def conversation(face, rng, twist=0.0):
    x = rng.normal(size=(2, 3)) + twist
    total, cache = face.forward(x)
    first = face.backward(1.5, cache)
    second = face.backward(1.5, cache)  # the same again: arguments are copies
    model = face.Model()
    model.params = {"w": x, "b": np.array([1, 2])}
    return total, first, second, model.loss(2 * x), model.params["b"]


def rehearse(made: list) -> Rehearsal:
    def make():
        made.append(Counting())
        return made[-1]

    def run(student, reference):
        for backend in (student, reference):
            conversation(Face(backend), np.random.default_rng(0))

    return Rehearsal.of(run, make)


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_reference_answers_from_memory():
    made = []
    rehearsal = rehearse(made)
    want = conversation(Face(Counting()), np.random.default_rng(0))
    assert len(made) == 2
    for _ in range(2):
        assert equal(conversation(Face(rehearsal.reference()), np.random.default_rng(0)), want)
    assert len(made) == 2  # nobody was asked again


def test_what_it_gives_is_a_copy():
    rehearsal = rehearse([])
    for _ in range(2):
        first = conversation(Face(rehearsal.reference()), np.random.default_rng(0))[1]
        assert np.abs(first).max() > 0
        first[:] = 0


@pytest.mark.parametrize("agreed", range(7))
def test_asked_something_else_the_reference_catches_up(agreed):
    """However far the conversation went as foreseen."""
    made = []
    rehearsal = rehearse(made)
    backend, rng = rehearsal.reference(), np.random.default_rng(0)
    x = rng.normal(size=(2, 3))
    steps = [lambda face, got: face.forward(x), lambda face, got: face.backward(1.5, got[0][1]),
             lambda face, got: face.backward(1.5, got[0][1]), lambda face, got: face.Model(),
             lambda face, got: setattr(got[3], "params", {"w": x, "b": np.array([1, 2])}),
             lambda face, got: got[3].loss(2 * x)]
    face, got = Face(backend), []
    for step in steps[:agreed]:
        got.append(step(face, got))
    total, cache = face.forward(x + 1)
    assert total == (x + 1).sum() and np.array_equal(face.backward(1.0, cache), 2 * (x + 1))
    for step in steps[agreed:] if agreed < 4 else []:
        got.append(step(face, got))
    if agreed < 4:
        assert np.isclose(got[5], (2 * x * x).sum())
    assert len(made) == 3


def test_what_a_check_has_changed_is_not_taken_for_the_answer():
    def run(student, reference):
        total, cache = Face(student).forward(np.ones(3))
        cache["x"][0] = 7
        assert np.array_equal(Face(student).backward(1.0, cache), [2.0, 2, 2])

    recorder = Recorder(Counting())
    run(recorder, None)
    assert isinstance(recorder.questions[-1].arguments["args"][1], dict)  # and no reference to what it was


def test_a_check_that_its_reference_does_not_pass_is_not_rehearsed():
    def run(student, reference):
        return AssertionError("no")

    assert Rehearsal.of(run, Counting) is None


@pytest.fixture(scope="module")
def server():
    with RoomServer(("numpy",)) as server:
        yield server


def in_room(server, code=CODE):
    return RoomDesk(server, [("cell", code)], lambda part: [])


def test_a_room_answers_ahead_as_it_answers_directly(server):
    """Opaque values, caches that are worked on in place, and models, too."""
    rehearsal = rehearse([])
    desk = in_room(server)
    want = conversation(Face(Counting()), np.random.default_rng(0))
    for foreseen in ([rehearsal], [], [rehearsal]):
        assert equal(conversation(Face(desk.backend((), 10.0, foreseen)), np.random.default_rng(0)), want)
    desk.renew()


def test_a_room_that_is_asked_something_else_answers_that(server):
    desk, rehearsal = in_room(server), rehearse([])
    want = conversation(Face(Counting()), np.random.default_rng(0), twist=1.0)
    assert equal(conversation(Face(desk.backend((), 10.0, [rehearsal])), np.random.default_rng(0), twist=1.0), want)
    desk.renew()


NOTEBOOK = """# %%
from autograder.notebook import check

# %%
def f(x):
    ### BEGIN SOLUTION
    return x + 1
    ### END SOLUTION

# %%
check("f")

# %%
def g(x):
    ### BEGIN SOLUTION
    return x + 2
    ### END SOLUTION

# %%
check("g")
"""
CHECKS = """
from autograder.examine import part, points, require

part("f")
part("g")

@points("f", 1)
def test_f(student, rng):
    \"\"\"f is right\"\"\"
    require(student.f(1) == 2, "f adds one", "it does not")
    require(student.g(1) == 3, "g adds two", "it does not")

@points("f", 1)
def test_g_of_f(student, rng):
    \"\"\"asks with the answer before\"\"\"
    require(student.g(student.f(1) + 0) == 4, "g after f", "it does not")

@points("f", 1)
def test_f_of_seven(student, rng):
    \"\"\"f of another number\"\"\"
    require(student.f(7) == 8, "f adds one", "it does not")

@points("g", 1)
def test_g(student, rng):
    \"\"\"g is right\"\"\"
    require(student.g(1) == 3, "g adds two", "it does not")
"""


SEVEN = "while x == 7: pass\n    return x + 1.0"  # hangs in a later check; a float makes an earlier one ask by itself


@pytest.mark.parametrize("f, g, verdicts", [
    ("return x + 1", "return x + 2", ["passed", "passed", "passed", "passed"]),
    ("return x + 2", "return x + 2", ["failed", "failed", "failed", "passed"]),
    ("return x + 2", "while True: pass", ["failed", "failed", "failed", "failed"]),  # g hangs where it was not asked
    (SEVEN, "return x + 2", ["passed", "passed", "failed", "passed"]),
    ("raise ValueError(x)", "return x + 2", ["failed", "failed", "failed", "passed"]),
    ("import os; os._exit(0)", "return x + 2", ["failed", "failed", "failed", "passed"])])
def test_verdicts_and_words_are_the_same_without(tiny, f, g, verdicts, monkeypatch):
    monkeypatch.setattr(patience, "CALM", patience.CALM._replace(seconds=4.0))
    tiny.notebook.write_text(NOTEBOOK)
    tiny.checks.write_text(CHECKS)
    tiny.mistakes.write_text("")
    assignment = load_assignment(tiny.name, tiny.root)
    found = {}
    with RoomServer(("numpy",)) as server, course_examiner(assignment) as examiner:
        for rehearses in (True, False):
            examiner.runner.rehearses = rehearses
            cells = [("f", f"def f(x):\n    {f}\n"), ("g", f"def g(x):\n    {g}\n")]
            desk = RoomDesk(server, cells, lambda part: [])
            found[rehearses] = examiner.examine(desk)
            desk.renew()
    assert [check.verdict for part in found[True] for check in part.checks] == verdicts
    assert found[True] == found[False]


def test_a_class_gets_the_same_results_without(tiny, tmp_path):
    """Every known mistake and other answer of the tiny course, and its blank notebook."""
    answers = read_answers(tiny)
    notebooks = [with_answers(tiny, [answer]) for answer in answers]
    submissions = [stub_sources(tiny)]
    for number, text in enumerate(notebooks):
        path = tmp_path / f"{number}.ipynb"
        path.write_text(text)
        submissions.append(read_submission(path, tiny).cells)
    sources = {part.name: [(cell.name, cell.source) for cell in tiny.cells_of(part.name)] for part in tiny.plan.parts}
    with RoomServer(("numpy",)) as server, course_examiner(tiny) as examiner:
        for cells in submissions:
            found = []
            for rehearses in (True, False):
                examiner.runner.rehearses = rehearses
                desk = RoomDesk(server, cells, sources.get)
                found.append(examiner.examine(desk))
                desk.renew()
            assert found[0] == found[1]


def test_the_remembered_reference_is_the_course_s_own(tiny):
    with course_examiner(tiny) as examiner:
        for check in tiny.plan.checks:
            assert isinstance(examiner.runner.rehearsal(check).reference(), Remembered)
            assert examiner.runner.run(check, NamespaceBackend(vars(execute_reference(tiny)))) is None
