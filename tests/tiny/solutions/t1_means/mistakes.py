"""Wrong answers to means.py, and other right ones."""

import numpy as np
import reference

from autograder.examine import also_correct, replaces


@replaces("row_mean")
def over_the_wrong_axis(x):
    """This is the mean of each column: which axis runs over the entries of a row?"""
    return x.mean(axis=0)


@replaces("row_mean")
def sum_instead_of_mean(x):
    """This is the sum of each row: a mean divides it by the number of entries."""
    return x.sum(axis=1)


@replaces("centred")
def adds_the_mean(x):
    """The mean is taken away, not added: look at the sign."""
    mean = reference.row_mean(x)
    return x + mean[:, None], (x, mean)


@replaces("Scaler.fit")
def forgets_the_sign(self, x):
    """A large negative number is large too: look at absolute values."""
    self.largest = x.max()
    return self.largest


@also_correct("row_mean")
def with_a_loop(x):
    return np.array([row.mean() for row in x])


FREE = {f"test_centred_rows_sum_to_zero: {kind}": "a check that fails without numbers, for the tests"
        for kind in ("zeros", "everything_zeros")}

EQUIVALENT = {
    "centred: (x, mean) -> (mean, x)": "the cache is the student's own: nothing reads it",
}
