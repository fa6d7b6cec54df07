"""A dictionary whose keys all have the same hash.

Tries: the examiner rebuilds it in quadratic time, long after its own deadline for the answer.
Stopped by: keys that collide are counted, and refused.
"""

import json
import os
import random
import struct
import sys
import time

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


SIDES = [side for key in keys(4000) for side in (["t", *key], 0)]


def frame(body=b"", **header):
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 16)
    return struct.pack("!4sIQ", b"AGR1", len(text), len(body)) + text + body


def script():
    caller = sys._getframe()
    while caller and "pauses" not in caller.f_locals:
        caller = caller.f_back
    return caller.f_locals["number"] if caller else 0


def answer(x):
    reply = frame(id=2, ok=["d", *SIDES])  # behind the one that has told where this function is
    os.write(3, frame(reply, id=script(), last=True) if script() else reply)
    time.sleep(1000)  # nothing may follow an answer
