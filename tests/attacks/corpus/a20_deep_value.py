"""Values that are expensive to look at.

Tries: a list inside a list, ten thousand deep; a dictionary with a million keys; a number with a million digits.
Stopped by: limits on levels and entries; what exceeds them stays in the room as an Opaque.
"""


def answer(x):
    deep = []
    for _ in range(10_000):
        deep = [deep]
    return [deep, dict.fromkeys(range(1_000_000)), 10**1_000_000]
