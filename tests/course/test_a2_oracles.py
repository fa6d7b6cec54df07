"""The reference of assignment 2 against independent authorities: PyTorch's own attention, autograd, explicit loops
and closed forms."""

import math
from pathlib import Path

import numpy as np
import pytest

from autograder.course import load_assignment
from autograder.course.execute import execute_reference

torch = pytest.importorskip("torch")
F = torch.nn.functional
N, T, S, d, dv = 3, 5, 7, 2, 11


@pytest.fixture(scope="module")
def reference():
    return execute_reference(load_assignment("a2_attention", Path(__file__).parents[2]))


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def tensor(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def close(got, want, tolerance=1e-12):
    got, want = (each.detach().numpy() if isinstance(each, torch.Tensor) else np.asarray(each) for each in (got, want))
    assert got.shape == want.shape
    assert np.abs(got - want).max(initial=0.0) <= tolerance * max(1.0, np.abs(want).max(initial=0.0))


def queries_keys_values(rng, grad=False):
    return [tensor(rng, *shape).requires_grad_(grad) for shape in ((N, T, d), (N, S, d), (N, S, dv))]


def some_mask(rng, *shape):
    mask = rng.random(shape) < 0.5
    mask[..., 2] = True
    return mask


def test_one_glance_is_attention_with_one_query(reference, rng):
    prev_h, A = tensor(rng, N, 13), tensor(rng, N, 13, 4, 4)
    regions = A.flatten(2).transpose(1, 2)
    want = F.scaled_dot_product_attention(prev_h[:, None], regions, regions)[:, 0]
    attn, weights = reference.dot_product_attention(prev_h.numpy(), A.numpy())
    close(attn, want)
    close(np.einsum("nij,nhij->nh", weights, A.numpy()), want)


@pytest.mark.parametrize("shape", [None, (T, S), (N, T, S), (N, 1, S)])
def test_attention_is_pytorchs(reference, rng, shape):
    q, k, v = queries_keys_values(rng)
    mask = None if shape is None else some_mask(rng, *shape)
    want = F.scaled_dot_product_attention(q, k, v, None if mask is None else torch.from_numpy(mask))
    out, weights = reference.scaled_dot_product_attention(q.numpy(), k.numpy(), v.numpy(), mask)
    close(out, want)
    close(weights.sum(axis=-1), np.ones((N, T)))
    assert mask is None or not weights[~np.broadcast_to(mask, weights.shape)].any()


@pytest.mark.parametrize("masked", [False, True])
def test_attention_backward_is_autograd(reference, rng, masked):
    q, k, v = queries_keys_values(rng, grad=True)
    mask, dout = some_mask(rng, T, S) if masked else None, tensor(rng, N, T, dv)
    out = F.scaled_dot_product_attention(q, k, v, torch.from_numpy(mask) if masked else None)
    inputs = [each.detach().numpy() for each in (q, k, v)]
    _, weights = reference.scaled_dot_product_attention(*inputs, mask)
    got = reference.scaled_dot_product_attention_backward(dout.numpy(), *inputs, weights)
    for one, other in zip(got, torch.autograd.grad(out, (q, k, v), dout)):
        close(one, other)


def test_causal_mask_is_pytorchs(reference, rng):
    x = tensor(rng, N, T, d)
    got, _ = reference.scaled_dot_product_attention(*[x.numpy()] * 3, reference.causal_mask(T))
    close(got, F.scaled_dot_product_attention(x, x, x, is_causal=True))


def test_padding_mask_is_multi_head_attentions(reference, rng):
    words = torch.tensor([[4, 1, 0, 0], [2, 3, 1, 5]])
    layer = torch.nn.MultiheadAttention(6, 1, bias=False, batch_first=True).double()
    x = tensor(rng, 2, 4, 6)
    want, _ = layer(x, x, x, key_padding_mask=words == 0)
    Wq, Wk, Wv = (matrix.detach().numpy().T for matrix in layer.in_proj_weight.chunk(3))
    mask = reference.padding_mask(words.numpy())
    out, _ = reference.self_attention(x.numpy(), Wq, Wk, Wv, mask)
    close(out @ layer.out_proj.weight.detach().numpy().T, want)
    cross, _ = reference.cross_attention(x.numpy(), x.numpy(), Wq, Wk, Wv, mask)
    close(cross, out)


def test_additive_attention_in_loops(reference, rng):
    q, k, v, W_q, W_k, w_v = (rng.normal(size=s) for s in ((N, T, 2), (N, S, 3), (N, S, dv), (2, 13), (3, 13), (13,)))
    out, weights = reference.additive_attention(q, k, v, W_q, W_k, w_v)
    for n in range(N):
        for t in range(T):
            e = [math.exp(sum(w_v[a] * math.tanh(q[n, t] @ W_q[:, a] + k[n, s] @ W_k[:, a]) for a in range(13)))
                 for s in range(S)]
            close(weights[n, t], np.array(e) / sum(e))
            close(out[n, t], sum(e[s] * v[n, s] for s in range(S)) / sum(e))


def test_visual_tokens_are_attention_without_scale(reference, rng):
    X, W_A = tensor(rng, N, S, d), tensor(rng, d, 5)
    want = F.scaled_dot_product_attention(W_A.T.expand(N, -1, -1), X, X, scale=1.0)
    close(reference.visual_tokens(X.numpy(), W_A.numpy()), want)


def test_self_attention_is_equivariant_and_a_causal_one_is_not(reference, rng):
    x, order = rng.normal(size=(N, T, d)), np.array([3, 0, 4, 1, 2])
    weights = rng.normal(size=(3, d, d))
    plain = lambda x: reference.self_attention(x, *weights)[0]  # noqa: E731
    causal = lambda x: reference.self_attention(x, *weights, reference.causal_mask(T))[0]  # noqa: E731
    assert reference.equivariance_error(plain, x, order) < 1e-12
    assert reference.equivariance_error(causal, x, order) > 1e-3
    assert reference.equivariance_error(lambda x: x.cumsum(axis=1), np.array([[[1.0], [2.0]]]), np.array([1, 0])) == 2


def test_one_hot_is_embedding(reference, rng):
    words, W = torch.from_numpy(rng.integers(7, size=(N, T))), tensor(rng, 7, d)
    one_hot, vectors = reference.one_hot_embedding(words, W)
    close(one_hot, F.one_hot(words, 7))
    close(vectors, F.embedding(words, W))


def test_sinusoidal_positions_entry_by_entry(reference):
    pe = reference.PositionalEncoding(8, max_len=12).pe
    want = [[(math.sin if j % 2 == 0 else math.cos)(t * 10000 ** (-(j - j % 2) / 8)) for j in range(8)]
            for t in range(12)]
    close(pe[0], want, 2e-6)
    assert [name for name, _ in reference.PositionalEncoding(8).named_buffers()] == ["pe"]
    assert not list(reference.PositionalEncoding(8).parameters())


def test_a_shift_is_a_rotation(reference):
    pe = reference.PositionalEncoding(8, max_len=50).pe[0].double()
    for k in (0, 1, 7, -5):
        M = reference.shift_matrix(k, 8)
        close(M.T @ M, np.eye(8))
        close(torch.linalg.det(M), 1.0)
        close(pe[10:30] @ M, pe[10 + k:30 + k], 1e-5)
    close(reference.shift_matrix(3, 8) @ reference.shift_matrix(4, 8), reference.shift_matrix(7, 8))


def test_learned_positions_are_a_parameter(reference, rng):
    layer, x = reference.LearnedPositionalEncoding(d, max_len=13).double(), tensor(rng, N, T, d)
    close(layer(x), x + layer.table.weight[:T])
    assert [tuple(p.shape) for p in layer.parameters()] == [(13, d)]


@pytest.mark.parametrize("K", [1, 3, 9])
def test_relative_scores_in_loops(reference, rng, K):
    q, k, table = tensor(rng, N, T, d), tensor(rng, N, T, d), tensor(rng, 2 * K + 1, d)
    got = reference.shaw_scores(q, k, table)
    for i in range(T):
        for j in range(T):
            row = table[min(max(j - i, -K), K) + K]
            close(got[:, i, j], (q[:, i] * (k[:, j] + row)).sum(-1) / math.sqrt(d))


@pytest.mark.parametrize("buckets, max_distance", [(32, 128), (32, 100), (20, 31)])
def test_buckets_begin_where_the_logarithm_says(reference, buckets, max_distance):
    """Bucket near + m begins at the distance near * (max_distance / near) ** (m / far buckets)."""
    rel = -torch.arange(300)[None]
    for bidirectional, each in ((True, buckets // 2), (False, buckets)):
        near = each // 2
        begins = [*range(near), *(near * (max_distance / near) ** (m / (each - near)) for m in range(each - near))]
        want = np.searchsorted(np.array(begins) - 1e-9, -rel.numpy(), side="right") - 1
        got = reference.relative_position_bucket(rel, bidirectional, buckets, max_distance)
        assert got.dtype == torch.long
        close(got, want)
        later = reference.relative_position_bucket(-rel, bidirectional, buckets, max_distance)
        close(later[:, 1:], got[:, 1:] + each if bidirectional else 0 * got[:, 1:])


def test_hard_attention_draws_by_its_probabilities(reference, rng):
    scores = tensor(rng, 1, S).expand(200_000, S)
    idx, logp = reference.hard_attention_sample(scores, torch.Generator().manual_seed(0))
    close(torch.bincount(idx, minlength=S) / 200_000, scores[0].softmax(0), 6e-3)
    close(logp, torch.distributions.Categorical(logits=scores).log_prob(idx))


def test_reinforce_estimates_the_gradient_of_the_expected_reward(reference, rng):
    scores, rewards = tensor(rng, S).requires_grad_(), tensor(rng, S) + 3
    exact, = torch.autograd.grad((scores.softmax(0) * rewards).sum(), scores)
    for baseline in (0.0, 2.5):
        mean, variance = reference.reinforce_moments(scores.detach(), rewards, baseline)
        close(mean, exact)
        estimates = [torch.autograd.grad(-reference.reinforce_loss(scores.log_softmax(0)[a:a + 1], rewards[a:a + 1],
                                                                   baseline), scores)[0] for a in range(S)]
        p = scores.softmax(0).detach()
        close(sum(p[a] * g for a, g in enumerate(estimates)), exact)
        close(variance, sum(p[a] * (g - exact).square().sum() for a, g in enumerate(estimates)))


def test_a_baseline_helps_against_shifted_rewards(reference, rng):
    scores, rewards = tensor(rng, S), tensor(rng, S)
    variance = lambda shift, baseline: reference.reinforce_moments(scores, rewards + shift, baseline)[1]  # noqa: E731
    assert variance(10, 10.0) < variance(10, 0.0) / 20
    close(variance(10, 10.0), variance(0, 0.0))


def test_reinforce_from_draws(reference, rng):
    scores, rewards = tensor(rng, 4).requires_grad_(), tensor(rng, 4)
    exact, = torch.autograd.grad((scores.softmax(0) * rewards).sum(), scores)
    idx, logp = reference.hard_attention_sample(scores.expand(200_000, 4), torch.Generator().manual_seed(1))
    estimate, = torch.autograd.grad(-reference.reinforce_loss(logp, rewards[idx]), scores)
    close(estimate, exact, 0.02)


WORDS = {word: number for number, word in enumerate(["<NULL>", "<START>", "<END>", "a", "red", "cross", "circle"])}


@pytest.fixture
def captioner(reference):
    torch.manual_seed(3)
    return reference.CaptioningAttention(WORDS, input_dim=5, wordvec_dim=3, hidden_dim=13, attention_dim=2).double()


def test_captioner_composed_of_its_parts(reference, captioner, rng):
    """One picture and one word at a time, with the additive attention of section 4 and an LSTM written out."""
    features, captions = tensor(rng, N, S, 5), torch.tensor([[1, 3, 4, 6], [1, 3, 4, 5], [1, 5, 2, 0]])
    got, got_weights = captioner(features, captions)
    p = {name: value.detach() for name, value in captioner.named_parameters()}
    for n in range(N):
        regions = (features[n] @ p["project.weight"].T + p["project.bias"]).clamp(min=0)
        h = torch.tanh(p["start.weight"] @ regions.mean(0) + p["start.bias"])
        c = torch.zeros(13, dtype=torch.float64)
        for t in range(4):
            context, weights = reference.additive_attention(
                h[None, None].numpy(), regions[None].numpy(), regions[None].numpy(), p["query.weight"].T.numpy(),
                p["key.weight"].T.numpy(), p["score.weight"][0].numpy())
            context = torch.from_numpy(context[0, 0])
            a = (p["cell.weight_ih"] @ torch.cat([p["embed.weight"][captions[n, t]], context]) + p["cell.bias_ih"]
                 + p["cell.weight_hh"] @ h + p["cell.bias_hh"])
            i, f, g, o = a.chunk(4)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            close(got[n, t], p["vocab.weight"] @ torch.cat([h, context]) + p["vocab.bias"])
            close(got_weights[n, t], weights[0, 0])


def test_captioner_ignores_the_order_of_regions(captioner, rng):
    features, captions = tensor(rng, N, S, 5), torch.tensor([[1, 3, 4]] * N)
    order = torch.tensor([4, 2, 6, 0, 1, 5, 3])
    (scores, weights), (again, moved) = captioner(features, captions), captioner(features[:, order], captions)
    close(again, scores)
    close(moved, weights[..., order])


def test_speaking_is_choosing_the_best_word_of_the_teacher(captioner, rng):
    features = tensor(rng, 11, S, 5)
    captions, weights = captioner.sample(features, max_length=6)
    shown = torch.cat([torch.full((11, 1), 1), captions[:, :-1]], dim=1)
    scores, looks = captioner(features, shown)
    ended = (captions == 2).cumsum(1) - (captions == 2).long() > 0
    assert (captions[ended] == 0).all()
    assert (captions == scores.argmax(2))[~ended].all()
    close(weights[~ended], looks[~ended])


def test_captioner_learns_a_picture_by_heart(captioner, rng):
    features, captions = tensor(rng, 2, S, 5), torch.tensor([[1, 3, 4, 6, 2], [1, 3, 5, 2, 0]])
    optimizer = torch.optim.Adam(captioner.parameters(), 0.05)
    for _ in range(60):
        scores, _ = captioner(features, captions[:, :-1])
        loss = F.cross_entropy(scores.flatten(0, 1), captions[:, 1:].flatten(), ignore_index=0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert captioner.sample(features, 4)[0].tolist() == captions[:, 1:].tolist()
