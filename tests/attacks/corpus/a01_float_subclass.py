"""Numbers that equal every number, hidden in plain lists.

Tries: a list of floats passes for an array, and each float says it equals the expected one.
Stopped by: exact types; the subclass becomes an Opaque inside the list.
"""


class Any(float):
    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return Any(0)

    __rsub__ = __sub__
    __hash__ = float.__hash__


def answer(x):
    return [[Any(value) for value in row] for row in x.tolist()]
