"""Threads without end.

Tries: to fill the process table by threads, which are allowed.
Stopped by: a limit on tasks, and on address space.
"""

import threading
import time


def answer(x):
    threading.stack_size(32768)
    while True:
        try:
            threading.Thread(target=time.sleep, args=(1000,)).start()
        except RuntimeError:
            time.sleep(0.01)
