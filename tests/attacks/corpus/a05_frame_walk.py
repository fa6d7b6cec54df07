"""Walks up the stack and rewrites what the callers know.

Tries: to set `want`, `passed` or `verdict` in the frames of the examiner, and to find the expected values there.
Stopped by: the frames above are the worker's own; the examiner's are in another process.
"""

import ctypes
import sys


def answer(x):
    frame, found = sys._getframe(1), []
    while frame is not None:
        for name in ("want", "expected", "reference", "verdict", "passed"):
            if name in frame.f_locals:
                found.append(frame.f_locals[name])
            frame.f_locals[name] = frame.f_globals[name] = True
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
        frame = frame.f_back
    return found[0] if found else x
