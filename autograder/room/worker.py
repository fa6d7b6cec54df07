"""The untrusted side: runs in a confined fork, together with the student's code, and answers requests.

Nothing here protects anything: student code can read and change all of it. What protects is that the walls are
up before the first request is read, and that the trusted side believes no answer.
"""

import contextlib
import os
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograder.room import cell, inert, local, process, wire
from autograder.room.evaluation import evaluated
from autograder.room.faults import fault_of
from autograder.room.gradients import vector_jacobian
from autograder.room.outbox import Outbox
from autograder.room.plain import copy_of, is_cache, kind_of

CHANNEL_CLOSED = 0
PIECE = 4 << 20  # bytes that are sent in one go
SPAN = 1 << 32  # objects of a script: the same answers look the same, whatever was kept in the scripts before it


def main(channel: int, folder: str, max_body: int) -> None:
    """Serves requests until the other side closes the channel. folder: the private folder."""
    process.clean(folder)
    process.seed()
    inert.install()
    Worker(channel, max_body).serve()


class Worker:
    """The notebook's namespace, the objects that were handed out as Opaque, and the five operations on them."""

    def __init__(self, channel: int, max_body: int):
        self.channel, self.max_body = channel, max_body
        self.module = types.ModuleType("__main__")
        self.names = self.module.__dict__
        self.cells: set[str] = set()
        self.objects: dict[int, object] = {}
        self.last = 0  # the number of the latest object
        sys.modules["__main__"] = self.module
        process.let_inspect_find_classes(self.cells)

    def serve(self) -> None:
        while True:
            request = self.request(*_frame(self.read))
            number = request.pop("id")
            if request["do"] == "perform":
                self.perform(number, request["scripts"])
            else:
                self.send(self.answer(number, lambda: request)[1])  # noqa: B023 (called at once)
                self.flush()

    def perform(self, number: int, scripts: list[tuple[int, bool, np.ndarray]]) -> None:
        """Answers scripts of requests that follow, each (bytes, stop, pauses): with `stop` only until one fails, and
        before each of the pauses the answers that are there go out. Each begins with the same random numbers.

        All is read before the first is answered: neither side ever waits for the other to read.
        """
        self.objects.clear()
        data, start = np.frombuffer(self.read(sum(size for size, _, _ in scripts)), np.uint8), 0
        outbox = Outbox(self.send_out)
        for place, (size, stop, pauses) in enumerate(scripts):
            outbox.begin(number + place)
            process.seed()
            self.last = place * SPAN
            self.follow(wire.unpacked(data[start:start + size], size), stop, set(pauses.tolist()), outbox)
            outbox.end()
            start += size
        outbox.send()

    def follow(self, frames: Iterator, stop: bool, pauses: set[int], outbox: Outbox) -> None:
        replies: list[bytes] = []
        found: dict[int, Any] = {}
        for index, frame in enumerate(frames):
            if index in pauses or outbox.due:
                outbox.send()
            fine, buffers = self.answer(index + 1, lambda: self.request(*frame, replies, found), found)  # noqa: B023
            replies.append(wire.padded(buffers))
            outbox.add(replies[-1])
            if stop and not fine:
                return

    def send_out(self, data: bytes) -> None:
        self.flush()
        self.send([data])

    def request(self, header: bytes, body: np.ndarray, replies: Sequence[bytes] = (),
                found: dict[int, Any] | None = None) -> dict:
        """found: see `answer`."""
        def earlier(answer: int, *path: int | str) -> Any:
            value = found[answer] if answer in found else self.read_again(replies[answer])
            for key in path:
                value = value[key]
            return sys.intern(value) if type(value) is str else value

        return wire.decode(header, body, self.kept, local=True, earlier=earlier)

    def read_again(self, reply: bytes) -> Any:
        """The value of a reply, as it would be if it had gone over and come back."""
        frame = next(wire.unpacked(np.frombuffer(bytearray(reply), np.uint8), len(reply)))
        return wire.decode(*frame, self.kept)["ok"]

    def answer(self, number: int, ask: Callable[[], dict], found: dict[int, Any] | None = None) -> tuple[bool, list]:
        """Does what a request says. Whether it could be done, and the frame of the reply.

        found: answers that are functions, which are called again and again.
        """
        try:
            request = ask()
            value = _OPERATIONS[request.pop("do")](self, **request)
            if found is not None and callable(value):
                found[number - 1] = value
            if type(value) in (tuple, list):
                value = type(value)(self.keep(entry) if is_cache(entry) else entry for entry in value)
            try:
                return True, wire.encode({"id": number, "ok": value}, self.keep, self.max_body)
            except wire.TooDeep:
                return True, wire.encode({"id": number, "ok": self.keep(value)})
        except wire.TooBig as error:
            return False, wire.encode({"id": number, "too big": str(error)})
        except BaseException as error:  # also SystemExit and KeyboardInterrupt: a student's exit is no verdict
            return False, wire.encode({"id": number, "fault": fault_of(error, self.cells)})

    # the operations

    def lend(self, modules: dict[str, bytes], files: dict[str, bytes]) -> None:
        """These modules can be imported from here on, and these files lie in the current folder."""
        for path, content in files.items():
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
        self.cells.update(modules)
        local.install({path: text.decode() for path, text in modules.items()})

    def run(self, source: bytes, name: str, asked: tuple[str, ...] = ()) -> list[str]:
        self.cells.add(name)
        return cell.run(source.decode(), name, self.names, asked)

    def get(self, owner, name: str):
        if owner is not None:
            return getattr(owner, name)
        if name not in self.names:
            raise NameError(f"name '{name}' is not defined")
        return self.names[name]

    def set(self, owner, name: str, value) -> None:
        if owner is None:
            self.names[name] = value
        else:
            setattr(owner, name, value)

    def call(self, function, args: tuple, kwargs: dict):
        return function(*args, **kwargs)

    def vjp(self, function, args: tuple, kwargs: dict, cotangent):
        return vector_jacobian(function, args, kwargs, cotangent)

    def evaluate(self, source: str):
        names = {name: sys.modules[module] for name, module in (("np", "numpy"), ("torch", "torch"))
                 if module in sys.modules}
        return evaluated(source, names)

    # the channel

    def keep(self, value) -> wire.Opaque:
        self.last += 1
        self.objects[self.last] = value
        return wire.Opaque(self.last, kind_of(value))

    def kept(self, number: int, kind: str) -> Any:
        """The object of an Opaque; of a cache a copy, as of all plain data, because code may work in place."""
        value = self.objects[number]
        return copy_of(value) if is_cache(value) else value

    def read(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = os.readv(self.channel, [view])
            if count == 0:
                os._exit(CHANNEL_CLOSED)
            view = view[count:]
        return data

    def flush(self) -> None:
        """What was printed goes out before the answer."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BaseException):
                stream.flush()

    def send(self, buffers: list) -> None:
        for buffer in buffers:
            view = memoryview(buffer)
            while view:
                view = view[os.write(self.channel, view[:PIECE]):]


_OPERATIONS = {"lend": Worker.lend, "run": Worker.run, "get": Worker.get, "set": Worker.set,
               "call": Worker.call, "vjp": Worker.vjp, "evaluate": Worker.evaluate}


def _frame(read: Callable[[int], bytearray]) -> tuple[bytes, np.ndarray]:
    """Header and body of the next frame; `read` gives that many bytes."""
    header, body = wire.lengths(bytes(read(wire.PREFIX.size)), 1 << 40)
    return bytes(read(header)), np.frombuffer(read(body), np.uint8)
