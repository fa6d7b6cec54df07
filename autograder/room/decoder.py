"""The receiving half of the wire, which meets bytes that an attacker wrote.

It allocates nothing, imports nothing and calls nothing that those bytes name.
"""

import math
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.room.plain import (
    ALIGNMENT,
    DTYPES,
    INTEGERS,
    MAX_AXES,
    MAX_DEPTH,
    MAX_NODES,
    TENSOR_DTYPES,
    WireError,
    is_key,
)

MAX_COLLISIONS = 100


class Decoder:
    """Reads one message; `position` is how far into the body it came.

    local: for code that is called with the message's values as if they had been made where it runs: tensors get their
    requires_grad flag back, and equal texts are one object, as literals are.
    """

    def __init__(self, body: np.ndarray, opaque: Callable[[int, str], Any], local: bool,
                 earlier: Callable[..., Any] | None):
        self.body, self.opaque, self.local, self.earlier = body, opaque, local, earlier
        self.position = 0
        self.nodes = 0

    def value(self, x: Any, depth: int = 0) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise WireError("it has too many levels or entries")
        kind = type(x)
        if kind is list and x and type(x[0]) is str:
            return self.tagged(x[0], x, depth + 1)
        if kind is str:
            # a lone surrogate could not be written to a report
            x = x if x.isascii() else x.encode("utf-8", "replace").decode()
            return sys.intern(x) if self.local else x
        if x is None or kind is bool or kind is float or kind is int and x in INTEGERS:
            return x
        raise WireError("a value has no known form")

    def tagged(self, tag: str, x: list, depth: int) -> Any:
        if tag in _READERS:
            return _READERS[tag](self, *x[1:])
        if tag == "t":
            return tuple([self.value(entry, depth) for entry in x[1:]])
        if tag == "l":
            return [self.value(entry, depth) for entry in x[1:]]
        if tag == "d":
            return self.dictionary(x, depth) if len(x) > 1 else {}
        if tag == "e" and self.earlier:
            return self.earlier(*x[1:])
        raise WireError("a value has an unknown tag")

    def dictionary(self, x: list, depth: int) -> dict:
        out, hashes = {}, Counter()
        for at in range(1, len(x), 2):
            key, value = [self.value(side, depth) for side in x[at:at + 2]]
            if not is_key(key):
                raise WireError("a dictionary has a key of an unknown form")
            if type(key) is tuple:  # the hashes of tuples can be chosen: equal ones make a dictionary quadratic
                hashes[hash(key)] += 1
                if hashes[hash(key)] > MAX_COLLISIONS:
                    raise WireError("the keys of a dictionary collide")
            out[key] = value
        return out

    def complex(self, real: float, imag: float) -> complex:
        if type(real) is not float or type(imag) is not float:
            raise WireError("a complex number has an unknown form")
        return complex(real, imag)

    def bytes(self, size: int) -> bytes:
        start = self.advance(size)
        return self.body[start:self.position].tobytes()

    def array(self, name: str, shape: list, dtypes: dict = DTYPES) -> np.ndarray:
        """A view of the body."""
        if type(name) is not str or name not in dtypes:
            raise WireError("an array has an unknown dtype")
        if type(shape) is not list or len(shape) > MAX_AXES or not {type(n) for n in shape} <= {int}:
            raise WireError("an array has an impossible shape")
        if shape and min(shape) < 0:
            raise WireError("an array has an impossible shape")
        start = self.advance(math.prod(shape) * dtypes[name].itemsize)
        if name == "bool":  # made of a byte other than 0 and 1 it is undefined behaviour
            return np.ndarray(shape, np.uint8, self.body, start) != 0
        return np.ndarray(shape, dtypes[name], self.body, start)

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
        return tensor.requires_grad_() if self.local and requires_grad is True and may_learn else tensor

    def handle(self, number: int, kind: str) -> Any:
        if type(number) is not int or number not in INTEGERS or type(kind) is not str:
            raise WireError("an opaque value has an unknown form")
        return self.opaque(number, kind.encode("utf-8", "replace").decode()[:80])

    def advance(self, size: int) -> int:
        """Where the next `size` bytes of the body begin: at the next multiple of ALIGNMENT."""
        start = self.position + -self.position % ALIGNMENT
        if type(size) is not int or not 0 <= size <= len(self.body) - start:
            raise WireError("an array reaches beyond the message")
        self.position = start + size
        return start


_READERS = {"a": Decoder.array, "s": Decoder.scalar, "T": Decoder.tensor,
            "b": Decoder.bytes, "c": Decoder.complex, "o": Decoder.handle}
