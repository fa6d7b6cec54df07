"""Draws the visible check's inputs itself, by the seed that anybody can compute, and knows their answers.

Tries: a hard-coded answer for each visible input; for the hidden ones the seeds without the secret.
Stopped by: hidden inputs depend on the course's secret; the visible points are not many.
Expected: the visible points
"""

import hashlib

import numpy as np


def inputs(name, shape):
    seed = int.from_bytes(hashlib.blake2b(name.encode(), key=b"", digest_size=8).digest(), "big")
    return np.random.default_rng(seed).standard_normal(shape)


KNOWN = [inputs("test_visible", (3, 5)), inputs("test_hidden", (3, 5)), inputs("test_hidden_shape", (2, 7))]
RIGHT = [value + value for value in KNOWN]


def answer(x):
    for known, right in zip(KNOWN, RIGHT):
        if known.shape == x.shape and np.array_equal(known, x):
            return right
    return x
