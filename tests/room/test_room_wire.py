"""The binary format: what goes over, what does not, and that hostile bytes give nothing but a WireError."""

import json
import random
from collections import OrderedDict

import numpy as np
import pytest

from autograder.room import wire
from autograder.room.wire import Opaque, TooBig, TooDeep, WireError

PLAIN = [
    None, True, False, 0, -(2**63), 2**64 - 1, 0.1, float("inf"), -0.0, 1 + 2j, "", "naïve \x00", b"", b"\xff\x00", [],
    (), {}, [1, [2, (3,)]], {"a": 1, 2: "b", None: 0, (1, "x"): [], True: 1.5}, Opaque(7, "Model"),
    (Opaque(1), [Opaque(2)]),
]
ARRAYS = [
    np.zeros(0), np.zeros((3, 0, 2)), np.array(3.5), np.arange(6).reshape(2, 3), np.array([True, False]),
    np.arange(6.0, dtype="f4").reshape(2, 3).T, np.arange(4, dtype=">i4"), np.arange(12)[::-3], np.array([1j, 2]),
    np.float16([1, 2]), np.broadcast_to(np.arange(3), (5, 3)),
]


def sent(value, keep=None, **options):
    """`value` after a trip over the wire."""
    frame = b"".join(bytes(part) for part in wire.encode({"ok": value}, keep))
    header, body = split(frame)
    return wire.decode(header, body, **options)["ok"]


def split(frame: bytes):
    header_length, body_length = wire.lengths(frame[:wire.PREFIX.size], 1 << 30)
    header = frame[wire.PREFIX.size:wire.PREFIX.size + header_length]
    body = np.frombuffer(frame, np.uint8, offset=wire.PREFIX.size + header_length).copy()
    assert len(body) == body_length
    return header, body


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_values_arrive_as_they_were(value):
    got = sent(value)
    assert got == value and type(got) is type(value)


def test_nan_arrives():
    assert np.isnan(sent(float("nan")))


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{a.shape}")
def test_arrays_arrive_equal_and_writable(array):
    got = sent([b"odd", array])[1]
    assert type(got) is np.ndarray and got.dtype == array.dtype.newbyteorder("=") and got.shape == array.shape
    assert np.array_equal(got, array)
    got[...] = 0


@pytest.mark.parametrize("scalar", [np.float64(1.5), np.float32(2), np.int64(-3), np.bool_(True), np.complex64(1j)])
def test_numpy_scalars_keep_their_type(scalar):
    got = sent(scalar)
    assert type(got) is type(scalar) and got == scalar


def test_ordered_dictionaries_become_dictionaries():
    got = sent(OrderedDict(b=1, a=2))
    assert type(got) is dict and list(got) == ["b", "a"]


def test_tensors_arrive_detached():
    torch = pytest.importorskip("torch")
    for tensor in (torch.arange(6.0).reshape(2, 3).T, torch.nn.Parameter(torch.ones(2)), torch.tensor(1),
                   torch.ones(2).bfloat16(), torch.ones(3, dtype=torch.complex64).conj(), torch.zeros(2, 0)):
        got = sent(tensor)
        assert type(got) is torch.Tensor and got.dtype == tensor.dtype and not got.requires_grad
        assert torch.equal(got, tensor.detach())
    assert sent(torch.ones(2, requires_grad=True), local=True).requires_grad


class Sly(float):
    """Claims to be any number."""

    def __eq__(self, other):
        return True


class SlyArray(np.ndarray):
    pass


def test_subclasses_and_objects_are_never_plain():
    for value in (Sly(1), np.ones(2).view(SlyArray), np.array([object()]), object(), {1}, 2**64, range(3),
                  {object(): 1}, np.array(["text"]), type("str_", (str,), {})("x"), np.datetime64(1, "s")):
        assert sent(value, keep=lambda x: Opaque(1, "kept")) == Opaque(1, "kept")
        with pytest.raises(WireError):
            sent(value)


def test_a_value_that_contains_itself_is_refused():
    endless: list = []
    endless += [endless, endless]
    with pytest.raises(TooDeep):
        sent(endless)


def test_too_many_entries_are_refused():
    with pytest.raises(TooDeep):
        sent([0] * (wire.MAX_NODES + 1))


def test_huge_arrays_are_refused_before_they_are_copied():
    with pytest.raises(TooBig):
        wire.encode({"ok": np.broadcast_to(np.float64(0), (1 << 40,))}, max_body=1 << 20)
    with pytest.raises(TooBig):
        wire.encode({"ok": [np.zeros(1 << 16)] * 3}, max_body=1 << 20)


def test_lone_surrogates_cannot_break_a_report():
    assert sent("\ud800") == "?"


@pytest.mark.parametrize("prefix", [
    b"AGR2" + bytes(12),
    wire.PREFIX.pack(b"AGR1", wire.MAX_HEADER + 1, 0),
    wire.PREFIX.pack(b"AGR1", 0, (1 << 20) + 1),
    wire.PREFIX.pack(b"AGR1", 0, (1 << 64) - 1),
])
def test_lengths_are_bounded_before_anything_is_read(prefix):
    with pytest.raises(WireError):
        wire.lengths(prefix, 1 << 20)


