"""Answers with something that runs when it is unpickled.

Tries: `__reduce__` objects, and pickled bytes as the answer.
Stopped by: nothing is ever unpickled; the object is an Opaque and the bytes are bytes.
"""

import os
import pickle


class Bomb:
    def __reduce__(self):
        return (os.system, (f"echo 10 > {GRADEBOOK}",))


def answer(x):
    return {"bytes": pickle.dumps(Bomb()), "object": Bomb()}
