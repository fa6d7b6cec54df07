"""Answers of 56 MB, each time other ones.

Tries: to fill the examiner with wrong arrays that it keeps as evidence, and for the next student who answers alike.
Stopped by: of a wrong array above 1 MB nothing is kept; all answers of a check together may have 64 MB.
"""

import time

import numpy as np


def answer(x):
    return np.full(7_000_000, time.perf_counter())
