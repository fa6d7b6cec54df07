"""The trusted end of a room's channel: frames with one deadline for write and read, and its output, bounded."""

import os
import select
import socket
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.room import wire

PIECE = 1 << 20
SMALL = 1 << 16  # what is read in one go, whether it was asked for already or not
OUTPUT_PIECE = 1 << 16


class Late(Exception):
    """The deadline passed."""


class Closed(Exception):
    """The other side closed the channel."""


class Channel:
    """Sends requests to a room and reads its replies; believes nothing about them."""

    def __init__(self, connection: socket.socket, output: int, max_output: int):
        self.connection, self.output, self.max_output = connection, output, max_output
        self.text = bytearray()
        self._early = memoryview(b"")  # bytes that came together with the ones that were asked for
        self.output_ended = False
        self.poll = select.poll()
        self.poll.register(output, select.POLLIN)
        connection.setblocking(False)
        os.set_blocking(output, False)

    def first_byte(self, deadline: float) -> bytes:
        """What the fork server's child says before it reads any student code."""
        return self._read(1, deadline).tobytes()

    def exchange(self, buffers: list, deadline: float, max_body: int) -> tuple[bytes, np.ndarray]:
        """Sends one frame, reads one, behind which nothing may follow. Raises Late, Closed, WireError."""
        self.send(buffers, deadline)
        reply = self.receive(deadline, max_body)
        self.expect_silence()
        self.drain()
        return reply

    def send(self, buffers: list, deadline: float) -> None:
        if self._waiting():
            raise wire.WireError("an answer came before the question")
        self._write(buffers, deadline)

    def receive(self, deadline: float, max_body: int) -> tuple[bytes, np.ndarray]:
        """Reads one frame: header and body."""
        header_length, body_length = wire.lengths(self._read(wire.PREFIX.size, deadline).tobytes(), max_body)
        header = self._read(header_length, deadline).tobytes()
        return header, self._read(body_length, deadline)

    def expect_silence(self) -> None:
        if self._waiting():
            raise wire.WireError("bytes follow the answer")

    def drain(self) -> None:
        """Keeps what was printed, up to the cap. One read: a flood must not hold the deadline up."""
        if self.output_ended:
            return
        try:
            piece = os.read(self.output, OUTPUT_PIECE)
        except BlockingIOError:
            return
        if not piece:
            self.output_ended = True
            self.poll.unregister(self.output)
        self.text += piece[:self.max_output - len(self.text)]

    def close(self) -> None:
        self.connection.close()
        os.close(self.output)

    def _waiting(self) -> bool:
        if self._early:
            return True
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False
        except ConnectionError:
            raise Closed from None

    def _read(self, size: int, deadline: float) -> np.ndarray:
        """`size` bytes, in memory that is not touched before they arrive."""
        data = np.empty(size, np.uint8)
        view = memoryview(data)
        while view:
            if not self._early and len(view) <= SMALL:
                self._early = memoryview(self._receive(deadline, self.connection.recv, SMALL))
            if self._early:
                count = min(len(view), len(self._early))
                view[:count] = self._early[:count]
                self._early = self._early[count:]
            else:
                count = self._receive(deadline, self.connection.recv_into, view[:PIECE])
            view = view[count:]
        return data

    def _receive(self, deadline: float, receive: Callable, what: Any) -> Any:
        """`receive(what)`, as soon as there is something to read."""
        while True:
            self._check(deadline)
            try:
                received = receive(what)
            except BlockingIOError:
                self._wait(select.POLLIN, deadline)
                continue
            except ConnectionError:
                raise Closed from None
            if not received:
                raise Closed
            return received

    def _write(self, buffers: list, deadline: float) -> None:
        for buffer in buffers:
            view = memoryview(buffer)
            while view:
                try:
                    view = view[self.connection.send(view[:PIECE]):]
                except BlockingIOError:
                    self._wait(select.POLLOUT, deadline)
                except ConnectionError:
                    raise Closed from None
                self._check(deadline)

    def _wait(self, event: int, deadline: float) -> None:
        """Until the connection is ready; keeps reading what is printed meanwhile."""
        self.poll.register(self.connection, event)
        try:
            while True:
                self._check(deadline)
                ready = dict(self.poll.poll(max(0.0, deadline - time.monotonic()) * 1000 + 1))
                if self.output in ready:
                    self.drain()
                if self.connection.fileno() in ready:
                    return
        finally:
            self.poll.unregister(self.connection)

    def _check(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise Late
