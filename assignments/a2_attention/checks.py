"""What must be true of assignment 2.

Letters: N batch, T target (queries), S source (keys), R regions, D width, d width of a query, dv of a value, H hidden,
A inside additive attention, E embedding, V vocabulary, W word vector.
"""

import numpy as np
import torch

from autograder.examine import gradient, part, points, reached, require, returns, same

part("dot_product_attention",
     forbids=["torch.nn.functional.scaled_dot_product_attention", "torch.nn.MultiheadAttention"])
part("scaled_dot_product_attention",
     forbids=["torch.nn.functional.scaled_dot_product_attention", "torch.nn.MultiheadAttention"])
part("scaled_dot_product_attention_backward", builds_on=["scaled_dot_product_attention"], forbids=["torch"])
part("masks")
part("additive_attention")
part("visual_tokens")
part("attention_layers", builds_on=["scaled_dot_product_attention"],
     forbids=["torch.nn.functional.scaled_dot_product_attention", "torch.nn.MultiheadAttention"])
part("equivariance_error")
part("one_hot_embedding")
part("positional_encoding")
part("shift_matrix")
part("learned_encoding")
part("shaw_scores")
part("relative_position_bucket")
part("hard_attention_sample")
part("reinforce_loss")
part("reinforce_moments")
part("captioning_attention",
     forbids=["torch.nn.functional.scaled_dot_product_attention", "torch.nn.MultiheadAttention"])
part("captioning_attention_sample", waits_for=["captioning_attention"],
     forbids=["torch.nn.functional.scaled_dot_product_attention", "torch.nn.MultiheadAttention"])


def random_tensor(rng, *shape):
    """Normal numbers in float64."""
    return torch.from_numpy(rng.normal(size=shape))


def array(value):
    """An answer as an array, whether it is one, a tensor or a list."""
    return value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)


# ---- one glance at a grid --------------------------------------------------------------------------------

def glance(owner, prev_h, A):
    return returns(owner.dot_product_attention(prev_h, A), "attn", "attn_weights")


@points("dot_product_attention", 1)
def test_glance_by_hand(student):
    """the worked example: one region that is worth a look among 15 empty ones"""
    prev_h, A = np.array([[2 * np.log(3), 0.0, 0.0, 0.0]]), np.zeros((1, 4, 4, 4))
    A[0, 0, 0, 2] = 1.0
    attn, weights = glance(student, prev_h, A)
    want = np.full((1, 4, 4), 1 / 18)
    want[0, 0, 2] = 1 / 6
    same(weights, want, "attn_weights", axes="N row column")
    same(attn, [[1 / 6, 0, 0, 0]], "attn", axes="N H")


@points("dot_product_attention", 2)
def test_glance_value(student, reference, rng):
    """context and weights equal the reference on a random batch"""
    prev_h, A = rng.normal(size=(3, 7)), rng.normal(size=(3, 7, 4, 4))
    (attn, weights), (want, want_weights) = glance(student, prev_h, A), glance(reference, prev_h, A)
    same(weights, want_weights, "attn_weights", axes="N row column")
    same(attn, want, "attn", axes="N H")


# ---- scaled dot-product attention ------------------------------------------------------------------------

def attention_inputs(rng, N, T, S, d, dv):
    """q (N, T, d), k (N, S, d), v (N, S, dv)."""
    return [rng.normal(size=shape) for shape in ((N, T, d), (N, S, d), (N, S, dv))]


def random_mask(rng, *shape):
    """About half of the keys are allowed: for each query at least one is, and at least one is not."""
    mask = rng.random(shape) < 0.5
    sure = rng.integers(shape[-1], size=(*shape[:-1], 1))
    np.put_along_axis(mask, sure, True, axis=-1)
    np.put_along_axis(mask, (sure + 1) % shape[-1], False, axis=-1)
    return mask


def same_attention(got, want):
    """Weights first: a wrong output mostly comes from wrong weights."""
    out, weights = returns(got, "out", "weights")
    same(weights, want[1], "weights", axes="N T S")
    same(out, want[0], "out", axes="N T dv")


