"""Recursion without end, in Python and below it.

Tries: a raised recursion limit, a deep JSON text and a regular expression that takes for ever.
Stopped by: the crash or the deadline is that of one room.
"""

import re
import sys

sys.setrecursionlimit(1 << 30)


def answer(x):
    try:
        re.match(r"(a|a|aa)+$", "a" * 24 + "b")
    finally:
        return answer(x)
