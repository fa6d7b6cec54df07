"""The binary format between the trusted process and a room: plain data, nothing that can run.

    frame = magic "AGR1" | header length, 4 bytes | body length, 8 bytes | header (JSON) | body (raw arrays)

A value in the header is null, a boolean, a number, a string, or a list that begins with a tag:

    ["l", ...] list    ["t", ...] tuple    ["d", key, value, ...] dict    ["c", re, im] complex
    ["b", n] bytes     ["a", dtype, shape] ndarray      ["s", dtype] numpy scalar
    ["T", dtype, shape, requires_grad] torch tensor     ["o", id, type] Opaque

Arrays lie in the body one after the other, each at the next multiple of 16, so that the position of an
array is never a number that the sender chooses: arrays cannot overlap, and no byte may be left over.
`decode` meets bytes that an attacker wrote: it allocates nothing, imports nothing and calls nothing that
those bytes name. Whatever it does not expect is a WireError.
"""

import json
import math
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["MAX_HEADER", "PREFIX", "Opaque", "TooBig", "TooDeep", "WireError", "decode", "encode", "lengths"]

MAGIC = b"AGR1"
PREFIX = struct.Struct("!4sIQ")
ALIGNMENT = 16
MAX_HEADER = 4 << 20
MAX_DEPTH = 32
MAX_NODES = 100_000
MAX_AXES = 16
INTEGERS = range(-(2**63), 2**64)
DTYPES = {
    name: np.dtype(name)
    for name in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
                 "float16", "float32", "float64", "complex64", "complex128")
}
SCALARS = {dtype.type for dtype in DTYPES.values()}
TENSOR_DTYPES = {**DTYPES, "bfloat16": np.dtype("uint16")}


class WireError(Exception):
    """The bytes are not a message."""


class TooDeep(WireError):
    """A value has too many levels or entries to go over as plain data (it may contain itself)."""


class TooBig(WireError):
    """The arrays of a value take more bytes than a message may have."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something in the room that is not plain data: `id` names it there, `type` is the name of its class."""

    id: int
    type: str = ""


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
    encoder = _Encoder(keep, max_body)
    header = json.dumps(encoder.value(message), separators=(",", ":")).encode()
    if len(header) > MAX_HEADER:
        raise TooDeep("the value has too many entries")
    return [PREFIX.pack(MAGIC, len(header), encoder.size) + header, *encoder.buffers]


def decode(header: bytes, body: np.ndarray, opaque: Callable[[int, str], Any] = Opaque, grad: bool = False) -> dict:
    """The message of one frame; `body` is a writable uint8 array, and arrays in the message are views of it.

    opaque: makes a value of an Opaque's id and type. grad: whether tensors get their requires_grad flag back.
    """
    try:
        decoder = _Decoder(body, opaque, grad)
        message = decoder.value(json.loads(header))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise WireError(f"it cannot be read ({type(error).__name__})") from None
    if type(message) is not dict:
        raise WireError("it is not a dictionary")
    if decoder.position != len(body):
        raise WireError("bytes are left over")
    return message


class _Encoder:
    def __init__(self, keep, max_body: int):
        self.keep, self.max_body = keep, max_body
        self.buffers: list = []
        self.size = 0
        self.nodes = 0

    def value(self, x: Any, depth: int = 0) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise TooDeep("the value has too many levels or entries")
        kind = type(x)
        if x is None or kind in (bool, float, str):
            return x
        if kind is int and x in INTEGERS:
            return x
        if kind in (list, tuple):
            return ["l" if kind is list else "t", *(self.value(entry, depth + 1) for entry in x)]
        if kind in (dict, OrderedDict) and all(_is_key(key) for key in x):
            return ["d", *(self.value(side, depth + 1) for item in x.items() for side in item)]
        if kind is np.ndarray and x.dtype.name in DTYPES and x.ndim <= MAX_AXES:
            return ["a", x.dtype.name, list(x.shape), *self.array(x)]
        if kind in SCALARS:
            return ["s", x.dtype.name, *self.array(np.asarray(x))]
        if kind is complex:
            return ["c", x.real, x.imag]
        if kind is bytes:
            return ["b", len(x), *self.raw(x)]
        if kind is Opaque:
            return ["o", x.id, x.type]
        return self.tensor(x, kind) or self.opaque(x)

    def array(self, x: np.ndarray) -> tuple:
        """Appends the array's bytes, in C order and native byte order."""
        if x.nbytes > self.max_body:  # before a copy: an array of stride 0 may claim any size
            raise TooBig(f"an array has {x.nbytes} bytes")
        flat = np.ascontiguousarray(x, x.dtype.newbyteorder("=")).reshape(-1)
        return self.raw(flat.view(np.uint8).data)

    def raw(self, data) -> tuple:
        padding = -self.size % ALIGNMENT
        self.buffers += [bytes(padding), data] if padding else [data]
        self.size += padding + len(data)
        if self.size > self.max_body:
            raise TooBig(f"the arrays have more than {self.max_body} bytes")
        return ()

    def tensor(self, x: Any, kind: type) -> list | None:
        torch = sys.modules.get("torch")
        if torch is None or kind not in (torch.Tensor, torch.nn.Parameter):
            return None
        name = str(x.dtype).removeprefix("torch.")
        plain = x.layout is torch.strided and x.device.type == "cpu" and name in TENSOR_DTYPES
        if not plain or x.dim() > MAX_AXES:
            return None
        if x.numel() * x.element_size() > self.max_body:
            raise TooBig(f"a tensor has {x.numel() * x.element_size()} bytes")
        flat = x.detach().resolve_conj().resolve_neg().contiguous()
        self.array((flat.view(torch.uint16) if name == "bfloat16" else flat).numpy())
        return ["T", name, list(x.shape), x.requires_grad]

    def opaque(self, x: Any) -> list:
        if self.keep is None:
            raise WireError(f"a {type(x).__name__} is not plain data")
        return self.value(self.keep(x))


