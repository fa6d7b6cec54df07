"""A list with one long text among thousands of empty ones.

Tries: to become an array in the examiner, all of whose entries are as long as the longest: gigabytes.
Stopped by: types come before values: a list that holds a text is no array of numbers.
"""


def answer(x):
    return ["x" * 100_000] + [""] * 8000