@points("scaled_dot_product_attention", 1)
def test_attention_by_hand(student):
    """the worked example: one query, two keys, without a mask and with one"""
    q, k = np.array([[[2.0, 0, 0, 0]]]), np.array([[[np.log(3), 0, 0, 0], [0.0, 0, 0, 0]]])
    v = np.array([[[4.0], [8.0]]])
    same_attention(student.scaled_dot_product_attention(q, k, v), ([[[5.0]]], [[[0.75, 0.25]]]))
    mask = np.array([[False, True]])
    same_attention(student.scaled_dot_product_attention(q, k, v, mask), ([[[8.0]]], [[[0.0, 1.0]]]))


@points("scaled_dot_product_attention", 1)
def test_attention_value(student, reference, rng):
    """output and weights equal the reference on a random batch"""
    inputs = attention_inputs(rng, N=3, T=5, S=7, d=2, dv=11)
    same_attention(student.scaled_dot_product_attention(*inputs), reference.scaled_dot_product_attention(*inputs))


@points("scaled_dot_product_attention", 1)
def test_attention_value_with_a_mask(student, reference, rng):
    """with a mask for the whole batch, `(T, S)`, output and weights equal the reference"""
    inputs = [*attention_inputs(rng, N=2, T=5, S=7, d=3, dv=11), random_mask(rng, 5, 7)]
    same_attention(student.scaled_dot_product_attention(*inputs), reference.scaled_dot_product_attention(*inputs))


GRADIENT_AXES = {"dq": "N T d", "dk": "N S d", "dv": "N S dv"}


def numeric_attention(student, rng, name):
    """One of the three gradients against differences of the student's own forward pass."""
    inputs, dout = attention_inputs(rng, N=2, T=3, S=5, d=7, dv=11), rng.normal(size=(2, 3, 11))
    place = ("dq", "dk", "dv").index(name)
    _, weights = returns(student.scaled_dot_product_attention(*inputs), "out", "weights")
    got = returns(student.scaled_dot_product_attention_backward(dout, *inputs, weights), "dq", "dk", "dv")
    gradient(lambda x: student.scaled_dot_product_attention(*inputs[:place], x, *inputs[place + 1:])[0],
             inputs[place], dout, got[place], name, axes=GRADIENT_AXES[name])


def same_attention_gradients(student, reference, dout, inputs, mask=None):
    """All three gradients equal the reference's, for the reference's weights."""
    _, weights = reference.scaled_dot_product_attention(*inputs, mask)
    want = reference.scaled_dot_product_attention_backward(dout, *inputs, weights)
    got = student.scaled_dot_product_attention_backward(dout, *inputs, weights)
    for name, one, other in zip(GRADIENT_AXES, returns(got, "dq", "dk", "dv"), want):
        same(one, other, name, axes=GRADIENT_AXES[name])


@points("scaled_dot_product_attention_backward", 1)
def test_attention_backward_by_hand(student):
    """the worked example: one query, two keys"""
    q, k = np.array([[[2.0, 0, 0, 0]]]), np.array([[[np.log(3), 0, 0, 0], [0.0, 0, 0, 0]]])
    v, weights = np.array([[[4.0], [8.0]]]), np.array([[[0.75, 0.25]]])
    got = student.scaled_dot_product_attention_backward(np.ones((1, 1, 1)), q, k, v, weights)
    dq, dk, dv = returns(got, "dq", "dk", "dv")
    same(dv, [[[0.75], [0.25]]], "dv", axes="N S dv")
    same(dq, [[[-0.375 * np.log(3), 0, 0, 0]]], "dq", axes="N T d")
    same(dk, [[[-0.75, 0, 0, 0], [0.75, 0, 0, 0]]], "dk", axes="N S d")


@points("scaled_dot_product_attention_backward", 1)
def test_attention_gradient_of_values(student, rng):
    """`dv` is the gradient of your forward pass"""
    numeric_attention(student, rng, "dv")


