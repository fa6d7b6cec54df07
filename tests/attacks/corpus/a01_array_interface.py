"""An object that becomes whatever array it is compared with.

Tries: `__array__`, `__array_interface__` and `__buffer__` give the examiner's own expected array back.
Stopped by: the examiner never converts an object from a room; it receives bytes.
"""

import sys

import numpy as np


class Mirror:
    def __array__(self, dtype=None, copy=None):
        frame = sys._getframe(1)
        while frame is not None:
            for name in ("want", "expected", "reference"):
                if name in frame.f_locals:
                    return np.asarray(frame.f_locals[name])
            frame = frame.f_back
        return np.zeros(1)


def answer(x):
    return Mirror()
