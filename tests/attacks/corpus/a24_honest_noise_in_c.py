"""An honest answer whose libraries write to the descriptors themselves.

Not an attack: bytes on stdout and stderr that are no text, and a helper thread, must not cost a point.
Expected: right
"""

import os
import threading

os.write(1, b"\xff\xfe\x00 not text\n")
os.write(2, b"NNPACK: could not initialize\n")


def answer(x):
    out = []
    worker = threading.Thread(target=lambda: out.append(x + x))
    worker.start()
    worker.join()
    return out[0]
