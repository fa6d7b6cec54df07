"""Processes without end.

Tries: to fill the process table.
Stopped by: seccomp allows none; a limit on processes and the death of the pid namespace where it is missing.
"""

import os


def answer(x):
    for _ in range(10_000):
        try:
            os.fork()
        except OSError:
            continue
    while True:
        pass
