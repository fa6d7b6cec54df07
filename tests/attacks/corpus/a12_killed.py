"""Kills itself, so that the grader may believe it was the machine's fault.

Tries: SIGKILL to itself, then a crash.
Stopped by: a room that dies in a question costs that question, whatever ended it.
"""

import ctypes
import os
import signal


def answer(x):
    try:
        os.kill(os.getpid(), signal.SIGKILL)
    except OSError:
        ctypes.string_at(0)
