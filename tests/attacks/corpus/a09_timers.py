"""Timers of the kernel and of the interpreter that go off when grading is over.

Tries: setitimer, timer_create, faulthandler's watchdog thread and sched, each with a write to the gradebook.
Stopped by: timers end with their process, which is killed; nothing in reach can be written.
"""

import faulthandler
import os
import signal
import threading


def act(*ignored):
    try:
        open(GRADEBOOK, "w").write("10")
    except OSError:
        pass


signal.signal(signal.SIGALRM, act)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
threading.Timer(0.05, act).start()
try:
    faulthandler.dump_traceback_later(0.05, repeat=True, file=os.open(GRADEBOOK, os.O_WRONLY))
except OSError:
    faulthandler.dump_traceback_later(0.05, repeat=True, file=1)


def answer(x):
    return x
