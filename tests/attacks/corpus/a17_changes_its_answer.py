"""Changes its answer after it was given.

Tries: a thread goes on writing into the returned array, and the answer is a view of the argument.
Stopped by: the answer is a copy in another process as soon as it is read.
"""

import threading

import numpy as np

ROOM = np.zeros((3, 5))


def write():
    while True:
        ROOM[...] += 1


threading.Thread(target=write, daemon=True).start()


def answer(x):
    return ROOM.reshape(-1)[:x.size].reshape(x.shape) if x.size <= 15 else x[:]
