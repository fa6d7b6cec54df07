"""Assignment 3's reference against authorities written elsewhere: PyTorch's own layers, differences, closed forms."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from autograder.course import load_assignment
from autograder.course.execute import execute_reference

N, S, T, E, H = 2, 5, 7, 21, 3


@pytest.fixture(scope="module")
def a3():
    return SimpleNamespace(**vars(execute_reference(load_assignment("a3_multi_head_attention"))))


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(3)


def normal(rng, *shape):
    return torch.randn(*shape, generator=rng, dtype=torch.float64)


def close(got, want, tolerance=1e-12):
    torch.testing.assert_close(got, want, rtol=tolerance, atol=tolerance)


def layers(a3, rng, num_heads=H, dropout=0.0):
    """The reference and nn.MultiheadAttention with the same random weights, in float64."""
    ours = a3.MultiHeadAttention(E, num_heads, dropout=dropout).double()
    theirs = nn.MultiheadAttention(E, num_heads, dropout=dropout, batch_first=True).double()
    with torch.no_grad():
        for weight in ours.parameters():
            weight.copy_(normal(rng, *weight.shape))
        parts = (ours.query, ours.key, ours.value)
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
    theirs.out_proj.load_state_dict(ours.proj.state_dict())
    return ours, theirs


def test_heads_are_slices(a3, rng):
    x = normal(rng, N, T, E)
    heads = a3.split_heads(x, H)
    for h in range(H):
        close(heads[:, h], x[:, :, h * E // H : (h + 1) * E // H])
    close(a3.merge_heads(heads), x)


@pytest.mark.parametrize("num_heads", [1, 3, 7, 21])
@pytest.mark.parametrize("masked", [False, True])
def test_layer_is_nn_multihead_attention(a3, rng, num_heads, masked):
    ours, theirs = layers(a3, rng, num_heads)
    inputs = [normal(rng, N, length, E).requires_grad_() for length in (S, T, T)]
    mask = torch.rand(S, T, generator=rng) < 0.5
    mask[:, 2] = True
    out = ours(*inputs, attn_mask=mask if masked else None)
    want, weights = theirs(*inputs, attn_mask=~mask if masked else None, average_attn_weights=False)
    close(out, want, 1e-10)
    close(ours.attention, weights, 1e-10)
    cotangent = normal(rng, N, S, E)
    slopes, wanted = (torch.autograd.grad(one, inputs, cotangent) for one in (out, want))
    for got, expected in zip(slopes, wanted):
        close(got, expected, 1e-9)


def test_masks_of_numbers_are_masks(a3, rng):
    ours, _ = layers(a3, rng)
    x, mask = normal(rng, N, T, E), a3.causal_mask(T)
    want = ours(x, x, x, attn_mask=mask)
    for other in (mask.float(), mask.long(), 5 * mask.double()):
        close(ours(x, x, x, attn_mask=other), want)


def test_causal_self_attention_is_is_causal(a3, rng):
    ours, _ = layers(a3, rng)
    x = normal(rng, N, T, E)
    q, k, v = (part(x).unflatten(2, (H, -1)).transpose(1, 2) for part in (ours.query, ours.key, ours.value))
    want = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
    close(a3.self_attention(ours, x, causal=True), ours.proj(want))
    jacobian = torch.autograd.functional.jacobian(lambda x: a3.self_attention(ours, x, causal=True), x)
    reaches = jacobian.abs().amax(dim=(0, 2, 3, 5)) > 0                      # (T, T): does output s depend on word t?
    assert torch.equal(reaches, torch.ones(T, T).tril() > 0)


def test_cross_attention_is_nn_multihead_attention(a3, rng):
    ours, theirs = layers(a3, rng)
    x, memory = normal(rng, N, S, E), normal(rng, N, T, E)
    close(a3.cross_attention(ours, x, memory), theirs(x, memory, memory)[0], 1e-10)
    close(a3.cross_attention(ours, x, x), a3.self_attention(ours, x))


def test_dropout_has_the_moments_of_bernoulli(a3, rng):
    """Mean and variance of the output over many draws, for values that are known: sum_t a_t^2 v_t^2 p / (1 - p)."""
    ours, p = a3.MultiHeadAttention(2, 1, dropout=0.25).double(), 0.25
    with torch.no_grad():
        for weight in ours.parameters():
            weight.copy_(torch.eye(2) if weight.dim() == 2 else torch.zeros(2))
    torch.manual_seed(0)
    x = normal(rng, 1, T, 2)
    ours.eval()
    mean = ours(x[:, :1], x, x)[0, 0]
    variance = (ours.attention[0, 0, 0, :, None] ** 2 * x[0] ** 2).sum(dim=0) * p / (1 - p)
    ours.train()
    draws = ours(x[:, :1].expand(-1, 40_000, -1), x, x)[0]                    # (draws, E): each query draws anew
    error = (variance / len(draws)).sqrt()
    assert ((draws.mean(dim=0) - mean).abs() < 5 * error).all()
    close(draws.var(dim=0), variance, 0.05)


def test_attention_grad_is_autograd_and_a_closed_form(a3, rng):
    ours, theirs = layers(a3, rng)
    x, cotangent = normal(rng, N, T, E), normal(rng, N, T, E)
    got = a3.attention_grad(ours, x, lambda out: (out**2 * cotangent).sum())
    weights = theirs(x, x, x, average_attn_weights=False)[1].detach().requires_grad_()       # a leaf of its own
    values = ours.value(x).unflatten(2, (H, -1))                                             # (N, T, H, d)
    out = theirs.out_proj(torch.einsum("nhst,nthd->nshd", weights, values).flatten(2))
    close(got, torch.autograd.grad((out**2 * cotangent).sum(), weights)[0], 1e-9)
    # a linear loss, sum(out * g): dL/dA[n, h, s, t] = (g[n, s] W_o)_h . v[n, t, h]
    got = a3.attention_grad(ours, x, lambda out: (out * cotangent).sum())
    back = (cotangent @ ours.proj.weight).unflatten(2, (H, -1))
    close(got, torch.einsum("nshd,nthd->nhst", back, values), 1e-10)


def test_importance_is_finite_differences(a3, rng):
    ours, _ = layers(a3, rng)
    x, target = normal(rng, 11, T, E), normal(rng, 11, T, E)
    d = E // H

    def losses(gates):
        """(11,): with the gates on the heads' outputs themselves, by hand."""
        q, k, v = (part(x).unflatten(2, (H, d)).transpose(1, 2) for part in (ours.query, ours.key, ours.value))
        found = (q @ k.transpose(2, 3) / math.sqrt(d)).softmax(dim=3) @ v * gates.double()[:, None, None]
        return ((ours.proj(found.transpose(1, 2).flatten(2)) - target) ** 2).mean(dim=(1, 2))

    step, ones = 1e-5, torch.ones(H, dtype=torch.float64)
    unit = step * torch.eye(H, dtype=torch.float64)
    slopes = [(losses(ones + unit[h]) - losses(ones - unit[h])) / (2 * step) for h in range(H)]
    got = a3.head_importance(losses, H).double()
    np.testing.assert_allclose(got.detach(), [slope.abs().mean().item() for slope in slopes], rtol=1e-5)


