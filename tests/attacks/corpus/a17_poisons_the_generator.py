"""Changes what is shared between student and examiner besides the argument.

Tries: writes through x.base, the buffers of x, defaults, and NumPy's global error state and print options.
Stopped by: the argument is a copy without a base outside; the settings are those of one room.
"""

import numpy as np

np.seterr(all="ignore")
np.set_printoptions(formatter={"all": lambda value: "0"})


def answer(x, seen=[]):
    base = x
    while isinstance(base, np.ndarray) or isinstance(base, memoryview):
        try:
            np.asarray(base)[...] = 0
        except (TypeError, ValueError):
            pass
        base = getattr(base, "base", None) if isinstance(base, np.ndarray) else base.obj
    seen.append(x)
    return seen[0]
