"""Whatever student code does, the trusted side gets the right fault, in time, and goes on."""

import time

import numpy as np
import pytest

from autograder.errors import BadReply, RoomDied, StudentFault, StudentRaised, TimedOut
from autograder.room import Limits, RoomServer

RAISES = {
    "SystemExit": "import sys; sys.exit(0)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "RecursionError": "def down(): down()\ndown()",
    "MemoryError": "import numpy as np\nnp.ones(1 << 33)",
    "ZeroDivisionError": "1 / 0",
    "EOFError": "input()",
    "SyntaxError": "return 3",
    "Rude": "class Rude(Exception):\n    def __str__(self): raise SystemExit\nraise Rude",
    "Liar": "class Liar(Exception):\n    def __str__(self): return 3\nraise Liar",
    "Endless": "class Endless(Exception):\n    def __str__(self): return str(self)\nraise Endless",
    "ExceptionGroup": "raise ExceptionGroup('two', [ValueError(), TypeError()])",
}

DIES = {
    "exited by itself with code 0": "import os; os._exit(0)",
    "exited by itself with code 99": "import os; os._exit(99)",
    "crashed": "import ctypes; ctypes.string_at(0)",
    "closed its channel": "import os, time\nos.closerange(0, 100)\ntime.sleep(60)",
    "code 0|crashed|closed": "import os; os.abort()",
}

HANGS = {
    "loop": "while True: pass",
    "swallows": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "sleeps": "import time; time.sleep(1000)",
    "floods": "while True: print('x' * 100_000)",
    "forks threads": "import threading, time\nwhile True:\n"
                     "    try: threading.Thread(target=time.sleep, args=(99,)).start()\n    except RuntimeError: pass",
    "ignores signals": "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n"
                       "    except (OSError, ValueError): pass\nwhile True: pass",
}

HEAD = "import os, struct, json\ndef frame(header, body=b''):\n    header = json.dumps(header).encode()\n" \
       "    return struct.pack('!4sIQ', b'AGR1', len(header), len(body)) + header + body\n"
FORGES = {
    "not an answer: the magic number is wrong": "os.write(3, b'x' * 100)",
    "it answers another question": "os.write(3, frame({'id': 99, 'ok': 1}))",
    "bytes follow the answer": "os.write(3, frame({'id': 2, 'ok': 1}) * 2)",
    "it has no known form": "os.write(3, frame({'id': 2, 'verdict': 'passed'}))",
    "it has 1125899906842": "os.write(3, struct.pack('!4sIQ', b'AGR1', 0, 1 << 50))",
    "it cannot be read": "os.write(3, struct.pack('!4sIQ', b'AGR1', 1, 0) + b'?')",
    "fault has no known form": "os.write(3, frame({'id': 2, 'fault': 1}))",
    "fault has no known frames": "os.write(3, frame({'id': 2, 'fault': ['d', 'kind', 'E', 'message', '',"
                                 " 'frames', ['l', 1], 'unwritten', '']}))",
    "text is not a text": "os.write(3, frame({'id': 2, 'fault': ['d', 'kind', 1, 'message', '',"
                          " 'frames', ['l'], 'unwritten', '']}))",
}


def fault_of(room, source: str, timeout: float = 20.0) -> StudentFault:
    with pytest.raises(StudentFault) as caught:
        room.run(source, "cell 1", timeout=timeout)
    return caught.value


@pytest.mark.parametrize("kind", RAISES)
def test_what_raises_is_told_and_the_room_lives_on(room, kind):
    fault = fault_of(room, RAISES[kind])
    assert type(fault) is StudentRaised and fault.kind == kind and len(fault.frames) <= 20
    room.run("x = 1", "cell 2")
    assert room.get(None, "x") == 1


@pytest.mark.parametrize("reason", DIES)
def test_what_ends_the_process_is_told(room, reason):
    fault = fault_of(room, DIES[reason])
    assert type(fault) is RoomDied and not room.alive
    with pytest.raises(RoomDied, match=reason):
        raise fault
    with pytest.raises(RoomDied, match=reason):
        room.get(None, "x")


@pytest.mark.parametrize("how", HANGS)
def test_what_hangs_is_stopped_at_its_deadline(room, how):
    begin = time.monotonic()
    fault = fault_of(room, HANGS[how], timeout=0.3)
    assert type(fault) is TimedOut and fault.seconds == 0.3
    assert time.monotonic() - begin < 30  # far from for ever, on any machine
    assert not room.alive and len(room.output) <= 64 << 10


