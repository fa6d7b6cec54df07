"""NaN, which compares with nothing.

Tries: a grader that asks "is the error larger than the tolerance?" gets no for NaN.
Stopped by: a comparison must be fulfilled, not merely not violated.
"""

import numpy as np


def answer(x):
    return np.full_like(x, np.nan)