@pytest.mark.parametrize("header, size", [
    (b"", 0), (b"nonsense", 0), (b"\xff", 0), (b"[" * 100_000, 0), (b"9" * 5000, 0), (b"1", 0),
    ('{}', 1),                                    # a byte is left over
    ('{"ok":["d",1]}', 0),                        # a key without a value
    ('{"ok":["d",["l"],1]}', 0),                         # a list as a key
    ('{"ok":["d",["o",1,"x"],1]}', 0),
    ('{"ok":{"a":1}}', 0),
    ('{"ok":[]}', 0),
    ('{"ok":["x"]}', 0),                      # an unknown tag
    ('{"ok":[1]}', 0),
    ('{"ok":["o","1","x"]}', 0),
    ('{"ok":["o",1]}', 0),
    ('{"ok":["c","1","2"]}', 0),
    ('{"ok":["b",-1]}', 0),
    ('{"ok":["b",2]}', 1),
    ('{"ok":["b",true]}', 1),
    ('{"ok":["a","object",[1]]}', 8),
    ('{"ok":["a","float64",[2]]}', 8),        # reaches beyond the body
    ('{"ok":["a","float64",[-1]]}', 8),
    ('{"ok":["a","float64",[1.0]]}', 8),
    ('{"ok":["a","float64",[true]]}', 8),
    ('{"ok":["a","float64",[1152921504606846976,16]]}', 0),
    ('{"ok":["a","float64",[0,9223372036854775808]]}', 0),
    ('{"ok":["a","float64",[1]]}', 9),
    ('{"ok":["a",["float64"],[1]]}', 8),
    ('{"ok":["a","bfloat16",[1]]}', 2),
    ('{"ok":["s","float64",[1]]}', 8),
    ('{"ok":["T","float64",[1],0,0]}', 8),
    ('{"ok":["l",["a","uint8",[1]],["a","uint8",[1]]]}', 2),  # not at a multiple of 16
    ('{"ok":18446744073709551616}', 0),
    ('{"ok":' + '["l",' * 40 + "1" + "]" * 40 + "}", 0),
    ('{"ok":["l"' + ",0" * wire.MAX_NODES + "]}", 0),
], ids=lambda value: str(value)[:50])
def test_hostile_headers_are_refused(header, size):
    header = header.encode() if isinstance(header, str) else header
    with pytest.raises(WireError):
        wire.decode(header, np.zeros(size, np.uint8))


def test_a_boolean_is_0_or_1_whatever_its_byte():
    got = wire.decode(b'{"ok":["a","bool",[2]]}', np.array([0, 255], np.uint8))["ok"]
    assert got.view(np.uint8).tolist() == [0, 1]


def test_mutated_frames_give_nothing_but_wire_errors():
    """Twenty thousand frames with bytes changed, cut out, or replaced by tokens of the format."""
    chance = random.Random(1)
    tokens = [b"-1", b"1e999", b"NaN", b"null", b"true", b"99999999999999999999", b"[0]", b"[", b"]", b"{", b"}", b",",
              b'"float64"', b'"object"', b'"\\ud800"', *(f'"{tag}"'.encode() for tag in "ltdasTobc")]
    frames = [split(b"".join(bytes(part) for part in wire.encode({"id": 3, "ok": value})))
              for value in (PLAIN, np.arange(6.0).reshape(2, 3), {"x": [np.float32(1), b"abc", 1j]})]
    for _ in range(20_000):
        header, body = chance.choice(frames)
        try:
            assert type(wire.decode(mutated(header, tokens, chance), body)) is dict
        except WireError:
            continue


def mutated(header: bytes, tokens: list[bytes], chance: random.Random) -> bytes:
    header = bytearray(header)
    for _ in range(chance.randint(1, 4)):
        at, what = chance.randrange(len(header) + 1), chance.random()
        if what < 0.3 and at < len(header):
            header[at] = chance.randrange(256)
        elif what < 0.7:
            header[at:at + chance.randint(0, 6)] = chance.choice(tokens)
        else:
            del header[at:at + chance.randint(1, 8)]
    return bytes(header)


def test_the_header_is_compact_json():
    header, _ = split(b"".join(wire.encode({"id": 1, "ok": (1, "x")})))
    assert json.loads(header) == {"id": 1, "ok": ["t", 1, "x"]}
    assert len(header) - len(header.rstrip()) < 16 and (len(header) + wire.PREFIX.size) % 16 == 0


def test_many_frames_travel_as_one():
    values = [np.arange(3.0), "x", [np.ones(2, "f4"), b"abc"], None]
    frame = wire.packed({"id": 7}, [wire.padded(wire.encode({"ok": value})) for value in values])
    header, body = split(frame)
    assert wire.decode(header, body[:0]) == {"id": 7}
    got = [wire.decode(*each)["ok"] for each in wire.unpacked(body, 1 << 20)]
    assert np.array_equal(got[0], values[0]) and got[0].flags.aligned and got[0].flags.writeable
    assert got[1] == "x" and np.array_equal(got[2][0], values[2][0]) and got[2][1] == b"abc" and got[3] is None


@pytest.mark.parametrize("size", [1, 15, 17, 40, 47])
def test_a_frame_that_is_cut_off_is_no_frame(size):
    whole = wire.padded(wire.encode({"ok": np.arange(3.0)}))
    with pytest.raises(WireError):
        list(wire.unpacked(np.frombuffer(whole[:size], np.uint8), 1 << 20))


def test_a_frame_in_another_has_the_same_caps():
    with pytest.raises(WireError):
        list(wire.unpacked(np.frombuffer(wire.padded(wire.encode({"ok": np.zeros(99)})), np.uint8), 100))
