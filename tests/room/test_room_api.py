"""The operations of a room, the same in every mode."""

import numpy as np
import pytest

from autograder.errors import BadReply, RoomDied, RoomUnavailable, StudentRaised, TimedOut
from autograder.room import Limits, Requests, wire
from autograder.room.requests import running
from autograder.room.script import Script
from autograder.room.wire import Earlier

CELL = '''
import numpy as np

SCALE = 3

def scaled(x, offset=0):
    x *= SCALE
    return x + offset

class Model:
    def __init__(self):
        self.params = {"W": np.ones(2)}

    def loss(self, x):
        return float((x * self.params["W"]).sum()), self

    def unwritten(self):
        raise NotImplementedError("write your code here")
'''


@pytest.fixture
def notebook(room):
    room.run(CELL, "cell 1")
    return room


def raised(action, *args, **kwargs) -> StudentRaised:
    with pytest.raises(StudentRaised) as caught:
        action(*args, **kwargs)
    return caught.value


def test_functions_are_called_with_copies(notebook):
    x = np.arange(3.0)
    got = notebook.call(notebook.get(None, "scaled"), (x,), {"offset": 1})
    assert got.tolist() == [1, 4, 7]
    assert x.tolist() == [0, 1, 2]


def test_names_and_attributes_are_read_and_set(notebook):
    assert notebook.get(None, "SCALE") == 3
    notebook.set(None, "SCALE", 5)
    assert notebook.call(notebook.get(None, "scaled"), (1,)) == 5
    model = notebook.call(notebook.get(None, "Model"))
    assert model.type == "Model"
    notebook.set(model, "params", {"W": np.array([2.0, 4.0])})
    assert notebook.get(model, "params")["W"].tolist() == [2, 4]
    loss, same_model = notebook.call(notebook.get(model, "loss"), (np.ones(2),))
    assert loss == 6 and same_model.type == "Model"
    assert notebook.call(notebook.get(same_model, "loss"), (np.zeros(2),))[0] == 0


def test_later_cells_see_earlier_names_and_an_error_stops_only_its_cell(notebook):
    assert raised(notebook.run, "1 / 0", "cell 2").kind == "ZeroDivisionError"
    notebook.run("twice = lambda x: scaled(x) * 2", "cell 3")
    assert notebook.call(notebook.get(None, "twice"), (1,)) == 6


def test_equal_texts_are_one_object_as_they_are_in_a_notebook(notebook):
    notebook.run("WORD = 'lstm'\ndef known(word, words=()):\n    return word is WORD or any(each is WORD for each in words)",
                 "cell 3")
    known = notebook.get(None, "known")
    assert notebook.call(known, ("".join(["ls", "tm"]),)) is True
    assert notebook.call(known, ("rnn",), {"words": ["lst" + "m"]}) is True


def test_expressions_of_a_check_see_numpy_but_not_the_notebook(notebook):
    total = notebook.evaluate("lambda out: np.sum(out ** 2)")
    assert notebook.call(total, (np.array([1.0, 2.0]),)) == 5
    assert raised(notebook.evaluate, "SCALE").kind == "NameError"


def test_a_missing_name_is_the_students_fault(notebook):
    fault = raised(notebook.get, None, "softmax")
    assert (fault.kind, fault.message, fault.frames) == ("NameError", "name 'softmax' is not defined", [])
    assert raised(notebook.get, notebook.call(notebook.get(None, "Model")), "forward").kind == "AttributeError"


def test_frames_are_the_students_own(notebook):
    notebook.run("def outer(x):\n    return inner(x)\ndef inner(x):\n    return np.linalg.inv(x)", "cell 4")
    fault = raised(notebook.call, notebook.get(None, "outer"), (np.zeros((2, 2)),))
    assert fault.kind == "LinAlgError"
    assert fault.frames == [("cell 4", 2, "outer"), ("cell 4", 4, "inner")]
    assert fault.unwritten == ""


def test_an_unwritten_function_is_named(notebook):
    model = notebook.call(notebook.get(None, "Model"))
    fault = raised(notebook.call, notebook.get(model, "unwritten"))
    assert fault.kind == "NotImplementedError" and fault.unwritten == "Model.unwritten"


def test_a_syntax_error_names_its_line(room):
    fault = raised(room.run, "x = 1\ny = = 2", "cell 7")
    assert (fault.kind, fault.frames) == ("SyntaxError", [("cell 7", 2, "<module>")])


def test_inspect_finds_the_source_of_functions_and_classes(notebook):
    notebook.run("import inspect\nsources = inspect.getsource(scaled), inspect.getsource(Model)", "cell 2")
    function, model = notebook.get(None, "sources")
    assert function.startswith("def scaled") and model.startswith("class Model") and "unwritten" in model


