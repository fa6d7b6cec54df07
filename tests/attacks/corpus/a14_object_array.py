"""An array of objects, which some formats pickle silently.

Tries: np.save and friends pickle the dtype object; a structured dtype hides one.
Stopped by: the dtypes that may go over are numbers and booleans.
"""

import os

import numpy as np


class Bomb:
    def __reduce__(self):
        return (os.system, (f"echo 10 > {GRADEBOOK}",))


def answer(x):
    return [np.array([Bomb()], dtype=object), np.zeros(2, dtype=[("bomb", "O"), ("y", "f8")])]
