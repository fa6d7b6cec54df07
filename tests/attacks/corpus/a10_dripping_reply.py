"""An answer that comes one byte at a time and is never whole.

Tries: each byte resets a deadline that waits for news, so that the examiner waits for hours.
Stopped by: one deadline covers the whole reply.
"""

import os
import struct
import time


def answer(x):
    os.write(3, struct.pack("!4sIQ", b"AGR1", 1 << 20, 1 << 27))
    while True:
        os.write(3, b" ")
        time.sleep(0.05)