def test_what_belongs_to_a_live_notebook_does_nothing(room):
    room.run("import autograder.notebook\n"
             "from autograder.notebook import check\nfrom autograder.lab import load_coco_data, progress\n"
             "from autograder.lab.truth import is_true\n"
             "data = load_coco_data(pca_features=True)\n"
             "for name, value in data.items():\n    print(name)\n"
             "get_ipython().run_line_magic('matplotlib', 'inline')\n"
             "display(data)\n"
             "check('part')\n"
             "steps = [step for step in progress(range(3))]\n"
             "again = __name__ == '__main__'", "cell 1")
    assert room.get(None, "steps") == [0, 1, 2]
    assert room.get(None, "again") is True
    assert room.output == ""


def test_output_is_kept_up_to_its_cap(room):
    room.run("import sys\nprint('hello')\nprint('warned', file=sys.stderr)", "cell 1")
    assert room.output == "hello\nwarned\n"
    room.run("print('x' * 10_000_000)", "cell 2")
    assert len(room.output) == 64 << 10


def test_random_numbers_are_the_same_in_every_room(server):
    def drawn():
        with server.open() as room:
            return room.evaluate("(np.random.rand(), __import__('random').random(), hash('text'))")

    assert drawn() == drawn()


def test_containers_that_are_not_plain_stay_in_the_room(room):
    room.run("import collections\n"
             "endless = []\nendless.append(endless)\n"
             "pair = collections.namedtuple('Pair', 'a b')(1, 2)\n"
             "many = list(range(200_000))", "cell 1")
    assert [room.get(None, name).type for name in ("endless", "pair", "many")] == ["list", "Pair", "list"]
    assert room.call(room.evaluate("len"), (room.get(None, "many"),)) == 200_000


def test_a_room_can_write_only_what_its_mode_allows(server):
    with server.open() as room:
        write = "import tempfile\nwith tempfile.TemporaryFile() as file:\n    file.write(b'x')"
        if server.mode == "landlock":
            assert raised(room.run, write, "cell 1").kind == "FileNotFoundError"
        else:
            room.run(write, "cell 1")


def test_a_closed_room_says_so(server):
    room = server.open()
    room.run("x = 1", "cell 1")
    assert room.alive
    room.close()
    room.close()
    assert not room.alive and room.usage.cpu > 0 and room.usage.memory > 1 << 20
    with pytest.raises(RoomDied, match="it was closed"):
        room.get(None, "x")


def test_rooms_do_not_see_each_other(server):
    with server.open() as first, server.open() as second:
        first.run("import numpy\nnumpy.sum = lambda x: 42\nsecret = 1", "cell 1")
        assert first.evaluate("np.sum([1, 2])") == 42
        assert second.evaluate("np.sum([1, 2])") == 3
        assert raised(second.get, None, "secret").kind == "NameError"


def test_unknown_modes_are_refused():
    from autograder.room import RoomServer

    with pytest.raises(RoomUnavailable, match="bubblewrap, namespaces, landlock, plain"):
        RoomServer(mode="docker")


AHEAD = """
def double(x):
    print("doubled")
    return 2 * x, [(x, x)]

def fail(x):
    raise ValueError(x)
"""


def requests(*names, stop=True):
    """Asks for each function, then calls it on the first entry of the answer to the call before."""
    made, last = [], np.arange(3.0)
    for name in names:
        made.append({"do": "get", "owner": None, "name": name})
        made.append({"do": "call", "function": Earlier(len(made) - 1), "args": (last,), "kwargs": {}})
        last = Earlier(len(made) - 1, (0,))
    return Requests.of(made, stop)


def test_questions_ahead_are_answered_in_order(room):
    room.run(AHEAD, name="cell")
    asked = requests("double", "double")
    for _ in range(2):
        [script] = room.send_ahead(asked)
        answers = [room.next_answer(script) for _ in range(asked.count)]
        assert np.array_equal(answers[1][0], [0, 2, 4]) and np.array_equal(answers[3][0], [0, 4, 8])
        assert answers[1][1].type == "list"  # arrays two levels deep stay in the room
    assert room.get(None, "double").type == "function"
    assert room.output == "doubled\n" * 4


def test_a_row_of_questions_ends_with_a_fault_or_does_not(room):
    room.run(AHEAD, name="cell")
    [script] = room.send_ahead(requests("double", "fail", "double"))
    for _ in range(3):
        room.next_answer(script)
    with pytest.raises(StudentRaised, match="ValueError"):
        room.next_answer(script)
    assert room.get(None, "double").type == "function"
    [script] = room.send_ahead(Requests.of([running(source, "cell") for source in ("1 / 0", "a = 3")], stop=False))
    with pytest.raises(StudentRaised, match="ZeroDivisionError"):
        room.next_answer(script)
    room.next_answer(script)
    assert room.get(None, "a") == 3


