"""Leaves with status 0 in the middle of the question.

Tries: a grader that reads "exit 0" as "all passed".
Stopped by: SystemExit is an exception like any other; missing evidence is a failure.
"""

import sys


def answer(x):
    sys.exit(0)