@points("scaled_dot_product_attention_backward", 1)
def test_attention_gradient_of_queries(student, rng):
    """`dq` is the gradient of your forward pass"""
    numeric_attention(student, rng, "dq")


@points("scaled_dot_product_attention_backward", 1)
def test_attention_gradient_of_keys(student, rng):
    """`dk` is the gradient of your forward pass"""
    numeric_attention(student, rng, "dk")


# ---- masks -----------------------------------------------------------------------------------------------

def as_mask(value, *shape):
    """A mask as whole numbers, whether it came as booleans, numbers or a tensor; broadcast to `shape` if it can be."""
    value = array(returns(value, "the mask")).astype(int)
    fits = value.ndim == len(shape) and all(have in (1, want) for have, want in zip(value.shape, shape))
    return np.broadcast_to(value, shape) if fits else value


@points("masks", 1)
def test_causal_mask_by_hand(student):
    """the worked example: a sentence of three words, each of which sees itself and what came before"""
    same(as_mask(student.causal_mask(3), 3, 3), [[1, 0, 0], [1, 1, 0], [1, 1, 1]], "mask", axes="query key")


@points("masks", 1)
def test_padding_mask_by_hand(student):
    """the worked example, `7 5 0`, a longer sentence beside it, and another number for `<NULL>`"""
    mask = as_mask(student.padding_mask(np.array([[7, 5, 0], [3, 1, 4]])), 2, 3, 3)
    same(mask, np.repeat([[[1, 1, 0]], [[1, 1, 1]]], 3, axis=1), "mask", axes="N query key")
    mask = as_mask(student.padding_mask(np.array([[5, 0, 4], [6, 3, 9]]), null=4), 2, 3, 3)
    same(mask, np.repeat([[[1, 1, 0]], [[1, 1, 1]]], 3, axis=1), "mask, where `<NULL>` is 4", axes="N query key")


# ---- other ways to ask -----------------------------------------------------------------------------------

def additive_inputs(rng, N, T, S, dq, dk, dv, A):
    """q (N, T, dq), k (N, S, dk), v (N, S, dv), W_q (dq, A), W_k (dk, A), w_v (A)."""
    return [rng.normal(size=shape) for shape in ((N, T, dq), (N, S, dk), (N, S, dv), (dq, A), (dk, A), (A,))]


@points("additive_attention", 1)
def test_additive_by_hand(student):
    """the worked example: everything of width 1"""
    q, k, v = np.array([[[0.5]]]), np.array([[[0.5], [-0.5]]]), np.array([[[1.0], [0.0]]])
    weight = 1 / (1 + np.exp(-np.tanh(1.0)))
    got = student.additive_attention(q, k, v, np.ones((1, 1)), np.ones((1, 1)), np.ones(1))
    same_attention(got, ([[[weight]]], [[[weight, 1 - weight]]]))


@points("additive_attention", 2)
def test_additive_value(student, reference, rng):
    """output and weights equal the reference on a random batch"""
    inputs = additive_inputs(rng, N=2, T=3, S=5, dq=7, dk=11, dv=13, A=17)
    same_attention(student.additive_attention(*inputs), reference.additive_attention(*inputs))


@points("visual_tokens", 1)
def test_visual_tokens_value(student, reference, rng):
    """the tokens equal the reference on a random batch"""
    X, W_A = rng.normal(size=(2, 7, 5)), rng.normal(size=(5, 3))
    same(returns(student.visual_tokens(X, W_A), "tokens"), reference.visual_tokens(X, W_A), "tokens", axes="N L C")


# ---- layers ----------------------------------------------------------------------------------------------

def layer_inputs(rng, N, T, S, D, M, d, dv):
    """x (N, T, D), memory (N, S, M), Wq (D, d), Wk (M, d), Wv (M, dv)."""
    return [rng.normal(size=shape) for shape in ((N, T, D), (N, S, M), (D, d), (M, d), (M, dv))]


