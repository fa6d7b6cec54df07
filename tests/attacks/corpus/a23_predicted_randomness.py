"""Makes random numbers predictable.

Tries: seeds and replaces the generators, so that the examiner's inputs are known beforehand.
Stopped by: inputs are drawn in the examiner, from generators of its own.
"""

import os
import random

import numpy as np

np.random.seed(0)
random.seed(0)
fixed = np.random.default_rng(0)
np.random.default_rng = lambda *args: fixed
np.random.Generator = type(fixed)
os.urandom = lambda size: bytes(size)
random.random = lambda: 0.5
guess = np.random.default_rng().standard_normal((3, 5))


def answer(x):
    return 2 * guess
