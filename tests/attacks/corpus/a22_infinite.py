"""Infinity, which makes every relative error NaN.

Tries: max|got - want| / max|got| is inf / inf.
Stopped by: values must be finite, and the scale is the expected one.
"""

import numpy as np


def answer(x):
    return np.full_like(x, np.inf)
