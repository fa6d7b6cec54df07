"""Output without end.

Tries: to fill the examiner's memory, or to keep it reading past the deadline.
Stopped by: output is kept up to a cap, one piece at a time; the deadline is checked between pieces.
"""

import sys


def answer(x):
    while True:
        sys.stdout.write("x" * 100_000)
