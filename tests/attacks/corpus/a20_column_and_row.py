"""A column where a few numbers are asked for, then a row.

Tries: gigabytes in the examiner, when a check combines the two or compares one with what it expects.
Stopped by: shapes come before values; the grader's own process has a limit for each submission.
"""

import numpy as np


def answer(x):
    answer.calls = getattr(answer, "calls", 0) + 1
    return np.ones((30_000, 1) if answer.calls % 2 else (1, 30_000))
