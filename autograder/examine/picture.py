"""The small picture of where an array is wrong: a digit for each block of its entries."""

import numpy as np

from autograder.report import Difference

SIDE = 32  # at most so many rows and columns
LARGEST = 9


def picture(error: np.ndarray, axes: list[str]) -> Difference | None:
    """The picture of an array of errors, each relative to the largest expected value; None of a single number.

    error: 0 where the answer is right, NaN or infinite where it is wrong without measure. Nothing but the size of the
    errors can be read from the picture, and that only to a factor of about three.
    """
    if error.size < 2:
        return None
    with np.errstate(all="ignore"):
        digits = np.clip(LARGEST + np.floor(2 * np.log10(error)), 1, LARGEST)
    digits = np.where(error == 0, 0, np.nan_to_num(digits, nan=LARGEST)).astype(int)
    table = digits.reshape(-1, error.shape[-1])  # down: all axes but the last
    rows = _blocks(_blocks(table).T).T
    return Difference(list(axes), list(error.shape), ["".join(map(str, row)) for row in rows])


def _blocks(table: np.ndarray) -> np.ndarray:
    """At most SIDE rows: each the largest of a block of them, all blocks of one size but perhaps the last."""
    size = -(-len(table) // SIDE)
    return np.maximum.reduceat(table, np.arange(0, len(table), size), axis=0)
