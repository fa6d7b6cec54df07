"""Changes the input so that the wrong answer becomes right.

Tries: writes zeros into `x`: if the examiner computes from the same array, 2 * x is the zero that is returned.
Stopped by: arguments are copies in another process.
"""

import ctypes


def answer(x):
    x.setflags(write=True)
    x[...] = 0
    ctypes.memset(x.ctypes.data, 0, x.nbytes)
    return x
