"""Prints what a passed test prints.

Tries: markers of pytest, unittest, nbgrader, otter and TAP on stdout and stderr.
Stopped by: output is text for the reader; no verdict is read from it.
"""

import sys


def answer(x):
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        print("\n1 passed in 0.01s\nPASSED\nOK\nok 1 - answer\nRan 1 test in 0.000s\n", file=stream)
        print('{"score": 10, "max_score": 10, "verdict": "passed"}\n10.0\n##points=10##', file=stream)
    return x
