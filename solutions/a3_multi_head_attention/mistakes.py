"""Wrong answers to assignment 3 that people really give, and other right ones.

A mistake's docstring is the hint that it earns, shown only to an answer with the same wrong numbers.
It names the cause and where to look, never the code. EQUIVALENT lists small changes that no check can notice.
"""

import math

import reference
import torch
import torch.nn as nn
import torch.nn.functional as F

from autograder.examine import also_correct, replaces

EQUIVALENT = {
    "split_heads: pieces.transpose(1, 2) -> pieces.transpose(2, 1)": "the same exchange",
    "merge_heads: x.transpose(1, 2) -> x.transpose(2, 1)": "the same exchange",
    "merge_heads: together = x.transpose(1, 2) -> together = squeezed(x.transpose(1, 2))": "it is reshaped next",
    "merge_heads: together = x.transpose(1, 2) -> together = flattened(x.transpose(1, 2))": "it is reshaped next",
    "head_importance: losses = loss_fn(gates) -> losses = narrowed(loss_fn(gates))": "only slopes are asked for",
    "head_importance: importance = torch.zeros(num_heads) -> importance = squeezed(torch.zeros(num_heads))":
        "what is added to it has the right shape",
    "MultiHeadAttention.forward: k.transpose(2, 3) -> k.transpose(3, 2)": "the same exchange",
    "attention_grad: 0 -> -1": "the list holds a single gradient",
    "prune_heads: ('query', 'key', 'value') -> ('key', 'query', 'value')": "the order of a dict's names means nothing",
    "attention_cost: E // H -> E / H": "H divides E, and 1020.0 is as good as 1020",
    "attention_cost: E // H -> E / H (#2)": "H divides E, and 1020.0 is as good as 1020",
}

SOFTMAX = "what a mask takes away is shared out along the axis of the softmax: along another one, no mask works"
WORDS = "a place of a head is no word any more, so that no mask can hide one"
ELSEWHERE = {
    "always_causal: attention_masks": "it hides what a mask lets one see, whatever the mask",
    "always_causal: attention_dropout": "a weight that it hides looks like one that was dropped",
    "softmax_over_queries: attention_masks": SOFTMAX,
    "softmax_over_heads: attention_masks": SOFTMAX,
    "softmax_over_the_batch: attention_masks": SOFTMAX,
    "no_softmax: attention_masks": SOFTMAX,
    "no_softmax: attention_dropout": "keys that are looked at alike have the weight 0: there is nothing to drop",
    "heads_cut_by_view: attention_masks": WORDS,
    "heads_cut_by_view: attention_dropout": "a dropped weight takes pieces of several words along",
    "heads_glued_by_reshape: attention_masks": WORDS,
    "one_big_head: attention_dropout": "two heads that are one cannot draw apart",
    "values_are_the_keys: attention_masks": "one check asks where the gradients of the values go",
    "weights_without_gradient: attention_masks": "one check asks where the gradients of the keys go",
}

# ---- cut into heads, and glue together -------------------------------------------------------------------


