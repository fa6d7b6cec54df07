"""The binary format between the trusted process and a room: plain data, nothing that can run.

    frame = magic "AGR1" | header length, 4 bytes | body length, 8 bytes | header (JSON) | body (raw arrays)

The header is an object of values, filled up with blanks to a multiple of 16 bytes. A value is null, a boolean, a
number, a string, or a list that begins with a tag:

    ["l", ...] list    ["t", ...] tuple    ["d", key, value, ...] dict    ["c", re, im] complex
    ["b", n] bytes     ["a", dtype, shape] ndarray      ["s", dtype] numpy scalar
    ["T", dtype, shape, requires_grad] torch tensor     ["o", id, type] Opaque     ["e", answer, key, ...] Earlier

Arrays lie in the body one after the other, each at the next multiple of 16, so that the position of an
array is never a number that the sender chooses: arrays cannot overlap, and no byte may be left over.
Whatever `decode` does not expect is a WireError.

Many frames can travel as one (`packed`, `unpacked`): they lie in its body, each at the next multiple of 16.
"""

import json
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograder.room.decoder import Decoder
from autograder.room.encoder import Encoder
from autograder.room.plain import ALIGNMENT, MAX_NODES, Earlier, Opaque, TooBig, TooDeep, WireError

__all__ = ["MAX_HEADER", "MAX_NODES", "PREFIX", "Earlier", "Opaque", "TooBig", "TooDeep", "WireError", "decode",
           "encode", "lengths", "packed", "padded", "unpacked"]

MAGIC = b"AGR1"
PREFIX = struct.Struct("!4sIQ")
MAX_HEADER = 4 << 20
ONE_PIECE = 1 << 16
_TO_JSON = json.JSONEncoder(separators=(",", ":")).encode


def lengths(prefix: bytes, max_body: int) -> tuple[int, int]:
    """(header length, body length) from the first PREFIX.size bytes, before anything is allocated."""
    magic, header, body = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise WireError("the magic number is wrong")
    if header > MAX_HEADER or body > max_body:
        raise WireError(f"it has {header + body} bytes")
    return header, body


def encode(message: dict, keep: Callable[[Any], Opaque] | None = None, max_body: int = 1 << 40) -> list:
    """The buffers of the frame that carries `message`, to be sent in order.

    keep: gives the Opaque for an object that is not plain data; without it such an object is a WireError.
    """
    encoder = Encoder(keep, max_body)
    values = {key: encoder.value(value, 1) for key, value in message.items()}
    frame = [_head(values, encoder.size), *encoder.buffers]
    return frame if encoder.size > ONE_PIECE else [b"".join(frame)]  # a system call costs more than a small copy


def packed(message: dict, frames: Sequence[bytes]) -> bytes:
    """One frame that carries other ones, each `padded`, behind a message of numbers and truth values."""
    return b"".join([_head(message, sum(map(len, frames))), *frames])


def padded(frame: Sequence) -> bytes:
    """The buffers of a frame in one piece, filled up to a multiple of 16."""
    size = sum(map(len, frame))
    return b"".join([*frame, bytes(-size % ALIGNMENT)])


def unpacked(body: np.ndarray, max_body: int) -> Iterator[tuple[bytes, np.ndarray]]:
    """Header and body of each frame that a `packed` one carries. Raises WireError."""
    position = 0
    while position < len(body):
        if len(body) - position < PREFIX.size:
            raise WireError("a frame is cut off")
        start = position + PREFIX.size
        header, size = lengths(body[position:start].tobytes(), max_body)
        end = start + header + size
        position = end + -end % ALIGNMENT
        if position > len(body):
            raise WireError("a frame is cut off")
        yield body[start:start + header].tobytes(), body[start + header:end]


def _head(values: dict, size: int) -> bytes:
    header = _TO_JSON(values).encode()
    if len(header) > MAX_HEADER - ALIGNMENT:
        raise TooDeep("the value has too many entries")
    header += b" " * (-(PREFIX.size + len(header)) % ALIGNMENT)  # arrays lie where their numbers can be used at once
    return PREFIX.pack(MAGIC, len(header), size) + header


def decode(header: bytes, body: np.ndarray, opaque: Callable[[int, str], Any] = Opaque, local: bool = False,
           earlier: Callable[..., Any] | None = None) -> dict:
    """The message of one frame; `body` is a writable uint8 array, and arrays in the message are views of it.

    opaque: makes a value of an Opaque's id and type. local: see Decoder.
    earlier: makes a value of an Earlier's answer and path; without it there can be none.
    """
    try:
        decoder = Decoder(body, opaque, local, earlier)
        values = json.loads(header.decode())
        if type(values) is not dict:
            raise WireError("it is not an object")
        message = {key: decoder.value(value, 1) for key, value in values.items()}
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise WireError(f"it cannot be read ({type(error).__name__})") from None
    if decoder.position != len(body):
        raise WireError("bytes are left over")
    return message
