"""`gradient`: what it accepts, where it says an answer is wrong, and how often it asks for the forward pass."""

import numpy as np
import pytest

from autograder.examine import CheckFailed, gradient
from autograder.examine.finite_differences import Measured, in_brief, knowing, measuring

WANT = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_gradient_of_a_right_answer_takes_six_calls():
    calls = []

    def f(x):
        calls.append(1)
        return np.tanh(x) @ WANT.T

    x, dout = np.linspace(-1, 1, 12).reshape(4, 3), np.ones((4, 2))
    gradient(f, x, dout, (dout @ WANT) * (1 - np.tanh(x) ** 2), "dx", axes="N D")
    assert len(calls) == 6


@pytest.mark.parametrize("wrong", [lambda g: g * 1.001, lambda g: g.T.copy().reshape(g.shape), lambda g: g * 0,
                                   lambda g: np.where(np.arange(g.size).reshape(g.shape) == 5, g + 0.01, g)])
def test_gradient_says_where(wrong):
    x, dout = np.linspace(-1, 1, 12).reshape(4, 3), np.ones((4, 2))
    right = (dout @ WANT) * (1 - np.tanh(x) ** 2)
    with pytest.raises(CheckFailed) as caught:
        gradient(lambda x: np.tanh(x) @ WANT.T, x, dout, wrong(right), "dx", axes="N D")
    assert caught.value.asked == "`dx` is the gradient of your own forward pass, measured by finite differences"
    assert caught.value.found.startswith("`dx` differs at N=")
    assert caught.value.evidence.what == "dx"


WEIGHTS = np.random.default_rng(3).normal(size=(3, 5))


def tanh_gradient(x, dout):
    return (dout * (1 - np.tanh(x @ WEIGHTS) ** 2)) @ WEIGHTS.T


@pytest.mark.parametrize("f", [lambda x: np.tanh(x.astype(np.float32) @ WEIGHTS),
                               lambda x: np.tanh(x.astype(np.float32) @ WEIGHTS.astype(np.float32))],
                         ids=["float64 comes back", "float32 comes back"])
def test_the_gradient_of_a_forward_pass_in_float32(f):
    """It does not notice a step of 1e-5: a right gradient passes by a larger one, and a wrong one is still seen."""
    rng = np.random.default_rng(4)
    for _ in range(10):
        x, dout = rng.normal(size=(4, 3)), rng.normal(size=(4, 5))
        right = tanh_gradient(x, dout)
        gradient(f, x, dout, right, "dx")
        for wrong in (right * 1.01, -right, right + 0.02, right * 0):
            with pytest.raises(CheckFailed) as caught:
                gradient(f, x, dout, wrong, "dx")
            assert caught.value.asked.endswith("measured by finite differences in float32, in which it computes")


def test_a_forward_pass_in_float64_is_not_taken_for_float32():
    rng = np.random.default_rng(5)
    for scale in (1e-3, 1.0, 1e3):
        for f in (np.tanh, lambda x: np.maximum(x, 0) * 7, lambda x: np.exp(-x**2), lambda x: 5 * x):
            x = rng.normal(size=(4, 3))
            with pytest.raises(CheckFailed) as caught:
                gradient(lambda x, f=f, scale=scale: scale * f(x), x, np.ones((4, 3)), np.full((4, 3), 0.3 * scale), "dx")
            assert caught.value.asked.endswith("by finite differences")


def test_gradient_of_a_number_and_of_a_wrong_shape():
    gradient(lambda x: float((x**2).sum()), np.arange(3.0), np.array(1.0), 2 * np.arange(3.0), "dx")
    with pytest.raises(CheckFailed, match="forward pass returns shape"):
        gradient(lambda x: x, np.arange(3.0), np.ones(2), np.ones(3), "dx")
    with pytest.raises(CheckFailed, match="has shape"):
        gradient(lambda x: x, np.arange(3.0), np.ones(3), np.ones((3, 1)), "dx")


class Forward:
    """sum(scale * x ** 2 * dout) of 12 numbers, and how often it was asked."""

    x, dout = np.linspace(-1, 1, 12).reshape(4, 3), np.ones((4, 3))

    def __init__(self, scale=1.0):
        self.scale, self.calls = scale, 0

    def __call__(self, x):
        self.calls += 1
        return self.scale * x**2

    def failure(self, got) -> CheckFailed:
        with pytest.raises(CheckFailed) as caught:
            gradient(self, self.x, self.dout, got, "dx", axes="N D")
        return caught.value


@pytest.fixture
def known():
    """What the reference's forward pass gives, measured while its own gradient was examined."""
    reference = Forward()
    with measuring() as found:
        gradient(reference, reference.x, reference.dout, 2 * reference.x, "dx", axes="N D")
    assert reference.calls == 6 + 2 * 12
    return found


WRONG = np.where(np.arange(12).reshape(4, 3) == 5, 7.0, 2 * Forward.x)


def test_a_wrong_gradient_of_the_reference_s_forward_pass_is_not_measured_again(known):
    alone, helped = Forward(), Forward()
    told = alone.failure(WRONG)
    with knowing(lambda: known):
        again = helped.failure(WRONG)
    assert (alone.calls, helped.calls) == (4 + 2 * 12, 4)
    assert (again.asked, again.found, again.difference) == (told.asked, told.found, told.difference)
    assert "at N=1, D=2" in told.found and "1 of 12 values differ" in told.found


def test_another_forward_pass_is_measured_itself(known):
    forward = Forward(scale=1 + 1e-9)
    with knowing(lambda: known):
        assert "1 of 12" in forward.failure(WRONG).found
        assert forward.calls == 4 + 2 * 12
        gradient(Forward(3.0), Forward.x, Forward.dout, 6 * Forward.x, "dx")


def test_nobody_fails_on_the_reference_s_account_alone(known):
    """Only what is known of the reference says no: then the answer's own forward pass has the last word."""
    (question, measured), = known.items()
    forward = Forward()
    with knowing(lambda: {question: Measured(measured.sides, WRONG)}):
        assert "1 of 12" in forward.failure(WRONG).found
    assert forward.calls == 4 + 2 * 12


def test_in_brief_a_gross_error_is_not_measured(known):
    forward = Forward()
    with in_brief(), knowing(lambda: known):
        assert forward.failure(WRONG).found == "`dx` is not the gradient of your own forward pass"
        assert "has shape" in forward.failure(WRONG[0]).found
    assert forward.calls == 4


def test_in_brief_a_close_answer_gets_the_same_verdict():
    """Along a direction, errors within bounds add up to more than the bound: the entries decide."""
    forward, right = Forward(), 2 * Forward.x
    with in_brief():
        gradient(forward, forward.x, forward.dout, right + 0.9e-6 * np.sign(right) * np.abs(right).max(), "dx")
        assert forward.calls == 4 + 2 * 12
        assert "differs" in forward.failure(right + 1.5e-6 * np.abs(right).max()).found
