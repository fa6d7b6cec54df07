"""The limit on a student's time, in both ways, and the stop button."""

import gc
import os
import signal
import threading
import time

import pytest

from autograder.notebook.deadline import OutOfTime, SignalAlarm, StopButton, ThreadAlarm, alarm, uninterrupted


def spin(end: float = 60.0) -> None:
    end += time.monotonic()
    while time.monotonic() < end:
        pass


@pytest.mark.parametrize("kind", [SignalAlarm, ThreadAlarm])
def test_a_loop_ends_and_code_in_time_goes_on(kind):
    threads = threading.active_count()                  # other tests leave tqdm's
    with kind() as clock:
        with pytest.raises(OutOfTime), clock.within(0.1):
            spin()
        with clock.within(60.0):
            done = sum(range(1000))
        with pytest.raises(OutOfTime), clock.within(0.1):
            try:
                spin()
            except Exception:
                pytest.fail("student code must not catch it by accident")
    assert done == 499500 and threading.active_count() == threads and signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_sleep_ends_too():
    with SignalAlarm() as clock, pytest.raises(OutOfTime), clock.within(0.1):
        time.sleep(60)


def test_code_that_swallows_it_gets_it_again():
    caught = 0
    with SignalAlarm() as clock, pytest.raises(OutOfTime), clock.within(0.1):
        for _ in range(2):
            try:
                spin()
            except OutOfTime:
                caught += 1
                if caught == 2:
                    raise
    assert caught == 2


def test_outside_the_main_thread():
    ended = []

    def work():
        with alarm() as clock:
            try:
                with clock.within(0.1):
                    spin()
            except OutOfTime:
                ended.append(type(clock))
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert ended == [ThreadAlarm]


def test_a_timer_of_the_students_own_comes_back():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with SignalAlarm() as clock, clock.within(60):
            spin(0.3)
        assert not rung
        spin_until = time.monotonic() + 30
        while not rung and time.monotonic() < spin_until:
            pass
        assert rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_stop_button_waits_for_a_few_lines():
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        press()
        done.append(True)
    assert done and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_press_that_python_swallows_is_not_lost(capsys):
    class Last:
        def __del__(self):
            press()                                     # Python ignores what is raised here

    with pytest.raises(KeyboardInterrupt), StopButton() as button:
        last = Last()
        del last
        gc.collect()
        button.raise_if_pressed()
        pytest.fail("it went on")
    with pytest.raises(KeyboardInterrupt), StopButton():
        Last()
    assert capsys.readouterr().err == "" and signal.getsignal(signal.SIGINT) is signal.default_int_handler
