"""Arrays of other kinds that a comparison may convert on its way.

Tries: complex numbers with the right real part left out, text, dates, half precision and masked arrays.
Stopped by: the kind of the dtype is compared, and only plain arrays arrive.
"""

import numpy as np


def answer(x):
    turn = answer.turn = getattr(answer, "turn", -1) + 1
    kinds = [x * 1j, x.astype("U"), x.astype("f2") * np.float16(np.inf), np.ma.masked_all(x.shape),
             np.full(x.shape, np.datetime64("NaT")), x != x, np.full(x.shape, -0.0)]
    return kinds[turn % len(kinds)]