@points("attention_layers", 1)
def test_cross_attention_value(student, reference, rng):
    """`cross_attention` equals the reference on a random batch"""
    inputs = layer_inputs(rng, N=2, T=3, S=5, D=7, M=7, d=11, dv=13)
    same_attention(student.cross_attention(*inputs), reference.cross_attention(*inputs))


@points("attention_layers", 1)
def test_self_attention_value(student, reference, rng):
    """`self_attention` equals the reference on a random batch, without a mask and with one"""
    x, _, *weights = layer_inputs(rng, N=2, T=5, S=1, D=3, M=3, d=7, dv=11)
    for mask in (None, np.tril(np.ones((5, 5), dtype=bool))):
        same_attention(student.self_attention(x, *weights, mask), reference.self_attention(x, *weights, mask))


@points("attention_layers", 1)
def test_self_attention_by_hand(student):
    """the worked example, two vectors at a right angle: everything moves towards what it resembles"""
    a = np.sqrt(np.log(3))
    x = np.array([[[a, 0], [0, a]]])
    got = student.self_attention(x, 2**0.5 * np.eye(2), np.eye(2), np.eye(2))    # sqrt(d) undone by the queries
    same_attention(got, ([[[0.75 * a, 0.25 * a], [0.25 * a, 0.75 * a]]], [[[0.75, 0.25], [0.25, 0.75]]]))


SETS = "lambda x: x ** 2 - x.mean(axis=1, keepdims=True)"        # equivariant
SEQUENCES = "lambda x: np.cumsum(x, axis=1)"                     # not


def measured(owner, source, x, order):
    return returns(owner.equivariance_error(owner.evaluate(source), x, order), "the error")


@points("equivariance_error", 1)
def test_equivariance_of_a_set_function(student, rng):
    """a layer that treats all places alike has the error 0"""
    x, order = rng.normal(size=(2, 7, 3)), np.array([3, 0, 6, 1, 5, 2, 4])
    error = measured(student, SETS, x, order)
    same(np.round(np.abs(error), 10), 0.0, "the error")


@points("equivariance_error", 1)
def test_equivariance_of_running_sums(student, reference, rng):
    """a layer that adds up from left to right has the error that it has"""
    x, order = rng.normal(size=(2, 7, 3)), np.array([3, 0, 6, 1, 5, 2, 4])
    same(measured(student, SEQUENCES, x, order), measured(reference, SEQUENCES, x, order), "the error")


# ---- where am I ------------------------------------------------------------------------------------------

def same_one_hot(student, words, W):
    """The one-hot vectors, and the rows of W: what `nn.Embedding` would look up."""
    one_hot, vectors = returns(student.one_hot_embedding(words, W), "one_hot", "vectors")
    same(one_hot, np.eye(len(W))[words], "one_hot", axes="N T V")
    same(vectors, np.asarray(W)[words], "vectors", axes="N T E")


@points("one_hot_embedding", 1)
def test_one_hot_value(student, rng):
    """one-hot vectors, and the rows of W that they pick"""
    same_one_hot(student, torch.tensor([[3, 0, 4, 0, 1], [2, 2, 4, 1, 3]]), random_tensor(rng, 7, 3))


def encoder(student, **options):
    return student.PositionalEncoding(**options).eval()


@points("positional_encoding", 1)
def test_positions_by_hand(student):
    """the worked example: two clock hands, E = 4; the positions are what comes out where zeros go in"""
    pe = returns(encoder(student, embed_dim=4)(torch.zeros(1, 5000, 4)), "the output")
    same(np.shape(pe), (1, 5000, 4), "the shape of the output for 5000 words")
    same(pe[:, :2], [[[0, 1, 0, 1], [np.sin(1), np.cos(1), np.sin(0.01), np.cos(0.01)]]], "pe", axes="1 place E",
         rel_error=1e-5)


