"""Takes over another process.

Tries: ptrace on the parent and the examiner, and a descriptor stolen by pidfd_getfd.
Stopped by: seccomp, the pid namespace, and processes that are not dumpable.
"""

import ctypes
import os

C = ctypes.CDLL(None)


def answer(x):
    for pid in (1, os.getppid(), EXAMINER):
        for request in (16, 0x4206):
            C.ptrace(request, pid, 0, 0)
        C.syscall(438, C.syscall(434, pid, 0), 3, 0)
    return x