def test_several_scripts_go_over_together(room):
    """Each has its own answers, its own end, and its own digest; a fault ends the one that it is in."""
    room.run(AHEAD, name="cell")
    first, second, third = room.send_ahead(requests("fail", "double"), requests("double"), requests("double"))
    assert len({room.hear_out(script) for script in (first, second, third)}) == 3
    assert np.array_equal([room.next_answer(second) for _ in range(2)][1][0], [0, 2, 4])
    assert room.next_answer(first).type == "function"
    with pytest.raises(StudentRaised, match="ValueError"):
        room.next_answer(first)
    assert room.evaluate("1 + 1") == 2
    assert np.array_equal([room.next_answer(third) for _ in range(2)][1][0], [0, 2, 4])  # kept, whatever came since
    *_, again = room.send_ahead(requests("double"), requests("double"), requests("double"))
    assert room.hear_out(again) == third.digest()  # other objects were kept before it


def test_a_room_pauses_once_before_what_it_calls_for_the_first_time(room):
    room.run(AHEAD, name="cell")
    named = requests("double", "double")
    named = Requests(named.count, named.frames, {1: "double", 3: "double"})
    first, second = room.send_ahead(named, named)
    assert (sorted(first.pauses), sorted(second.pauses)) == ([1, 3], [])
    assert sorted(first.certain) == [1]  # behind 3 come calls without a pause: whatever is lost then may be their doing
    room.hear_out(second)
    [third] = room.send_ahead(named)
    assert not third.pauses


def test_a_hang_that_is_nobody_s_fault_is_given_up_soon(room, monkeypatch):
    """It is in the second script, behind answers that went nowhere: whoever asked for the first will ask again."""
    monkeypatch.setattr("autograder.room.client.HASTE", 0.5)
    room.run("calls = []\ndef f(x):\n    calls.append(x)\n    while len(calls) > 1: pass\n", name="cell")
    once = requests("f")
    once = Requests(once.count, once.frames, {1: "f"})
    first, second = room.send_ahead(once, once)
    assert room.hear_out(first, 60.0) is None and not room.alive
    assert room.next_answer(first).type == "function"
    with pytest.raises(TimedOut, match="0.5 s"):
        room.next_answer(first)
    with pytest.raises(RoomDied):
        room.next_answer(second)


def packed(*answers: bytes, last: bool = False) -> tuple[bytes, np.ndarray]:
    """Header and body of some answers of script 1."""
    frame = wire.packed({"id": 1, "last": last}, answers)
    header, body = wire.lengths(frame[:wire.PREFIX.size], len(frame))
    return frame[wire.PREFIX.size:][:header], np.frombuffer(bytearray(frame[len(frame) - body:]), np.uint8)


def test_a_room_cannot_talk_for_ever():
    """Neither without an answer, nor with more of them, nor with more bytes than one reply may have."""
    answer = wire.padded(wire.encode({"id": 1, "ok": np.zeros(100)}))
    script = Script(1, Requests(3, b"", {}), (), (), Limits(reply=2 * len(answer)))
    script.add(*packed(answer))
    with pytest.raises(wire.WireError, match="no answers"):
        script.add(*packed())
    script.add(*packed(answer))
    with pytest.raises(wire.WireError, match="all answers together"):
        script.add(*packed(answer))
    script = Script(1, Requests(1, b"", {}), (), (), Limits())
    script.add(*packed(answer))
    with pytest.raises(wire.WireError, match="more answers than questions"):
        script.add(*packed(answer))
    script.add(*packed(last=True))
    assert script.ended


def test_answers_that_nobody_asks_for_are_passed_over(room):
    room.run(AHEAD, name="cell")
    [script] = room.send_ahead(requests("double", "double", "fail"))
    room.next_answer(script)
    assert room.evaluate("1 + 1") == 2
    [script] = room.send_ahead(requests("double"))
    assert room.next_answer(script).type == "function"
    room.end_scripts(10)
    assert room.evaluate("2 + 2") == 4


def test_a_question_ahead_has_its_own_deadline(room):
    room.run("def loop(x):\n    while True: pass\n", name="cell")
    [script] = room.send_ahead(requests("loop"))
    assert room.next_answer(script).type == "function"
    with pytest.raises(TimedOut):
        room.next_answer(script, 0.3)
    assert not room.alive


def test_nothing_follows_the_last_answer(room):
    """A forged frame behind the answers is an answer before the next question."""
    room.run("""
import os, struct, threading
forged = b'{"id": 1, "ok": 1}'
def forge(x):
    os.write(3, struct.pack("!4sIQ", b"AGR1", len(forged), 0) + forged)
    return (x,)
""", name="cell")
    with pytest.raises((BadReply, RoomDied)):
        [script] = room.send_ahead(requests("forge"))
        room.next_answer(script)
        room.next_answer(script)
        room.evaluate("1")
