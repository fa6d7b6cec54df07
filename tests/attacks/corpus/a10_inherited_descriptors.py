"""Writes a verdict to every open descriptor.

Tries: to reach the examiner's files, sockets and terminal by numbers that were inherited.
Stopped by: all but 0-3 are closed; what arrives on the channel is not an answer, on the output only text.
"""

import fcntl
import os


def answer(x):
    for fd in range(256):
        try:
            os.write(fd, b'{"verdict": "passed", "points": 10}\n')
        except OSError:
            continue
        try:
            fcntl.ioctl(fd, 0x5412, b"p")  # TIOCSTI: types into the terminal
        except OSError:
            continue
    return x
