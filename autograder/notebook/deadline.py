"""A limit on how long a student's code may run, in the very process of their notebook.

    with alarm() as clock:
        with clock.within(10.0):
            ...                     # OutOfTime is raised here when the time is over

In the main thread a timer signal ends it, even a sleep. Where there is none (Windows, another thread) a watching
thread throws OutOfTime in at the next line of Python. Neither can end code that catches everything and goes on.
"""

import contextlib
import ctypes
import signal
import sys
import threading
import time
from collections.abc import Iterator

AGAIN = 1.0  # seconds until code that has caught OutOfTime gets it once more


class OutOfTime(BaseException):
    """The time is over. No Exception, so that `except Exception` lets it pass."""


def alarm() -> "SignalAlarm | ThreadAlarm":
    """The alarm that works in this thread of this system."""
    return SignalAlarm() if in_main_thread() and hasattr(signal, "setitimer") else ThreadAlarm()


def in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Lets the stop button wait for these few lines; it takes effect after them."""
    if not in_main_thread():
        yield
        return
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield
    finally:
        _restore(signal.SIGINT, before)
        if pressed:
            raise KeyboardInterrupt


class StopButton:
    """Notices the stop button even where Python swallows its KeyboardInterrupt: in a destructor, in a weak
    reference's callback. `raise_if_pressed` raises it again, and so does the end of the block."""

    def __enter__(self):
        self._pressed, self._main, self._hook = False, in_main_thread(), sys.unraisablehook
        sys.unraisablehook = self._unraisable
        if self._main:
            self._before = signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, kind, error, frames) -> None:
        if self._main:
            _restore(signal.SIGINT, self._before)
        sys.unraisablehook = self._hook
        if kind is None:
            self.raise_if_pressed()

    def raise_if_pressed(self) -> None:
        if self._pressed:
            raise KeyboardInterrupt

    def _press(self, *_) -> None:
        self._pressed = True
        raise KeyboardInterrupt

    def _unraisable(self, what) -> None:
        if not issubclass(what.exc_type, (KeyboardInterrupt, OutOfTime)):  # it would be a traceback on stderr
            self._hook(what)


class SignalAlarm:
    """SIGALRM: the student's own handler and timer, if they have one, are put back at the end."""

    def __enter__(self):
        self._armed, self._began = False, time.monotonic()
        self._before = signal.signal(signal.SIGALRM, self._ring)
        self._timer = signal.setitimer(signal.ITIMER_REAL, 0)  # (seconds left, interval)
        return self

    def __exit__(self, *error) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        _restore(signal.SIGALRM, self._before)
        left, interval = self._timer
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - self._began), 1e-3), interval)

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        self._armed = True
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
            yield
        finally:
            self._armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, *_) -> None:
        if self._armed:
            raise OutOfTime


class ThreadAlarm:
    """A thread that watches the clock while the alarm is open."""

    def __enter__(self):
        self._target, self._due, self._fired = threading.get_ident(), None, False
        self._lock, self._done = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error) -> None:
        self._done.set()
        self._thread.join()

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        try:
            self._due = time.monotonic() + seconds
            yield
        finally:
            with self._lock:
                self._due = None
                if self._fired:
                    _throw(self._target, None)  # thrown, but perhaps not raised yet
                self._fired = False

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            with self._lock:
                if self._due is not None and time.monotonic() >= self._due:
                    self._fired, self._due = True, time.monotonic() + AGAIN
                    _throw(self._target, OutOfTime)


def _throw(thread: int, exception: type[BaseException] | None) -> None:
    """Raises an exception in another thread at its next line of Python; None takes back one that still waits."""
    what = ctypes.py_object(exception) if exception else ctypes.py_object()
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), what)


def _restore(number: int, handler) -> None:
    signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: set by something that is not Python