@points("positional_encoding", 1)
def test_positions_value(student, reference):
    """the positions, which are what comes out where zeros go in, equal the reference for a larger width"""
    pe, want = (encoder(owner, embed_dim=14, max_len=11)(torch.zeros(1, 11, 14)) for owner in (student, reference))
    same(returns(pe, "the output"), want, "pe", axes="1 place E", rel_error=1e-5)


@points("positional_encoding", 1)
def test_positions_are_added(student, reference, rng):
    """in evaluation mode the positions are added to the words, from place 0 on"""
    x = random_tensor(rng, 3, 5, 8)
    got, want = (encoder(owner, embed_dim=8, max_len=17)(x) for owner in (student, reference))
    same(got, want, "the output", axes="N T E", rel_error=1e-5)


@points("positional_encoding", 0.5)
def test_positions_are_dropped_in_training(student, reference, rng):
    """in training mode the sum of words and positions goes through dropout"""
    x = random_tensor(rng, 7, 31, 26) + 9
    want = array(encoder(reference, embed_dim=26, max_len=61)(x))
    got = array(student.PositionalEncoding(26, 0.4, 61).train()(x))
    zero = got == 0
    same(np.round(zero.mean(), 1), 0.4, "the share of zeros, with a dropout of 0.4")
    require(np.abs(got * 0.6 - want * ~zero).max() < 1e-3, "what survives is the sum of word and position, over 0.6",
            "they are other numbers")


def clocks(E, places):
    """Sinusoidal positions in float64, (places, E)."""
    angles = np.asarray(places)[:, None] * 10000.0 ** (-np.arange(0, E, 2) / E)
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(len(angles), E)


@points("shift_matrix", 1)
def test_shift_by_hand(student):
    """the worked example, E = 2, for three places ahead"""
    M = returns(student.shift_matrix(3, 2), "M")
    same(M, [[np.cos(3), -np.sin(3)], [np.sin(3), np.cos(3)]], "M", axes="E E", rel_error=1e-5)


@points("shift_matrix", 1)
def test_shift_value(student, reference):
    """the matrix equals the reference for a larger width"""
    same(returns(student.shift_matrix(5, 14), "M"), reference.shift_matrix(5, 14), "M", axes="E E", rel_error=1e-5)


FILL = "lambda module, value: [p.data.copy_(value.reshape(p.shape)) for p in module.parameters()]"


def learned(student, table):
    """The student's module in float64, with that table (max_len, E)."""
    max_len, E = table.shape
    module = student.LearnedPositionalEncoding(E, max_len).double()
    student.evaluate(FILL)(module, table)
    return module


@points("learned_encoding", 1)
def test_learned_positions_learn(student, rng):
    """the gradient reaches the rows that were used, from every sentence, and no other"""
    table, x, dout = random_tensor(rng, 7, 3), random_tensor(rng, 5, 4, 3), random_tensor(rng, 5, 4, 3)
    out, _, gradients = student.vjp(learned(student, table), (x,), dout)
    same(out, x + table[:4], "the output", axes="N T E")
    want = torch.zeros(7, 3, dtype=torch.float64)
    want[:4] = dout.sum(0)
    got, = gradients.values()
    same(array(reached(got, "the table")).squeeze(), want, "the gradient of the table", axes="place E")


# ---- how far is it ---------------------------------------------------------------------------------------

def shaw_inputs(rng, N, T, d, K):
    """q and k (N, T, d), table (2K+1, d)."""
    return [random_tensor(rng, *shape) for shape in ((N, T, d), (N, T, d), (2 * K + 1, d))]


@points("shaw_scores", 1)
def test_shaw_by_hand(student):
    """the worked example: which row of the table goes to which query and key, K = 1"""
    table = torch.tensor([[5.0], [7.0], [11.0]], dtype=torch.float64)
    got = student.shaw_scores(torch.ones(1, 3, 1).double(), torch.zeros(1, 3, 1).double(), table)
    same(returns(got, "scores"), [[[7, 11, 11], [5, 7, 11], [5, 5, 7.0]]], "scores", axes="N query key")