@pytest.mark.parametrize("keep", [[1], [0, 2], [6, 1, 4], [0, 1, 2, 3, 4, 5, 6]])
def test_pruned_layer_is_the_layer_with_zeroed_heads(a3, rng, keep):
    """The pruned weights in F.scaled_dot_product_attention, against the whole layer with columns of proj set to 0."""
    ours, _ = layers(a3, rng, num_heads=7)
    x, d = normal(rng, N, T, E), E // 7
    pruned = a3.prune_heads(ours.state_dict(), keep, 7)
    projected = (F.linear(x, pruned[f"{name}.weight"], pruned[f"{name}.bias"]) for name in ("query", "key", "value"))
    q, k, v = (one.unflatten(2, (len(keep), d)).transpose(1, 2) for one in projected)
    found = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    got = F.linear(found, pruned["proj.weight"], pruned["proj.bias"])
    with torch.no_grad():
        for h in set(range(7)) - set(keep):
            ours.proj.weight[:, h * d : (h + 1) * d] = 0
    close(got, ours(x, x, x), 1e-10)


@pytest.mark.parametrize("size", [(5, 21, 3), (64, 12, 4), (3, 8, 1)])
def test_cost_is_what_pytorch_counts(a3, size):
    """PyTorch's counter counts a multiplication and an addition for each product."""
    words, width, heads = size
    layer, x = a3.MultiHeadAttention(width, heads), torch.randn(1, words, width)
    with FlopCounterMode(display=False) as counter:
        layer(x, x, x)
    assert a3.attention_cost(words, width, heads) == (counter.get_total_flops() // 2, layer.attention.numel())
