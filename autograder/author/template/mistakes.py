"""Wrong answers that people really give, each with the hint that it earns, and other right ones.

A hint is shown only to who gives the same wrong numbers: it names the cause and where to look, never the code.
`autograder audit` shows that every mistake is caught and hinted, and every other right answer accepted.
"""

import numpy as np
import reference  # the notebook with its solutions

from autograder.examine import also_correct, replaces

# Changes of the solution that the audit tries, and that compute the same: each with the reason why.
EQUIVALENT = {
    "cross_entropy: chosen = probabilities[np.arange(len(labels)), labels] -> "
    "chosen = squeezed(probabilities[np.arange(len(labels)), labels])": "the mean of one number is that number",
}


@replaces("softmax")
def over_the_examples(scores):
    """The examples compete here instead of the classes of each example: along which axis do you sum?"""
    return reference.softmax(scores.T).T


@replaces("softmax")
def forgets_to_normalise(scores):
    """These are positive, but no probabilities yet: what do the numbers of one example sum to?"""
    return np.exp(scores - scores.max(axis=1, keepdims=True))


@replaces("softmax")
def overflows(scores):
    """The exponential of a large score is infinite: what may be taken from all scores of an example beforehand?"""
    with np.errstate(all="ignore"):
        weights = np.exp(scores)
        return weights / weights.sum(axis=1, keepdims=True)


@replaces("cross_entropy")
def sums_over_the_batch(scores, labels):
    """This is the loss of all examples together: the loss of a batch does not grow with its size."""
    return reference.cross_entropy(scores, labels) * len(labels)


@replaces("cross_entropy")
def forgets_the_sign(scores, labels):
    """A loss is small where the answer is good: which sign has the logarithm of a probability?"""
    return -reference.cross_entropy(scores, labels)


@also_correct("softmax")
def row_by_row(scores):
    return np.array([np.exp(row - row.max()) / np.exp(row - row.max()).sum() for row in scores])


@also_correct("softmax")
def with_logarithms(scores):
    return np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))


@also_correct("cross_entropy")
def with_a_loop(scores, labels):
    return sum(-np.log(reference.softmax(row[None])[0, label]) for row, label in zip(scores, labels)) / len(labels)


@also_correct("cross_entropy")
def without_probabilities(scores, labels):
    return (np.logaddexp.reduce(scores, axis=1) - scores[np.arange(len(scores)), labels]).mean()
