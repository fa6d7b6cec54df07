"""Stops itself, so that whoever waits for it waits for ever.

Tries: SIGSTOP to itself, after closing its ears.
Stopped by: the deadline is the examiner's; SIGKILL ends a stopped process too.
"""

import os
import signal
import time


def answer(x):
    for number in (signal.SIGSTOP, signal.SIGTSTP):
        try:
            os.kill(os.getpid(), number)
        except OSError:
            continue
    time.sleep(1000)
