"""Frames that are small to send and large to read.

Tries: a body of an exabyte, a header of nested lists, a million arrays over the same bytes.
Stopped by: lengths are checked before memory is asked for; arrays cannot overlap; levels and entries are counted.
"""

import os
import struct


def answer(x):
    os.write(3, struct.pack("!4sIQ", b"AGR1", 64, 1 << 60))
    os.write(3, struct.pack("!4sIQ", b"AGR1", 1 << 22, 0) + b"[" * (1 << 22))
    return x
