"""Whether a check asks the same each time it is run.

What it draws from a global generator instead of its own `rng`, or takes from a clock, is different in each process: it
asks a student something else than what the reference's recorded answers are answers to, and fails who is right.
"""

import contextlib
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.course.plan import Check
from autograder.examine.conversation import Asked
from autograder.examine.face import Backend
from autograder.examine.rehearsal import Recorder
from autograder.examine.runner import CheckRunner
from autograder.room.requests import Requests

SEEDS = (1, 2)  # of the global generators, while a check is at work
HINT = "draw with the check's own `rng`; a module's weights are random, too: set them"


def asks_the_same(runner: CheckRunner, check: Check) -> bool:
    """Whether two rehearsals, with the global generators in different states, hold the same questions to student and
    reference. A check that the reference does not pass is another matter."""
    first, second = (_questions(runner, check, seed) for seed in SEEDS)
    return first == second


def _questions(runner: CheckRunner, check: Check, seed: int) -> list[bytes]:
    recorders = [Recorder(_Apart(runner.reference(check.name))) for _ in range(2)]
    with _generators(_seeded(seed)):
        runner.sit(check, *recorders)
    return [Requests.of([{"do": do, **arguments} for do, arguments in each.questions]).frames for each in recorders]


class _Apart(Asked):
    """A backend whose code draws from generators of its own, the same each time, as in a process of its own."""

    def __init__(self, backend: Backend):
        self._backend, self._states = backend, _seeded(0)

    def _ask(self, do, **arguments):
        with _generators(self._states) as self._states:
            return getattr(self._backend, do)(**arguments)


@contextlib.contextmanager
def _generators(states: list[Any]) -> Iterator[list[Any]]:
    """The global generators in these states; the list has those in which they are left."""
    outside, states = _states(), list(states)
    _set(states)
    try:
        yield states
    finally:
        states[:] = _states()
        _set(outside)


def _seeded(seed: int) -> list[Any]:
    outside = _states()
    try:
        random.seed(seed)
        np.random.seed(seed)
        if torch := sys.modules.get("torch"):
            torch.manual_seed(seed)
        return _states()
    finally:
        _set(outside)


def _states() -> list[Any]:
    torch = sys.modules.get("torch")
    return [random.getstate(), np.random.get_state(), torch.get_rng_state() if torch else None]


def _set(states: list[Any]) -> None:
    random.setstate(states[0])
    np.random.set_state(states[1])
    if states[2] is not None:
        sys.modules["torch"].set_rng_state(states[2])
