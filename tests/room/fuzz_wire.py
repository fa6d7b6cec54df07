"""Coverage-guided fuzzing of what the trusted process reads from a room: `wire`, `decoder`, `replies`. A program:

    python -m tests.room.fuzz_wire --seconds 300 --corpus /tmp/wire-corpus

An input is the header of a frame, a line feed, and its body. Nothing but the decoder's own error may come out, no
array may be larger than the body that it lies in, and what came through must go over the wire again. The corpus
begins with valid frames; what reaches new code is added to the folder, from where the next run goes on.
"""

import argparse
import contextlib
import json
import random
import sys
import tempfile
from pathlib import Path

import atheris
import numpy as np

with atheris.instrument_imports(include=["autograder.room"]):
    from autograder.room import decoder, plain, replies, requests, script, wire  # noqa: F401

from autograder.errors import BadReply, StudentRaised

MAX_INPUT = 4096
LIMITS = replies.Limits()
TOKENS = ["l", "t", "d", "c", "b", "a", "s", "T", "o", "id", "ok", "fault", "too big", "kind", "message", "frames",
          "unwritten", *plain.TENSOR_DTYPES]
BARE = ["[", "]", ",", "null", "true", "NaN", "1e999", "-1", "9223372036854775808", "18446744073709551616", "\\ud800",
        "[0,9223372036854775808]", "{}", "\n"]
LEAVES = [*TOKENS, None, True, 0.5, -1, 2**63, 2**64, 10**30, "\ud800", [], [2, 3], [0], ["l"], ["d", "a", 1], ["o", 1, "x"]]
SEEDS = [None, True, 2**64 - 1, 0.1, 1j, "naïve", b"abc", [1, (2, {"a": 1, (1, "x"): []})], wire.Opaque(7, "Model"),
         np.arange(6.0).reshape(2, 3), np.float32(1), np.array([True, False]), [np.zeros((3, 0)), b"x", np.int8(3)],
         {"x": [np.arange(3, dtype="u1"), np.ones(2, "c8")]}]
FAULT = {"kind": "ValueError", "message": "no", "frames": [("cell 1", 3, "f")], "unwritten": ""}


def seeds() -> list[bytes]:
    """Valid replies: of every kind of value, a fault, one that is too big."""
    messages = [{"id": 1, "ok": value} for value in SEEDS] + [{"id": 1, "fault": FAULT}, {"id": 1, "too big": "much"}]
    tensor = b'{"id":1,"ok":["T","bfloat16",[2],true]}\n' + bytes(4)
    return [*map(as_input, messages), tensor, several(messages[:2])]


def several(messages: list[dict]) -> bytes:
    """Answers that were packed together."""
    frame = wire.packed({"id": 1, "last": True}, [wire.padded(wire.encode(message)) for message in messages])
    return frame[wire.PREFIX.size:].replace(b"}", b"}\n", 1)


def as_input(message: dict) -> bytes:
    frame = b"".join(bytes(part) for part in wire.encode(message))
    header, _ = wire.lengths(frame[:wire.PREFIX.size], 1 << 30)
    begin = wire.PREFIX.size + header
    return frame[wire.PREFIX.size:begin] + b"\n" + frame[begin:]


def one(data: bytes) -> None:
    """What the trusted side does with one frame."""
    try:
        if len(data) >= wire.PREFIX.size:
            wire.lengths(data[:wire.PREFIX.size], 1 << 20)
    except wire.WireError:
        pass
    header, _, body = data.partition(b"\n")
    hear(header, body)
    try:
        message = wire.decode(header, np.frombuffer(body, np.uint8).copy(), local=bool(len(body) & 1))
    except wire.WireError:
        return
    nodes, size = measured(message)
    assert nodes <= plain.MAX_NODES, "more entries than the cap"
    assert size <= 2 * len(body), "more memory than the body has"  # bfloat16 without torch becomes float32
    wire.encode(message)
    try:
        replies.value_of(message, 1, LIMITS)
    except StudentRaised as raised:
        f"{raised} {raised.frames} {raised.unwritten}".encode()
    except (wire.WireError, BadReply):
        pass


def hear(header: bytes, body: bytes) -> None:
    """The same bytes as answers to two questions that were sent ahead."""
    answers = script.Script(1, requests.Requests(2, b"", {}), (), (), LIMITS)
    with contextlib.suppress(wire.WireError):
        answers.add(header, np.frombuffer(body, np.uint8).copy())
    while answers.waiting:
        with contextlib.suppress(wire.WireError, StudentRaised, BadReply):
            answers.take()


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Half of the time a change of the header's tree, so that it stays JSON; otherwise libFuzzer's own changes."""
    chance = random.Random(seed)
    header, _, body = data.partition(b"\n")
    try:
        tree = [json.loads(header)]
    except (ValueError, RecursionError):
        tree = None
    if tree is None or chance.random() < 0.5:
        return atheris.Mutate(data, max_size)
    for _ in range(chance.randint(1, 3)):
        lists = _lists(tree)
        place = chance.choice(lists)
        at, new = chance.randrange(len(place) + 1), chance.choice([*LEAVES, chance.choice(lists), chance.randrange(40)])
        if chance.random() < 0.3:
            del place[at:at + 1]
        else:
            place[at:at + chance.randint(0, 1)] = [new]
    if chance.random() < 0.5:
        body = (body * 2 + bytes(8))[:chance.choice([0, 1, 4, 8, 16, 24, 32, 48, 64])]
    try:
        text = json.dumps(tree[0] if tree else None, separators=(",", ":")).encode()
    except (ValueError, RecursionError):  # the tree contains itself now
        return atheris.Mutate(data, max_size)
    return text[:max_size] + b"\n" + body[:max(0, max_size - len(text) - 1)]


def _lists(tree: list) -> list[list]:
    found = [tree]
    for each in found:
        inside = [entry for inner in each for entry in (inner.values() if type(inner) is dict else [inner])]
        found += [inner for inner in inside if type(inner) is list and not any(inner is known for known in found)]
    return found


def measured(value) -> tuple[int, int]:
    """(entries, bytes of arrays) of a message; asserts that every value has a plain type."""
    if isinstance(value, np.ndarray | np.generic):
        assert value.dtype in plain.NAMES
        return 1, value.nbytes
    assert type(value) in (type(None), bool, int, float, complex, str, bytes, list, tuple, dict, wire.Opaque), type(value)
    if type(value) is bytes:
        return 1, len(value)
    inside = value if type(value) in (list, tuple) else [*value, *value.values()] if type(value) is dict else []
    found = [measured(each) for each in inside]
    return 1 + sum(count for count, _ in found), sum(size for _, size in found)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.room.fuzz_wire", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60, help="at most")
    parser.add_argument("--runs", type=int, default=-1, help="frames, at most (default: as many as there is time for)")
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what was found (default: a temporary one)")
    asked = parser.parse_args()
    folder = asked.corpus or Path(tempfile.mkdtemp(prefix="fuzz-wire-"))
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"seed-{number}").write_bytes(seed)
    words = folder.with_name(f"{folder.name}.dict")
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in [*(f'"{token}"' for token in TOKENS), *BARE]))
    atheris.Setup([sys.argv[0], str(folder), f"-max_total_time={asked.seconds}", f"-runs={asked.runs}",
                   f"-max_len={MAX_INPUT}",
                   f"-dict={words}", "-rss_limit_mb=1024", "-timeout=10", "-print_final_stats=1",
                   f"-artifact_prefix={folder}/crash-"], one,
                  custom_mutator=mutate)
    atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    main()
