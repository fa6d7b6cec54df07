"""Answers on their way out of a room: many go together, since to wake the other side up costs more than most."""

import time
from collections.abc import Callable

from autograder.room import wire

WAIT = 0.25  # seconds that an answer may wait for the next one
FULL = 4 << 20  # bytes that are kept back


class Outbox:
    """Packs the answers of one script after the other; `send` puts bytes on the channel."""

    def __init__(self, send: Callable[[bytes], None]):
        self._send = send
        self._packed: list[bytes] = []
        self._number, self._answers = 0, []
        self._empty()

    def begin(self, number: int) -> None:
        """The answers from here on belong to script `number`."""
        self._number = number

    def add(self, answer: bytes) -> None:
        self._answers.append(answer)
        self._size += len(answer)

    def end(self) -> None:
        """The script has no more answers."""
        self._pack(last=True)

    @property
    def due(self) -> bool:
        return self._size > FULL or time.monotonic() - self._since > WAIT

    def send(self) -> None:
        if self._answers:
            self._pack(last=False)
        if self._packed:
            self._send(b"".join(self._packed))
        self._packed.clear()
        self._empty()

    def _pack(self, last: bool) -> None:
        self._packed.append(wire.packed({"id": self._number, "last": last}, self._answers))
        self._answers.clear()

    def _empty(self) -> None:
        self._size, self._since = 0, time.monotonic()
