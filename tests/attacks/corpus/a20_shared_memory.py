"""Memory that is not counted as its own: files in memory, System V segments, memfd.

Tries: to take the machine's memory past the limit, or to leave segments behind.
Stopped by: seccomp; the private folder has a size; an own IPC namespace.
"""

import ctypes
import os

C = ctypes.CDLL(None)


def answer(x):
    for size in (1 << 30, 1 << 20):
        print(C.shmget(12345, size, 0o1666), C.syscall(319, b"memory", 0))
    try:
        fd = os.memfd_create("memory")
        os.ftruncate(fd, 1 << 40)
    except OSError:
        pass
    return x
