"""The comparison functions of NumPy, math and builtins are replaced.

Tries: whoever compares with np.allclose, np.testing or abs(a - b) finds no difference.
Stopped by: the comparison runs in another process.
"""

import builtins
import math

import numpy as np

for module, names in {
    np: ("allclose", "isclose", "array_equal", "array_equiv", "all", "max", "abs"),
    np.testing: ("assert_allclose", "assert_array_equal", "assert_equal", "assert_almost_equal"),
    math: ("isclose", "fabs"),
    builtins: ("all", "isinstance"),
}.items():
    for name in names:
        if module is not builtins:
            setattr(module, name, lambda *args, **kwargs: True)


def answer(x):
    return x
