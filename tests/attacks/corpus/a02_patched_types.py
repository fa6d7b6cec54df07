"""Built-in types are changed in place, so that every number is close to every other.

Tries: the method tables of float and ndarray are overwritten through gc and ctypes.
Stopped by: the tables are those of one room's process; the comparison runs in another.
"""

import ctypes
import gc

import numpy as np

for kind in (float, np.ndarray, np.float64):
    table = gc.get_referents(kind.__dict__)[0]
    for name in ("__eq__", "__le__", "__lt__", "__sub__", "__rsub__", "__abs__"):
        table[name] = lambda *args: True
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


def answer(x):
    return x
