"""A loop that swallows every interrupt.

Tries: to outlive its deadline: exceptions are caught, signals ignored.
Stopped by: SIGKILL from outside.
"""

import signal

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        continue


def answer(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
