"""A process that outlives the grading and writes when nobody looks.

Tries: double fork with a new session, subprocess, posix_spawn, vfork and clone, then a write to the gradebook.
Stopped by: seccomp allows no new process; a pid namespace dies with its first process.
"""

import ctypes
import os
import subprocess
import sys
import time


def later():
    os.setsid()
    time.sleep(0.3)
    open(GRADEBOOK, "w").write("10")


def answer(x):
    try:
        if os.fork() == 0:
            if os.fork() == 0:
                later()
            os._exit(0)
    except OSError:
        pass
    C = ctypes.CDLL(None)
    for number in (57, 58):
        if C.syscall(number) == 0:
            later()
            os._exit(0)
    for start in (lambda: subprocess.Popen(["/bin/sh", "-c", f"sleep 0.3; echo 10 > {GRADEBOOK}"], start_new_session=True),
                  lambda: os.posix_spawn(sys.executable, [sys.executable, "-c", f"open({GRADEBOOK!r}, 'w')"], {}),
                  lambda: os.system(f"(sleep 0.3; echo 10 > {GRADEBOOK}) &")):
        try:
            start()
        except OSError:
            continue
    return x