@points("shaw_scores", 1)
def test_shaw_value(student, reference, rng):
    """the scores equal the reference on a random batch"""
    inputs = shaw_inputs(rng, N=3, T=7, d=5, K=2)
    same(returns(student.shaw_scores(*inputs), "scores"), reference.shaw_scores(*inputs), "scores", axes="N query key")


def same_buckets(student, reference, rel, *options):
    got = returns(student.relative_position_bucket(rel, *options), "the buckets")
    kind = array(got).dtype
    require(kind.kind in "iu", "buckets are integers, since they pick rows of a table", f"they are {kind} numbers")
    same(got, reference.relative_position_bucket(rel, *options), "the buckets", axes="T S")


def distances(T, S, start=0):
    """rel (T, S): places of S keys minus places of T queries, which begin at `start`."""
    return torch.arange(S)[None, :] - torch.arange(start, start + T)[:, None]


@points("relative_position_bucket", 1)
def test_buckets_by_hand(student):
    """the worked example: eight buckets, keys before the query"""
    rel = torch.tensor([[0, -1, -3, -10, -33, -500, 2]])
    got = returns(student.relative_position_bucket(rel, False, 8, 32), "the buckets")
    same(got, [[0, 1, 3, 5, 7, 7, 0]], "the buckets", axes="T S")


@points("relative_position_bucket", 1)
def test_buckets_value(student, reference):
    """the buckets of both sides equal the reference, with 32 buckets as in T5"""
    rel = distances(2, 290, 143)
    on_an_edge = (rel.abs() == 16) | (rel.abs() == 32) | (rel.abs() == 64)     # where rounding decides
    same_buckets(student, reference, rel.masked_fill(on_an_edge, 5))


# ---- hard attention --------------------------------------------------------------------------------------

LOGP_AND_IDX = "lambda f, scores, generator: torch.stack([each.double() for each in f(scores, generator)[::-1]])"


def seeded(student, seed):
    return student.evaluate(f"torch.Generator().manual_seed({seed})")


def drawn(student, scores, seed):
    """idx as an array of integers, and logp."""
    got = student.hard_attention_sample(scores, seeded(student, seed))
    idx, logp = returns(got, "idx", "logp")
    idx = array(idx)
    require(idx.shape == (len(scores),) and idx.dtype.kind in "iu", "idx holds one integer for each picture",
            f"its shape is {idx.shape}, its numbers are {idx.dtype}")
    require(((idx >= 0) & (idx < scores.shape[1])).all(), "each number of a region is one of 0 to R-1",
            f"they reach from {idx.min()} to {idx.max()}")
    return idx, logp


@points("hard_attention_sample", 1)
def test_sample_log_probability(student, rng):
    """logp is the logarithm of the softmax at the region that was drawn"""
    scores = random_tensor(rng, 53, 7)
    idx, logp = drawn(student, scores, 1)
    same(logp, np.asarray(scores.log_softmax(1))[np.arange(53), idx], "logp", axes="N")


@points("hard_attention_sample", 1)
def test_sample_frequencies(student):
    """regions are drawn as often as their probability says"""
    p = torch.tensor([0.5, 0.05, 0.3, 0.15], dtype=torch.float64)
    idx, _ = drawn(student, (p.log() - 2).expand(4000, 4), 2)
    same(np.bincount(idx, minlength=4) / 4000, p, "the share of each region", axes="R", rel_error=0.12)


def reinforce_slopes(student, logp, reward, baseline):
    """The loss, its gradient with respect to logp, and what flows into the reward (nothing should)."""
    loss, slopes, _ = student.vjp(student.reinforce_loss, (logp, reward, baseline), 1.0)
    return loss, reached(slopes[0], "logp"), slopes[1]


