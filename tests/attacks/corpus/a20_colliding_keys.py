"""A dictionary whose keys all have the same hash.

Tries: the examiner rebuilds it in quadratic time, long after its own deadline for the answer.
Stopped by: keys that collide are counted, and refused.
"""

import random

MASK, P1, P2 = (1 << 64) - 1, 11400714785074694791, 14029467366897019727
TARGET = 12345678901234567


def turned(value, by):
    return ((value << by) | (value >> (64 - by))) & MASK


def keys(count):
    """Triples of integers with one and the same hash, by solving the hash of tuples for the third."""
    chance, wanted = random.Random(0), turned(TARGET * pow(P1, -1, 1 << 64) & MASK, 33)
    while count:
        state = 2870177450012600261
        first, second = chance.randrange(1 << 60), chance.randrange(1 << 60)
        for lane in (first, second):
            state = turned((state + lane * P2) & MASK, 31) * P1 & MASK
        third = (wanted - state) * pow(P2, -1, 1 << 64) & MASK
        if third < (1 << 61) - 1:
            count -= 1
            yield first, second, third


class Pairs(dict):
    """Sent without building the dictionary here."""


def answer(x):
    import json
    import os
    import struct

    sides = [side for key in keys(8000) for side in (["t", *key], 0)]
    header = json.dumps(["d", "id", 3, "ok", ["d", *sides]], separators=(",", ":")).encode()
    for number in range(1, 12):
        text = header.replace(b'"id",3', b'"id",%d' % number, 1)
        os.write(3, struct.pack("!4sIQ", b"AGR1", len(text), 0) + text)
    return x
