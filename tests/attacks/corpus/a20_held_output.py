"""Keeps the output pipe open after the end.

Tries: a grader that reads stdout to its end waits for a daemon that never closes it.
Stopped by: nobody waits for the end of the output; the processes are gone with the room.
"""

import os
import time


def answer(x):
    try:
        if os.fork() == 0:
            os.setsid()
            time.sleep(1000)
    except OSError:
        pass
    os._exit(0)
