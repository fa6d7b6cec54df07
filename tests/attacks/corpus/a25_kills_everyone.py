"""Signals to whatever can be reached.

Tries: kill, killpg, tgkill and pidfds for its parent, its group, the examiner and everyone.
Stopped by: they are in another pid namespace; Landlock scopes signals; seccomp lets a process signal itself only.
"""

import ctypes
import os
import signal

C = ctypes.CDLL(None)


def answer(x):
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
        for pid in (os.getppid(), EXAMINER, -EXAMINER, 0, -1):
            if pid not in (0, -1) or os.getpid() != 1:
                try:
                    os.kill(pid or EXAMINER, number)
                except OSError:
                    continue
        C.syscall(234, EXAMINER, EXAMINER, int(number))
        C.syscall(200, EXAMINER, int(number))
        C.syscall(424, C.syscall(434, EXAMINER, 0), int(number), None, 0)
    return x
