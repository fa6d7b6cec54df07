"""An answer of another shape that broadcasts.

Tries: one column of numbers compares equal by broadcasting where a difference is averaged away, or is empty.
Stopped by: shapes must be equal.
"""

import numpy as np


def answer(x):
    return np.zeros((0, x.shape[1]))
