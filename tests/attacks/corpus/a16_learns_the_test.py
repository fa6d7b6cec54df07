"""Remembers what it was asked and waits for the same question again.

Tries: to tell a check from a rehearsal by counting calls, and to answer from memory.
Stopped by: each exercise has a fresh room, and nothing outlives a room.
"""

import os

SEEN = []


def answer(x):
    SEEN.append(x)
    for folder in (os.getcwd(), "/tmp", "/dev/shm", COURSE):
        try:
            open(os.path.join(folder, "seen"), "ab").write(x.tobytes())
        except OSError:
            continue
    return SEEN[0]
