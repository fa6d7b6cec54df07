"""Reads the hidden tests by every way of opening a file.

Tries: open, os.open, mmap, NumPy, the C library, openat2 and an execution of the file.
Stopped by: the mount namespace does not contain the file; Landlock refuses it where it does.
"""

import ctypes
import os
import runpy

import numpy as np

C = ctypes.CDLL(None)


def by_c(path):
    fd = C.open(path.encode(), 0)
    buffer = ctypes.create_string_buffer(200)
    return buffer.raw[:max(0, C.read(fd, buffer, 200))]


WAYS = [
    lambda path: open(path).read(),
    lambda path: os.read(os.open(path, os.O_RDONLY), 200),
    lambda path: os.read(os.open(path, os.O_PATH), 200),
    lambda path: np.fromfile(path, "u1").tobytes(),
    lambda path: np.memmap(path, "u1", "r").tobytes(),
    lambda path: np.genfromtxt(path, str),
    lambda path: runpy.run_path(path),
    by_c,
]


def answer(x):
    for way in WAYS:
        for path in (SECRET_FILE, f"/proc/self/root{SECRET_FILE}", f"/proc/1/root{SECRET_FILE}", "../../../.." + SECRET_FILE):
            try:
                print(way(path))
            except (OSError, ValueError):
                continue
    return x
