"""A student's own running notebook, ready to be examined: called as it stands, with a limit on its time."""

import contextlib
import time
import traceback
from collections.abc import Iterator
from typing import Any

from autograder.errors import TimedOut
from autograder.examine.face import Backend
from autograder.examine.namespace import NamespaceBackend, student_raised
from autograder.examine.values import Opaque
from autograder.lab.devices import home_of, making, moved
from autograder.notebook.deadline import OutOfTime, SignalAlarm, StopButton, ThreadAlarm
from autograder.notebook.overheard import Overheard
from autograder.notebook.places import Places
from autograder.room import process

SECONDS = 10.0  # of a student's code in one check
HURRIED = 2.0  # after another check has run out of time


class NotebookDesk:
    """A namespace that is never swapped and never renewed."""

    swappable = False

    def __init__(self, namespace: dict[str, Any], places: Places, ear: Overheard, clock: SignalAlarm | ThreadAlarm,
                 button: StopButton):
        self.namespace, self.places, self.ear, self.clock, self.button = namespace, places, ear, clock, button
        self.text = places.text
        self.stalled = False

    def backend(self, swapped: tuple[str, ...], seconds: float = SECONDS, rehearsals: tuple = (),
                hidden: bool = False) -> Backend:
        process.seed()  # as a room does before each check; `as_found` puts the streams back
        return _NotebookBackend(self, HURRIED if self.stalled else min(seconds, SECONDS))

    def renew(self) -> None:
        pass


class _NotebookBackend(NamespaceBackend):
    """The notebook for one check, whose calls have `seconds` together."""

    def __init__(self, desk: NotebookDesk, seconds: float):
        super().__init__(desk.namespace, owns=desk.places.owns)
        self._desk, self._seconds, self._left = desk, seconds, seconds
        self._device = None  # of the student's module that is being called, where it is not the CPU

    def call(self, function: Opaque, args: tuple, kwargs: dict) -> Any:
        with self._at_home_of(function, *args, *kwargs.values()):
            return super().call(function, args, kwargs)

    def vjp(self, function: Opaque, args: tuple, kwargs: dict, cotangent: Any) -> Any:
        with self._at_home_of(function, *args, *kwargs.values()):
            return super().vjp(function, args, kwargs, moved(cotangent, self._device))

    @contextlib.contextmanager
    def _at_home_of(self, *values: Any) -> Iterator[None]:
        self._device = home_of(self._object(value) for value in values if type(value) is Opaque)
        try:
            with making(self._device) if self._device else contextlib.nullcontext():
                yield
        finally:
            self._device = None

    def _import(self, value: Any) -> Any:
        return moved(super()._import(value), self._device)

    def _export(self, value: Any) -> Any:
        return moved(super()._export(value), "cpu")

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        began = time.monotonic()
        self._desk.button.raise_if_pressed()
        try:
            with self._desk.ear.listening(), self._desk.clock.within(max(self._left, 0.01)):
                yield
        except OutOfTime as stopped:
            self._desk.stalled = True
            raise self._too_slow(stopped) from None
        except (Exception, SystemExit) as error:
            fault = student_raised(error, self.owns)
            fault.frames = [(self._desk.places.name(filename), *rest) for filename, *rest in fault.frames]
            raise fault from None
        finally:
            self._left -= time.monotonic() - began

    def _too_slow(self, stopped: OutOfTime) -> TimedOut:
        """The fault, with the line at which the student's code was: where an endless loop is."""
        fault = TimedOut(self._seconds)
        own = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(stopped.__traceback__)
               if self.owns(frame.f_code.co_filename)]
        if own:
            name, line = self._desk.places.name(own[-1][0]), own[-1][1]
            fault.found += f"\nit was at {name}, line {line}: {self._desk.places.text(name, line)}"
        return fault