def cut_by_view(x, num_heads):
    """(N, H, T, d) by reading the numbers with other line breaks: the trap of this assignment."""
    N, T, E = x.shape
    return x.reshape(N, num_heads, T, E // num_heads)


def cut_interleaved(x, num_heads):
    """Head h gets the numbers h, H + h, 2H + h, ..."""
    N, T, E = x.shape
    return x.reshape(N, T, E // num_heads, num_heads).permute(0, 3, 1, 2)


def glue_by_reshape(x):
    """(N, T, E) by reading the numbers with other line breaks."""
    N, H, T, d = x.shape
    return x.reshape(N, T, H * d)


def glue_interleaved(x):
    """The first number of each head, then the second of each, ..."""
    return x.permute(0, 2, 3, 1).flatten(2)


@replaces("split_heads")
def split_by_view(x, num_heads):
    """The shape is right, but a head holds pieces of the wrong words: `view` and `reshape` only read the same
    row of numbers with other line breaks. The axis of the heads has to change places with the axis of the
    words."""
    return cut_by_view(x, num_heads)


@replaces("split_heads")
def split_without_exchange(x, num_heads):
    """The vectors are cut, but the axes are in the order N, T, H, d. Which two have to change places?"""
    N, T, E = x.shape
    return x.reshape(N, T, num_heads, E // num_heads)


@replaces("split_heads")
def split_interleaved(x, num_heads):
    """Each head got every H-th number. A head is a run of d neighbours: when the last axis is split in two,
    the heads come first."""
    return cut_interleaved(x, num_heads)


@replaces("split_heads")
def split_heads_and_width_exchanged(x, num_heads):
    """The number of heads and their width have changed roles: `num_heads` is how many pieces there are, not
    how wide they are."""
    N, T, E = x.shape
    return x.reshape(N, T, E // num_heads, num_heads).transpose(1, 2)


@replaces("split_heads")
def split_last_axes_exchanged(x, num_heads):
    """The axes are in the order N, H, d, T. One exchange too many, or the wrong pair?"""
    N, T, E = x.shape
    return x.reshape(N, T, num_heads, E // num_heads).permute(0, 2, 3, 1)


@replaces("split_heads")
def split_with_heads_in_front(x, num_heads):
    """The axis of the heads stands before the batch. It belongs behind it: N, H, T, d."""
    return torch.stack(x.chunk(num_heads, dim=2))


@also_correct("split_heads")
def split_by_stacking(x, num_heads):
    return torch.stack(x.chunk(num_heads, dim=-1), dim=1)


@also_correct("split_heads")
def split_with_permute(x, num_heads):
    return x.view(x.size(0), x.size(1), num_heads, -1).permute(0, 2, 1, 3).contiguous()


@also_correct("split_heads")
def split_with_loops(x, num_heads):
    N, T, E = x.shape
    d = E // num_heads
    heads = torch.zeros(N, num_heads, T, d, dtype=x.dtype)
    for h in range(num_heads):
        for t in range(T):
            heads[:, h, t, :] = x[:, t, h * d : (h + 1) * d]
    return heads


@replaces("merge_heads")
def merge_by_reshape(x):
    """The shape is right, but pieces of different words have been glued together: `view` and `reshape` only
    read the same row of numbers with other line breaks. What has to happen first?"""
    return glue_by_reshape(x)


@replaces("merge_heads")
def merge_interleaved(x):
    """The numbers of the heads alternate. The pieces shall lie side by side: all of head 0, then all of head
    1."""
    return glue_interleaved(x)


@replaces("merge_heads")
def merge_adds_the_heads(x):
    """The heads are added up. They are to be put side by side, so that nothing is lost."""
    return x.sum(dim=1)


@replaces("merge_heads")
def merge_averages_the_heads(x):
    """This is the mean of the heads. They are to be put side by side, so that nothing is lost."""
    return x.mean(dim=1)


@replaces("merge_heads")
def merge_one_head_after_the_other(x):
    """The heads follow one another in time. They are to be put side by side: a word keeps its place, and its
    vector grows."""
    return x.flatten(1, 2)


@replaces("merge_heads")
def merge_stops_early(x):
    """The axes have changed places, but the last two are not joined yet."""
    return x.transpose(1, 2)


@also_correct("merge_heads")
def merge_by_concatenation(x):
    return torch.cat([x[:, h] for h in range(x.shape[1])], dim=-1)


@also_correct("merge_heads")
def merge_with_view(x):
    return x.permute(0, 2, 1, 3).contiguous().view(x.size(0), x.size(2), -1)


@also_correct("merge_heads")
def merge_with_loops(x):
    N, H, T, d = x.shape
    out = x.new_empty(N, T, H * d)
    for h in range(H):
        for j in range(d):
            out[:, :, h * d + j] = x[:, h, :, j]
    return out


# ---- multi-head attention --------------------------------------------------------------------------------


def block(scores, mask):
    """The scores with -inf wherever the mask is 0."""
    return scores.masked_fill(mask == 0, float("-inf"))


def softmax(scores):
    return scores.softmax(dim=-1)


def attend(self, query, key, value, attn_mask=None, *, cut=reference.split_heads, glue=reference.merge_heads,
           scale=lambda self, d: d**-0.5, hide=block, normalise=softmax, after=lambda weights, mask: weights,
           keep=lambda weights: weights, drop=lambda self, weights: self.attn_drop(weights),
           value_drop=lambda self, v: v, found_drop=lambda self, found: found,
           finish=lambda self, out: self.proj(out)):
    """A forward pass with one of its pieces changed."""
    q, k, v = (cut(x, self.num_heads) for x in (self.query(query), self.key(key), self.value(value)))
    scores = q @ k.transpose(-2, -1) * scale(self, q.shape[-1])
    if attn_mask is not None:
        scores = hide(scores, attn_mask)
    weights = normalise(scores)
    if attn_mask is not None:
        weights = after(weights, attn_mask)
    self.attention = keep(weights)
    found = found_drop(self, glue(drop(self, weights) @ value_drop(self, v)))
    return finish(self, found)


# The mistakes with dropout and masks come first: where one of them and one of the rest give the same numbers,
# theirs is the hint that is right for both.

# -- dropout


@replaces("MultiHeadAttention.forward", seen=True)
def dropped_weights_do_not_grow(self, query, key, value, attn_mask=None):
    """The weights that are left are as large as without dropout, so that less arrives on the average. What
    are they divided by?"""
    return attend(self, query, key, value, attn_mask, drop=lambda self, weights: torch.where(
        self.attn_drop(torch.ones_like(weights)) > 0, weights, torch.zeros_like(weights)))


@replaces("MultiHeadAttention.forward", seen=True)
def dropout_on_the_heads(self, query, key, value, attn_mask=None):
    """What is dropped varies within a head: dropout fell on single numbers. It belongs on the weights, so that a
    dropped key takes its whole value along."""
    return attend(self, query, key, value, attn_mask, drop=lambda self, weights: weights,
                  found_drop=lambda self, found: self.attn_drop(found))


@replaces("MultiHeadAttention.forward")
def dropout_on_the_values(self, query, key, value, attn_mask=None):
    """Dropout fell on the values, the same ones for all queries. It belongs on the weights, of which each
    query has its own."""
    return attend(self, query, key, value, attn_mask, drop=lambda self, weights: weights,
                  value_drop=lambda self, v: self.attn_drop(v))


@replaces("MultiHeadAttention.forward", seen=True)
def dropout_on_the_output(self, query, key, value, attn_mask=None):
    """With everything dropped, even the last bias is gone: dropout fell on the output of the layer. It belongs on
    the weights, just before they meet the values."""
    return attend(self, query, key, value, attn_mask, drop=lambda self, weights: weights,
                  finish=lambda self, out: self.attn_drop(self.proj(out)))


@replaces("MultiHeadAttention.forward")
def dropout_on_the_scores(self, query, key, value, attn_mask=None):
    """Dropout fell on the scores. A score of 0 is an ordinary score, and gets its share of attention: drop
    behind the softmax."""
    return attend(self, query, key, value, attn_mask, drop=lambda self, weights: weights,
                  normalise=lambda scores: softmax(self.attn_drop(scores)))


@replaces("MultiHeadAttention.forward")
def no_dropout(self, query, key, value, attn_mask=None):
    """Nothing is ever dropped: `self.attn_drop` is not used, or its result is thrown away."""
    return attend(self, query, key, value, attn_mask, drop=lambda self, weights: weights)


@replaces("MultiHeadAttention.forward")
def dropout_never_sleeps(self, query, key, value, attn_mask=None):
    """Weights are dropped in `eval` mode, too. `F.dropout` has to be told whether the layer is training; an
    `nn.Dropout` knows."""
    return attend(self, query, key, value, attn_mask,
                  drop=lambda self, weights: F.dropout(weights, self.attn_drop.p))


@replaces("MultiHeadAttention.forward", seen=True)
def all_heads_drop_alike(self, query, key, value, attn_mask=None):
    """All heads drop the same weights. Each head draws for itself: the random numbers need the shape of all
    weights."""
    return attend(self, query, key, value, attn_mask,
                  drop=lambda self, weights: weights * self.attn_drop(torch.ones_like(weights[:, :1])))


@replaces("MultiHeadAttention.forward")
def all_sentences_drop_alike(self, query, key, value, attn_mask=None):
    """All sentences of the batch drop the same weights. Each draws for itself: the random numbers need the
    shape of all weights."""
    return attend(self, query, key, value, attn_mask,
                  drop=lambda self, weights: weights * self.attn_drop(torch.ones_like(weights[:1])))


@replaces("MultiHeadAttention.forward", seen=True)
def keeps_the_dropped_weights(self, query, key, value, attn_mask=None):
    """What is kept in `self.attention` are the weights *after* the dropout. Keep them as they come out of the
    softmax."""
    def drop(self, weights):
        self.attention = self.attn_drop(weights)
        return self.attention

    return attend(self, query, key, value, attn_mask, drop=drop)


# -- masks


@replaces("MultiHeadAttention.forward")
def mask_ignored(self, query, key, value, attn_mask=None):
    """The mask has no effect. Is it used at all? `masked_fill` (without `_` at its end) returns a new tensor
    and leaves the old one as it is."""
    return attend(self, query, key, value, attn_mask, hide=lambda scores, mask: scores)


@replaces("MultiHeadAttention.forward")
def mask_upside_down(self, query, key, value, attn_mask=None):
    """The mask works the wrong way round: where it is True, the query *may* attend."""
    return attend(self, query, key, value, attn_mask, hide=lambda scores, mask: block(scores, mask == 0))


@replaces("MultiHeadAttention.forward")
def mask_with_plus_infinity(self, query, key, value, attn_mask=None):
    """The output is not a number because of infinities. Hidden *scores* become *minus* infinity, *before* the
    softmax (count the minus signs), and the softmax runs over the keys, of which some are always left."""
    return attend(self, query, key, value, attn_mask,
                  hide=lambda scores, mask: scores.masked_fill(mask == 0, -float("-inf")))


@replaces("MultiHeadAttention.forward")
def mask_makes_scores_zero(self, query, key, value, attn_mask=None):
    """Hidden scores became 0, or a tiny number such as -1e-9. But that is an ordinary score, and exp(0) = 1:
    what has to go into the softmax so that 0 comes out?"""
    return attend(self, query, key, value, attn_mask, hide=lambda scores, mask: scores * mask)


@replaces("MultiHeadAttention.forward")
def mask_with_a_tiny_number(self, query, key, value, attn_mask=None):
    """Hidden scores became 0, or a tiny number such as -1e-9. But that is an ordinary score, and exp(0) = 1:
    what has to go into the softmax so that 0 comes out?"""
    return attend(self, query, key, value, attn_mask,
                  hide=lambda scores, mask: scores.masked_fill(mask == 0, -1e-9))


@replaces("MultiHeadAttention.forward")
def mask_added_to_the_scores(self, query, key, value, attn_mask=None):
    """The mask was added to the scores as it is, so that allowed keys got a bonus of 1. Hidden scores have to
    become minus infinity, and the others stay as they are."""
    return attend(self, query, key, value, attn_mask, hide=lambda scores, mask: scores + mask)


@replaces("MultiHeadAttention.forward")
def mask_after_the_softmax(self, query, key, value, attn_mask=None):
    """The weights of hidden keys are 0, but those of the others no longer sum to 1: the mask came after the
    softmax."""
    return attend(self, query, key, value, attn_mask,
                  hide=lambda scores, mask: scores, after=lambda weights, mask: weights * mask)


@replaces("MultiHeadAttention.forward")
def minus_infinity_after_the_softmax(self, query, key, value, attn_mask=None):
    """The output is not a number because of infinities. Hidden *scores* become *minus* infinity, *before* the
    softmax (count the minus signs), and the softmax runs over the keys, of which some are always left."""
    return attend(self, query, key, value, attn_mask, hide=lambda scores, mask: scores, after=block)


@replaces("MultiHeadAttention.forward")
def mask_leaves_only_ones(self, query, key, value, attn_mask=None):
    """A mask of numbers: only the number 1 was taken for `may attend`. Any number but 0 is."""
    return attend(self, query, key, value, attn_mask, hide=lambda scores, mask: block(scores, mask == 1))


@replaces("MultiHeadAttention.forward")
def always_causal(self, query, key, value, attn_mask=None):
    """A causal mask is applied even where none was given. Only `attn_mask` says what is hidden."""
    causal = torch.ones(query.shape[1], key.shape[1]).tril() > 0
    return attend(self, query, key, value, causal if attn_mask is None else causal & (attn_mask != 0))


# -- the formula


@replaces("MultiHeadAttention.forward")
def scaled_by_the_whole_width(self, query, key, value, attn_mask=None):
    """The scores are divided by the root of the whole width E. Each score is a sum over the width of *one
    head*."""
    return attend(self, query, key, value, attn_mask, scale=lambda self, d: (d * self.num_heads) ** -0.5)


@replaces("MultiHeadAttention.forward")
def not_scaled(self, query, key, value, attn_mask=None):
    """The scores are too large: look at what they are divided by in the formula."""
    return attend(self, query, key, value, attn_mask, scale=lambda self, d: 1.0)


@replaces("MultiHeadAttention.forward")
def scaled_without_root(self, query, key, value, attn_mask=None):
    """The scores are divided by d. The formula has a root there."""
    return attend(self, query, key, value, attn_mask, scale=lambda self, d: 1 / d)


@replaces("MultiHeadAttention.forward")
def scaled_by_the_number_of_heads(self, query, key, value, attn_mask=None):
    """The scores are divided by the root of the *number* of heads. What counts is the width of a head."""
    return attend(self, query, key, value, attn_mask, scale=lambda self, d: self.num_heads**-0.5)


@replaces("MultiHeadAttention.forward")
def multiplied_by_the_root(self, query, key, value, attn_mask=None):
    """The scores are multiplied by the root of d. They have to become smaller, not larger."""
    return attend(self, query, key, value, attn_mask, scale=lambda self, d: d**0.5)


@replaces("MultiHeadAttention.forward")
def softmax_over_queries(self, query, key, value, attn_mask=None):
    """The softmax runs over the queries: the weights of each *key* sum to 1. Each query has to share out its
    attention among the keys. Along which axis do these lie?"""
    return attend(self, query, key, value, attn_mask, normalise=lambda scores: scores.softmax(dim=-2))


@replaces("MultiHeadAttention.forward")
def softmax_over_heads(self, query, key, value, attn_mask=None):
    """The softmax runs over the heads, so that they compete with one another. Each head attends for itself:
    along which axis do its keys lie?"""
    return attend(self, query, key, value, attn_mask, normalise=lambda scores: scores.softmax(dim=1))


@replaces("MultiHeadAttention.forward")
def softmax_over_the_batch(self, query, key, value, attn_mask=None):
    """The softmax runs over the batch, so that sentences compete with one another. Each row of weights
    belongs to one query, and runs over its keys."""
    return attend(self, query, key, value, attn_mask, normalise=lambda scores: scores.softmax(dim=0))


@replaces("MultiHeadAttention.forward", seen=True)
def softmax_overflows(self, query, key, value, attn_mask=None):
    """Large scores overflow in the exponential. Subtract the largest score of each query first, or use the
    softmax that PyTorch has."""
    return attend(self, query, key, value, attn_mask,
                  normalise=lambda scores: scores.exp() / scores.exp().sum(-1, keepdim=True))


@replaces("MultiHeadAttention.forward")
def keeps_scores_for_weights(self, query, key, value, attn_mask=None):
    """What is kept in `self.attention` are scores, before the softmax. Keep the weights: those of a query sum
    to 1."""
    kept = []
    out = attend(self, query, key, value, attn_mask,
                 normalise=lambda scores: kept.append(scores) or softmax(scores))
    self.attention = kept[0]
    return out


@replaces("MultiHeadAttention.forward")
def no_softmax(self, query, key, value, attn_mask=None):
    """The values are weighted with the bare scores, which can be negative and do not sum to 1."""
    return attend(self, query, key, value, attn_mask, normalise=lambda scores: scores)


@replaces("MultiHeadAttention.forward")
def no_output_layer(self, query, key, value, attn_mask=None):
    """These are the heads side by side, before the last linear layer. Which of the four layers has not been
    used?"""
    return attend(self, query, key, value, attn_mask, finish=lambda self, out: out)


@replaces("MultiHeadAttention.forward")
def heads_cut_by_view(self, query, key, value, attn_mask=None):
    """The heads hold pieces of the wrong words. `view` alone cannot move the axis of the heads in front of
    the axis of the words."""
    return attend(self, query, key, value, attn_mask, cut=cut_by_view)


@replaces("MultiHeadAttention.forward")
def heads_cut_interleaved(self, query, key, value, attn_mask=None):
    """Each head works on every H-th number of the width. A head is a run of d neighbours."""
    return attend(self, query, key, value, attn_mask, cut=cut_interleaved)


@replaces("MultiHeadAttention.forward")
def heads_glued_by_reshape(self, query, key, value, attn_mask=None):
    """At the end, pieces of different words are glued together. The axes have to change back before the last
    two can be joined."""
    return attend(self, query, key, value, attn_mask, glue=glue_by_reshape)


@replaces("MultiHeadAttention.forward")
def heads_glued_interleaved(self, query, key, value, attn_mask=None):
    """At the end, the numbers of the heads alternate. The pieces shall lie side by side: all of head 0, then
    all of head 1."""
    return attend(self, query, key, value, attn_mask, glue=glue_interleaved)


@replaces("MultiHeadAttention.forward")
def one_big_head(self, query, key, value, attn_mask=None):
    """All heads share the same weights, as if there were a single head of the full width. The heads have to
    be cut before the scores are computed."""
    q, k, v = self.query(query), self.key(key), self.value(value)
    scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
    if attn_mask is not None:
        scores = block(scores, attn_mask)
    weights = scores.softmax(dim=-1)
    self.attention = weights[:, None].expand(-1, self.num_heads, -1, -1)
    return self.proj(self.attn_drop(weights) @ v)


@replaces("MultiHeadAttention.forward")
def query_and_key_layers_exchanged(self, query, key, value, attn_mask=None):
    """The queries went through the layer of the keys, and the keys through that of the queries."""
    return finish_as_usual(self, self.key(query), self.query(key), self.value(value), attn_mask)


@replaces("MultiHeadAttention.forward")
def values_through_the_key_layer(self, query, key, value, attn_mask=None):
    """The values went through the layer of the keys. They have a layer of their own."""
    return finish_as_usual(self, self.query(query), self.key(key), self.key(value), attn_mask)


@replaces("MultiHeadAttention.forward")
def values_are_the_keys(self, query, key, value, attn_mask=None):
    """The argument `value` has no effect on your answer: the values were made from the keys' input."""
    return finish_as_usual(self, self.query(query), self.key(key), self.value(key), attn_mask)


@replaces("MultiHeadAttention.forward")
def values_not_projected(self, query, key, value, attn_mask=None):
    """The values went into the heads as they came: the layer `value` was not used."""
    return finish_as_usual(self, self.query(query), self.key(key), value, attn_mask)


def finish_as_usual(self, q, k, v, attn_mask):
    """The rest of the forward pass for given queries (N, S, E), keys and values (N, T, E)."""
    q, k, v = (reference.split_heads(x, self.num_heads) for x in (q, k, v))
    scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])
    scores = scores if attn_mask is None else block(scores, attn_mask)
    self.attention = scores.softmax(dim=-1)
    return self.proj(reference.merge_heads(self.attn_drop(self.attention) @ v))


@replaces("MultiHeadAttention.forward")
def keeps_the_mean_of_the_heads(self, query, key, value, attn_mask=None):
    """What is kept in `self.attention` is the mean over the heads. Keep the weights of each head: (N, H, S,
    T)."""
    return attend(self, query, key, value, attn_mask, keep=lambda weights: weights.mean(dim=1))


@replaces("MultiHeadAttention.forward", seen=True)
def weights_without_gradient(self, query, key, value, attn_mask=None):
    """The output is right, and the gradients are not: none passes through the attention weights. Was the
    tensor detached somewhere between the scores and the values?"""
    return attend(self, query, key, value, attn_mask, normalise=lambda scores: softmax(scores).detach())


@also_correct("MultiHeadAttention.forward")
def attention_head_by_head(self, query, key, value, attn_mask=None):
    d, found, kept = self.head_dim, [], []
    for h in range(self.num_heads):
        rows = slice(h * d, (h + 1) * d)
        q, k, v = (F.linear(x, layer.weight[rows], layer.bias[rows])
                   for x, layer in ((query, self.query), (key, self.key), (value, self.value)))
        scores = torch.bmm(q, k.mT) / d**0.5
        if attn_mask is not None:
            scores = scores + torch.zeros_like(scores).masked_fill(~attn_mask.bool(), -1e9)
        kept.append(F.softmax(scores, dim=2))
        found.append(torch.bmm(self.attn_drop(kept[-1]), v))
    self.attention = torch.stack(kept, dim=1)
    return self.proj(torch.cat(found, dim=2))


@also_correct("MultiHeadAttention.forward")
def attention_with_einsum(self, query, key, value, attn_mask=None):
    H = self.num_heads
    q, k, v = (layer(x).unflatten(-1, (H, -1))
               for layer, x in ((self.query, query), (self.key, key), (self.value, value)))
    scores = torch.einsum("nshd,nthd->nhst", q / math.sqrt(self.head_dim), k)
    if attn_mask is not None:
        scores.masked_fill_(torch.logical_not(attn_mask)[None, None], -torch.inf)
    self.attention = torch.exp(scores - scores.logsumexp(dim=-1, keepdim=True))
    dropped = F.dropout(self.attention, self.attn_drop.p, self.training)
    return self.proj(torch.einsum("nhst,nthd->nshd", dropped, v).reshape(len(query), -1, H * self.head_dim))


@also_correct("MultiHeadAttention")
class LayerAroundTheFusedFunction(nn.Module):
    def __init__(self, embed_dim, num_heads, dropout=0.1):
        super().__init__()
        self.proj, self.value = nn.Linear(embed_dim, embed_dim), nn.Linear(embed_dim, embed_dim)
        self.query, self.key = nn.Linear(embed_dim, embed_dim), nn.Linear(embed_dim, embed_dim)
        self.n_head, self.p = num_heads, dropout
        self.register_buffer("steps", torch.zeros(1))

    def forward(self, query, key, value, attn_mask=None):
        def heads(x):
            return x.view(*x.shape[:2], self.n_head, -1).transpose(1, 2)

        q, k, v = heads(self.query(query)), heads(self.key(key)), heads(self.value(value))
        mask = attn_mask if attn_mask is None else attn_mask.bool()
        with torch.no_grad():
            ones = torch.eye(k.shape[2], dtype=k.dtype).expand(*k.shape[:2], -1, -1)
            self.attention = F.scaled_dot_product_attention(q, k, ones, attn_mask=mask)
        p = self.p if self.training else 0.0
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=p)
        return self.proj(out.transpose(1, 2).contiguous().flatten(2))


@also_correct("MultiHeadAttention")
class LayerWithNamesOfItsOwn(nn.Module):
    def __init__(self, embed_dim, num_heads, dropout=0.1):
        super().__init__()
        self.q_proj, self.W_k = nn.Linear(embed_dim, embed_dim), nn.Linear(embed_dim, embed_dim)
        self.value_layer, self.out_proj = nn.Linear(embed_dim, embed_dim), nn.Linear(embed_dim, embed_dim)
        self.num_heads, self.drop, self.attention = num_heads, nn.Dropout(dropout), None

    def forward(self, query, key, value, attn_mask=None):
        q, k, v = (layer(x).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
                   for layer, x in ((self.q_proj, query), (self.W_k, key), (self.value_layer, value)))
        scores = q @ k.mT / k.shape[-1] ** 0.5
        if attn_mask is not None:
            scores = scores.masked_fill(attn_mask == 0, -torch.inf)
        self.attention = scores.softmax(-1)
        return self.out_proj((self.drop(self.attention) @ v).transpose(1, 2).flatten(2))


@also_correct("MultiHeadAttention")
class LayerWithWeightsOnly(nn.Module):
    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.1):
        super().__init__()
        for name in ("key", "query", "value", "proj"):
            self.add_module(name, nn.Linear(embed_dim, embed_dim))
        self.dropout_probability, self.heads = dropout, num_heads

    def forward(self, query, key, value, attn_mask=None):
        N, S, E = query.size()
        T = value.size(1)
        q = self.query(query).view(N, S, self.heads, E // self.heads).permute(0, 2, 1, 3)
        k = self.key(key).view(N, T, self.heads, E // self.heads).permute(0, 2, 3, 1)
        v = self.value(value).view(N, T, self.heads, E // self.heads).permute(0, 2, 1, 3)
        weights = torch.matmul(q, k).div_((E // self.heads) ** 0.5)
        if attn_mask is not None:
            hidden = attn_mask.type(torch.bool).logical_not()
            weights = weights.masked_fill(hidden, torch.finfo(weights.dtype).min)
        weights = torch.softmax(weights, dim=3)
        self.attention = weights
        if self.training and self.dropout_probability > 0:
            kept = torch.rand_like(weights) >= self.dropout_probability
            weights = weights * kept / (1 - self.dropout_probability)
        return self.proj(torch.matmul(weights, v).permute(0, 2, 1, 3).reshape(N, S, E))


# ---- self-attention and cross-attention ------------------------------------------------------------------


@replaces("self_attention")
def always_sees_everything(mha, x, causal=False):
    """With `causal=True`, words still see the words after them. Does the mask reach the layer?"""
    return mha(x, x, x)


@replaces("self_attention")
def never_sees_the_future(mha, x, causal=False):
    """Words do not see the words after them, although `causal` is False."""
    return mha(x, x, x, attn_mask=reference.causal_mask(x.shape[1]))


@replaces("self_attention")
def sees_only_the_future(mha, x, causal=False):
    """The causal mask is upside down: each word sees itself and the words *after* it."""
    return mha(x, x, x, attn_mask=reference.causal_mask(x.shape[1]).T if causal else None)


@replaces("self_attention")
def sees_one_word_too_many(mha, x, causal=False):
    """The causal mask is off by one: each word sees the next one. That is the very word to be predicted."""
    T = x.shape[1]
    return mha(x, x, x, attn_mask=torch.ones(T, T).tril(1) if causal else None)


@replaces("self_attention")
def does_not_see_itself(mha, x, causal=False):
    """The causal mask is off by one: a word does not see itself, and the first one sees nothing at all."""
    T = x.shape[1]
    return mha(x, x, x, attn_mask=torch.ones(T, T).tril(-1) if causal else None)


@replaces("self_attention")
def adds_the_input(mha, x, causal=False):
    """The input was added to the result. Such a shortcut comes in the next assignment; here only the
    attention is asked for."""
    return x + reference.self_attention(mha, x, causal)


@also_correct("self_attention")
def self_attention_with_numbers(mha, x, causal=False):
    T = x.shape[1]
    mask = torch.tensor([[1.0 if t <= s or not causal else 0.0 for t in range(T)] for s in range(T)])
    return mha(query=x, key=x, value=x, attn_mask=mask)


@also_correct("self_attention")
def self_attention_by_forward(mha, x, causal=False):
    if not causal:
        return mha.forward(x, x, x, None)
    return mha.forward(x, x, x, ~torch.triu(torch.ones(x.size(1), x.size(1), dtype=torch.bool), diagonal=1))


@replaces("cross_attention")
def memory_not_looked_at(mha, x, memory):
    """The memory has no effect: this is self-attention of `x`. Who asks, and who is asked?"""
    return mha(x, x, x)


@replaces("cross_attention")
def memory_asks(mha, x, memory):
    """The roles are exchanged: the memory asks and `x` answers. The output has to have the length of `x`."""
    return mha(memory, x, x)


@replaces("cross_attention")
def memory_looks_at_itself(mha, x, memory):
    """`x` has no effect: this is self-attention of the memory. Who asks, and who is asked?"""
    return mha(memory, memory, memory)


@replaces("cross_attention")
def one_soup_of_words_and_memory(mha, x, memory):
    """The words look at themselves *and* at the memory. In cross-attention keys and values come from the
    memory alone."""
    together = torch.cat([x, memory], dim=1)
    return mha(x, together, together)


@replaces("cross_attention")
def memory_masked(mha, x, memory):
    """Part of the memory is hidden. It is known as a whole: nothing has to be masked."""
    return mha(x, memory, memory, attn_mask=torch.ones(x.shape[1], memory.shape[1]).tril())


@also_correct("cross_attention")
def cross_attention_by_name(mha, x, memory):
    return mha(value=memory, key=memory, query=x, attn_mask=None)


@also_correct("cross_attention")
def cross_attention_with_open_mask(mha, x, memory):
    return mha(x, memory, memory, attn_mask=torch.ones(x.shape[1], memory.shape[1], dtype=torch.bool))


# ---- the gradient of an attention map --------------------------------------------------------------------


@replaces("attention_grad")
def returns_the_map_itself(mha, x, loss_fn):
    """These are the attention weights themselves. Their gradient is asked for: what does the hook receive?"""
    mha(x, x, x)
    return mha.attention


@replaces("attention_grad")
def returns_the_weighted_gradient(mha, x, loss_fn):
    """The gradient was multiplied by the attention weights. The bare gradient is asked for."""
    gradient = reference.attention_grad(mha, x, loss_fn)
    return gradient * mha.attention


@replaces("attention_grad")
def gradient_of_the_scores(mha, x, loss_fn):
    """This is the gradient of the scores, in front of the softmax. The hook belongs on the weights behind
    it."""
    gradient = reference.attention_grad(mha, x, loss_fn)
    weights = mha.attention
    return weights * (gradient - (gradient * weights).sum(dim=-1, keepdim=True))


@replaces("attention_grad")
def gradient_of_the_mean_map(mha, x, loss_fn):
    """The heads were averaged. Each head has a gradient of its own: (N, H, T, T)."""
    return reference.attention_grad(mha, x, loss_fn).mean(dim=1)


@replaces("attention_grad")
def gradient_of_one_sentence(mha, x, loss_fn):
    """The first axis, of the sentences, is missing: only one of them was returned."""
    return reference.attention_grad(mha, x, loss_fn)[0]


@replaces("attention_grad")
def downhill_direction(mha, x, loss_fn):
    """The sign is turned round: this is the direction in which the loss falls, and the gradient points to
    where it rises."""
    return -reference.attention_grad(mha, x, loss_fn)


@replaces("attention_grad")
def loss_of_the_map(mha, x, loss_fn):
    """The loss was computed from the attention map. It takes the output of the layer."""
    mha(x, x, x)
    return torch.autograd.grad(loss_fn(mha.attention), mha.attention)[0]


@replaces("attention_grad")
def gradient_of_the_sum(mha, x, loss_fn):
    """The loss function has no effect: the gradient is that of the plain sum of the outputs."""
    return reference.attention_grad(mha, x, lambda out: out.sum())


first_gradients = []


@replaces("attention_grad")
def first_gradient_for_ever(mha, x, loss_fn, caught=first_gradients):
    """From the second call on, the gradient of an earlier call comes back. Where does the list live in which
    the hook puts what it catches? A default value is made only once."""
    caught.append(reference.attention_grad(mha, x, loss_fn))
    first = caught[-2] if len(caught) > 1 else caught[-1]
    return first


@also_correct("attention_grad")
def gradient_by_asking_for_it(mha, x, loss_fn):
    loss = loss_fn(mha(x, x, x))
    return torch.autograd.grad(loss, mha.attention)[0]


@also_correct("attention_grad")
def gradient_by_retaining_it(mha, x, loss_fn):
    out = mha(x, x, x)
    mha.attention.retain_grad()
    loss_fn(out).backward()
    return mha.attention.grad


@also_correct("attention_grad")
def gradient_by_a_named_hook(mha, x, loss_fn):
    mha.zero_grad()
    store = {}

    def hook(gradient):
        store["gradient"] = gradient.clone()
        return gradient

    x = x.clone().requires_grad_()
    out = mha.forward(x, x, x)
    handle = mha.attention.register_hook(hook)
    loss_fn(out).backward()
    handle.remove()
    return store["gradient"].detach()


# ---- importance and pruning ------------------------------------------------------------------------------


def slopes_of(loss_fn, gates):
    """(N, H): dL_n / dgate_h."""
    return torch.autograd.functional.jacobian(loss_fn, gates)


@replaces("head_importance")
def importance_signed(loss_fn, num_heads):
    """Helping one example and hurting another cancel: the absolute value is missing."""
    return slopes_of(loss_fn, torch.ones(num_heads)).mean(dim=0)


@replaces("head_importance")
def absolute_value_after_the_mean(loss_fn, num_heads):
    """Helping one example and hurting another cancel: the absolute value came after the mean. It is taken for
    each example."""
    return slopes_of(loss_fn, torch.ones(num_heads)).mean(dim=0).abs()


@replaces("head_importance")
def importance_summed(loss_fn, num_heads):
    """This is the sum over the examples. The importance is their mean, so that it does not grow with the
    batch."""
    return slopes_of(loss_fn, torch.ones(num_heads)).abs().sum(dim=0)


@replaces("head_importance")
def absolute_value_after_the_sum(loss_fn, num_heads):
    """This is the absolute value of the gradient of the summed loss: examples cancel, and nothing is divided
    by their number."""
    return slopes_of(loss_fn, torch.ones(num_heads)).sum(dim=0).abs()


@replaces("head_importance", seen=True)
def importance_at_closed_gates(loss_fn, num_heads):
    """No head has any importance. Is the derivative taken where all heads are at work, at gates of 1?"""
    return slopes_of(loss_fn, torch.zeros(num_heads)).abs().mean(dim=0)


@replaces("head_importance")
def importance_squared(loss_fn, num_heads):
    """The slopes were squared. The importance is the mean of their absolute values."""
    return slopes_of(loss_fn, torch.ones(num_heads)).pow(2).mean(dim=0)


@replaces("head_importance")
def importance_as_root_mean_square(loss_fn, num_heads):
    """This is the root of the mean square. The importance is the mean of the absolute values."""
    return slopes_of(loss_fn, torch.ones(num_heads)).pow(2).mean(dim=0).sqrt()


@replaces("head_importance")
def importance_of_the_first_example(loss_fn, num_heads):
    """Only one example counts. The importance is the mean over all of them."""
    return slopes_of(loss_fn, torch.ones(num_heads))[0].abs()


@replaces("head_importance")
def importance_by_removal(loss_fn, num_heads):
    """This is how much the losses change when a gate is closed. A good measure, too, but another one: the
    derivative at open gates is asked for."""
    whole = loss_fn(torch.ones(num_heads))
    return torch.stack([(loss_fn(1 - torch.eye(num_heads)[h]) - whole).abs().mean() for h in range(num_heads)])


@replaces("head_importance")
def importance_made_a_share(loss_fn, num_heads):
    """The importances were divided by their sum. Leave them as they are."""
    importance = slopes_of(loss_fn, torch.ones(num_heads)).abs().mean(dim=0)
    return importance / importance.sum()


@also_correct("head_importance")
def importance_with_a_jacobian(loss_fn, num_heads):
    return slopes_of(loss_fn, torch.ones(num_heads, dtype=torch.float64)).abs().mean(dim=0)


@also_correct("head_importance")
def importance_with_backward(loss_fn, num_heads):
    collected = []
    for n in range(len(loss_fn(torch.ones(num_heads)))):
        gates = nn.Parameter(torch.ones(num_heads))
        loss_fn(gates)[n].backward()
        collected.append(gates.grad.abs().numpy())
    return sum(collected) / len(collected)


def prune(weights, keep, num_heads, places=None, columns=None, scale=1.0):
    """The reference with other places (rows of query, key, value), other columns of proj, or a factor for
    proj."""
    d = len(weights["query.bias"]) // num_heads
    places = places or [head * d + j for head in keep for j in range(d)]
    pruned = {name: weight[places] for name, weight in weights.items() if not name.startswith("proj")}
    proj = weights["proj.weight"][:, columns or places]
    return pruned | {"proj.weight": scale * proj, "proj.bias": weights["proj.bias"]}


@replaces("prune_heads")
def removes_what_should_stay(weights, keep, num_heads):
    """The heads in `keep` were removed. They are the ones that stay."""
    removed = [head for head in range(num_heads) if head not in keep]
    return prune(weights, removed or keep, num_heads)


@replaces("prune_heads")
def output_columns_not_chosen(weights, keep, num_heads):
    """`proj` has the right shape, but simply kept its first columns: each kept head has to meet the columns
    that it used to meet."""
    d = len(weights["query.bias"]) // num_heads
    return prune(weights, keep, num_heads, columns=list(range(len(keep) * d)))


@replaces("prune_heads")
def first_heads_whatever_is_kept(weights, keep, num_heads):
    """The first heads were kept, as many as there are in `keep`. Which ones are named there?"""
    return prune(weights, list(range(len(keep))), num_heads)


@replaces("prune_heads")
def output_rescaled(weights, keep, num_heads):
    """`proj` was enlarged, as in dropout, to make up for the missing heads. A removed head counts as 0 and
    the others stay as they are."""
    return prune(weights, keep, num_heads, scale=num_heads / len(keep))


@replaces("prune_heads")
def output_rows_for_columns(weights, keep, num_heads):
    """In `proj`, rows were cut away. Its *inputs* come from the heads: which axis of `weight` are they?"""
    pruned = prune(weights, keep, num_heads)
    d = len(weights["query.bias"]) // num_heads
    pruned["proj.weight"] = weights["proj.weight"][[head * d + j for head in keep for j in range(d)]]
    return pruned


@replaces("prune_heads")
def inputs_cut_for_outputs(weights, keep, num_heads):
    """In `query`, `key` and `value`, columns were cut away. The heads are their *outputs*: which axis of
    `weight` are they?"""
    d = len(weights["query.bias"]) // num_heads
    places = [head * d + j for head in keep for j in range(d)]
    return prune(weights, keep, num_heads) | {f"{name}.weight": weights[f"{name}.weight"][:, places]
                                              for name in ("query", "key", "value")}


@replaces("prune_heads")
def output_bias_lost(weights, keep, num_heads):
    """The bias of `proj` became 0. It is added once, behind all heads: it does not belong to any of them."""
    return prune(weights, keep, num_heads) | {"proj.bias": torch.zeros_like(weights["proj.bias"])}


@replaces("prune_heads")
def output_bias_cut(weights, keep, num_heads):
    """The bias of `proj` was cut, too. It belongs to the outputs of `proj`, all of which stay."""
    pruned = prune(weights, keep, num_heads)
    d = len(weights["query.bias"]) // num_heads
    return pruned | {"proj.bias": weights["proj.bias"][[head * d + j for head in keep for j in range(d)]]}


@replaces("prune_heads")
def biases_not_cut(weights, keep, num_heads):
    """The biases of `query`, `key` and `value` still have a number for each of the old outputs."""
    return prune(weights, keep, num_heads) | {name: weights[name] for name in ("query.bias", "key.bias", "value.bias")}


@replaces("prune_heads")
def single_numbers_for_heads(weights, keep, num_heads):
    """The entries of `keep` were taken for places in the width: one number is left of each head. A head is d
    numbers wide."""
    return prune(weights, keep, num_heads, places=list(keep))


@replaces("prune_heads")
def pruned_interleaved(weights, keep, num_heads):
    """Every H-th number was taken for a head. A head is a run of d neighbours."""
    d = len(weights["query.bias"]) // num_heads
    return prune(weights, keep, num_heads, places=[j * num_heads + head for head in keep for j in range(d)])


@replaces("prune_heads")
def zeroed_for_pruned(weights, keep, num_heads):
    """The weights of the removed heads are 0, but they are still there. Cut them out, so that the arrays
    become smaller."""
    d = len(weights["query.bias"]) // num_heads
    gates = torch.tensor([float(head in keep) for head in range(num_heads)]).repeat_interleave(d).double()
    zeroed = {name: weight * (gates[:, None] if weight.dim() == 2 else gates)
              for name, weight in weights.items() if not name.startswith("proj")}
    return zeroed | {"proj.weight": weights["proj.weight"] * gates, "proj.bias": weights["proj.bias"]}


@replaces("prune_heads")
def returns_the_weights_unchanged(weights, keep, num_heads):
    """These are the weights that went in: nothing was cut."""
    return dict(weights)


@also_correct("prune_heads")
def pruned_by_an_axis_of_heads(weights, keep, num_heads):
    E = weights["proj.bias"].numel()
    keep, pruned = torch.tensor(sorted(keep)), {}
    for name in ("key", "query", "value"):
        by_head = weights[name + ".weight"].view(num_heads, -1, E)
        pruned[name + ".weight"] = by_head.index_select(0, keep).reshape(-1, E)
        pruned[name + ".bias"] = weights[name + ".bias"].view(num_heads, -1)[keep].flatten()
    pruned["proj.weight"] = weights["proj.weight"].unflatten(1, (num_heads, -1))[:, keep].flatten(1)
    pruned["proj.bias"] = weights["proj.bias"].clone()
    return pruned


@also_correct("prune_heads")
def pruned_by_concatenation(weights, keep, num_heads):
    def kept(weight, dim):
        pieces = torch.chunk(weight, num_heads, dim=dim)
        return torch.cat([pieces[head] for head in keep], dim=dim)

    pruned = {}
    for name, weight in weights.items():
        if name == "proj.bias":
            pruned[name] = weight
        elif name == "proj.weight":
            pruned[name] = kept(weight, 1)
        else:
            pruned[name] = kept(weight, 0)
    return pruned


# ---- cost ------------------------------------------------------------------------------------------------


@replaces("attention_cost")
def cost_without_weighted_sums(T, E, H):
    """The multiplications of one of the two products inside the heads are missing: the scores alone are no
    output."""
    return 4 * T * E * E + T * T * E, H * T * T


@replaces("attention_cost")
def cost_without_linear_layers(T, E, H):
    """The four linear layers were not counted."""
    return 2 * T * T * E, H * T * T


@replaces("attention_cost")
def cost_with_three_linear_layers(T, E, H):
    """There are four linear layers: the one behind the heads counts, too."""
    return 3 * T * E * E + 2 * T * T * E, H * T * T


@replaces("attention_cost")
def cost_of_heads_of_full_width(T, E, H):
    """The heads were counted as if each had the full width E. Each has its own d = E / H."""
    return 4 * T * E * E + 2 * H * T * T * E, H * T * T


@replaces("attention_cost")
def cost_of_a_single_head(T, E, H):
    """The products inside the heads were counted for one head only."""
    return 4 * T * E * E + 2 * T * T * (E // H), H * T * T


@replaces("attention_cost")
def cost_with_one_map(T, E, H):
    """The number of weights is that of one map. Each head has its own."""
    return 4 * T * E * E + 2 * T * T * E, T * T


@replaces("attention_cost")
def cost_counts_numbers_of_the_output(T, E, H):
    """The second number counts the outputs. It should count the attention weights: one for each query, each
    key and each head."""
    return 4 * T * E * E + 2 * T * T * E, T * E


@replaces("attention_cost")
def cost_with_additions(T, E, H):
    """The number of operations is twice what it should be: additions were counted as well."""
    return 2 * (4 * T * E * E + 2 * T * T * E), H * T * T


@also_correct("attention_cost")
def cost_in_one_formula(T, E, H):
    return 2 * T * E * (2 * E + T), H * T**2


@also_correct("attention_cost")
def cost_counted_product_by_product(T, E, H):
    d, multiplications, weights = E / H, 4 * (T * E * E), 0
    for _ in range(H):
        multiplications += T * d * T + T * T * d
        weights += T * T
    return [multiplications, weights]
