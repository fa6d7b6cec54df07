"""Whether two recordings say the same: the last bits of a sum depend on the machine that computed it."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

CLOSE = {8: 1e-9, 4: 1e-4, 2: 1e-2}   # by the bytes of a number: relative to the largest of its array
NOISE = {8: 1e-12, 4: 1e-6, 2: 1e-3}  # relative to the largest of all answers to the check: below it all is rounding


def differences(one: Path, other: Path) -> list[str]:
    """The names of what two recordings tell differently: words, shapes and whole numbers exactly, real numbers within
    what their precision and the scale of their check allow."""
    first, second = _contents(one), _contents(other)
    found = sorted(first.keys() ^ second.keys())
    scales = _scales(first)
    return found + [name for name in first.keys() & second.keys()
                    if not _alike(first[name], second[name], scales.get(_check(name), 0.0))]


def _contents(path: Path) -> dict[str, Any]:
    """Everything in a file: data sets by name, attributes by name@key."""
    found: dict[str, Any] = {}

    def visit(name, node):
        found.update({f"{name}@{key}": value for key, value in node.attrs.items()})
        if isinstance(node, h5py.Dataset):
            found[name] = node[()]

    with h5py.File(path, "r") as file:
        visit("", file)
        file.visititems(visit)
    return found


def _check(name: str) -> str:
    return name.split("/")[1] if name.count("/") > 1 else ""


def _scales(contents: dict[str, Any]) -> dict[str, float]:
    """For each check the largest finite real number in its answers."""
    scales: dict[str, float] = {}
    for name, value in contents.items():
        if np.asarray(value).dtype.kind in "fc":
            scales[_check(name)] = max(scales.get(_check(name), 0.0), _largest(np.asarray(value)))
    return scales


def _largest(array: np.ndarray) -> float:
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def _alike(one: Any, other: Any, scale: float) -> bool:
    a, b = np.asarray(one), np.asarray(other)
    if a.dtype.kind not in "fc" or a.dtype != b.dtype or a.shape != b.shape:
        return a.dtype.kind == b.dtype.kind and np.array_equal(a, b)
    size = a.real.dtype.itemsize
    allowed = CLOSE[size] * _largest(a) + NOISE[size] * scale
    return bool(np.allclose(a, b, rtol=0.0, atol=allowed, equal_nan=True))
