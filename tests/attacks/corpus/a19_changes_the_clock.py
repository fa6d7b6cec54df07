"""Sets the machine's clock, so that deadlines and due dates move.

Tries: clock_settime, settimeofday, adjtimex and a time namespace.
Stopped by: no capability, seccomp.
"""

import ctypes
import time

C = ctypes.CDLL(None)


def answer(x):
    try:
        time.clock_settime(time.CLOCK_REALTIME, time.time() + 1e6)
    except OSError:
        pass
    C.settimeofday(ctypes.create_string_buffer(16), None)
    C.adjtimex(ctypes.create_string_buffer(b"\xff" * 8, 256))
    C.unshare(0x80)
    return x
