"""The sending half of the wire: exact plain types become JSON and raw bytes, anything else an Opaque."""

import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.room.plain import (
    ALIGNMENT,
    INTEGERS,
    MAX_DEPTH,
    MAX_NODES,
    NAMES,
    SCALARS,
    Earlier,
    Opaque,
    TooBig,
    TooDeep,
    WireError,
    is_key,
    is_plain_array,
    is_plain_tensor,
    is_tensor,
)

SMALL = 1 << 12  # bytes that are copied sooner than looked at
_AS_THEY_ARE, _DICTIONARIES = frozenset({bool, float, str}), frozenset({dict, OrderedDict})


class Encoder:
    """Turns one message into JSON that refers to `buffers`; `size` is their length in bytes."""

    def __init__(self, keep: Callable[[Any], Opaque] | None, max_body: int):
        self.keep, self.max_body = keep, max_body
        self.buffers: list = []
        self.size = 0
        self.nodes = 0

    def value(self, x: Any, depth: int = 0) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise TooDeep("the value has too many levels or entries")
        kind = type(x)
        if kind is np.ndarray and is_plain_array(x):
            self.array(x)
            return ["a", NAMES.get(x.dtype) or x.dtype.name, list(x.shape)]
        if x is None or kind in _AS_THEY_ARE or kind is int and x in INTEGERS:
            return x
        if kind is tuple or kind is list:
            return ["t" if kind is tuple else "l", *[self.value(entry, depth + 1) for entry in x]]
        if kind in _DICTIONARIES and all(map(is_key, x)):
            return ["d", *[self.value(side, depth + 1) for item in x.items() for side in item]]
        if kind is Opaque:
            return ["o", x.id, x.type]
        if kind is Earlier:
            return ["e", x.answer, *x.path]
        if kind in SCALARS:
            self.array(np.asarray(x))
            return ["s", NAMES[x.dtype]]
        if kind is complex:
            return ["c", x.real, x.imag]
        if kind is bytes:
            self.raw(x)
            return ["b", len(x)]
        return self.tensor(x) if is_tensor(x) and is_plain_tensor(x) and x.device.type == "cpu" else self.opaque(x)

    def array(self, x: np.ndarray) -> None:
        """Appends the array's bytes, in C order and native byte order."""
        if x.nbytes > self.max_body:  # before a copy: an array of stride 0 may claim any size
            raise TooBig(f"an array has {x.nbytes} bytes")
        x = x if x.dtype.isnative else x.astype(x.dtype.newbyteorder("="))
        self.raw(x.tobytes() if x.nbytes <= SMALL else np.ascontiguousarray(x).reshape(-1).view(np.uint8).data)

    def raw(self, data) -> None:
        padding = -self.size % ALIGNMENT
        self.buffers += [bytes(padding), data] if padding else [data]
        self.size += padding + len(data)
        if self.size > self.max_body:
            raise TooBig(f"the arrays have more than {self.max_body} bytes")

    def tensor(self, x: Any) -> list:
        name = str(x.dtype).removeprefix("torch.")
        if x.numel() * x.element_size() > self.max_body:
            raise TooBig(f"a tensor has {x.numel() * x.element_size()} bytes")
        flat = x.detach().resolve_conj().resolve_neg().contiguous()
        self.array((flat.view(sys.modules["torch"].uint16) if name == "bfloat16" else flat).numpy())
        return ["T", name, list(x.shape), x.requires_grad]

    def opaque(self, x: Any) -> list:
        if self.keep is None:
            raise WireError(f"a {type(x).__name__} is not plain data")
        return self.value(self.keep(x))
