"""Pretends that the person at the keyboard has stopped the grader.

Tries: KeyboardInterrupt, GeneratorExit and groups of exceptions, which `except Exception` lets through.
Stopped by: what a room raises arrives as data, and is a failure of the check.
"""


def answer(x):
    raise BaseExceptionGroup("stop", [KeyboardInterrupt(), SystemExit(0), GeneratorExit()])


class answer_later(KeyboardInterrupt):
    pass


try:
    raise answer_later
except KeyboardInterrupt:
    pass
raise KeyboardInterrupt
