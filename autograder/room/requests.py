"""Requests in the form in which they travel, made once for any number of rooms."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.room import wire


@dataclass(frozen=True)
class Requests:
    """What `Room.send_ahead` sends.

    stop: whether a request that fails is the last one that is answered; pauses: the requests (from 0) that may be the
    first to hang or to kill the room, so that it sends what it has before it does them. All other answers go together:
    to wake the other side up costs more than most answers.
    """

    count: int
    frames: bytes
    pauses: frozenset[int]
    stop: bool = True

    @classmethod
    def of(cls, requests: Sequence[dict[str, Any]], stop: bool = True,
           pauses: Collection[int] | None = None) -> "Requests":
        """Each request is the name of an operation under "do", and its arguments. pauses: None before each."""
        frames = (wire.padded(wire.encode(request)) for request in requests)
        return cls(len(requests), b"".join(frames), frozenset(range(len(requests)) if pauses is None else pauses), stop)
