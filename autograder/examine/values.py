"""What may pass between a check and the code it examines: plain data as copies, the rest as Opaque."""

import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.room.wire import Opaque

PLAIN = (type(None), bool, int, float, complex, str, bytes)


def copied(value: Any, other: Callable[[Any], Any]) -> Any:
    """A deep copy of plain data; anything else becomes `other(value)`.

    Only exact types count as plain: a subclass of ndarray or float may lie about itself.
    """
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is np.ndarray:
        return value.copy() if value.dtype.kind != "O" else other(value)
    if isinstance(value, np.generic):
        return np.array(value)
    if kind in (tuple, list):
        return kind(copied(entry, other) for entry in value)
    if kind in (dict, OrderedDict):
        return {copied(key, other): copied(entry, other) for key, entry in value.items()}
    torch = sys.modules.get("torch")
    if torch is not None and kind in (torch.Tensor, torch.nn.Parameter):
        return value.detach().clone().requires_grad_(value.requires_grad and value.is_floating_point())
    return other(value)


__all__ = ["Opaque", "copied"]
