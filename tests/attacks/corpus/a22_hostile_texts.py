"""Objects and exceptions whose text is endless, raises, or lies.

Tries: repr, str, format and hash that recurse, exit or take gigabytes.
Stopped by: texts are made in the room, under its limits, capped, and checked again outside.
"""


class Rude(Exception):
    def __str__(self):
        return self.__str__()

    def __repr__(self):
        raise SystemExit(0)

    def __getattr__(self, name):
        raise KeyboardInterrupt

    __format__ = __hash__ = __len__ = __iter__ = __repr__


Rude.__name__ = "R" * 1_000_000


def answer(x):
    raise Rude(Rude())
