"""Prints what separates one message from the next, and then a message of its own.

Tries: NUL, line ends, terminal titles, and frames of the room's own format on stdout and stderr.
Stopped by: output and channel are different descriptors; output is only text.
"""

import json
import os
import struct


def answer(x):
    header = json.dumps({"id": 1, "ok": True}).encode()
    frame = struct.pack("!4sIQ", b"AGR1", len(header), 0) + header
    for fd in (1, 2):
        for text in (frame, b"\0\n\x1e\x04", b"data: {\"points\": 7}\n\n", b"\x1b]0;7 of 7\x07", b"\r\n.\r\n"):
            os.write(fd, text)
    return x
