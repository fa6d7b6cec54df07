"""The trusted end of the control socket: starts the fork server, restarts it, opens and ends rooms."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading

from autograder.errors import RoomUnavailable
from autograder.room import launch, scratch

START = 180.0  # seconds; importing torch from a cold disk is slow
ANSWER = 60.0
KIND = socket.SOCK_SEQPACKET if sys.platform.startswith("linux") else socket.SOCK_DGRAM


class Gone(Exception):
    """The fork server does not answer any more."""


class Control:
    """One fork server at a time, for one process of the examiner; may be used from several threads."""

    def __init__(self, mode: str, preload: tuple[str, ...]):
        self.mode, self.preload = mode, preload
        self.owner = os.getpid()
        self.lock = threading.RLock()
        self.count = 0
        self.closed = False
        self.exits: dict[int, dict] = {}
        self.living: set[int] = set()
        self._start()

    def ready(self) -> dict:
        """What the fork server said when it was ready; waits for it. Raises RoomUnavailable if it failed."""
        with self.lock:
            if self._told is None:
                self._told = self._first_answer()
            return self._told

    def open(self, limits: dict) -> tuple[int, socket.socket, int]:
        """(room's number, its channel, its output). Starts a new fork server if the old one is gone."""
        with self.lock:
            if self.closed or os.getpid() != self.owner:
                raise RoomUnavailable("a room", "its server was closed, or belongs to another process")
            for _ in range(2):
                try:
                    return self._open(limits)
                except Gone:
                    self._stop()
                    self._start()
            return self._open(limits)

    def end_room(self, number: int) -> dict:
        """Kills a room; its exit message, or {} if the fork server is gone, and the room with it."""
        with self.lock:
            if number in self.living:
                with contextlib.suppress(Gone):
                    self._send({"kill": number})
            exited = self.wait_exit(number, ANSWER) or {}
            self._forget(number)
            return exited

    def wait_exit(self, number: int, seconds: float) -> dict | None:
        """The exit message of a room, None if none comes within that time."""
        with self.lock:
            try:
                while number in self.living:
                    self._receive(seconds)
            except Gone:
                self.living.discard(number)
            except TimeoutError:
                return None
            return self.exits.get(number)

    def close(self) -> None:
        with self.lock:
            if os.getpid() != self.owner:  # a fork of the examiner: the fork server is not its own to stop
                self.socket.close()
            elif not self.closed:
                self.closed = True
                self._stop()

    def _start(self) -> None:
        self._told = None
        self.folder = scratch.make()
        self.plan = launch.make_plan(self.mode, self.folder.path, self.preload)
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, KIND)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        try:
            with theirs, open(self.folder.path / "log", "wb") as log:
                self.process = launch.start(self.plan, theirs, log)
        except OSError as error:
            self.socket.close()
            self.folder.remove()
            raise RoomUnavailable(f"a fork server in mode `{self.mode}`", str(error)) from None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has ended: its first answer says so
            self.socket.send(json.dumps(self.plan).encode())

    def _stop(self) -> None:
        """The fork server ends when its socket closes, and its rooms with it."""
        self.socket.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.living.clear()
        self.folder.remove()

    def _first_answer(self) -> dict:
        asked = f"a fork server in mode `{self.mode}`"
        try:
            told = self._packet(START)
        except (Gone, TimeoutError):
            told = {}
        if "ready" in told:
            return told["ready"]
        log = (self.folder.path / "log").read_text(errors="replace")[-2000:]
        found = told.get("failed") or f"it ended or hung before it was ready\n{log}"
        self.close()
        raise RoomUnavailable(asked, found.strip(), "`autograder doctor` lists what this machine can give")

    def _open(self, limits: dict) -> tuple[int, socket.socket, int]:
        self.ready()
        self.count += 1
        number = self.count
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        reading, writing = os.pipe()
        try:
            with theirs:
                order = {"open": number, "limits": {**limits, "folder": self._room_folder(number)}}
                self._send(order, [theirs.fileno(), writing])
                self.living.add(number)
                while self._receive(ANSWER) != number:
                    pass
        except BaseException as error:
            ours.close()
            os.close(reading)
            raise Gone from error if isinstance(error, TimeoutError) else error
        finally:
            os.close(writing)
        return number, ours, reading

    def _room_folder(self, number: int) -> str:
        """Only `plain` has no private folder made by mounts."""
        if self.mode != "plain":
            return ""
        folder = self.folder.path / f"room-{number}"
        folder.mkdir()
        folder.chmod(0o777)
        return str(folder)

    def _forget(self, number: int) -> None:
        self.exits.pop(number, None)
        if self.mode == "plain":
            shutil.rmtree(self.folder.path / f"room-{number}", ignore_errors=True)

    def _receive(self, seconds: float) -> int | None:
        """Reads one message: the number of a room that was opened, None for the end of one."""
        message = self._packet(seconds)
        if "exit" not in message:
            return message["opened"]
        self.living.discard(message["exit"])
        self.exits[message["exit"]] = message
        return None

    def _packet(self, seconds: float) -> dict:
        self.socket.settimeout(seconds)
        try:
            packet = self.socket.recv(1 << 16)
        except ConnectionError:
            packet = b""
        if not packet:
            raise Gone
        return json.loads(packet)

    def _send(self, message: dict, fds: list[int] = ()) -> None:
        self.socket.settimeout(ANSWER)
        try:
            socket.send_fds(self.socket, [json.dumps(message).encode()], fds)
        except OSError:
            raise Gone from None
