"""The trusted side: opens rooms, all of them forks of one warm process."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from autograder.room import modes
from autograder.room.budget import Budget
from autograder.room.client import Room
from autograder.room.control import Control
from autograder.room.replies import Limits


class RoomServer:
    """A warm fork server and the rooms it opens; a context manager. Starts in the background.

    preload: modules to import once for all rooms; those that are not installed are left out (`loaded` tells).
    mode: None for the strongest that works here; "plain" must be asked for. Raises RoomUnavailable.
    """

    def __init__(self, preload: Sequence[str] = ("numpy",), mode: str | None = None, limits: Limits | None = None):
        self.mode = modes.chosen(mode)
        self.limits = limits or Limits()
        self._control = Control(self.mode, ("numpy", *(name for name in preload if name != "numpy")))

    @property
    def walls(self) -> dict[str, Any]:
        """For the report: the mode, what it means, and which layers stand."""
        plan = self._control.plan
        confined = self.mode != "plain"
        return {
            "mode": self.mode,
            "meaning": modes.MEANING[self.mode],
            "namespaces": self.mode in ("bubblewrap", "namespaces"),
            "landlock": plan["landlock"] if confined else 0,
            "seccomp": bool(plan["seccomp"]) and confined,
        }

    @property
    def loaded(self) -> list[str]:
        """The modules that every room finds imported."""
        return self._control.ready()["loaded"]

    def open(self, budget: Budget | None = None) -> "Room":
        """A fresh room. A fork server that died is started again. budget: what it shares with others."""
        budget = budget or Budget()
        left = self.limits.cpu if budget.cpu >= self.limits.cpu else max(1, math.ceil(budget.cpu))
        return Room(self._control, replace(self.limits, cpu=left), budget)

    def close(self) -> None:
        """Ends every room."""
        self._control.close()

    def __enter__(self) -> "RoomServer":
        return self

    def __exit__(self, *exception) -> None:
        self.close()
