"""Wrong answers to assignment 2 that people really give, and other right ones.

A mistake's docstring is the hint that it earns, shown only to an answer with the same wrong numbers.
It names the cause and where to look, never the code.
"""

import math

import numpy as np
import reference
import torch
import torch.nn.functional as F
from torch import nn

from autograder.examine import also_correct, replaces

softmax = reference.softmax

EQUIVALENT = {
    "equivariance_error: float(np.abs(shuffled_first - shuffled_after).max()) -> "
    "np.abs(shuffled_first - shuffled_after).max()": "a NumPy number is a number",
    "equivariance_error: shuffled_first - shuffled_after -> shuffled_after - shuffled_first":
    "inside an absolute value",
    "shift_matrix: torch.zeros(embed_dim, embed_dim, dtype=torch.float64) -> torch.zeros(embed_dim, embed_dim)":
    "float32 is precise enough",
    "causal_mask: np.arange(T)[None, :] -> np.arange(T)": "the last axis is where broadcasting puts it",
    "shaw_scores: place[None, :] -> place": "the last axis is where broadcasting puts it",
    "shaw_scores: k.transpose(1, 2) -> k.transpose(2, 1)": "the order of two axes that change places",
    "relative_position_bucket: distance < near -> distance <= near": "the far buckets begin with `near`, too",
    "relative_position_bucket: 1 -> 2 (#2)": "only keeps the logarithm of a near distance, which is not used, finite",
    "relative_position_bucket: 1 -> 0 (#2)": "the logarithm of zero belongs to a near distance, and is not used",
    "hard_attention_sample: torch.multinomial(logp.exp().detach(), 1, generator=generator) -> "
    "torch.multinomial(logp.exp().detach(), 1)": "any source of random numbers will do",
    "reinforce_moments: p @ ((estimates - mean) ** 2).sum(dim=1) -> ((estimates - mean) ** 2).sum(dim=1) @ p":
    "a dot product of two vectors",
    "reinforce_moments: 0 -> -1": "there is only one axis",
    "reinforce_moments: estimates - mean -> mean - estimates": "a square follows",
}

# ---- one glance at a grid --------------------------------------------------------------------------------


def glance(prev_h, A, regions=None, scale=None, normalise=softmax):
    """One glance with other regions (N, H, R), another scale, or something else than a softmax."""
    N, H, rows, columns = A.shape
    regions = A.reshape(N, H, -1) if regions is None else regions
    weights = normalise(prev_h[:, None] @ regions * (H**-0.5 if scale is None else scale))
    return (regions * weights).sum(axis=2), weights.reshape(N, rows, columns)


@replaces("dot_product_attention")
def glance_without_scale(prev_h, A):
    """The scores are too large: the scale is missing."""
    return glance(prev_h, A, scale=1.0)


@replaces("dot_product_attention")
def glance_scaled_by_the_number_of_regions(prev_h, A):
    """The scale comes from the number of regions. What is the length of the sum inside the dot product?"""
    return glance(prev_h, A, scale=1 / 4)


@replaces("dot_product_attention")
def glance_scaled_by_the_width(prev_h, A):
    """The scores are divided by the width itself. Look at the formula again: something is missing around it."""
    return glance(prev_h, A, scale=1 / A.shape[1])


@replaces("dot_product_attention")
def glance_mixes_features_and_places(prev_h, A):
    """The grid was reshaped so that numbers of different regions end up in one vector. `reshape` never changes the
    order in memory: to move the axis of the H numbers, it has to be moved, not renamed."""
    return glance(prev_h, A, regions=A.reshape(len(A), -1, A.shape[1]).transpose(0, 2, 1))


@replaces("dot_product_attention")
def glance_softmax_over_the_batch(prev_h, A):
    """The softmax runs over the pictures of the batch. The weights of *one* picture should sum to 1, over its
    regions."""
    return glance(prev_h, A, normalise=lambda scores: softmax(scores, axis=0))


@replaces("dot_product_attention")
def glance_softmax_in_each_row(prev_h, A):
    """The softmax runs over each row of the grid by itself. All 16 regions compete: their weights sum to 1 together."""
    return glance(prev_h, A, normalise=lambda scores: softmax(scores.reshape(-1, 1, 4, 4)).reshape(scores.shape))


@replaces("dot_product_attention")
def glance_without_softmax(prev_h, A):
    """These weights are the scores themselves. What makes them positive, with sum 1?"""
    return glance(prev_h, A, normalise=lambda scores: scores)


@replaces("dot_product_attention")
def glance_takes_a_mean(prev_h, A):
    """The context is 16 times too small. The weights sum to 1 already: what remains is a sum, not a mean."""
    attn, weights = glance(prev_h, A)
    return attn / 16, weights


@replaces("dot_product_attention")
def glance_ignores_the_weights(prev_h, A):
    """The context is the plain mean of all regions. The weights are right, but nothing was done with them."""
    return A.mean(axis=(2, 3)), glance(prev_h, A)[1]


@replaces("dot_product_attention")
def glance_swaps_rows_and_columns(prev_h, A):
    """The weights lie on the wrong side of the diagonal: rows and columns of the grid are exchanged."""
    attn, weights = glance(prev_h, A)
    return attn, weights.transpose(0, 2, 1)


