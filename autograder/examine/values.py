"""What may pass between a check and the code it examines: plain data as copies, the rest as Opaque.

The same rules as those of the wire (autograder.room), so that an answer looks the same wherever its code runs.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.room.plain import (
    INTEGERS,
    MAX_DEPTH,
    MAX_NODES,
    SCALARS,
    Opaque,
    is_key,
    is_plain_array,
    is_plain_tensor,
    is_tensor,
)

PLAIN = (type(None), bool, int, float, complex, str, bytes)
_AS_THEY_ARE = frozenset({type(None), bool, float, complex, str, bytes}) | SCALARS


def copied(value: Any, other: Callable[[Any], Any], grad: bool = True) -> Any:
    """A deep copy of plain data; anything else becomes `other(value)`.

    Only exact types count as plain: a subclass of ndarray or float may lie about itself. grad: whether tensors keep
    their requires_grad flag.
    """
    try:
        return _Copier(other, grad).copy(value, 1)
    except _TooMuch:
        return other(value)


class _TooMuch(Exception):
    """A value has too many levels or entries (it may contain itself)."""


class _Copier:
    def __init__(self, other: Callable[[Any], Any], grad: bool):
        self.other, self.grad = other, grad
        self.nodes = 0

    def copy(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in _AS_THEY_ARE:
            return value
        if kind is int:
            return value if value in INTEGERS else self.other(value)
        if kind is np.ndarray:
            return self._array(value)
        if kind in (tuple, list):
            self._count(len(value), depth)
            return kind([self.copy(entry, depth + 1) for entry in value])
        if kind in (dict, OrderedDict) and all(map(is_key, value)):
            self._count(2 * len(value), depth)
            return {self.copy(key, depth + 1): self.copy(entry, depth + 1) for key, entry in value.items()}
        if is_tensor(value) and is_plain_tensor(value):
            return self._tensor(value)
        return self.other(value)

    def _count(self, entries: int, depth: int) -> None:
        self.nodes += entries
        if depth >= MAX_DEPTH or self.nodes >= MAX_NODES:
            raise _TooMuch

    def _array(self, value: np.ndarray) -> Any:
        if not is_plain_array(value):
            return self.other(value)
        return value.copy() if value.dtype.isnative else value.astype(value.dtype.newbyteorder("="))

    def _tensor(self, value: Any) -> Any:
        import torch

        copy = value.detach().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
        may_learn = copy.is_floating_point() or copy.is_complex()
        return copy.requires_grad_(self.grad and value.requires_grad and may_learn)


__all__ = ["Opaque", "copied"]
