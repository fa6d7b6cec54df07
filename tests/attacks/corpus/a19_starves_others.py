"""Takes all processors, so that others run out of time.

Tries: real-time priority, a higher nice value, pinned processors and a hundred busy threads.
Stopped by: no capability, seccomp; the deadline ends it, and deadlines have slack.
"""

import hashlib
import os
import threading

for act in (lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99)), lambda: os.nice(-20),
            lambda: os.setpriority(os.PRIO_PROCESS, 0, -20), lambda: os.sched_setaffinity(0, {0})):
    try:
        act()
    except (OSError, AttributeError):
        continue


def burn():
    block = bytes(1 << 20)
    while True:
        hashlib.sha256(block)


def answer(x):
    for _ in range(30):
        threading.Thread(target=burn, daemon=True).start()
    burn()
