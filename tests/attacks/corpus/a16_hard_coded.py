"""Knows the answers of the visible checks by heart.

Tries: to recognise the visible inputs and to give their recorded answers.
Stopped by: the examiner draws inputs that nobody has seen.
"""

import numpy as np

KNOWN = {15: np.arange(15.0).reshape(3, 5)}


def answer(x):
    return KNOWN.get(x.size, x)
