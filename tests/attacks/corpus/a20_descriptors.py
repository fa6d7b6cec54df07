"""Descriptors without end.

Tries: to use up the table of open files.
Stopped by: a limit on descriptors.
"""

import os


def answer(x):
    kept = []
    while True:
        kept.append(os.open("/dev/null", os.O_RDONLY))
