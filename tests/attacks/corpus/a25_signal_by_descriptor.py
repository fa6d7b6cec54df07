"""Lets the kernel send the signal.

Tries: F_SETOWN and F_SETSIG make the examiner the one who gets SIGKILL when the channel has news.
Stopped by: seccomp allows no such fcntl; Landlock scopes signals; other processes are in another pid namespace.
"""

import ctypes
import fcntl
import os
import signal

C = ctypes.CDLL(None)


def answer(x):
    for fd in range(4):
        for command, argument in ((fcntl.F_SETOWN, EXAMINER), (10, int(signal.SIGKILL)), (fcntl.F_SETFL, os.O_ASYNC)):
            C.fcntl(fd, command, ctypes.c_long(argument))
        C.ioctl(fd, 0x8901, ctypes.byref(ctypes.c_int(EXAMINER)))
        C.ioctl(fd, 0x5452, ctypes.byref(ctypes.c_int(1)))
    return x
