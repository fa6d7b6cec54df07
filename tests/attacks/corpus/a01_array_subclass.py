"""An array whose differences are zero.

Tries: a subclass of ndarray answers every ufunc with zeros, so that the error is always 0.
Stopped by: only exact types go over the wire; a subclass becomes an Opaque.
"""

import numpy as np


class Close(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return np.zeros(self.shape)

    def __array_function__(self, func, types, args, kwargs):
        return True


def answer(x):
    return x.view(Close)