@also_correct("dot_product_attention")
def glance_with_loops(prev_h, A):
    attn, weights = np.zeros_like(prev_h), np.zeros((len(A), 4, 4))
    for n in range(len(A)):
        scores = [prev_h[n] @ A[n, :, r // 4, r % 4] / A.shape[1] ** 0.5 for r in range(16)]
        e = np.exp(np.array(scores) - max(scores))
        weights[n] = (e / e.sum()).reshape(4, 4)
        for r in range(16):
            attn[n] += weights[n, r // 4, r % 4] * A[n, :, r // 4, r % 4]
    return attn, weights


@also_correct("dot_product_attention")
def glance_in_torch(prev_h, A):
    prev_h, A = torch.as_tensor(prev_h), torch.as_tensor(A)
    weights = (prev_h[:, :, None, None] * A).sum(1).div(A.shape[1] ** 0.5).view(-1, 16).softmax(1).view(-1, 4, 4)
    return torch.einsum("nhij,nij->nh", A, weights), weights


# ---- scaled dot-product attention ------------------------------------------------------------------------


def attention(q, k, v, mask=None, scale=None, axis=-1, forbidden=-np.inf, after=False):
    """Attention with another scale, softmax axis or treatment of the mask."""
    scores = q @ k.transpose(0, 2, 1) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None and not after:
        scores = np.where(mask, scores, forbidden)
    weights = softmax(scores, axis=axis)
    if mask is not None and after:
        weights = weights * mask
    return weights @ v, weights


@replaces("scaled_dot_product_attention")
def attention_without_scale(q, k, v, mask=None):
    """The scale is missing: dot products of long vectors are large numbers."""
    return attention(q, k, v, mask, scale=1.0)


@replaces("scaled_dot_product_attention")
def attention_scaled_by_the_width(q, k, v, mask=None):
    """The scores are divided by d. Question 1 (c) asks why that is too much."""
    return attention(q, k, v, mask, scale=1 / q.shape[-1])


@replaces("scaled_dot_product_attention")
def attention_scaled_by_the_values(q, k, v, mask=None):
    """The scale comes from the width of the values. Which vectors are multiplied with each other to make a score?"""
    return attention(q, k, v, mask, scale=v.shape[-1] ** -0.5)


@replaces("scaled_dot_product_attention")
def attention_scaled_by_the_keys_count(q, k, v, mask=None):
    """The scale comes from the number of keys. It should undo the growth of a dot product with the length of its
    vectors."""
    return attention(q, k, v, mask, scale=k.shape[1] ** -0.5)


@replaces("scaled_dot_product_attention")
def attention_scaled_by_the_batch(q, k, v, mask=None):
    """The scale comes from the size of the batch, the first axis. How many terms does a dot product sum up?"""
    return attention(q, k, v, mask, scale=len(q) ** -0.5)


@replaces("scaled_dot_product_attention")
def attention_turns_all_axes_round(q, k, v, mask=None):
    """`.T` turns all three axes of `k` round, the batch, too. Only its last two change places."""
    scores = q @ k.T / np.sqrt(q.shape[-1])
    weights = softmax(scores if mask is None else np.where(mask, scores, -np.inf))
    return weights @ v, weights


@replaces("scaled_dot_product_attention")
def attention_with_the_mask_as_an_index(q, k, v, mask=None):
    """The mask is used as an index. That takes booleans in the shape of the scores, (N, T, S), and yours may have fewer
    axes, or be numbers: `np.where` and products broadcast."""
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
    if mask is not None:
        scores[~mask] = -np.inf
    weights = softmax(scores)
    return weights @ v, weights


@replaces("scaled_dot_product_attention")
def attention_softmax_over_queries(q, k, v, mask=None):
    """The softmax runs over the queries. For *one* query the weights of all keys should sum to 1."""
    return attention(q, k, v, mask, axis=1)


@replaces("scaled_dot_product_attention")
def attention_multiplies_by_the_scale(q, k, v, mask=None):
    """The scores grow with the width instead of shrinking: is the scale on the right side of the fraction?"""
    return attention(q, k, v, mask, scale=q.shape[-1] ** 0.5)


@replaces("scaled_dot_product_attention")
def attention_with_the_mask_inverted(q, k, v, mask=None):
    """The mask is read the other way round: here true means that a query *may* look. PyTorch's own layers disagree
    among themselves about this."""
    return attention(q, k, v, None if mask is None else np.logical_not(mask))


@replaces("scaled_dot_product_attention")
def attention_with_the_mask_ignored(q, k, v, mask=None):
    """The mask has no effect. Was its result assigned to something?"""
    return attention(q, k, v)


@replaces("scaled_dot_product_attention")
def attention_masked_after_the_softmax(q, k, v, mask=None):
    """The forbidden weights are 0, but the others no longer sum to 1: the mask comes too late."""
    return attention(q, k, v, mask, after=True)


@replaces("scaled_dot_product_attention")
def attention_masked_by_zero_scores(q, k, v, mask=None):
    """Forbidden scores are set to zero. That is not nothing: exp(0) is 1. Which score has the weight zero?"""
    return attention(q, k, v, mask, forbidden=0.0)


@replaces("scaled_dot_product_attention")
def attention_masked_by_a_tiny_number(q, k, v, mask=None):
    """Forbidden scores are set to a number very near zero. The score that has no weight is a very negative one: look at
    the sign of the exponent."""
    return attention(q, k, v, mask, forbidden=1e-3)


@also_correct("scaled_dot_product_attention")
def attention_with_einsum(q, k, v, mask=None):
    scores = np.einsum("ntd,nsd->nts", q, k) / math.sqrt(q.shape[2])
    if mask is not None:
        scores = scores + (1 - np.asarray(mask, dtype=float)) * -1e9
    e = np.exp(scores - scores.max(-1, keepdims=True))
    weights = e / e.sum(-1, keepdims=True)
    return np.einsum("nts,nsv->ntv", weights, v), weights


@also_correct("scaled_dot_product_attention")
def attention_with_loops(q, k, v, mask=None):
    N, T, S = len(q), q.shape[1], k.shape[1]
    allowed = np.broadcast_to(True if mask is None else np.asarray(mask, dtype=bool), (N, T, S))
    out, weights = np.zeros((N, T, v.shape[2])), np.zeros((N, T, S))
    for n in range(N):
        for t in range(T):
            keys = np.flatnonzero(allowed[n, t])
            scores = np.array([q[n, t] @ k[n, s] for s in keys]) / np.sqrt(q.shape[2])
            weights[n, t, keys] = softmax(scores)
            out[n, t] = sum(weights[n, t, s] * v[n, s] for s in keys)
    return [out, weights]


@also_correct("scaled_dot_product_attention")
def attention_in_torch(q, k, v, mask=None):
    q, k, v = (torch.as_tensor(a) for a in (q, k, v))
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(torch.as_tensor(mask) == 0, float("-inf"))
    return scores.softmax(-1) @ v, scores.softmax(-1)


def attention_gradients(dout, q, k, v, weights, slope=None, scale=None):
    """The three gradients with another way back through the softmax, or another scale."""
    dweights = dout @ v.transpose(0, 2, 1)
    if slope is None:
        dscores = weights * (dweights - (weights * dweights).sum(axis=-1, keepdims=True))
    else:
        dscores = slope(weights, dweights)
    dscores = dscores * (q.shape[-1] ** -0.5 if scale is None else scale)
    return dscores @ k, dscores.transpose(0, 2, 1) @ q, weights.transpose(0, 2, 1) @ dout


@replaces("scaled_dot_product_attention_backward")
def backward_without_scale(dout, q, k, v, weights):
    """`dv` is right, `dq` and `dk` are too large by one factor: the scale of the scores stands in the way back, too."""
    return attention_gradients(dout, q, k, v, weights, scale=1.0)


@replaces("scaled_dot_product_attention_backward")
def backward_scaled_twice(dout, q, k, v, weights):
    """`dq` and `dk` are too small by one factor. The scale was applied once, to the scores: it counts once."""
    return attention_gradients(dout, q, k, v, weights, scale=1 / q.shape[-1])


@replaces("scaled_dot_product_attention_backward")
def backward_skips_the_softmax(dout, q, k, v, weights):
    """The gradient of the weights was taken for the gradient of the scores: there is a softmax between them."""
    return attention_gradients(dout, q, k, v, weights, slope=lambda w, dw: dw)


@replaces("scaled_dot_product_attention_backward")
def backward_without_the_average(dout, q, k, v, weights):
    """The way back through the softmax lacks its second half: raising one score lowers all other weights."""
    return attention_gradients(dout, q, k, v, weights, slope=lambda w, dw: w * dw)


@replaces("scaled_dot_product_attention_backward")
def backward_of_a_sigmoid(dout, q, k, v, weights):
    """`w (1 - w)` is only the diagonal of the softmax's derivative: the other scores have an effect on this weight,
    too."""
    return attention_gradients(dout, q, k, v, weights, slope=lambda w, dw: w * (1 - w) * dw)


@replaces("scaled_dot_product_attention_backward")
def backward_averages_over_queries(dout, q, k, v, weights):
    """The average inside the softmax's gradient runs over the queries. Which axis did the softmax run over?"""
    return attention_gradients(dout, q, k, v, weights,
                               slope=lambda w, dw: w * (dw - (w * dw).sum(axis=1, keepdims=True)))


@replaces("scaled_dot_product_attention_backward")
def backward_with_a_plain_mean(dout, q, k, v, weights):
    """What is subtracted in the softmax's gradient is an average *with the weights*, not the plain mean."""
    return attention_gradients(dout, q, k, v, weights,
                               slope=lambda w, dw: w * (dw - dw.mean(axis=-1, keepdims=True)))


@replaces("scaled_dot_product_attention_backward")
def backward_values_from_the_outputs(dout, q, k, v, weights):
    """`dv` does not know the weights: every value got the gradient of all queries in full."""
    dq, dk, dv = attention_gradients(dout, q, k, v, weights)
    return dq, dk, np.repeat(dout.sum(axis=1, keepdims=True), v.shape[1], axis=1)


@also_correct("scaled_dot_product_attention_backward")
def backward_with_jacobians(dout, q, k, v, weights):
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    for n in range(len(q)):
        for t in range(q.shape[1]):
            w = weights[n, t]
            jacobian = np.diag(w) - np.outer(w, w)
            dscores = jacobian @ (v[n] @ dout[n, t]) / np.sqrt(q.shape[2])
            dq[n, t] = dscores @ k[n]
            dk[n] += np.outer(dscores, q[n, t])
            dv[n] += np.outer(w, dout[n, t])
    return dq, dk, dv


@also_correct("scaled_dot_product_attention_backward")
def backward_with_einsum(dout, q, k, v, weights):
    dw = np.einsum("ntv,nsv->nts", dout, v)
    ds = weights * dw
    ds -= weights * ds.sum(-1)[..., None]
    ds /= q.shape[-1] ** 0.5
    return np.einsum("nts,nsd->ntd", ds, k), np.einsum("nts,ntd->nsd", ds, q), np.einsum("nts,ntv->nsv", weights, dout)


# ---- masks -----------------------------------------------------------------------------------------------


@replaces("causal_mask")
def causal_upside_down(T):
    """Your mask lets each word see itself and the *later* words. The past lies below the diagonal."""
    return np.triu(np.ones((T, T), dtype=bool))


@replaces("causal_mask")
def causal_without_itself(T):
    """A word does not see itself, and the first one sees nothing at all: every softmax needs at least one score."""
    return np.tril(np.ones((T, T), dtype=bool), -1)


@replaces("causal_mask")
def causal_one_too_far(T):
    """Each word sees one word of the future: exactly the one that it has to guess."""
    return np.tril(np.ones((T, T), dtype=bool), 1)


@replaces("causal_mask")
def causal_blocks_where_true(T):
    """True means *forbidden* in your mask. In this course it means: may be looked at."""
    return np.triu(np.ones((T, T), dtype=bool), 1)


@replaces("causal_mask", seen=True)
def causal_lets_all_pass(T):
    """Your mask is true everywhere: each word sees all that come after it, which it has to guess."""
    return np.ones((T, T), dtype=bool)


@replaces("causal_mask")
def causal_only_itself(T):
    """Each word sees only itself. What has been said before may be seen, too."""
    return np.eye(T, dtype=bool)


@replaces("padding_mask")
def padding_inverted(words, null=0):
    """Your mask is true where there is padding. It should be true where there is a word."""
    return (words == null)[:, None, :]


@replaces("padding_mask")
def padding_with_a_fixed_null(words, null=0):
    """Your mask looks for the number 0, whatever number `<NULL>` has."""
    return (words != 0)[:, None, :]


@replaces("padding_mask")
def padding_hides_queries(words, null=0):
    """The axis of length one is in the wrong place: padding is hidden from every query as a *key*. Which axis of
    (N, queries, keys) do the words belong to?"""
    return (words != null)[:, :, None]


@replaces("padding_mask")
def padding_without_a_query_axis(words, null=0):
    """A mask (N, S) would be read as (T, S), one for the whole batch: an axis for the queries is missing."""
    return words != null


@replaces("padding_mask")
def padding_by_order(words, null=0):
    """Your mask compares word numbers by size. A word whose number is below that of `<NULL>` is a word, too."""
    return (words > null)[:, None, :]


@also_correct("causal_mask")
def causal_of_numbers(T):
    return np.tril(np.ones((T, T)))


@also_correct("causal_mask")
def causal_in_torch(T):
    return torch.ones(T, T).tril().bool()


@also_correct("padding_mask")
def padding_for_each_query(words, null=0):
    return np.repeat((words != null).astype(float)[:, None], words.shape[1], axis=1)


@also_correct("padding_mask")
def padding_with_loops(words, null=0):
    return np.array([[[word != null for word in sentence]] for sentence in words])


# ---- other ways to ask -----------------------------------------------------------------------------------


def additive(q, k, v, W_q, W_k, w_v, squash=np.tanh, axis=-1, scale=1.0, combine=np.add):
    """Additive attention with another squashing function, softmax axis, scale or combination."""
    scores = squash(combine((q @ W_q)[:, :, None], (k @ W_k)[:, None])) @ w_v * scale
    weights = softmax(scores, axis=axis)
    return weights @ v, weights


@replaces("additive_attention")
def additive_without_tanh(q, k, v, W_q, W_k, w_v):
    """There is no tanh between the two layers. With nothing in its place the query would make no difference
    at all: it would add the same number to the scores of all keys."""
    return additive(q, k, v, W_q, W_k, w_v, squash=lambda x: x)


@replaces("additive_attention")
def additive_squashes_the_scores(q, k, v, W_q, W_k, w_v):
    """The tanh comes after `w_v`, around the scores. It belongs between the two layers, around the sum of query and
    key."""
    scores = np.tanh(((q @ W_q)[:, :, None] + (k @ W_k)[:, None]) @ w_v)
    weights = softmax(scores)
    return weights @ v, weights


@replaces("additive_attention")
def additive_with_relu(q, k, v, W_q, W_k, w_v):
    """The hidden layer uses a ReLU. The formula uses another function."""
    return additive(q, k, v, W_q, W_k, w_v, squash=lambda x: np.maximum(x, 0))


@replaces("additive_attention")
def additive_with_sigmoid(q, k, v, W_q, W_k, w_v):
    """The hidden layer uses a sigmoid. The formula uses its relative, whose values can be negative."""
    return additive(q, k, v, W_q, W_k, w_v, squash=lambda x: 1 / (1 + np.exp(-x)))


@replaces("additive_attention")
def additive_softmax_over_queries(q, k, v, W_q, W_k, w_v):
    """The softmax runs over the queries. For one query the weights of all keys should sum to 1."""
    return additive(q, k, v, W_q, W_k, w_v, axis=1)


@replaces("additive_attention")
def additive_with_a_product(q, k, v, W_q, W_k, w_v):
    """Query and key are multiplied inside the tanh. The name of this attention says what happens to them."""
    return additive(q, k, v, W_q, W_k, w_v, combine=np.multiply)


@replaces("additive_attention")
def additive_with_a_scale(q, k, v, W_q, W_k, w_v):
    """The scores are divided by a square root. That belongs to the dot product; a tanh does not grow."""
    return additive(q, k, v, W_q, W_k, w_v, scale=len(w_v) ** -0.5)


@replaces("additive_attention")
def additive_squashes_one_by_one(q, k, v, W_q, W_k, w_v):
    """Query and key go through the tanh one by one and are added afterwards. Then they cannot meet: the formula adds
    first."""
    return additive(q, k, v, W_q, W_k, w_v, squash=lambda x: x, combine=lambda a, b: np.tanh(a) + np.tanh(b))


@replaces("additive_attention")
def additive_without_the_last_layer(q, k, v, W_q, W_k, w_v):
    """The hidden numbers are added up as they are: `w_v` has no effect."""
    return additive(q, k, v, W_q, W_k, np.ones_like(w_v))


@also_correct("additive_attention")
def additive_with_loops(q, k, v, W_q, W_k, w_v):
    N, T, S = len(q), q.shape[1], k.shape[1]
    weights = np.zeros((N, T, S))
    for n in range(N):
        for t in range(T):
            weights[n, t] = softmax(np.array([w_v @ np.tanh(q[n, t] @ W_q + k[n, s] @ W_k) for s in range(S)]))
    return np.einsum("nts,nsv->ntv", weights, v), weights


@also_correct("additive_attention")
def additive_with_one_matrix(q, k, v, W_q, W_k, w_v):
    T, S = q.shape[1], k.shape[1]
    pairs = np.concatenate([np.repeat(q[:, :, None], S, 2), np.repeat(k[:, None], T, 1)], axis=-1)
    scores = np.tanh(pairs @ np.concatenate([W_q, W_k])) @ w_v[:, None]
    weights = np.exp(scores[..., 0]) / np.exp(scores[..., 0]).sum(-1, keepdims=True)
    return weights @ v, weights


@replaces("visual_tokens")
def tokens_softmax_over_tokens(X, W_A):
    """The softmax runs over the tokens. Each token should share out a total weight of 1 among the *regions*."""
    return softmax(X @ W_A, axis=2).transpose(0, 2, 1) @ X


@replaces("visual_tokens")
def tokens_without_softmax(X, W_A):
    """There is no softmax: these are sums with the scores as weights."""
    return (X @ W_A).transpose(0, 2, 1) @ X


@replaces("visual_tokens")
def tokens_with_a_scale(X, W_A):
    """The scores are scaled. The formula of these tokens has no scale."""
    return softmax(X @ W_A / np.sqrt(X.shape[2]), axis=1).transpose(0, 2, 1) @ X


@replaces("visual_tokens")
def tokens_softmax_over_the_batch(X, W_A):
    """The softmax runs over the pictures. The first axis is the batch."""
    return softmax(X @ W_A, axis=0).transpose(0, 2, 1) @ X


@replaces("visual_tokens")
def tokens_are_plain_means(X, W_A):
    """Every token is the plain mean of all regions: the learnt queries have no effect."""
    return np.repeat(X.mean(axis=1, keepdims=True), W_A.shape[1], axis=1)


@also_correct("visual_tokens")
def tokens_by_attention(X, W_A):
    queries = np.repeat(W_A.T[None] * W_A.shape[0] ** 0.5, len(X), axis=0)
    return reference.scaled_dot_product_attention(queries, X, X)[0]


@also_correct("visual_tokens")
def tokens_with_einsum(X, W_A):
    e = np.exp(np.einsum("nrc,cl->nrl", X, W_A))
    return np.einsum("nrl,nrc->nlc", e / e.sum(1, keepdims=True), X)


# ---- layers ----------------------------------------------------------------------------------------------


@replaces("cross_attention")
def cross_asks_itself(x, memory, Wq, Wk, Wv, mask=None):
    """The memory has no effect: `x` asks itself. What is asked is the memory, so keys and values are made from it."""
    return reference.scaled_dot_product_attention(x @ Wq, x @ Wk, x @ Wv, mask)


@replaces("cross_attention")
def cross_asks_from_the_memory(x, memory, Wq, Wk, Wv, mask=None):
    """The queries come from the memory. It is `x` that asks: there is one query for each of its places."""
    return reference.scaled_dot_product_attention(memory @ Wq, memory @ Wk, memory @ Wv, mask)


@replaces("cross_attention")
def cross_forgets_the_mask(x, memory, Wq, Wk, Wv, mask=None):
    """The mask has no effect: it has to be passed on, from one function to the next."""
    return reference.scaled_dot_product_attention(x @ Wq, memory @ Wk, memory @ Wv)


@replaces("cross_attention")
def cross_hands_over_the_memory(x, memory, Wq, Wk, Wv, mask=None):
    """What is handed over is the memory itself: the values lack their projection."""
    return reference.scaled_dot_product_attention(x @ Wq, memory @ Wk, memory, mask)


@replaces("cross_attention")
def cross_hands_over_the_keys(x, memory, Wq, Wk, Wv, mask=None):
    """What is handed over are the keys. Values have a projection of their own."""
    return reference.scaled_dot_product_attention(x @ Wq, memory @ Wk, memory @ Wk, mask)


@replaces("self_attention")
def self_swaps_queries_and_keys(x, Wq, Wk, Wv, mask=None):
    """Queries and keys have exchanged their matrices: the weights come out transposed, before the softmax."""
    return reference.cross_attention(x, x, Wk, Wq, Wv, mask)


@replaces("self_attention")
def self_without_keys(x, Wq, Wk, Wv, mask=None):
    """The keys use the matrix of the queries, so that `Wk` has no effect."""
    return reference.cross_attention(x, x, Wq, Wq, Wv, mask)


@replaces("self_attention")
def self_adds_its_input(x, Wq, Wk, Wv, mask=None):
    """The input is added to the output. Such a shortcut comes in a later assignment; here it is not asked for."""
    out, weights = reference.cross_attention(x, x, Wq, Wk, Wv, mask)
    return out + x if out.shape == x.shape else out, weights


@also_correct("cross_attention", "self_attention")
def layers_with_einsum():
    def cross(x, memory, Wq, Wk, Wv, mask=None):
        scores = np.einsum("ntd,da,nsm,ma->nts", x, Wq, memory, Wk, optimize=True) / np.sqrt(Wq.shape[1])
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        weights = softmax(scores)
        return weights @ memory @ Wv, weights

    return {"cross_attention": cross, "self_attention": lambda x, *rest, **more: cross(x, x, *rest, **more)}


@also_correct("self_attention")
def self_written_out(x, Wq, Wk, Wv, mask=None):
    return reference.scaled_dot_product_attention(x @ Wq, x @ Wk, x @ Wv, mask=mask)


@replaces("equivariance_error")
def error_of_invariance(layer, x, order):
    """This measures invariance: whether the output stays as it is. Equivariant means that the output is shuffled,
    too."""
    return float(np.abs(layer(x[:, order]) - layer(x)).max())


@replaces("equivariance_error")
def error_as_a_mean(layer, x, order):
    """This is the mean difference. Asked for is the largest."""
    return float(np.abs(layer(x[:, order]) - layer(x)[:, order]).mean())


@replaces("equivariance_error")
def error_with_its_sign(layer, x, order):
    """The largest difference is taken with its sign: a large negative one goes unnoticed."""
    return float((layer(x[:, order]) - layer(x)[:, order]).max())


@replaces("equivariance_error")
def error_shuffles_back(layer, x, order):
    """The output is shuffled with the inverse permutation: that undoes the order instead of applying it."""
    return float(np.abs(layer(x[:, order]) - layer(x)[:, np.argsort(order)]).max())


@replaces("equivariance_error")
def error_as_a_sum(layer, x, order):
    """This is the sum of the differences. Asked for is the largest."""
    return float(np.abs(layer(x[:, order]) - layer(x)[:, order]).sum())


@also_correct("equivariance_error")
def error_shuffling_back_the_other_side(layer, x, order):
    return np.abs(layer(x[:, order])[:, np.argsort(order)] - layer(x)).max()


@also_correct("equivariance_error")
def error_with_loops(layer, x, order):
    shuffled = np.stack([x[:, place] for place in order], axis=1)
    a, b = layer(shuffled), layer(x)
    return max(float(np.abs(a[:, t] - b[:, place]).max()) for t, place in enumerate(order))


# ---- where am I ------------------------------------------------------------------------------------------


def one_hot_of(words, W):
    return F.one_hot(words, len(W)).to(W.dtype)


@replaces("one_hot_embedding")
def one_hot_counts_from_one(words, W):
    """The ones stand one place too far left: words are counted from 0."""
    one_hot = one_hot_of(words, W).roll(-1, 2)
    return one_hot, one_hot @ W


@replaces("one_hot_embedding")
def one_hot_from_the_end(words, W):
    """The ones stand where they would if words were counted from the end of the vocabulary."""
    one_hot = one_hot_of(words, W).flip(2)
    return one_hot, one_hot @ W


@replaces("one_hot_embedding")
def one_hot_sums_the_sentence(words, W):
    """The vectors of a sentence are added up: each place of it has a vector of its own, and keeps it."""
    one_hot = one_hot_of(words, W)
    return one_hot, (one_hot @ W).sum(dim=1)


@replaces("one_hot_embedding")
def one_hot_holds_the_number(words, W):
    """The one in each vector is the number of the word. It should be a 1."""
    one_hot = one_hot_of(words, W) * words[..., None]
    return one_hot, one_hot @ W


@replaces("one_hot_embedding")
def one_hot_normalised(words, W):
    """The vectors are divided by their length. The row of W is wanted as it stands."""
    one_hot = one_hot_of(words, W)
    return one_hot, F.normalize(one_hot @ W, dim=2)


@also_correct("one_hot_embedding")
def one_hot_by_the_library(words, W):
    return one_hot_of(words, W), F.embedding(words, W)


@also_correct("one_hot_embedding")
def one_hot_by_scatter(words, W):
    one_hot = torch.zeros(*words.shape, W.shape[0], dtype=W.dtype)
    one_hot.scatter_(2, words.unsqueeze(-1), 1.0)
    return one_hot, torch.einsum("ntv,ve->nte", one_hot, W)


def encoding(speed=None, first=0, sine=torch.sin, cosine=torch.cos, halves=False):
    """A constructor of PositionalEncoding with another table. speed: from E to (E/2,)."""
    def init(self, embed_dim, dropout=0.1, max_len=5000):
        nn.Module.__init__(self)
        self.dropout = nn.Dropout(p=dropout)
        pe, t = torch.zeros(1, max_len, embed_dim), torch.arange(first, first + max_len)[:, None]
        pairs = torch.arange(0, embed_dim, 2)
        angle = t * (10000.0 ** (-pairs / embed_dim) if speed is None else speed(pairs, embed_dim))
        if halves:
            pe[0] = torch.cat([sine(angle), cosine(angle)], dim=1)
        else:
            pe[0, :, 0::2], pe[0, :, 1::2] = sine(angle), cosine(angle)
        self.register_buffer("pe", pe)

    return init


@replaces("PositionalEncoding.__init__")
def positions_with_half_the_exponent(self, embed_dim, dropout=0.1, max_len=5000):
    """The hands of the later columns turn too fast: the exponent runs over half of its range only. Is it the number of
    the pair or the number of the column that stands in it?"""
    encoding(speed=lambda pairs, E: 10000.0 ** (-pairs / 2 / E))(self, embed_dim, dropout, max_len)


@replaces("PositionalEncoding.__init__")
def positions_with_twice_the_exponent(self, embed_dim, dropout=0.1, max_len=5000):
    """The hands of the later columns turn too slowly: the exponent is doubled twice. Do your numbers of the columns go
    in steps of 2 already?"""
    encoding(speed=lambda pairs, E: 10000.0 ** (-2 * pairs / E))(self, embed_dim, dropout, max_len)


@replaces("PositionalEncoding.__init__")
def positions_with_cosines_in_one_column(self, embed_dim, dropout=0.1, max_len=5000):
    """All cosines are to go into a single column: `1:2` is a slice that ends before column 2, `1::2` is every other
    column from 1 on."""
    nn.Module.__init__(self)
    self.dropout = nn.Dropout(p=dropout)
    pe = torch.zeros(1, max_len, embed_dim)
    angle = torch.arange(max_len)[:, None] * 10000.0 ** (-torch.arange(0, embed_dim, 2) / embed_dim)
    pe[0, :, 0::2] = torch.sin(angle)
    pe[0, :, 1:2] = torch.cos(angle)
    self.register_buffer("pe", pe)


@replaces("PositionalEncoding.__init__")
def positions_with_the_wrong_sign(self, embed_dim, dropout=0.1, max_len=5000):
    """Every hand turns faster than the one before it. They should turn slower and slower: look at the sign of the
    exponent."""
    encoding(speed=lambda pairs, E: 10000.0 ** (pairs / E))(self, embed_dim, dropout, max_len)


@replaces("PositionalEncoding.__init__")
def positions_in_halves(self, embed_dim, dropout=0.1, max_len=5000):
    """All sines come first and then all cosines. Here they take turns: even columns, odd columns. For a network the
    two are equally good; but weights trained with one do not work with the other."""
    encoding(halves=True)(self, embed_dim, dropout, max_len)


@replaces("PositionalEncoding.__init__")
def positions_from_one(self, embed_dim, dropout=0.1, max_len=5000):
    """Places are counted from 1. The first row should hold the sine and cosine of 0."""
    encoding(first=1)(self, embed_dim, dropout, max_len)


@replaces("PositionalEncoding.__init__")
def positions_cosine_first(self, embed_dim, dropout=0.1, max_len=5000):
    """Sine and cosine have exchanged their columns."""
    encoding(sine=torch.cos, cosine=torch.sin)(self, embed_dim, dropout, max_len)


@replaces("PositionalEncoding.__init__")
def positions_with_a_base_of_1000(self, embed_dim, dropout=0.1, max_len=5000):
    """The slowest hand is too fast: compare the base of the power with the formula."""
    encoding(speed=lambda pairs, E: 1000.0 ** (-pairs / E))(self, embed_dim, dropout, max_len)


@replaces("PositionalEncoding.__init__")
def positions_with_different_speeds_in_a_pair(self, embed_dim, dropout=0.1, max_len=5000):
    """Sine and cosine of a pair turn at different speeds. Both columns of a pair have the exponent of the even
    one."""
    encoding()(self, embed_dim, dropout, max_len)
    odd = torch.arange(1, embed_dim, 2)
    self.pe[0, :, 1::2] = torch.cos(torch.arange(max_len)[:, None] * 10000.0 ** (-odd / embed_dim))


@replaces("PositionalEncoding.forward")
def positions_are_not_added(self, x):
    """The words come out as they went in: the positions were not added."""
    return self.dropout(x)


@replaces("PositionalEncoding.forward")
def positions_of_place_zero(self, x):
    """Every word got the position of place 0. Which axis of `pe` do the places run along?"""
    return self.dropout(x + self.pe[:, :1])


@replaces("PositionalEncoding.forward")
def positions_by_the_batch(self, x):
    """The position of a word is taken from the number of its sentence in the batch. Which axis of x is time?"""
    return self.dropout(x + self.pe[0, : x.shape[0], None])


@replaces("PositionalEncoding.forward")
def positions_in_place_of_words(self, x):
    """The positions come out without the words: they should be added to them."""
    return self.dropout(self.pe[:, : x.shape[1]].expand(x.shape))


@replaces("PositionalEncoding.forward", seen=True)
def positions_without_dropout(self, x):
    """Nothing is dropped in training mode."""
    return x + self.pe[:, : x.shape[1]]


@replaces("PositionalEncoding.forward")
def positions_scale_up_the_words(self, x):
    """The words are multiplied by the square root of the width. The paper's embedding layer does that; this module only
    adds."""
    return self.dropout(x * x.shape[2] ** 0.5 + self.pe[:, : x.shape[1]])


@also_correct("PositionalEncoding.__init__")
def positions_with_loops(self, embed_dim, dropout=0.1, max_len=5000):
    nn.Module.__init__(self)
    self.dropout = nn.Dropout(dropout)
    table = [[(math.sin, math.cos)[j % 2](i * 10000 ** (-(j - j % 2) / embed_dim)) for j in range(embed_dim)]
             for i in range(max_len)]
    self.register_buffer("pe", torch.tensor(table, dtype=torch.float64)[None])


@also_correct("PositionalEncoding.__init__")
def positions_with_logarithms(self, embed_dim, dropout=0.1, max_len=5000):
    nn.Module.__init__(self)
    self.dropout = nn.Dropout(p=dropout)
    speed = torch.exp(torch.arange(0, embed_dim, 2) * (-math.log(1e4) / embed_dim))
    angle = torch.arange(0, max_len).unsqueeze(1) * speed
    self.register_buffer("pe", torch.stack([angle.sin(), angle.cos()], dim=-1).view(1, max_len, embed_dim))


@also_correct("PositionalEncoding")
class PositionsWithoutATable(nn.Module):
    def __init__(self, embed_dim, dropout=0.1, max_len=5000):
        super().__init__()
        self.dropout, self.places = nn.Dropout(p=dropout), max_len
        self.speed = 10000.0 ** (-torch.arange(0, embed_dim, 2) / embed_dim)

    def forward(self, x):
        angle = torch.arange(x.shape[1])[:, None] * self.speed
        return self.dropout(x + torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1))


@also_correct("PositionalEncoding.forward")
def positions_added_in_place(self, x):
    x += self.pe[0, : x.size(1)]
    return self.dropout(x)


def turns(k, embed_dim, speed=None, sign=1.0):
    """Clock hands turned by k places; sign -1: the matrix transposed."""
    M = torch.zeros(embed_dim, embed_dim)
    for i in range(0, embed_dim, 2):
        angle = k * (10000.0 ** (-i / embed_dim) if speed is None else speed(i))
        cos, sin = math.cos(angle), sign * math.sin(angle)
        M[i : i + 2, i : i + 2] = torch.tensor([[cos, -sin], [sin, cos]])
    return M


@replaces("shift_matrix")
def shift_backwards(k, embed_dim):
    """This matrix goes k places back instead of ahead: is it made for rows times matrix, or for matrix times
    columns?"""
    return turns(k, embed_dim, sign=-1.0)


@replaces("shift_matrix")
def shift_with_one_speed(k, embed_dim):
    """All pairs turn at the same speed. Each pair of columns has its own."""
    return turns(k, embed_dim, speed=lambda i: 1.0)


@replaces("shift_matrix")
def shift_with_half_the_exponent(k, embed_dim):
    """The later pairs turn too far. Compare the exponent of the speed with that of the table."""
    return turns(k, embed_dim, speed=lambda i: 10000.0 ** (-i / 2 / embed_dim))


@replaces("shift_matrix")
def shift_by_one_place(k, embed_dim):
    """This matrix always moves one place ahead: `k` has no effect."""
    return turns(1, embed_dim)


@replaces("shift_matrix")
def shift_in_halves(k, embed_dim):
    """The sine and the cosine of one hand stand in neighbouring columns, so the blocks are 2 x 2, on the diagonal."""
    order = [*range(0, embed_dim, 2), *range(1, embed_dim, 2)]
    if embed_dim == 2:
        return turns(k, embed_dim)
    return turns(k, embed_dim)[order][:, order]


@replaces("shift_matrix")
def shift_is_a_reflection(k, embed_dim):
    """Both sines of each block have the same sign: that is no rotation. Write the formula of the cosine of a sum once
    more."""
    M = turns(k, embed_dim)
    for i in range(0, embed_dim, 2):
        M[i, i + 1] = M[i + 1, i]
    return M


@also_correct("shift_matrix")
def shift_by_solving(k, embed_dim):
    def hands(t):
        angle = t[:, None] * 10000.0 ** (-np.arange(0, embed_dim, 2) / embed_dim)
        return np.stack([np.sin(angle), np.cos(angle)], -1)

    M = np.zeros((embed_dim, embed_dim))
    for i in range(embed_dim // 2):
        two = np.array([0.0, 1.5 * 10000.0 ** (2 * i / embed_dim)])     # two places where this hand differs clearly
        M[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = np.linalg.solve(hands(two)[:, i], hands(two + k)[:, i])
    return M


@also_correct("shift_matrix")
def shift_by_block_diag(k, embed_dim):
    angles = k * torch.pow(torch.tensor(10000.0, dtype=torch.float64), -torch.arange(0, embed_dim, 2) / embed_dim)
    return torch.block_diag(*[torch.stack([torch.stack([a.cos(), -a.sin()]), torch.stack([a.sin(), a.cos()])])
                              for a in angles])


@replaces("LearnedPositionalEncoding.forward")
def learned_first_row_for_all(self, x):
    """Every word got row 0 of the table. Word t should get row t."""
    return x + self.table(torch.zeros(x.shape[1], dtype=torch.long))


@replaces("LearnedPositionalEncoding.forward")
def learned_from_one(self, x):
    """The rows are taken from 1 on. The first word stands at place 0."""
    return x + self.table(torch.arange(1, x.shape[1] + 1))


@replaces("LearnedPositionalEncoding.forward")
def learned_by_the_batch(self, x):
    """The row is taken by the number of the sentence in the batch. Which axis of x is time?"""
    return x + self.table(torch.arange(x.shape[0]))[:, None]


@replaces("LearnedPositionalEncoding.forward")
def learned_without_words(self, x):
    """The rows of the table come out alone: they should be added to the words."""
    return self.table(torch.arange(x.shape[1])).expand(x.shape)


@replaces("LearnedPositionalEncoding.forward", seen=True)
def learned_but_not_learning(self, x):
    """The numbers are right, but the table gets no gradient: it was detached, or its numbers were copied out."""
    return x + self.table.weight[: x.shape[1]].detach() + 0.0 * self.table.weight.sum()


@also_correct("LearnedPositionalEncoding.forward")
def learned_by_slicing(self, x):
    return self.table.weight[None, : x.size(1)] + x


@also_correct("LearnedPositionalEncoding")
class learned_as_a_parameter(nn.Module):
    def __init__(self, embed_dim, max_len=50):
        super().__init__()
        self.pe = nn.Parameter(torch.randn(1, max_len, embed_dim))

    def forward(self, x):
        return x + self.pe[:, : x.shape[1]]


# ---- how far is it ---------------------------------------------------------------------------------------


def shaw(q, k, table, sign=1, low=None, scales=(1.0, 1.0)):
    """Scores with another sign of the offset, lower bound, or scales of content and distance before 1/sqrt(d)."""
    T, d = q.shape[1:]
    K = len(table) // 2
    offset = sign * (torch.arange(T)[None] - torch.arange(T)[:, None])
    relative = table[offset.clamp(-K if low is None else low, K) + K]
    by_content, by_distance = q @ k.transpose(1, 2), torch.einsum("nid,ijd->nij", q, relative)
    return (by_content * scales[0] + by_distance * scales[1]) / math.sqrt(d)


@replaces("shaw_scores")
def shaw_with_the_offset_reversed(q, k, table):
    """Before and after are exchanged: the offset runs from the query to the key."""
    return shaw(q, k, table, sign=-1)


@replaces("shaw_scores")
def shaw_without_the_past(q, k, table):
    """All keys before the query get the row of the offset 0: negative offsets were clipped away."""
    return shaw(q, k, table, low=0)


@replaces("shaw_scores")
def shaw_scales_the_content_only(q, k, table):
    """The distance's part of the score is not scaled: the fraction bar is below both."""
    return shaw(q, k, table, scales=(1.0, math.sqrt(q.shape[2])))


@replaces("shaw_scores")
def shaw_without_scale(q, k, table):
    """The scores are not scaled: the square root of the formula is missing below both parts."""
    return shaw(q, k, table, scales=(math.sqrt(q.shape[2]),) * 2)


@replaces("shaw_scores")
def shaw_without_distance(q, k, table):
    """The query does not meet the table: these are the scores of content alone."""
    return shaw(q, k, table, scales=(1.0, 0.0))


@replaces("shaw_scores")
def shaw_compares_keys_with_the_table(q, k, table):
    """The table was multiplied with the keys. It is added to them, and so it meets the query."""
    return shaw(q, k, table, scales=(1.0, 0.0)) + shaw(k, q, table, sign=-1, scales=(0.0, 1.0)).transpose(1, 2)


@replaces("shaw_scores")
def shaw_wraps_around(q, k, table):
    """A negative number picks a row from the *end* of the table. The offset has to be moved up, so that its smallest
    value picks row 0."""
    T, K = q.shape[1], len(table) // 2
    offset = (torch.arange(T)[None] - torch.arange(T)[:, None]).clamp(-K, K)
    by_distance = torch.einsum("nid,ijd->nij", q, table[offset])
    return (q @ k.transpose(1, 2) + by_distance) / math.sqrt(q.shape[2])


@also_correct("shaw_scores")
def shaw_with_loops(q, k, table):
    T, K = q.shape[1], (len(table) - 1) // 2
    rows = [torch.stack([(q[:, i] * (k[:, j] + table[max(-K, min(K, j - i)) + K])).sum(-1) for j in range(T)], dim=1)
            for i in range(T)]
    return torch.stack(rows, dim=1) / q.shape[-1] ** 0.5


@also_correct("shaw_scores")
def shaw_adds_to_the_keys(q, k, table):
    T, K = q.size(1), table.size(0) // 2
    index = torch.clip(torch.arange(T).unsqueeze(0) - torch.arange(T).unsqueeze(1) + K, 0, 2 * K)
    keys = k[:, None] + table[index]
    return (q[:, :, None] * keys).sum(-1) * q.size(2) ** -0.5


def bucket(rel, bidirectional, num_buckets, max_distance, sign=1, absolute=False, near=None, log=torch.log, total=0.0):
    """T5's buckets with another sign, treatment of the sides, limit of `near`, or logarithm."""
    rel, side = sign * rel, 0
    if bidirectional:
        num_buckets = num_buckets // 2
        side = (rel > 0).long() * num_buckets
    distance = rel.abs() if bidirectional or absolute else (-rel).clamp(min=0)
    near = (num_buckets // 2) if near is None else near(num_buckets)
    share = log(distance.clamp(min=1) / near) / (total or log(torch.tensor(max_distance / near)))
    far = (near + (share * (num_buckets - near)).long()).clamp(max=num_buckets - 1)
    return side + torch.where(distance < near, distance, far)


@replaces("relative_position_bucket")
def bucket_with_the_sign_reversed(rel, bidirectional=True, num_buckets=32, max_distance=128):
    """Before and after are exchanged: `rel` is positive for a key *after* the query."""
    return bucket(rel, bidirectional, num_buckets, max_distance, sign=-1)


@replaces("relative_position_bucket")
def bucket_without_logarithm(rel, bidirectional=True, num_buckets=32, max_distance=128):
    """The far buckets have equal widths. They should widen: a logarithm is missing."""
    return bucket(rel, bidirectional, num_buckets, max_distance, log=lambda x: x - 1)


@replaces("relative_position_bucket")
def bucket_all_near(rel, bidirectional=True, num_buckets=32, max_distance=128):
    """Every distance has its own bucket until they are used up: the far half is missing."""
    if bidirectional:
        num_buckets = num_buckets // 2
        return (rel > 0).long() * num_buckets + rel.abs().clamp(max=num_buckets - 1)
    return (-rel).clamp(0, num_buckets - 1)


@replaces("relative_position_bucket")
def bucket_of_one_side_with_absolute_values(rel, bidirectional=True, num_buckets=32, max_distance=128):
    """If not bidirectional, keys after the query do not get a distance: all of them share bucket 0."""
    return bucket(rel, bidirectional, num_buckets, max_distance, absolute=True)


@replaces("relative_position_bucket")
def bucket_without_sides(rel, bidirectional=True, num_buckets=32, max_distance=128):
    """Both sides share their buckets, although `bidirectional` asks for them to be told apart."""
    if not bidirectional:
        return bucket(rel, False, num_buckets, max_distance)
    return bucket(-rel.abs(), False, num_buckets // 2, max_distance)


@replaces("relative_position_bucket")
def bucket_logarithm_of_the_whole_distance(rel, bidirectional=True, num_buckets=32, max_distance=128):
    """The denominator uses the logarithm of max_distance itself. Both logarithms are of distances *in units of the near
    half*, so that the last bucket begins at max_distance."""
    return bucket(rel, bidirectional, num_buckets, max_distance, total=math.log(max_distance))


@replaces("relative_position_bucket")
def bucket_does_not_halve(rel, bidirectional=True, num_buckets=32, max_distance=128):
    """Each side uses as many buckets as there are in all: if bidirectional, the number has to be halved first."""
    if not bidirectional:
        return bucket(rel, False, num_buckets, max_distance)
    return (rel > 0).long() * (num_buckets // 2) + bucket(-rel.abs(), False, num_buckets, max_distance)


@replaces("relative_position_bucket")
def bucket_rounds(rel, bidirectional=True, num_buckets=32, max_distance=128):
    """The far buckets begin half a step too early: the formula rounds down."""
    half = num_buckets // 2 if bidirectional else num_buckets
    near = half // 2
    distance = rel.abs() if bidirectional else (-rel).clamp(min=0)
    share = torch.log(distance.clamp(min=1) / near) / math.log(max_distance / near)
    far = (near + (share * (half - near)).round().long()).clamp(max=half - 1)
    return (rel > 0).long() * half * bidirectional + torch.where(distance < near, distance, far)


@also_correct("relative_position_bucket")
def bucket_with_loops(rel, bidirectional=True, num_buckets=32, max_distance=128):
    def one(r):
        total, start, distance = num_buckets, 0, max(-r, 0)
        if bidirectional:
            total, distance = total // 2, abs(r)
            start = total if r > 0 else 0
        near = total // 2
        if distance < near:
            return start + distance
        far = near + int(math.log(distance / near) / math.log(max_distance / near) * (total - near))
        return start + min(far, total - 1)

    return torch.tensor([[one(int(r)) for r in row] for row in rel])


@also_correct("relative_position_bucket")
def bucket_in_numpy(rel, bidirectional=True, num_buckets=32, max_distance=128):
    rel = np.asarray(rel)
    total = num_buckets // 2 if bidirectional else num_buckets
    distance, near = np.abs(rel) if bidirectional else np.maximum(-rel, 0), total // 2
    with np.errstate(divide="ignore"):
        far = near + np.floor(np.log(distance / near) * (total - near) / np.log(max_distance / near))
    out = np.where(distance < near, distance, np.minimum(far, total - 1)).astype(int)
    return out + (total * (rel > 0) if bidirectional else 0)


# ---- hard attention --------------------------------------------------------------------------------------


def draw(p, generator):
    return torch.multinomial(p.detach(), 1, generator=generator)[:, 0]


def at(values, idx):
    return values[torch.arange(len(idx)), idx]


@replaces("hard_attention_sample")
def sample_the_best(scores, generator=None):
    """The region with the largest score is taken every time. It should be drawn at random: each region as often as its
    probability says."""
    idx = scores.argmax(dim=1)
    return idx, at(scores.log_softmax(1), idx)


@replaces("hard_attention_sample")
def sample_uniformly(scores, generator=None):
    """All regions are drawn equally often. The scores should decide how often."""
    idx = draw(torch.ones_like(scores), generator)
    return idx, at(scores.log_softmax(1), idx)


@replaces("hard_attention_sample")
def sample_gives_probabilities(scores, generator=None):
    """logp holds probabilities, between 0 and 1. A logarithm is missing."""
    idx = draw(scores.softmax(1), generator)
    return idx, at(scores.softmax(1), idx)


@replaces("hard_attention_sample")
def sample_gives_scores(scores, generator=None):
    """logp holds the scores themselves. The logarithm of a probability is never positive, and the probabilities of one
    picture sum to 1."""
    idx = draw(scores.softmax(1), generator)
    return idx, at(scores, idx)


@replaces("hard_attention_sample")
def sample_softmax_over_the_batch(scores, generator=None):
    """The softmax runs over the pictures. The probabilities of *one* picture should sum to 1, over its regions."""
    idx = draw(scores.softmax(1), generator)
    return idx, at(scores.log_softmax(0), idx)


@replaces("hard_attention_sample")
def sample_gives_surprise(scores, generator=None):
    """logp has the wrong sign: the logarithm of a probability is never positive."""
    idx = draw(scores.softmax(1), generator)
    return idx, -at(scores.log_softmax(1), idx)


@also_correct("hard_attention_sample")
def sample_with_a_distribution(scores, generator=None):
    distribution = torch.distributions.Categorical(logits=scores)
    idx = distribution.sample()
    return idx, distribution.log_prob(idx)


@also_correct("hard_attention_sample")
def sample_with_gumbel_noise(scores, generator=None):
    noise = torch.empty_like(scores).exponential_(generator=generator).log()
    idx = (scores.detach() - noise).argmax(dim=1)
    return idx, torch.log(scores.softmax(dim=1)).gather(1, idx.unsqueeze(1)).squeeze(1)


@replaces("reinforce_loss")
def reinforce_minimises_the_reward(logp, reward, baseline=0.0):
    """The sign is wrong: descending this loss makes what was rewarded *less* likely."""
    return ((reward - baseline).detach() * logp).mean()


@replaces("reinforce_loss")
def reinforce_with_probabilities(logp, reward, baseline=0.0):
    """This loss weighs probabilities. The estimate is made of the *logarithm* of the probability: draws happen as often
    as they are probable already."""
    return -((reward - baseline).detach() * logp.exp()).mean()


@replaces("reinforce_loss")
def reinforce_multiplies_the_baseline(logp, reward, baseline=0.0):
    """The baseline is multiplied with the reward. It is subtracted: reward *above the usual*."""
    return -((reward * baseline).detach() * logp).mean()


@replaces("reinforce_loss")
def reinforce_adds_the_baseline(logp, reward, baseline=0.0):
    """The baseline is added to the reward. It should be taken away from it."""
    return -((reward + baseline).detach() * logp).mean()


@replaces("reinforce_loss")
def reinforce_ignores_the_baseline(logp, reward, baseline=0.0):
    """The baseline has no effect: the rewards count as they are, and not as far as they are above the
    usual."""
    return -(reward.detach() * logp).mean()


@replaces("reinforce_loss")
def reinforce_sums_over_the_batch(logp, reward, baseline=0.0):
    """The loss is the sum over the batch. The mean is asked for, so that its size does not depend on N."""
    return -((reward - baseline).detach() * logp).sum()


@replaces("reinforce_loss")
def reinforce_subtracts_the_baseline_outside(logp, reward, baseline=0.0):
    """The baseline is subtracted from the whole product, where it has no effect on the gradient. It belongs beside the
    reward."""
    return -(reward.detach() * logp - baseline).mean()


@replaces("reinforce_loss")
def reinforce_leaks_into_the_reward(logp, reward, baseline=0.0):
    """The loss is right, but a gradient flows into the rewards too. A reward is a number that was received, and not
    something to differentiate."""
    return -((reward - torch.as_tensor(baseline).detach()) * logp).mean()


@replaces("reinforce_loss")
def reinforce_leaks_into_the_baseline(logp, reward, baseline=0.0):
    """A gradient flows into the baseline. It is a number here, even if a network has computed it."""
    return -((reward.detach() - baseline) * logp).mean()


@also_correct("reinforce_loss")
def reinforce_with_a_dot_product(logp, reward, baseline=0.0):
    with torch.no_grad():
        advantage = reward - baseline
    return -torch.dot(advantage, logp) / len(logp)


@also_correct("reinforce_loss")
def reinforce_with_a_loop(logp, reward, baseline=0.0):
    baselines = torch.as_tensor(baseline, dtype=logp.dtype).expand(logp.shape)
    return sum((baselines[n].item() - reward[n].item()) * logp[n] for n in range(len(logp))) / len(logp)


def moments(scores, rewards, baseline, weigh=None, centre=True, root=False):
    """Mean and variance by enumeration, with other weights of the draws, or around zero."""
    p = scores.softmax(0)
    estimates = (rewards - baseline)[:, None] * (torch.eye(len(p), dtype=p.dtype) - p)
    w = p if weigh is None else weigh(p)
    mean = w @ estimates
    variance = w @ ((estimates - mean * centre) ** 2).sum(dim=1)
    return mean, variance.sqrt() if root else variance


@replaces("reinforce_moments")
def moments_of_uniform_draws(scores, rewards, baseline=0.0):
    """All draws count the same. Each counts as much as it is probable."""
    return moments(scores, rewards, baseline, weigh=lambda p: torch.full_like(p, 1 / len(p)))


@replaces("reinforce_moments")
def moments_without_probabilities(scores, rewards, baseline=0.0):
    """The estimates of all draws are added up, as if each draw happened for certain: their probabilities are
    missing."""
    return moments(scores, rewards, baseline, weigh=torch.ones_like)


@replaces("reinforce_moments")
def moments_around_zero(scores, rewards, baseline=0.0):
    """The mean is right. The variance is measured from zero: the mean was not subtracted."""
    return moments(scores, rewards, baseline, centre=False)


@replaces("reinforce_moments")
def moments_with_a_standard_deviation(scores, rewards, baseline=0.0):
    """The mean is right. The second number is the root of the variance."""
    return moments(scores, rewards, baseline, root=True)


@replaces("reinforce_moments")
def moments_without_baseline(scores, rewards, baseline=0.0):
    """The mean is right, since no baseline changes it. But the variance should know the baseline."""
    return moments(scores, rewards, 0.0)


@replaces("reinforce_moments")
def moments_with_the_sign_of_the_loss(scores, rewards, baseline=0.0):
    """The mean has the wrong sign: asked for is the gradient of the expected reward, not of the loss."""
    mean, variance = moments(scores, rewards, baseline)
    return -mean, variance


@replaces("reinforce_moments")
def moments_averaged_over_the_scores(scores, rewards, baseline=0.0):
    """The mean is right. The variance is R times too small: the squared length of a vector is a sum, not a mean."""
    mean, variance = moments(scores, rewards, baseline)
    return mean, variance / len(scores)


@also_correct("reinforce_moments")
def moments_by_autograd(scores, rewards, baseline=0.0):
    scores = scores.detach().clone().requires_grad_()
    p = scores.softmax(0).detach()
    estimates = [torch.autograd.grad((rewards[a] - baseline) * scores.log_softmax(0)[a], scores)[0]
                 for a in range(len(p))]
    mean = sum(p[a] * g for a, g in enumerate(estimates))
    return mean, sum(float(p[a]) * float(((g - mean) ** 2).sum()) for a, g in enumerate(estimates))


@also_correct("reinforce_moments")
def moments_in_closed_form(scores, rewards, baseline=0.0):
    p = scores.softmax(0)
    mean = p * (rewards - (p * rewards).sum())
    lengths = 1 - 2 * p + (p**2).sum()
    return mean, (p * (rewards - baseline) ** 2 * lengths).sum() - (mean**2).sum()


# ---- the captioner ---------------------------------------------------------------------------------------


def look(self, h, regions, keys, squash=torch.tanh, dim=1):
    weights = self.score(squash(self.query(h)[:, None] + keys))[..., 0].softmax(dim=dim)
    return (weights[..., None] * regions).sum(dim=1), weights


@replaces("CaptioningAttention.look")
def look_without_tanh(self, h, regions, keys):
    """There is no tanh in the score. Without it the memory cannot change where the network looks."""
    return look(self, h, regions, keys, squash=lambda x: x)


@replaces("CaptioningAttention.look")
def look_with_relu(self, h, regions, keys):
    """The score uses a ReLU; the formula uses another function."""
    return look(self, h, regions, keys, squash=torch.relu)


@replaces("CaptioningAttention.look")
def look_softmax_over_the_batch(self, h, regions, keys):
    """The softmax runs over the pictures. The weights of one picture should sum to 1, over its regions."""
    return look(self, h, regions, keys, dim=0)


@replaces("CaptioningAttention.look")
def look_takes_the_mean(self, h, regions, keys):
    """The context is the plain mean of the regions: the weights were not used."""
    return regions.mean(dim=1), look(self, h, regions, keys)[1]


@replaces("CaptioningAttention.look")
def look_takes_the_best_region(self, h, regions, keys):
    """The context is the single region with the largest weight. That is hard attention, and gives the scores no
    gradient; here the regions are summed with their weights."""
    weights = look(self, h, regions, keys)[1]
    return regions[torch.arange(len(regions)), weights.argmax(dim=1)], weights


@replaces("CaptioningAttention.look")
def look_with_a_scale(self, h, regions, keys):
    """The scores are divided by a square root. That belongs to the dot product."""
    scores = self.score(torch.tanh(self.query(h)[:, None] + keys))[..., 0] / keys.shape[2] ** 0.5
    weights = scores.softmax(dim=1)
    return (weights[..., None] * regions).sum(dim=1), weights


@replaces("CaptioningAttention.look")
def look_without_gradient(self, h, regions, keys):
    """The numbers are right, but no gradient reaches the layers that decide where to look: were the weights detached,
    or computed without gradients?"""
    context, weights = look(self, h, regions, keys)
    weights = weights.detach() + 0 * weights
    return (weights[..., None] * regions).sum(dim=1), weights


@replaces("CaptioningAttention.step")
def step_looks_with_the_new_memory(self, words, h, c, regions, keys):
    """The look at the end of the step was made with the new memory. Look first, with the memory from before the word;
    the same context then serves the cell and the scores."""
    first, weights = self.look(h, regions, keys)
    h, c = self.cell(torch.cat([self.embed(words), first], dim=1), (h, c))
    second, weights = self.look(h, regions, keys)
    return self.vocab(torch.cat([h, second], dim=1)), h, c, weights


@replaces("CaptioningAttention.step")
def step_with_the_context_first(self, words, h, c, regions, keys):
    """Word vector and context go into the cell in the wrong order."""
    context, weights = self.look(h, regions, keys)
    h, c = self.cell(torch.cat([context, self.embed(words)], dim=1), (h, c))
    return self.vocab(torch.cat([h, context], dim=1)), h, c, weights


@replaces("CaptioningAttention.step")
def step_with_scores_from_context_and_memory(self, words, h, c, regions, keys):
    """Memory and context go into the last layer in the wrong order."""
    context, weights = self.look(h, regions, keys)
    h, c = self.cell(torch.cat([self.embed(words), context], dim=1), (h, c))
    return self.vocab(torch.cat([context, h], dim=1)), h, c, weights


@replaces("CaptioningAttention.step")
def step_with_scores_from_the_old_memory(self, words, h, c, regions, keys):
    """The scores are made from the memory before the step, which does not know the word yet."""
    context, weights = self.look(h, regions, keys)
    scores = self.vocab(torch.cat([h, context], dim=1))
    h, c = self.cell(torch.cat([self.embed(words), context], dim=1), (h, c))
    return scores, h, c, weights


@replaces("CaptioningAttention.step")
def step_forgets_its_cell(self, words, h, c, regions, keys):
    """The LSTM starts with an empty cell at every step: c was not handed to it."""
    context, weights = self.look(h, regions, keys)
    h, c = self.cell(torch.cat([self.embed(words), context], dim=1), (h, torch.zeros_like(c)))
    return self.vocab(torch.cat([h, context], dim=1)), h, c, weights


@replaces("CaptioningAttention.step")
def step_swaps_hidden_state_and_cell(self, words, h, c, regions, keys):
    """Hidden state and cell are exchanged on their way into the LSTM: `nn.LSTMCell` takes and gives (h, c)."""
    context, weights = self.look(h, regions, keys)
    h, c = self.cell(torch.cat([self.embed(words), context], dim=1), (c, h))
    return self.vocab(torch.cat([h, context], dim=1)), h, c, weights


def teach(self, features, captions, keep=True, look_once=False, shift=0):
    regions, keys, h, c = self.begin(features)
    first = h, c
    scores, weights = [], []
    for t in range(captions.shape[1]):
        word = captions[:, min(t + shift, captions.shape[1] - 1)]
        if not keep:
            h, c = first
        if look_once:
            context, weights_t = self.look(first[0], regions, keys)
            h, c = self.cell(torch.cat([self.embed(word), context], dim=1), (h, c))
            scores_t = self.vocab(torch.cat([h, context], dim=1))
        else:
            scores_t, h, c, weights_t = self.step(word, h, c, regions, keys)
        scores.append(scores_t)
        weights.append(weights_t)
    return torch.stack(scores, dim=1), torch.stack(weights, dim=1)


@replaces("CaptioningAttention.forward")
def forward_forgets_its_memory(self, features, captions):
    """Every step starts with the first memory: h and c are not carried from step to step."""
    return teach(self, features, captions, keep=False)


@replaces("CaptioningAttention.forward")
def forward_looks_once(self, features, captions):
    """The network looks once, before the first word, and keeps that context. It may look anew at every word."""
    return teach(self, features, captions, look_once=True)


@replaces("CaptioningAttention.forward")
def forward_shows_the_next_word(self, features, captions):
    """Step t was given word t + 1: the one that it has to guess."""
    return teach(self, features, captions, shift=1)


@replaces("CaptioningAttention.forward")
def forward_stacks_on_the_first_axis(self, features, captions):
    """Time has become the first axis. The batch comes first."""
    return tuple(each.transpose(0, 1) for each in teach(self, features, captions))


@replaces("CaptioningAttention.forward")
def forward_gives_probabilities(self, features, captions):
    """These are probabilities. Asked for are the scores: the loss does the softmax by itself."""
    scores, weights = teach(self, features, captions)
    return scores.softmax(dim=2), weights


def speak(self, features, max_length, feed=True, stop=True, start_first=False, together=False, keep_end=True):
    regions, keys, h, c = self.begin(features)
    N = len(features)
    start = torch.full((N,), self._start)
    words, ended, captions, weights = start, torch.zeros(N, dtype=torch.bool), [], []
    for _ in range(max_length):
        scores, h, c, weights_t = self.step(words if feed else start, h, c, regions, keys)
        words = scores.argmax(dim=1)
        written = words.masked_fill(ended, self._null) if stop else words
        ended = ended | (words == self._end)
        if together and ended.any():
            ended = torch.ones_like(ended)
        captions.append(written if keep_end else written.masked_fill(written == self._end, self._null))
        weights.append(weights_t)
    if start_first:
        captions = [start, *captions][:max_length]
    return torch.stack(captions, dim=1), torch.stack(weights, dim=1)


@replaces("CaptioningAttention.sample")
def sample_writes_start(self, features, max_length=15):
    """Slot 0 holds `<START>`. It should hold the first word that was said."""
    with torch.no_grad():
        return speak(self, features, max_length, start_first=True)


@replaces("CaptioningAttention.sample")
def sample_feeds_start_again(self, features, max_length=15):
    """Every step was given `<START>`. The word that was just said is the next input."""
    with torch.no_grad():
        return speak(self, features, max_length, feed=False)


@replaces("CaptioningAttention.sample")
def sample_talks_on(self, features, max_length=15):
    """The network goes on talking after `<END>`. From there on, only `<NULL>` is written."""
    with torch.no_grad():
        return speak(self, features, max_length, stop=False)


@replaces("CaptioningAttention.sample")
def sample_stops_together(self, features, max_length=15):
    """As soon as one picture's sentence has ended, all fall silent. Each picture ends by itself."""
    with torch.no_grad():
        return speak(self, features, max_length, together=True)


@replaces("CaptioningAttention.sample")
def sample_swallows_end(self, features, max_length=15):
    """`<END>` was not written down. It is a word that was said; only what follows it is `<NULL>`."""
    with torch.no_grad():
        return speak(self, features, max_length, keep_end=False)


@replaces("CaptioningAttention.sample")
def sample_says_the_worst(self, features, max_length=15):
    """The word with the *lowest* score was said."""
    with torch.no_grad():
        before = self.vocab.weight.clone(), self.vocab.bias.clone()
        self.vocab.weight.neg_()
        self.vocab.bias.neg_()
        said = speak(self, features, max_length)
        self.vocab.weight.copy_(before[0])
        self.vocab.bias.copy_(before[1])
        return said


@also_correct("CaptioningAttention.look")
def look_with_einsum(self, h, regions, keys):
    scores = torch.einsum("nra,a->nr", torch.tanh(keys + self.query(h).unsqueeze(1)), self.score.weight[0])
    weights = F.softmax(scores, dim=-1)
    return torch.bmm(weights.unsqueeze(1), regions).squeeze(1), weights


@also_correct("CaptioningAttention.step")
def step_with_its_own_lstm(self, words, h, c, regions, keys):
    context, weights = self.look(h, regions, keys)
    x = torch.cat((self.embed(words), context), -1)
    a = (x @ self.cell.weight_ih.T + self.cell.bias_ih) + (h @ self.cell.weight_hh.T + self.cell.bias_hh)
    i, f, g, o = a.chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    return self.vocab(torch.hstack([h, context])), h, c, weights


@also_correct("CaptioningAttention.forward")
def forward_filling_arrays(self, features, captions):
    N, T = captions.shape
    regions, keys, h, c = self.begin(features)
    scores = features.new_zeros(N, T, self.vocab.out_features)
    weights = features.new_zeros(N, T, features.shape[1])
    for t, words in enumerate(captions.T):
        scores[:, t], h, c, weights[:, t] = self.step(words, h, c, regions, keys)
    return scores, weights


@also_correct("CaptioningAttention.sample")
def sample_one_picture_at_a_time(self, features, max_length=15):
    captions = np.full((len(features), max_length), self._null, dtype=np.int32)
    weights = torch.zeros(len(features), max_length, features.shape[1], dtype=features.dtype)
    with torch.no_grad():
        for n in range(len(features)):
            regions, keys, h, c = self.begin(features[n : n + 1])
            word = self._start
            for t in range(max_length):
                scores, h, c, look_t = self.step(torch.tensor([word]), h, c, regions, keys)
                word = captions[n, t] = int(scores.argmax())
                weights[n, t] = look_t[0]
                if word == self._end:
                    break
    return captions, weights
