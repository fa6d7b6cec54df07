"""Sizes, kinds of numbers and layouts that answers forget: generated, so that a check need not write them out."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder.examine.compare import CheckFailed
from autograder.examine.face import Handle
from autograder.examine.probes import beside

__all__ = ["boundaries", "forms", "strided"]


def boundaries(check: Callable[..., None], **sizes: int) -> None:
    """check(N=3, T=5) at these sizes, with each of them 1 and 2 in turn, with all equal, and with all 1. A failure says
    at which sizes."""
    for case in _cases(sizes):
        try:
            check(**case)
        except CheckFailed as failure:
            failure.found += f" ({', '.join(f'{name} = {size}' for name, size in case.items())})"
            raise


def _cases(sizes: dict[str, int]) -> Iterator[dict[str, int]]:
    yield sizes
    yield from (sizes | {name: small} for name in sizes for small in (1, 2) if sizes[name] != small)
    yield from (dict.fromkeys(sizes, each) for each in (2, 1))


def forms(x: Any, whole: bool = False) -> Iterator[Any]:
    """x in float64 and in float32; and, where answers have to take them, as whole numbers."""
    for kind in ("float64", "float32", *(["int64"] if whole else [])):
        if isinstance(x, np.ndarray):
            yield x.astype(kind)
        else:
            import torch

            yield x.to(getattr(torch, kind))


def strided(function: Handle, *args: Any) -> Any:
    """What `function(*args)` returns if its arguments are views of arrays that lie in memory in another order."""
    return beside(function, _call_strided, function, list(args))


def _call_strided(function, args):
    def turned(value):
        if "torch" in str(type(value)):
            axes = tuple(range(value.ndim))[::-1]
            return value.permute(axes).contiguous().permute(axes)
        return np.asfortranarray(value) if isinstance(value, np.ndarray) else value

    return function(*map(turned, args))
