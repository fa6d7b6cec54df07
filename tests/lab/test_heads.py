"""What the notebooks see of attention heads: pictures, time and memory."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from autograder.lab.heads import kept_for_backward, seconds, show_heads


@pytest.fixture(autouse=True)
def no_open_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("heads", [1, 4, 5])
def test_one_picture_for_each_head(heads, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    show_heads(torch.rand(heads, 3, 7, requires_grad=True), title="maps", queries=["a", "b", "c"])
    *pictures, scale = plt.gcf().axes
    assert [axes.images[0].get_array().shape for axes in pictures] == [(3, 7)] * heads
    assert pictures[0].get_ylabel() == "query" and pictures[-1].get_xlabel() == "key"


def test_signed_maps_share_a_scale_around_zero(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    show_heads(np.array([[[1.0, -3.0]], [[0.0, 2.0]]]), signed=True)
    assert {axes.images[0].get_clim() for axes in plt.gcf().axes[:2]} == {(-3.0, 3.0)}


def test_maps_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(H, S, T\)"):
        show_heads(np.zeros(3))


def test_bytes_kept_for_the_backward_pass():
    x = torch.rand(100, requires_grad=True)
    assert kept_for_backward(lambda: x.exp()) == 400                 # its own result
    assert kept_for_backward(lambda: x.exp() * x.exp()) == 800       # two results, kept by exp and by the product
    assert kept_for_backward(lambda: x + 1) == 0


def test_seconds_is_the_fastest_call():
    assert 0 <= seconds(lambda: None) < 0.1
