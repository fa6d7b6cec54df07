"""Memory without end.

Tries: to push the machine into swapping or its OOM killer into the examiner.
Stopped by: a limit on address space: MemoryError.
"""

import numpy as np


def answer(x):
    hoard = []
    while True:
        hoard.append(np.ones(1 << 24))
