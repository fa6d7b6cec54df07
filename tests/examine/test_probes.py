"""Probes run beside the student's code, and leave nothing behind; names lead to weights."""

import numpy as np
import pytest
import torch

from autograder.errors import CourseError
from autograder.examine import beside, installed, random_weights, same, same_gradients
from autograder.examine.compare import CheckFailed
from autograder.examine.face import Face
from autograder.examine.modules import meant
from autograder.examine.namespace import NamespaceBackend

FACTOR = 3


def notebook(**names) -> Face:
    return Face(NamespaceBackend({"Linear": torch.nn.Linear, **names}))


def scaled(x):
    return FACTOR * x


def of_the_file(x):
    return scaled(x) + np.float64(1)


def of_another_library(x):
    return pytest.approx(x)


def meddle(module):
    module.train().register_forward_hook(lambda *args: None)
    module(torch.ones(2)).sum().backward()
    return [module.training, len(module._forward_hooks), module.weight.grad is not None]


def test_a_probe_uses_functions_and_data_of_its_file():
    assert beside(notebook(), of_the_file, 2.0) == 7


def test_a_probe_that_cannot_go_over_is_the_courses_fault():
    with pytest.raises(CourseError, match="it uses `pytest`"):
        beside(notebook(), of_another_library, 1.0)


def test_a_probe_leaves_no_hook_mode_or_gradient_behind():
    live = torch.nn.Linear(2, 1).eval()
    module = notebook(live=live).live
    assert beside(module, meddle, module) == [True, 1, True]
    assert (live.training, len(live._forward_hooks), live.weight.grad) == (False, 0, None)


def test_names_lead_the_shortest_way():
    names = [(r"^fc\.", "map."), (r"norm2\.", "norm_cross."), (r"norm2\.", "norm_ffn."), (r"^layers\.", "stack.layers.")]
    assert meant(["fc.bias", "layers.0.norm2.bias", "other"], ["map.bias", "stack.layers.0.norm_ffn.bias"], names) == {
        "fc.bias": "map.bias", "layers.0.norm2.bias": "stack.layers.0.norm_ffn.bias", "other": "other"}


def test_a_weight_of_another_shape_is_told():
    student = notebook()
    weights = random_weights(student.Linear(2, 3), np.random.default_rng(0))
    with pytest.raises(CheckFailed) as raised:
        installed(student.Linear(3, 2), weights)
    assert "`weight` has shape (2, 3), expected (3, 2)" in raised.value.found


def test_what_is_no_module_is_told():
    student = notebook(Linear=dict)
    with pytest.raises(CheckFailed) as raised:
        installed(student.Linear(), {})
    assert raised.value.asked == "the class is an `nn.Module`"


def test_a_gradient_that_cancels_may_be_missing():
    """That of a bias before a softmax's sum is rounding, and None is as good."""
    class Cancels(torch.nn.Module):
        def __init__(self, noise):
            super().__init__()
            self.bias, self.noise = torch.nn.Parameter(torch.ones(3)), noise

        def forward(self, x):
            return x * 2 + (self.bias / 3 - self.bias * (1 / 3) * self.noise)

    one, other = notebook(m=torch.nn.Identity(), f=lambda x: x * 2).f, notebook(m=Cancels(1).double()).m
    x = torch.ones(2, 3).double()
    same_gradients(one, other, (x,), x, "x")


def test_same_goes_into_what_is_no_array():
    want = {"shape": (2, 3), "words": ["a", "b"], "tables": [np.ones(2), np.zeros((3, 1))]}
    same(want | {"shape": [2, 3]}, want, "answer")
    for wrong, said in (({**want, "words": ["a", "c"]}, "`answer['words'][1]` is 'c', expected 'b'"),
                        ({**want, "tables": [np.ones(2)]}, "`answer['tables']` is 1 values, expected 2 values"),
                        ({**want, "tables": [np.ones(2), np.ones((3, 1))]}, "`answer['tables'][1]` differs at axis 0=0"),
                        ({"shape": 1}, "`answer` is without 'words', 'tables', expected a dict"), (None, "nothing (None)")):
        with pytest.raises(CheckFailed) as raised:
            same(wrong, want, "answer")
        assert said in raised.value.found


def test_a_float32_answer_is_held_to_what_float32_can_do():
    want = np.linspace(1, 2, 7)
    same(want.astype(np.float32), want, "x", rel_error=1e-9)
    with pytest.raises(CheckFailed):
        same(want.astype(np.float16), want, "x")
