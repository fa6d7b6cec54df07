"""`gradient`: an answer's derivative, held against differences of the answer's own forward pass.

Three random directions tell whether it is right. Where it is wrong, the derivative at every entry says where; most
answers go wrong backward and are right forward, so what the reference's forward pass gave will do for them, too.
A forward pass that computes in float32 does not notice a small step: it is measured with a larger one.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from autograder.examine.compare import CheckFailed, largest, numeric, same, same_shape
from autograder.examine.hints import Evidence

DIRECTIONS = 3
FAR = 100
ALIKE = 1e-12   # relative difference of two forward passes that are one function, but for rounding
UNNOTICED = 1e-10  # a step that float64 notices, and float32 does not
SINGLE_STEP, SINGLE_ERROR = 1e-2, 1e-3

Sides = tuple[np.ndarray, np.ndarray]  # f a step above x, and a step below


class Measured(NamedTuple):
    """A forward pass on both sides of x along the first direction, and its derivative at each entry of x."""

    sides: Sides
    derivative: np.ndarray


Known = dict[tuple, Measured]
_KNOWN: ContextVar[Callable[[], Known]] = ContextVar("known", default=dict)
_MEASURED: ContextVar[Known | None] = ContextVar("measured", default=None)
_BRIEF: ContextVar[bool] = ContextVar("in brief", default=False)


class Forward:
    """sum(f(x) * dout) near x, measured by central differences."""

    def __init__(self, f: Callable[[np.ndarray], Any], x: np.ndarray, dout: np.ndarray, step: float):
        self.f, self.x, self.dout, self.step = f, x, dout, step
        self.single = False

    def sides(self, direction: np.ndarray, step: float) -> Sides:
        above, below = (numeric(self.f(self.x + side * direction), "the forward pass") for side in (step, -step))
        if above.shape != self.dout.shape:
            raise CheckFailed(None, f"the forward pass returns shape {above.shape}, expected {self.dout.shape}")
        return above, below

    def difference(self, sides: Sides, step: float) -> float:
        above, below = (side.astype(np.float64) for side in sides)
        return float(np.sum((above - below) * self.dout)) / (2 * step)

    def slope(self, direction: np.ndarray) -> float:
        """Along a direction; of float32 by two steps, of which the first error cancels (Richardson)."""
        if not self.single:
            return self.difference(self.sides(direction, self.step), self.step)
        near, far = (self.difference(self.sides(direction, step), step) for step in (SINGLE_STEP / 2, SINGLE_STEP))
        return (4 * near - far) / 3

    def derivative(self) -> np.ndarray:
        """At each entry of x."""
        shape = self.x.shape
        return np.array([self.slope(_unit(place, shape)) for place in np.ndindex(shape)]).reshape(shape)

    def looks_single(self, direction: np.ndarray, sides: Sides) -> bool:
        """Whether most of what moved between `sides` is out of proportion for a step that only float64 notices."""
        moved, here = (np.abs(above - below) for above, below in (sides, self.sides(direction, UNNOTICED)))
        clear = moved > 1e-3 * largest(moved)
        ratio = here[clear] / moved[clear] * self.step / UNNOTICED
        return bool(clear.any() and (np.abs(ratio - 1) > 0.5).mean() > 0.5)


def gradient(f: Callable[[np.ndarray], Any], x: np.ndarray, dout: np.ndarray, got: Any, what: str, *,
             axes: str = "", rel_error: float = 1e-6, step: float = 1e-5, flat: bool = False) -> None:
    """`got` equals the gradient of sum(f(x) * dout) at x, by central differences in float64.

    f maps one array to one array or number, usually a lambda around the student's own forward pass. A forward pass that
    is flat proves nothing, and fails, unless the right one is `flat` as well. One that computes in float32 is measured
    to the third digit.
    """
    x, dout = np.array(x, dtype=np.float64), np.asarray(dout)
    got, question = numeric(got, what, x), (what, x.tobytes(), dout.tobytes())
    with _as_a_gradient(what):
        same_shape(got, x, what, axes)
    forward, first = Forward(f, x, dout, step), None
    for direction in _directions(x.shape):
        here = forward.sides(direction, step)
        first = first or here
        slope = forward.difference(here, step)
        error = _error(slope, got, direction)
        if error > rel_error * largest(got):
            break
    else:
        if not flat and x.size and not got.any():
            raise CheckFailed(f"`{what}` is the gradient of a forward pass that depends on its input",
                              "the forward pass gives the same, whatever it is given, and all slopes are 0",
                              Evidence.of_numbers(what, got))
        if _MEASURED.get() is not None:
            _MEASURED.get()[question] = Measured(first, forward.derivative())
        return
    if forward.looks_single(direction, here):
        _in_single(forward, got, what, axes)
        return
    if _BRIEF.get() and _is_gross(error, got, direction, rel_error):
        found, scale = f"`{what}` is not the gradient of your own forward pass", abs(slope) / np.linalg.norm(direction)
        raise CheckFailed(None, found, Evidence.of_numbers(what, got, scale))
    with _as_a_gradient(what):
        known = _KNOWN.get()().get(question)
        if known is not None and all(map(_alike, known.sides, first)):
            same(got, known.derivative, what, axes=axes, rel_error=rel_error)
        same(got, forward.derivative(), what, axes=axes, rel_error=rel_error)


def _in_single(forward: Forward, got: np.ndarray, what: str, axes: str) -> None:
    """A gradient of a forward pass that computes in float32."""
    forward.single = True
    allowed = SINGLE_ERROR * np.linalg.norm(got)
    if all(_error(forward.slope(direction), got, direction) <= allowed for direction in _directions(got.shape)):
        return
    with _as_a_gradient(what, " in float32, in which it computes"):
        same(got, forward.derivative(), what, axes=axes, rel_error=SINGLE_ERROR)


def _error(slope: float, got: np.ndarray, direction: np.ndarray) -> float:
    return abs(slope - float(np.sum(got * direction))) if np.isfinite(got).all() else np.inf


@contextlib.contextmanager
def in_brief(brief: bool = True) -> Iterator[None]:
    """Where nobody needs to know yet at which entries an answer is wrong: that is measured only if it is close."""
    with _set(_BRIEF, brief):
        yield


def is_brief() -> bool:
    return _BRIEF.get()


@contextlib.contextmanager
def measuring() -> Iterator[Known]:
    """For the reference: what is measured at every entry of its derivatives, to be known afterwards."""
    found: Known = {}
    with _set(_MEASURED, found):
        yield found


@contextlib.contextmanager
def knowing(known: Callable[[], Known]) -> Iterator[None]:
    """For answers to a check that the reference can sit: `known()` is what it measures, asked for where it helps."""
    with _set(_KNOWN, known):
        yield


@contextlib.contextmanager
def _set(variable: ContextVar, value: Any) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


@contextlib.contextmanager
def _as_a_gradient(what: str, how: str = "") -> Iterator[None]:
    """Says what was asked in terms of gradients."""
    try:
        yield
    except CheckFailed as failure:
        failure.asked = f"`{what}` is the gradient of your own forward pass, measured by finite differences{how}"
        raise


def _directions(shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Random directions, along which errors do not cancel by chance."""
    rng = np.random.default_rng(int(np.prod(shape)))
    return (rng.normal(size=shape) for _ in range(DIRECTIONS))


def _is_gross(error: float, got: np.ndarray, direction: np.ndarray, rel_error: float) -> bool:
    """Whether an error along a direction is far beyond what entries that are all within bounds could add up to."""
    return error > 1e-6 + FAR * rel_error * largest(got) * np.abs(direction).sum()


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """The same numbers, but for rounding."""
    if one.shape != other.shape:
        return False
    with np.errstate(all="ignore"):
        return bool((np.abs(one - other) <= ALIKE * largest(other)).all())


def _unit(place: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    direction = np.zeros(shape)
    direction[place] = 1.0
    return direction
