"""The answers to requests that were sent ahead, as they come: several at a time."""

import hashlib
from collections import deque
from collections.abc import Collection
from typing import Any

import numpy as np

from autograder.errors import StudentFault
from autograder.room import wire
from autograder.room.replies import Limits, value_of
from autograder.room.requests import Requests


class Script:
    """`number` is its id on the channel; answers are numbered from 1.

    pauses: the requests (from 0) before which the room sends the answers that it has; certain: those of them that it
    can be blamed on, if the room is lost when the next answer is theirs.
    ended: whether the last answer has come; fault: why no more will come, where the room was lost.
    """

    def __init__(self, number: int, requests: Requests, pauses: Collection[int], certain: Collection[int],
                 limits: Limits):
        self.number, self.requests, self._limits = number, requests, limits
        self.pauses, self.certain = pauses, certain
        self.ended = False
        self.fault: StudentFault | None = None
        self._frames: deque[tuple[bytes, np.ndarray]] = deque()
        self._come = self._taken = self._size = 0
        self._digest = hashlib.blake2b(digest_size=32)

    @property
    def waiting(self) -> bool:
        """Whether an answer is here that nobody has taken."""
        return bool(self._frames)

    @property
    def is_certain(self) -> bool:
        """Whether it is known what the room does now."""
        return self._come in self.certain

    def add(self, header: bytes, body: np.ndarray) -> None:
        """Some answers: what `wire.packed` makes. Raises WireError."""
        message = wire.decode(header, body[:0])
        last = message.get("last")
        if set(message) != {"id", "last"} or message["id"] != self.number or type(last) is not bool:
            raise wire.WireError("it answers another question")
        if not (len(body) or last):  # it could go on like this for ever
            raise wire.WireError("it has no answers")
        self._size += len(body)
        if self._size > self._limits.reply:
            raise wire.WireError(f"all answers together have {self._size} bytes")
        for frame in wire.unpacked(body, self._limits.reply):
            if self._come == self.requests.count:
                raise wire.WireError("there are more answers than questions")
            self._come += 1
            self._frames.append(frame)
        self._digest.update(body.data)
        self.ended = last

    def take(self) -> Any:
        """The next answer. Raises StudentRaised, BadReply, WireError."""
        if not self._frames:
            raise wire.WireError("an answer is missing")
        self._taken += 1
        return value_of(wire.decode(*self._frames.popleft()), self._taken, self._limits)

    def digest(self) -> bytes:
        """Equal for scripts with equal answers."""
        return self._digest.digest()
