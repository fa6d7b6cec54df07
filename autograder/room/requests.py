"""Requests in the form in which they travel, made once for any number of rooms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder.room import wire


@dataclass(frozen=True)
class Requests:
    """What `Room.send_ahead` sends. stop: whether a request that fails is the last one that is answered."""

    count: int
    frames: bytes
    stop: bool = True

    @classmethod
    def of(cls, requests: Sequence[dict[str, Any]], stop: bool = True) -> "Requests":
        """Each request is the name of an operation under "do", and its arguments."""
        frames = (buffer for request in requests for buffer in wire.encode(request))
        return cls(len(requests), b"".join(frames), stop)
