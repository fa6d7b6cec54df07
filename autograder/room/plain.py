"""What plain data is: the values that may pass between the trusted process and a room, and their limits."""

import sys
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

ALIGNMENT = 16
MAX_DEPTH = 32
MAX_NODES = 100_000
MAX_AXES = 16
INTEGERS = range(-(2**63), 2**64)
DTYPES = {
    name: np.dtype(name)
    for name in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
                 "float16", "float32", "float64", "complex64", "complex128")
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}  # numpy makes up `dtype.name` anew each time
SCALARS = {dtype.type for dtype in DTYPES.values()}
TENSOR_DTYPES = {**DTYPES, "bfloat16": np.dtype("uint16")}


class WireError(Exception):
    """The bytes are not a message, or a value is not plain data."""


class TooDeep(WireError):
    """A value has too many levels or entries to go over as plain data (it may contain itself)."""


class TooBig(WireError):
    """The arrays of a value take more bytes than a message may have."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something in the room that is not plain data: `id` names it there, `type` is the name of its class."""

    id: int
    type: str = ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """In a script (`Room.send_ahead`): what the room answered to an earlier question of it.

    path: the keys and indices that lead to it in that answer, from the outside in.
    """

    answer: int
    path: tuple[int | str, ...] = ()


def is_plain_array(x: np.ndarray) -> bool:
    return x.ndim <= MAX_AXES and (x.dtype in NAMES or x.dtype.name in DTYPES)


def is_plain_tensor(x: Any) -> bool:
    """Of a torch tensor on any device."""
    torch = sys.modules["torch"]
    return x.layout is torch.strided and x.dim() <= MAX_AXES and str(x.dtype).removeprefix("torch.") in TENSOR_DTYPES


def is_tensor(x: Any) -> bool:
    """Exactly a torch tensor or parameter: a subclass may say anything of itself."""
    torch = sys.modules.get("torch")
    return torch is not None and type(x) in (torch.Tensor, torch.nn.Parameter)


def kind_of(x: Any) -> str:
    """What an object is called that is not plain data: its class, and why where an array would have been."""
    name = type(x).__name__[:80]
    if type(x) is np.ndarray:
        return f"{name} of dtype {x.dtype.name[:20]}"
    if is_tensor(x) and not is_plain_tensor(x):
        return f"{name} of layout {x.layout}, dtype {x.dtype}".replace("torch.", "")
    return name


def is_key(key: Any) -> bool:
    """Whether a dictionary with this key is plain data."""
    if type(key) is tuple:
        return all(is_key(entry) for entry in key)
    return key is None or type(key) in (str, float, bool) or (type(key) is int and key in INTEGERS)


def is_cache(value: Any) -> bool:
    """Whether arrays lie two levels deep in a value: what a function keeps for its own gradient looks so, and is of
    no use to a check. It stays in the room."""
    entries = value.values() if type(value) is dict else value if type(value) in (tuple, list) else ()
    return any(type(entry) in (tuple, list, dict)
               and any(type(inner).__module__ in ("numpy", "torch") for inner in
                       (entry.values() if type(entry) is dict else entry)) for entry in entries)


def copy_of(value: Any) -> Any:
    """A deep copy of lists, tuples, dictionaries, arrays and tensors (without history); all else is the same object."""
    kind = type(value)
    if kind is np.ndarray:
        return value.copy()
    if kind in (list, tuple):
        return kind([copy_of(entry) for entry in value])
    if kind in (dict, OrderedDict):
        return kind((key, copy_of(entry)) for key, entry in value.items())
    return value.detach().clone() if is_tensor(value) else value