@points("reinforce_loss", 1)
def test_reinforce_by_hand(student):
    """the worked example: two draws, and a baseline of 2"""
    logp, reward = torch.tensor([-1.0, -2.0]).double(), torch.tensor([3.0, 1.0]).double()
    loss, slope, _ = reinforce_slopes(student, logp, reward, 2.0)
    same(loss, -0.5, "the loss")
    same(slope, [-0.5, 0.5], "the gradient of logp", axes="N")


@points("reinforce_loss", 1)
def test_reinforce_without_baseline(student, rng):
    """without a baseline the loss is minus the mean of reward times log-probability"""
    logp, reward = -random_tensor(rng, 7).abs(), random_tensor(rng, 7) + 2
    same(returns(student.reinforce_loss(logp, reward), "the loss"), -(reward * logp).sum() / 7, "the loss")


@points("reinforce_loss", 1)
def test_reinforce_rewards_are_numbers(student, rng):
    """no gradient flows into the rewards"""
    logp, reward = -random_tensor(rng, 5).abs(), random_tensor(rng, 5)
    _, slope, leak = reinforce_slopes(student, logp, reward, 0.5)
    same(slope, (0.5 - reward) / 5, "the gradient of logp", axes="N")
    same(np.zeros(5) if leak is None else leak, np.zeros(5), "the gradient of the rewards", axes="N")


def same_moments(student, want, *inputs):
    mean, variance = returns(student.reinforce_moments(*inputs), "mean", "variance")
    same(mean, want[0], "mean", axes="R")
    same(variance, want[1], "variance")


@points("reinforce_moments", 1)
def test_moments_by_hand(student):
    """the worked example: two regions, without a baseline and with one"""
    scores, rewards = torch.zeros(2).double(), torch.tensor([2.0, 0.0]).double()
    same_moments(student, ([0.5, -0.5], 0.5), scores, rewards)
    mean, variance = returns(student.reinforce_moments(scores, rewards, 1.0), "mean", "variance")
    same(mean, [0.5, -0.5], "mean", axes="R")
    same(np.round(float(variance), 12), 0.0, "variance")


@points("reinforce_moments", 1)
def test_moments_value(student, reference, rng):
    """mean and variance equal the reference, with a baseline"""
    inputs = random_tensor(rng, 7), random_tensor(rng, 7) + 3, 2.5
    same_moments(student, reference.reinforce_moments(*inputs), *inputs)


# ---- the captioner ---------------------------------------------------------------------------------------

WORDS = {"a": 0, "<END>": 1, "red": 2, "<NULL>": 3, "circle": 4, "cross": 5, "<START>": 6}
SIZES = {"input_dim": 5, "wordvec_dim": 3, "hidden_dim": 11, "attention_dim": 13}


def captioner_weights(rng, input_dim, wordvec_dim, hidden_dim, attention_dim):
    """Random weights for every layer of the captioner, by name."""
    D, W, H, A, V = input_dim, wordvec_dim, hidden_dim, attention_dim, len(WORDS)
    shapes = {"project.weight": (H, D), "project.bias": (H,), "start.weight": (H, H), "start.bias": (H,),
              "embed.weight": (V, W), "query.weight": (A, H), "key.weight": (A, H), "score.weight": (1, A),
              "cell.weight_ih": (4 * H, W + H), "cell.weight_hh": (4 * H, H), "cell.bias_ih": (4 * H,),
              "cell.bias_hh": (4 * H,), "vocab.weight": (V, 2 * H), "vocab.bias": (V,)}
    return {name: 0.7 * random_tensor(rng, *shape) for name, shape in shapes.items()}


def captioner(owner, weights, **sizes):
    """The notebook's captioner in float64, with these weights."""
    model = owner.CaptioningAttention(WORDS, **(sizes or SIZES)).double().eval()
    model.load_state_dict(weights)
    return model


def both(student, reference, rng):
    """The two captioners with the same weights, and features (N, R, D)."""
    weights, features = captioner_weights(rng, **SIZES), random_tensor(rng, 3, 7, 5)
    return captioner(student, weights), captioner(reference, weights), features


