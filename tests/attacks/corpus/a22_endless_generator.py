"""A generator that never ends.

Tries: whoever makes a list of it hangs.
Stopped by: a generator is an Opaque; nothing iterates over it outside.
"""

import itertools


def answer(x):
    return itertools.repeat(2 * x)
