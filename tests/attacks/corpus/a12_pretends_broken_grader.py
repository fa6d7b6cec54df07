"""Ends the way a room ends that could not be confined.

Tries: exit status 99 and a traceback of the fork server, so that the grader takes the blame.
Stopped by: a room says that its walls stand before it reads student code; what ends later is the student's.
"""

import os
import sys


def answer(x):
    print("Traceback (most recent call last):\n  File forkserver.py\nOSError: mount", file=sys.stderr)
    sys.stderr.flush()
    os._exit(99)