def some_captions(rng, N, T):
    """Word numbers (N, T) that begin with <START>."""
    captions = rng.integers(6, size=(N, T))
    captions[:, 0] = WORDS["<START>"]
    return torch.from_numpy(captions)


@points("captioning_attention", 1)
def test_look_value(student, reference, rng):
    """`look`: context and weights equal the reference"""
    mine, theirs, _ = both(student, reference, rng)
    inputs = random_tensor(rng, 3, 11), random_tensor(rng, 3, 7, 11), random_tensor(rng, 3, 7, 13)
    (context, weights), want = returns(mine.look(*inputs), "context", "weights"), theirs.look(*inputs)
    same(weights, want[1], "weights", axes="N R")
    same(context, want[0], "context", axes="N H")


@points("captioning_attention", 1.5)
def test_step_value(student, reference, rng):
    """`step`: scores, memory, cell and weights equal the reference"""
    mine, theirs, features = both(student, reference, rng)
    regions, keys, h, c = theirs.begin(features)
    inputs = torch.tensor([4, 6, 0]), h, c + 0.5 * h, regions, keys
    got, want = returns(mine.step(*inputs), "scores", "h", "c", "weights"), theirs.step(*inputs)
    for name, axes, place in (("weights", "N R", 3), ("c", "N H", 2), ("h", "N H", 1), ("scores", "N V", 0)):
        same(got[place], want[place], name, axes=axes)


@points("captioning_attention", 1.5)
def test_captioner_value(student, reference, rng):
    """`forward`: scores and weights equal the reference on a random batch"""
    mine, theirs, features = both(student, reference, rng)
    captions = some_captions(rng, N=3, T=5)
    got, want = returns(mine(features, captions), "scores", "weights"), theirs(features, captions)
    same(got[0], want[0], "scores", axes="N T V")
    same(got[1], want[1], "weights", axes="N T R")


GRADIENTS = ("lambda m, f, c, d: dict(zip(dict(m.named_parameters()), torch.autograd.grad("
             "(m(f, c)[0] * d).sum(), list(m.parameters()), allow_unused=True)))")


@points("captioning_attention", 1.5)
def test_captioner_gradients(student, reference, rng):
    """the gradient reaches every weight, also those that decide where to look"""
    mine, theirs, features = both(student, reference, rng)
    captions, dscores = some_captions(rng, N=3, T=4), random_tensor(rng, 3, 4, 7)
    got, want = (owner.evaluate(GRADIENTS)(model, features, captions, dscores)
                 for owner, model in ((student, mine), (reference, theirs)))
    for name in want:
        same(reached(got[name], name), want[name], f"the gradient of {name}")


def spoken(owner, weights, features, max_length):
    """(captions, weights) of a captioner; captions as an array."""
    captions, looks = returns(captioner(owner, weights).sample(features, max_length), "captions", "weights")
    return array(captions), looks


def talkative(rng, end=0.0):
    """Weights with which sentences vary; `end` is added to the score of <END>."""
    weights = captioner_weights(rng, **SIZES)
    weights["embed.weight"] *= 3
    weights["vocab.weight"] *= 3
    weights["vocab.bias"][WORDS["<END>"]] += end
    return weights


@points("captioning_attention_sample", 1)
def test_sample_value(student, reference, rng):
    """words and weights equal the reference while nobody says `<END>`"""
    weights, features = talkative(rng, end=-99.0), random_tensor(rng, 3, 7, 5)
    (captions, looks), want = (spoken(owner, weights, features, 11) for owner in (student, reference))
    same(captions, want[0], "captions", axes="N T")
    same(looks, want[1], "weights", axes="N T R")


@points("captioning_attention_sample", 1)
def test_sample_ends(student, reference, rng):
    """after `<END>` there is only `<NULL>`, for each picture by itself"""
    weights, features = talkative(rng, end=4.0), random_tensor(rng, 13, 7, 5)
    (captions, _), (want, _) = (spoken(owner, weights, features, 5) for owner in (student, reference))
    same(captions, want, "captions", axes="N T")
