"""Gradients of modules and functions, compared by name."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.examine.compare import reached, same
from autograder.examine.face import Handle
from autograder.examine.modules import Names, meant
from autograder.examine.probes import face_of

__all__ = ["same_gradients"]

NOTHING = 1e-12  # of the largest gradient: what is left of one that cancels


def same_gradients(one: Handle, other: Handle, args: tuple, cotangent: Any, arguments: str = "", *,
                   parameters: Sequence[str] | None = None, names: Names = (), axes: Mapping[str, str] | None = None,
                   rel_error: float = 1e-6, kwargs: dict | None = None) -> None:
    """Gradients of sum(module(*args) * cotangent) equal those of the reference's.

    one, other: the student's module (or function) and the reference's; arguments: what the first of `args` are called,
    "query key"; parameters: those that are compared, by the course's names (None: all); names: see `installed`;
    axes: {"query": "N S E"}. A gradient that is 0 but for rounding, as that of a bias that a softmax cancels, may be
    anything as small, or not be there. Fails with "no gradient reaches `query`" where there is none and should be.
    """
    _, got, got_learnt = face_of(one).vjp(one, args, cotangent, kwargs)
    _, want, want_learnt = face_of(other).vjp(other, args, cotangent, kwargs)
    ours = meant(list(got_learnt), want_learnt, names)
    got_learnt = {ours[name]: value for name, value in got_learnt.items()}
    chosen = want_learnt if parameters is None else parameters
    pairs = list(zip(arguments.split(), got, want))
    pairs += [(name, got_learnt.get(name), want_learnt[name]) for name in chosen]
    pairs = [(name, mine, true) for name, mine, true in pairs if true is not None and true.numel()]
    largest = max((float(true.abs().max()) for _, _, true in pairs), default=0.0)
    for name, mine, true in pairs:
        if mine is None and float(true.abs().max()) > NOTHING * largest:
            reached(mine, name)
    for name, mine, true in pairs:
        what, where = f"the gradient of {name}", (axes or {}).get(name, "")
        if float(true.abs().max()) > NOTHING * largest:
            same(mine, true, what, axes=where, rel_error=rel_error)
        elif mine is not None:
            same(mine, np.zeros(true.shape), what, axes=where, rel_error=rel_error * (largest or 1.0))
