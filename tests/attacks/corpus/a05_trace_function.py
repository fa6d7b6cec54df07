"""A trace function sees and changes every call after the cell.

Tries: sys.settrace and sys.setprofile catch the comparison and force its result.
Stopped by: no comparison runs in this process.
"""

import sys
import threading

SEEN = []


def spy(frame, event, arg):
    if "want" in frame.f_locals or "secret" in frame.f_code.co_name:
        SEEN.append(frame.f_locals)
        print(frame.f_locals)
    return None


sys.settrace(spy)
threading.settrace(spy)
sys.setprofile(spy)


def answer(x):
    return SEEN[0].get("want") if SEEN else x
