"""Answers in the room's own format, before the true answer and several at once.

Tries: replies with a verdict, with the ids of later questions, and with a fault that blames the grader.
Stopped by: a reply holds a value for one id and nothing else; no byte may follow it.
"""

import json
import os
import struct


def frame(*header):
    text = json.dumps(header).encode()
    return struct.pack("!4sIQ", b"AGR1", len(text), 0) + text


def answer(x):
    for number in range(1, 30):
        os.write(3, frame("d", "id", number, "ok", True))
        os.write(3, frame("d", "id", number, "verdict", "passed"))
        os.write(3, frame("d", "id", number, "broken", "the grader failed"))
    return x
