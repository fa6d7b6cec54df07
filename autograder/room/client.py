"""The trusted side of one room: it runs a notebook's cells and calls what they define."""

import contextlib
import itertools
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from autograder.errors import BadReply, RoomDied, RoomUnavailable, StudentFault, TimedOut
from autograder.room import wire
from autograder.room.budget import Budget
from autograder.room.channel import Channel, Closed, Late
from autograder.room.control import Control
from autograder.room.replies import Limits, Usage, reason_of, value_of
from autograder.room.requests import Requests, pauses_in, running
from autograder.room.script import Script
from autograder.room.wire import Opaque

START = 60.0  # seconds for the first sign of life of a room
HASTE = 3.0  # seconds without an answer that is nobody's fault


class Room:
    """One confined process with one notebook's names in it.

    Every operation raises StudentRaised, TimedOut, BudgetSpent, RoomDied or BadReply for what the student's code does;
    after all but the first the room is closed. Arguments go over as copies; what comes back is plain data
    (arrays are the caller's own) or Opaque.
    """

    def __init__(self, control: Control, limits: Limits, budget: Budget):
        self.usage = Usage()
        self._budget = budget
        self.alive = True
        self._control, self._limits = control, limits
        self._count = 0
        self._scripts: deque[Script] = deque()  # what was sent ahead, and is not answered to its end
        self._called: set[str] = set()  # what has been called in a script that came to its end
        self._reason = "it was closed"
        self._confined = False
        self._number, connection, output = control.open(asdict(limits))
        self._channel = Channel(connection, output, limits.output)

    def run(self, source: str, name: str, timeout: float = 30.0) -> Any:
        """Executes a cell. `name` is what its frames are called in tracebacks, such as "cell 3".

        What the room says of imports that failed: a list of sentences, if it is honest."""
        return self._ask(timeout, **running(source, name))

    def get(self, owner: Opaque | None, name: str, timeout: float = 10.0) -> Any:
        """An attribute of `owner`, or with None a name of the notebook."""
        return self._ask(timeout, do="get", owner=owner, name=name)

    def set(self, owner: Opaque | None, name: str, value: Any, timeout: float = 10.0) -> None:
        self._ask(timeout, do="set", owner=owner, name=name, value=value)

    def call(self, function: Opaque, args: Sequence = (), kwargs: Mapping[str, Any] | None = None,
             timeout: float = 10.0) -> Any:
        return self._ask(timeout, do="call", function=function, args=tuple(args), kwargs=dict(kwargs or {}))

    def vjp(self, function: Opaque, args: Sequence, kwargs: Mapping[str, Any] | None, cotangent: Any,
            timeout: float = 10.0) -> Any:
        """(outputs, [gradient or None for each of args], {parameter name: gradient or None}).

        Gradients are those of sum(outputs * cotangent); for a tuple of outputs, cotangent is a tuple too.
        """
        return self._ask(timeout, do="vjp", function=function, args=tuple(args), kwargs=dict(kwargs or {}),
                         cotangent=cotangent)

    def evaluate(self, source: str, timeout: float = 10.0) -> Any:
        """The value of an expression of the course's own, computed in the room with np (and torch) only."""
        return self._ask(timeout, do="evaluate", source=source)

    def send_ahead(self, *scripts: Requests, timeout: float = 10.0) -> list[Script]:
        """Sends scripts of many requests at once; `hear_out` and `next_answer` give the answers to each.

        A request may contain `Earlier` answers of the same script. Ends what was sent ahead before, and an Opaque of
        that means nothing any more.
        """
        self.end_scripts(timeout)
        with self._faults(timeout):
            sent = [Script(number, requests, *pauses, self._limits) for number, requests, pauses
                    in zip(itertools.count(self._count + 1), scripts, pauses_in(scripts, self._called))]
            first = {"id": self._count + 1, "do": "perform",
                     "scripts": [(len(each.requests.frames), each.requests.stop, np.array(sorted(each.pauses), int))
                                 for each in sent]}
            self._count += len(sent)
            self._channel.send([*wire.encode(first), *(requests.frames for requests in scripts)],
                               self._until(timeout))
            self._scripts.extend(sent)
        return sent

    def hear_out(self, script: Script, timeout: float = 10.0) -> bytes | None:
        """Waits for all answers of a script: a digest, equal for equal answers. None if the room is lost before; then
        `next_answer` gives what has come, and raises the fault after it."""
        try:
            while not script.ended:
                self._hear(timeout)
        except StudentFault as fault:
            script.fault = fault
            return None
        return script.digest()

    def next_answer(self, script: Script, timeout: float = 10.0) -> Any:
        """The answer to the next request of a script that was sent ahead."""
        while not (script.waiting or script.ended):
            if script.fault:
                raise script.fault
            self._hear(timeout)
        try:
            return script.take()
        except wire.WireError as error:
            raise self._unreadable(error) from None

    def _hear(self, timeout: float) -> None:
        """Waits for some more answers. The deadline is that of each: a room that takes its time sends one by one.
        Where nobody could be blamed for a delay, it is given up sooner: whoever asks will ask again, one by one."""
        script = self._scripts[0] if self._scripts else None
        seconds = timeout if script is None or script.is_certain else min(timeout, HASTE)
        with self._faults(seconds):
            script.add(*self._channel.receive(self._until(seconds), self._limits.reply))
            if not script.ended:
                return
            self._scripts.popleft()
            self._called.update(filter(None, script.requests.pauses.values()))
            if not self._scripts:
                self._channel.expect_silence()
                self._channel.drain()

    def end_scripts(self, timeout: float) -> None:
        """Waits for all answers to what was sent ahead. Raises TimedOut, RoomDied or BadReply."""
        while self._scripts:
            self._hear(timeout)

    @property
    def output(self) -> str:
        """What the code printed so far, capped. It is the student's text: escape it wherever it is shown."""
        if self.alive:
            self._channel.drain()
        return self._channel.text.decode("utf-8", "replace")

    def close(self) -> None:
        """Kills the room's process, if it is still there, and waits for its end."""
        if self.alive:
            self._end()

    def __enter__(self) -> "Room":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def _ask(self, timeout: float, **request: Any) -> Any:
        self.end_scripts(timeout)
        with self._faults(timeout):
            self._count += 1
            frame = wire.encode({"id": self._count, **request})
            reply = self._channel.exchange(frame, self._until(timeout), self._limits.reply)
            return value_of(wire.decode(*reply), self._count, self._limits)

    @contextlib.contextmanager
    def _faults(self, timeout: float):
        """What can go wrong with a question, as the exceptions of this module."""
        if not self.alive:
            raise RoomDied(self._reason)
        self.confirm_walls()
        try:
            yield
        except Late:
            self._end("it was stopped at a deadline")
            self._budget.require()
            raise TimedOut(timeout) from None
        except Closed:
            raise RoomDied(self._end_of_itself()) from None
        except wire.WireError as error:
            raise self._unreadable(error) from None

    def _until(self, timeout: float) -> float:
        return min(time.monotonic() + timeout, self._budget.ends)

    def _unreadable(self, error: wire.WireError) -> BadReply:
        if self.alive:
            self._end("it answered with something that is not an answer")
        return BadReply(str(error))

    def confirm_walls(self) -> None:
        """Waits until the room is confined. Raises RoomUnavailable: no student code was read yet."""
        if self._confined:
            return
        try:
            self._channel.first_byte(time.monotonic() + START)
        except (Late, Closed):
            self._end()
            raise RoomUnavailable("a confined room", self.output[-2000:] or "it ended before its walls stood") from None
        self._confined = True

    def _end_of_itself(self) -> str:
        """The channel was closed from within: why, in words."""
        exited = self._control.wait_exit(self._number, seconds=1.0)
        reason = reason_of(exited, self._limits) if exited else "it closed its channel"
        self._end(reason)
        return reason

    def _end(self, reason: str = "it was closed") -> None:
        self._reason = reason
        self.alive = False
        self._channel.drain()
        try:
            exited = self._control.end_room(self._number)
        finally:
            self._channel.close()
        self.usage = Usage(exited.get("cpu", 0.0), exited.get("memory", 0))
        self._budget.spend(self.usage.cpu)
