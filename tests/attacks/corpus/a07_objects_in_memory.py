"""Looks through every object of the interpreter for secrets and expected values.

Tries: gc, sys.modules, linecache and the frames of all threads.
Stopped by: the fork server never had them; its orders carry paths and limits only.
"""

import gc
import linecache
import sys


def answer(x):
    for thing in gc.get_objects():
        if type(thing) in (dict, list, tuple) and "the-secret-" in str(thing)[:20_000]:
            print(thing)
    for module in list(sys.modules.values()):
        if "the-secret-" in str(getattr(module, "__dict__", "")):
            print(vars(module))
    for lines in linecache.cache.values():
        print(*(line for line in lines[2] if "the-secret-" in line))
    for frame in sys._current_frames().values():
        print(frame.f_locals)
    return x
