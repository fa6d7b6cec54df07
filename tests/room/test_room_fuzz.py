"""Whatever bytes a room sends, the trusted side reads a value or says WireError: fuzzed with and without guidance."""

import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.errors import BadReply, StudentRaised
from autograder.room import plain, replies, wire

ROOT = Path(__file__).parents[2]
RUNS = 20_000  # here; `python -m tests.room.fuzz_wire --seconds 300 --corpus FOLDER` for a long run
CALM = settings(max_examples=400, deadline=None, derandomize=True, database=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

leaves = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=5),
                   st.sampled_from([*"ltdcbasTo", *plain.TENSOR_DTYPES, "object", "id", "ok", "fault"]))
trees = st.recursive(leaves, lambda inner: st.lists(inner, max_size=5), max_leaves=25)
headers = st.lists(trees, max_size=6).map(lambda rest: {"id": 1, "ok": rest})
plain_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), st.binary(max_size=40),
              st.text(st.characters(exclude_categories=["Cs"]), max_size=10), st.complex_numbers(),
              st.sampled_from([np.arange(6.0).reshape(2, 3), np.zeros((0, 2), "i2"), np.array([True, False]), np.float32(2)])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple),
                            st.dictionaries(st.text(max_size=3), inner, max_size=4)), max_leaves=12)


def read(header: bytes, body: bytes) -> None:
    """As the trusted side does; anything but these errors is a failure of the test."""
    with contextlib.suppress(wire.WireError, StudentRaised, BadReply):
        replies.value_of(wire.decode(header, np.frombuffer(body, np.uint8).copy()), 1, replies.Limits())


@CALM
@given(headers, st.binary(max_size=200))
def test_trees_of_the_right_form(tree, body):
    read(json.dumps(tree).encode(), body)


@CALM
@given(st.data(), plain_values)
def test_valid_frames_with_one_thing_changed(data, value):
    frame = b"".join(bytes(part) for part in wire.encode({"id": 1, "ok": value}))
    header_length, _ = wire.lengths(frame[:wire.PREFIX.size], 1 << 30)
    header, body = frame[wire.PREFIX.size:][:header_length], frame[wire.PREFIX.size + header_length:]
    read(header, body)
    tree = json.loads(header)
    lists = [value for value in tree.values() if isinstance(value, list)] or [[]]
    for each in lists:
        lists += [inner for inner in each if isinstance(inner, list)]
    place = data.draw(st.sampled_from(lists))
    at = data.draw(st.integers(0, len(place)))
    place[at:at + data.draw(st.integers(0, 1))] = data.draw(st.lists(trees, max_size=1))
    read(json.dumps(tree).encode(), body)
    read(header, data.draw(st.sampled_from([body[:-1], body + b"\0", body * 2, b""])))


@CALM
@given(st.binary(max_size=64))
def test_prefixes(data):
    if len(data) >= wire.PREFIX.size:
        try:
            header, body = wire.lengths(data[:wire.PREFIX.size], 1000)
        except wire.WireError:
            return
        assert header <= wire.MAX_HEADER and body <= 1000


def test_keys_with_one_hash_are_refused():
    """A dictionary of them would take quadratic time, after every deadline."""
    keys = [tuple(-1 - (number >> bit & 1) for bit in range(12)) for number in range(4096)]
    assert len({hash(key) for key in keys}) == 1  # for Python, -1 and -2 have the same hash
    few, many = [b"".join(bytes(part) for part in wire.encode({"id": 1, "ok": dict.fromkeys(chosen)}))[wire.PREFIX.size:]
                 for chosen in (keys[:50], keys)]
    assert len(wire.decode(few, np.zeros(0, np.uint8))["ok"]) == 50
    with pytest.raises(wire.WireError, match="collide"):
        wire.decode(many, np.zeros(0, np.uint8))


def test_guided_by_coverage(tmp_path):
    command = [sys.executable, "-m", "tests.room.fuzz_wire", "--runs", str(RUNS), "--seconds", "300",
               "--corpus", str(tmp_path / "corpus")]
    # A process counts the memory of the one that it was forked from as its own peak: a small one stands in between.
    done = subprocess.run(["sh", "-c", '"$@"; exit $?', "sh", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    runs, coverage = (int(re.findall(pattern, done.stderr)[-1]) for pattern in (r"Done (\d+) runs", r"cov: (\d+)"))
    assert runs >= RUNS and coverage > 100, done.stderr[-1000:]
    assert not list((tmp_path / "corpus").glob("crash-*"))
