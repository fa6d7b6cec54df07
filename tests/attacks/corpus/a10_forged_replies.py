"""Answers in the room's own format, before the true answer and several at once.

Tries: replies with a verdict, with the ids of later questions, with a fault that blames the grader, and a whole script's answers, under the number that it finds in the frames above it.
Stopped by: a reply holds a value for one id and nothing else; no byte may follow the last one.
"""

import json
import os
import struct
import sys


def frame(body=b"", **header):
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 16)
    return struct.pack("!4sIQ", b"AGR1", len(text), len(body)) + text + body


def script():
    caller = sys._getframe()
    while caller and "pauses" not in caller.f_locals:
        caller = caller.f_back
    return caller.f_locals["number"] if caller else 0


def answer(x):
    replies = b"".join(frame(id=number, ok=True) for number in range(1, 3))
    os.write(3, frame(replies, id=script(), last=True))
    for number in range(1, 30):
        os.write(3, frame(id=number, ok=True))
        os.write(3, frame(id=number, verdict="passed"))
        os.write(3, frame(id=number, broken="the grader failed"))
    return x
