"""An object that equals everything.

Tries: `answer == expected`, `abs(answer - expected) < 1e-6` and every other comparison are true for it.
Stopped by: objects do not leave the room; the examiner sees an Opaque, which is no array.
"""


class Right:
    """Equal to everything, and no distance from anything."""

    shape = property(lambda self: self)
    dtype = property(lambda self: self)

    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return self

    __rsub__ = __abs__ = __getitem__ = max = sum = all = item = __sub__
    __lt__ = __le__ = __bool__ = __eq__
    __hash__ = None

    def __getattr__(self, name):
        return self


def answer(x):
    return Right()