@pytest.mark.parametrize("reason", FORGES)
def test_forged_answers_are_no_answers(room, reason):
    room.run(HEAD, "cell 1")
    with pytest.raises(StudentFault) as caught:
        room.run(FORGES[reason] + "\nimport time; time.sleep(60)", "cell 2", timeout=5)
    assert type(caught.value) is BadReply and reason in str(caught.value)
    assert not room.alive


def test_a_forged_value_is_only_a_value_and_the_true_answer_betrays_it(room):
    room.run(HEAD, "cell 1")
    room.run("def answer():\n    os.write(3, frame({'id': 4, 'ok': 42}))\n    return 41", "cell 2")
    try:
        assert room.call(room.get(None, "answer")) == 42
        with pytest.raises(BadReply, match="before the question|another question|follow"):
            room.get(None, "answer")
    except BadReply as fault:
        assert "follow" in fault.reason


def test_messages_are_capped(room):
    fault = fault_of(room, "raise ValueError('x' * 50_000_000)")
    assert len(fault.message) <= 2200
    fault = fault_of(room, "type('K' * 10_000, (Exception,), {})()\nraise type('K' * 10_000, (Exception,), {})")
    assert len(fault.kind) <= 200


def test_objects_with_hostile_texts_stay_in_the_room(room):
    room.run("class Rude:\n    def __repr__(self): raise SystemExit\n    __str__ = __repr__\n"
             "    def __getattr__(self, name): raise SystemExit\n    def __eq__(self, other): return True\n"
             "    __hash__ = None\nrude = Rude()\n"
             "Rude.__name__ = 'R' * 10_000", "cell 1")
    assert len(room.get(None, "rude").type) == 80
    assert room.call(room.evaluate("lambda x: [x]"), (room.get(None, "rude"),))[0].type.startswith("R")


def test_an_answer_that_is_too_big_is_told():
    with RoomServer(mode="plain", limits=Limits(reply=1 << 20)) as server, server.open() as room:
        for source in ("np.zeros(1 << 18)", "np.broadcast_to(np.zeros(1), (1 << 50,))"):
            with pytest.raises(BadReply, match="1048576"):
                room.evaluate(source)
        assert room.evaluate("np.ones(3)").tolist() == [1, 1, 1]


def test_limits_hold(server):
    limits = Limits(memory=256 << 20, cpu=1, files=32, file_size=1 << 20, scratch=2 << 20)
    with RoomServer(mode=server.mode, limits=limits) as small:
        with small.open() as room:
            room.run("import numpy as np\nbig = np.ones(8 << 20)", "cell 1")
            assert fault_of(room, "more = np.ones(64 << 20)").kind == "MemoryError"
            assert fault_of(room, "files = [open('/dev/null') for i in range(100)]").kind == "OSError"
            room.run("files = None", "cell 1")
            if server.mode != "landlock":
                assert fault_of(room, "open('a', 'wb').write(bytes(4 << 20))").kind == "OSError"
            if server.mode in ("bubblewrap", "namespaces"):
                for many in ("for i in range(9):\n    open(f'{i}', 'wb').write(bytes(1 << 20))",
                             "for i in range(9999):\n    open(f'f{i}', 'w').close()"):
                    assert fault_of(room, many).kind == "OSError"
        with small.open() as room:
            fault = fault_of(room, "while True: pass")
            assert "processor time" in fault.reason
            assert room.usage.cpu > 0.5


def test_a_reply_cannot_dribble_past_the_deadline(room):
    room.run(HEAD, "cell 1")
    begin = time.monotonic()
    with pytest.raises(TimedOut):
        room.run("import time\nos.write(3, struct.pack('!4sIQ', b'AGR1', 100, 0))\n"
                 "while True:\n    os.write(3, b' ')\n    time.sleep(0.05)", "cell 2", timeout=0.5)
    assert time.monotonic() - begin < 30  # far from for ever, on any machine


def test_a_room_that_stops_reading_cannot_hold_the_examiner(room):
    room.run("import os, time\n"
             "read = os.readv\n"
             "def slow(fd, views):\n    time.sleep(0.2)\n    return read(fd, [views[0][:1]])\n"
             "os.readv = slow", "cell 1")
    with pytest.raises(TimedOut):
        room.set(None, "x", np.zeros(4 << 20), timeout=0.5)