class _Decoder:
    def __init__(self, body: np.ndarray, opaque, grad: bool):
        self.body, self.opaque, self.grad = body, opaque, grad
        self.position = 0
        self.nodes = 0

    def value(self, x: Any, depth: int = 0) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise WireError("it has too many levels or entries")
        if x is None or type(x) in (bool, float):
            return x
        if type(x) is int and x in INTEGERS:
            return x
        if type(x) is str:
            return x.encode("utf-8", "replace").decode()  # a lone surrogate could not be written to a report
        if type(x) is not list or not x or type(x[0]) is not str:
            raise WireError("a value has no known form")
        tag, *rest = x
        if tag == "l":
            return [self.value(entry, depth + 1) for entry in rest]
        if tag == "t":
            return tuple(self.value(entry, depth + 1) for entry in rest)
        if tag == "d":
            return self.dictionary(rest, depth)
        reader = _READERS.get(tag)
        if reader is None:
            raise WireError("a value has an unknown tag")
        return reader(self, *rest)

    def dictionary(self, sides: list, depth: int) -> dict:
        out = {}
        for at in range(0, len(sides), 2):
            key, value = (self.value(side, depth + 1) for side in sides[at:at + 2])
            if not _is_key(key):
                raise WireError("a dictionary has a key of an unknown form")
            out[key] = value
        return out

    def complex(self, real: float, imag: float) -> complex:
        if type(real) is not float or type(imag) is not float:
            raise WireError("a complex number has an unknown form")
        return complex(real, imag)

    def bytes(self, size: int) -> bytes:
        return self.take(size).tobytes()

    def array(self, name: str, shape: list, dtypes: dict = DTYPES) -> np.ndarray:
        if type(name) is not str or name not in dtypes:
            raise WireError("an array has an unknown dtype")
        if type(shape) is not list or len(shape) > MAX_AXES or not all(type(n) is int and n >= 0 for n in shape):
            raise WireError("an array has an impossible shape")
        raw = self.take(math.prod(shape) * dtypes[name].itemsize)
        if name == "bool":
            return (raw != 0).reshape(shape)  # a bool made of a byte other than 0 and 1 is undefined behaviour
        return raw.view(dtypes[name]).reshape(shape)

    def scalar(self, name: str) -> np.generic:
        return self.array(name, [])[()]

    def tensor(self, name: str, shape: list, requires_grad: bool) -> Any:
        """A torch tensor where torch is loaded, an array elsewhere."""
        array = self.array(name, shape, TENSOR_DTYPES)
        torch = sys.modules.get("torch")
        if torch is None:
            return array if name != "bfloat16" else (array.astype(np.uint32) << 16).view(np.float32)
        tensor = torch.from_numpy(array)
        tensor = tensor.view(torch.bfloat16) if name == "bfloat16" else tensor
        may_learn = tensor.is_floating_point() or tensor.is_complex()
        return tensor.requires_grad_() if self.grad and requires_grad is True and may_learn else tensor

    def handle(self, number: int, kind: str) -> Any:
        if type(number) is not int or type(kind) is not str:
            raise WireError("an opaque value has an unknown form")
        return self.opaque(number, kind.encode("utf-8", "replace").decode()[:80])

    def take(self, size: int) -> np.ndarray:
        """The next `size` bytes of the body, from the next multiple of ALIGNMENT on."""
        start = self.position + -self.position % ALIGNMENT
        if type(size) is not int or not 0 <= size <= len(self.body) - start:
            raise WireError("an array reaches beyond the message")
        self.position = start + size
        return self.body[start:self.position]


_READERS = {"a": _Decoder.array, "s": _Decoder.scalar, "T": _Decoder.tensor,
            "b": _Decoder.bytes, "c": _Decoder.complex, "o": _Decoder.handle}


def _is_key(key: Any) -> bool:
    """Whether a dictionary with this key is plain data."""
    if type(key) is tuple:
        return all(_is_key(entry) for entry in key)
    return key is None or type(key) in (str, float, bool) or (type(key) is int and key in INTEGERS)
