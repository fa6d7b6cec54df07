"""What must be true of the notebook. A check's docstring is the sentence that a student reads."""

import numpy as np

from autograder.examine import boundaries, part, points, require, same

part("softmax", points=40)
part("cross_entropy", points=40, builds_on=["softmax"])


@points("softmax", 15)
def test_softmax_equals_the_reference(student, reference, rng):
    """the probabilities equal the reference on random scores, also of one example and of one class"""
    def check(N, C):
        scores = rng.normal(size=(N, C))
        same(student.softmax(scores), reference.softmax(scores), "probabilities", axes="N C")

    boundaries(check, N=3, C=5)  # different primes, so that no mixed-up axis goes unnoticed; and small and equal sizes


@points("softmax", 5)
def test_softmax_sums_to_one(student, rng):
    """the probabilities of each example sum to one, however large its scores are"""
    scores = rng.normal(size=(2, 7)) * np.array([[1.0], [1000.0]])
    worst = np.abs(student.softmax(scores).sum(axis=1) - 1).max()
    require(worst < 1e-9, "each row of `probabilities` sums to one", f"the worst row is off by {worst:.2g}")


@points("cross_entropy", 20)
def test_cross_entropy_equals_the_reference(student, reference, rng):
    """the loss equals the reference on random scores and labels, also of one example and of one class"""
    def check(N, C):
        scores, labels = scores_and_labels(rng, N, C)
        same(student.cross_entropy(scores, labels), reference.cross_entropy(scores, labels), "loss")

    boundaries(check, N=7, C=3)


def scores_and_labels(rng, N, C):
    """Scores (N, C) and labels (N,)."""
    return rng.normal(size=(N, C)), rng.integers(0, C, size=N)


### BEGIN HIDDEN TESTS
# Students never get what stands between these two lines; its inputs are drawn from the course's secret.


@points("softmax", 20)
def test_softmax_of_large_scores(student, reference, rng):
    """large scores do not overflow, whatever the other examples of the batch are"""
    scores = rng.normal(size=(3, 5)) + np.array([[1000.0], [0.0], [-1000.0]])
    same(student.softmax(scores), reference.softmax(scores), "probabilities", axes="N C")


@points("cross_entropy", 20)
def test_cross_entropy_of_another_batch(student, reference, rng):
    """the loss is right for another number of examples and classes"""
    scores, labels = scores_and_labels(rng, N=2, C=11)
    same(student.cross_entropy(scores, labels), reference.cross_entropy(scores, labels), "loss")
### END HIDDEN TESTS
