"""Properties that need no reference. Each asks for a witness too: what is the same for everything passes none."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.examine.compare import CheckFailed, largest, numeric, same, same_shape
from autograder.examine.face import Handle
from autograder.examine.hints import Evidence
from autograder.examine.probes import beside

__all__ = ["depends", "equivariant", "influences", "invariant", "permuted", "same_as_set", "shifted", "unchanged"]

MOVED = 1e-9  # of the largest output: a smaller change is rounding (in float32 a larger one)


def influences(f: Callable[[Any], Any], x: Any, allowed: Any, *, what: str = "out", at: int | Sequence[int] = 1,
               to: int | Sequence[int] | None = None, of: str = "out", on: str = "x", step: float = 1.0,
               nudge: Callable[..., Any] | None = None) -> None:
    """The output at place s of f(x) depends on the input at place t where `allowed[s, t]`, and nowhere else.

    x: an array or tensor; at: its axis (or axes) that number the places, `to`: those of the output (None: the same);
    allowed: bool (places of the output, places of the input), several axes counted row by row; step: how far an entry
    is moved, or nudge(x, *place): another x, for whole numbers; of, on: what output and input are called in a failure,
    which names the first pair that is wrong. Hints are earned by how far each output moved with each input.
    """
    at, to = _axes(at), _axes(at if to is None else to)
    allowed, before = np.asarray(allowed, dtype=bool), _finite(f(x), what)
    spread, places = _places(before, to), [x.shape[axis] for axis in at]
    changes = np.zeros((spread.shape[0], int(np.prod(places))))
    if changes.shape != allowed.shape:
        raise CheckFailed(None, f"`{what}` has {changes.shape[0]} places, expected {allowed.shape[0]}",
                          Evidence(f"the places of {what}", before))
    rng = np.random.default_rng(changes.size)
    for number, place in enumerate(np.ndindex(*places)):
        after = numeric(f(nudge(x, *place) if nudge else _nudged(x, at, place, step, rng)), what)
        same_shape(after, before, what, "")
        changes[:, number] = np.abs(_places(after, to) - spread).max(axis=1, initial=0.0)
    reaches = ~(changes <= _rounding(before))
    wrong = reaches != allowed
    if wrong.any():
        s, t = np.argwhere(wrong)[0]
        seen = "depends" if reaches[s, t] else "does not depend"
        evidence = Evidence.of_numbers(f"who depends on whom ({what})", changes, largest(spread))
        raise CheckFailed(f"the {of} at a place depends on the {on} where it may, and nowhere else",
                          f"the {of} at place {s} {seen} on the {on} at place {t}; {int(wrong.sum())} of {wrong.size} "
                          "pairs are wrong", evidence)


def equivariant(f: Callable[[Any], Any], x: Any, move: Callable[[Any], Any], what: str = "out", *,
                moved: Callable[[Any], Any] | None = None, axes: str = "", rel_error: float = 1e-9) -> None:
    """f(move(x)) is moved(f(x)), which is something else than f(x). moved: None where it is the same as `move`."""
    before = _finite(f(x), what)
    want = np.asarray((moved or move)(before))
    _differs(want, before, f"`{what}` has different entries for different entries of the input", "they are all equal")
    same(f(move(x)), want, what, axes=axes, rel_error=rel_error)


def invariant(f: Callable[[Any], Any], x: Any, move: Callable[[Any], Any], what: str = "out", *,
              axes: str = "", rel_error: float = 1e-9) -> None:
    """f(move(x)) is f(x), and f depends on x at all."""
    before = depends(f, x, what)
    same(f(move(x)), before, what, axes=axes, rel_error=rel_error)


def depends(f: Callable[[Any], Any], x: Any, what: str = "out") -> np.ndarray:
    """f(x), which is another for another x. A witness for a check that holds an answer against itself."""
    before = _finite(f(x), what)
    far = _nudged(x, (), (), 1.0, np.random.default_rng(before.size))
    _differs(numeric(f(far), what), before, f"`{what}` depends on the input", "it is the same for another input")
    return before


def permuted(order: Sequence[int], axis: int) -> Callable[[Any], Any]:
    """A move: the entries along an axis in another order."""
    order = [int(place) for place in order]
    return lambda x: x[(slice(None),) * axis + (order,)]


def shifted(by: int, axis: int) -> Callable[[Any], Any]:
    """A move: the entries along an axis, each `by` places further; the last ones come first."""
    return lambda x: permuted((np.arange(x.shape[axis]) - by) % x.shape[axis], axis)(x)


def same_as_set(got: Any, want: Any, what: str, *, axis: int = 0, axes: str = "", rel_error: float = 1e-6) -> None:
    """`got` equals `want` but for the order along an axis. Fails with what differs in the order that fits best."""
    want = np.asarray(want)
    got = numeric(got, what, want)
    same_shape(got, want, what, axes)
    mine, true = (np.moveaxis(one, axis, 0).reshape(one.shape[axis], -1).astype(float) for one in (got, want))
    far = np.abs(mine[:, None] - true[None]).max(axis=2, initial=0.0)  # (mine, true)
    order = np.full(len(true), -1)
    for place in np.argsort(far, axis=None, kind="stable"):
        one, other = divmod(int(place), len(true))
        if order[other] < 0 and one not in order:
            order[other] = one
    same(np.take(got, order, axis=axis), want, what, axes=axes, rel_error=rel_error)


def unchanged(function: Handle, *args: Any) -> Any:
    """What `function(*args)` returns, to be compared. Fails if it has changed one of its arguments on the way."""
    out, changed = beside(function, _call_and_compare, function, list(args))
    if changed:
        raise CheckFailed("the arguments stay as they are", f"argument {changed[0] + 1} of {len(args)} has changed")
    return out


def _call_and_compare(function, args):
    def image(value):
        return value.detach().cpu().numpy().copy() if hasattr(value, "detach") else np.array(value)

    before = [image(arg) if hasattr(arg, "shape") else None for arg in args]
    out = function(*args)
    return [out, [place for place, (arg, kept) in enumerate(zip(args, before))
                  if kept is not None and not np.array_equal(image(arg), kept, equal_nan=kept.dtype.kind in "fc")]]


def _axes(axes: int | Sequence[int]) -> tuple[int, ...]:
    return (axes,) if isinstance(axes, int) else tuple(axes)


def _places(out: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """(places, everything else)"""
    if max(axes, default=0) >= out.ndim:
        raise CheckFailed(None, f"the output has {out.ndim} axes, expected {max(axes) + 1} or more")
    moved = np.moveaxis(out, axes, range(len(axes)))
    return moved.reshape(int(np.prod(moved.shape[:len(axes)])), -1)


def _nudged(x: Any, axes: tuple[int, ...], place: tuple[int, ...], step: float, rng: np.random.Generator) -> Any:
    """A copy of x, of its own kind, with the entries at one place moved at random."""
    chosen: list[Any] = [slice(None)] * x.ndim
    for axis, position in zip(axes, place):
        chosen[axis] = position
    new = x.clone() if hasattr(x, "clone") else x.copy()
    noise = step * rng.normal(size=tuple(new[tuple(chosen)].shape))
    new[tuple(chosen)] += x.new_tensor(noise) if hasattr(x, "new_tensor") else noise
    return new


def _differs(one: np.ndarray, other: np.ndarray, asked: str, found: str) -> None:
    if one.shape == other.shape and not np.abs(one - other).max(initial=0.0) > _rounding(other):
        raise CheckFailed(asked, found, Evidence.of_numbers("what does not depend on the input", other))


def _rounding(out: np.ndarray) -> float:
    """A change of the output that says nothing."""
    return max(MOVED, 64 * np.finfo(out.dtype).eps if out.dtype.kind == "f" else 0) * np.abs(out).max(initial=0.0)


def _finite(value: Any, what: str) -> np.ndarray:
    """Numbers that can be told apart."""
    value = numeric(value, what)
    same(np.isfinite(value), np.ones(value.shape, bool), f"whether `{what}` is finite")
    return value
