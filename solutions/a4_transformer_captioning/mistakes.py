"""Wrong answers to assignment 4 that people really give, and other right ones.

A mistake's docstring is the hint that it earns, shown only to an answer with the same wrong numbers.
It names the cause and where to look, never the code.
"""

import math

import reference
import torch
import torch.nn.functional as F
from torch import nn

from autograder.examine import also_correct, replaces


def same(x):
    return x


# ---- layer normalisation ----------------------------------------------------------------------------------


def normalised(layer, x, dims=-1, unbiased=False, centre=True, eps=None, root=torch.sqrt, scaled=None):
    """Layer normalisation with one of its pieces changed."""
    eps = layer.eps if eps is None else eps
    mean, variance = x.mean(dims, keepdim=True), x.var(dims, keepdim=True, unbiased=unbiased)
    normal = ((x - mean) if centre else x) / root(variance + eps)
    return scaled(normal) if scaled else normal * layer.weight + layer.bias


@replaces("LayerNorm.forward")
def unbiased_variance(self, x):
    """The variance is divided by E - 1. Here it is the mean of the squares, divided by E. Does `torch.var` know
    that?"""
    return normalised(self, x, unbiased=True)


@replaces("LayerNorm.forward")
def normalised_over_the_batch(self, x):
    """Mean and variance are taken over the batch: that is *batch* normalisation. Each token is normalised by itself,
    over its own E numbers."""
    return normalised(self, x, dims=0)


@replaces("LayerNorm.forward")
def normalised_over_time(self, x):
    """Mean and variance are taken over the words of a sentence. Each token is normalised by itself, over the last
    axis."""
    return normalised(self, x, dims=-2)


@replaces("LayerNorm.forward")
def normalised_over_the_sentence(self, x):
    """Mean and variance are taken over a whole sentence. Each of its tokens has a mean and a variance of its
    own."""
    return normalised(self, x, dims=(-2, -1))


@replaces("LayerNorm.forward")
def divided_by_the_variance(self, x):
    """The tokens are divided by their variance. A variance is a square: something is missing."""
    return normalised(self, x, root=same)


@replaces("LayerNorm.forward")
def eps_outside_the_root(self, x):
    """`eps` is added to the standard deviation. It belongs to the variance, inside the root: for small tokens that is
    quite another number."""
    std = x.var(-1, keepdim=True, unbiased=False).sqrt()
    return (x - x.mean(-1, keepdim=True)) / (std + self.eps) * self.weight + self.bias


@replaces("LayerNorm.forward")
def eps_forgotten(self, x):
    """`eps` has no effect on your answer, or a much smaller number stands in its place. Tokens with little
    variance show what it is for."""
    return normalised(self, x, eps=0.0)


@replaces("LayerNorm.forward")
def eps_too_small(self, x):
    """`eps` is much smaller than the one that the layer was given. Tokens of little variance show the
    difference."""
    return normalised(self, x, eps=1e-10)


@replaces("LayerNorm.forward")
def eps_always_the_same(self, x):
    """`eps` is 1e-5 whatever the constructor was told."""
    return normalised(self, x, eps=1e-5)


@replaces("LayerNorm.forward")
def mean_not_subtracted(self, x):
    """The tokens are divided by their standard deviation, but their mean is still there."""
    return normalised(self, x, centre=False)


@replaces("LayerNorm.forward")
def root_mean_square(self, x):
    """This divides by the root of the mean *square*, without a mean anywhere: RMSNorm, another layer."""
    return x / (x.square().mean(-1, keepdim=True) + self.eps).sqrt() * self.weight + self.bias


@replaces("LayerNorm.forward")
def neither_weight_nor_bias(self, x):
    """The learnt weight and bias have no effect on your answer."""
    return normalised(self, x, scaled=same)


@replaces("LayerNorm.forward")
def bias_before_weight(self, x):
    """The bias is multiplied by the weight. In the formula it is added last."""
    return normalised(self, x, scaled=lambda normal: (normal + self.bias) * self.weight)


@replaces("LayerNorm.forward")
def weight_and_bias_swapped(self, x):
    """Weight and bias have changed places."""
    return normalised(self, x, scaled=lambda normal: normal * self.bias + self.weight)


@replaces("LayerNorm.forward", seen=True)
def norm_of_the_library(self, x):
    """PyTorch's own layer norm did the work. Write the formula out: the mean, the variance, then weight and bias."""
    return F.layer_norm(x, x.shape[-1:], self.weight, self.bias, self.eps)


@replaces("LayerNorm.forward")
def statistics_without_gradient(self, x):
    """The numbers are right, their gradients are not: the mean and the variance depend on the token, too, and a
    gradient has to flow through both."""
    with torch.no_grad():
        mean, variance = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, unbiased=False)
    return (x - mean) / torch.sqrt(variance + self.eps) * self.weight + self.bias


@also_correct("LayerNorm.forward")
def with_var_mean(self, x):
    variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
    return torch.addcmul(self.bias, (x - mean) * torch.rsqrt(variance + self.eps), self.weight)


@also_correct("LayerNorm.forward")
def with_mean_of_squares(self, x):
    mean = x.sum(-1) / x.size(-1)
    centred = x - mean.unsqueeze(-1)
    deviation = (torch.einsum("...e,...e->...", centred, centred) / x.shape[-1] + self.eps) ** 0.5
    return centred / deviation[..., None] * self.weight + self.bias


# ---- the feed-forward network -----------------------------------------------------------------------------


@replaces("FeedForwardNetwork.forward")
def gelu_for_relu(self, x):
    """These are the numbers of a GELU, which later models use. This network cuts off at zero, with a ReLU."""
    return self.fc2(self.dropout(F.gelu(self.fc1(x))))


@replaces("FeedForwardNetwork.forward")
def no_activation(self, x):
    """There is nothing between the two linear maps, so that they are one."""
    return self.fc2(self.dropout(self.fc1(x)))


@replaces("FeedForwardNetwork.forward")
def relu_at_the_end(self, x):
    """No number of your answer is negative: there is a ReLU after the second map, too. It stands between the
    two."""
    return torch.relu(self.fc2(self.dropout(torch.relu(self.fc1(x)))))


@replaces("FeedForwardNetwork.forward")
def relu_only_at_the_end(self, x):
    """The ReLU comes after both maps. It stands between them."""
    return torch.relu(self.fc2(self.dropout(self.fc1(x))))


@replaces("FeedForwardNetwork.forward")
def relu_before_the_first_map(self, x):
    """The ReLU acts on the tokens before the first map. It stands between the two."""
    return self.fc2(self.dropout(self.fc1(torch.relu(x))))


@replaces("FeedForwardNetwork.forward")
def tanh_for_relu(self, x):
    """These are the numbers of a tanh. This network cuts off at zero, with a ReLU."""
    return self.fc2(self.dropout(torch.tanh(self.fc1(x))))


@replaces("FeedForwardNetwork.forward")
def residual_in_the_network(self, x):
    """The tokens are added to the result. The residual connection belongs to the layer around this network (section
    3)."""
    return x + self.fc2(self.dropout(torch.relu(self.fc1(x))))


@replaces("FeedForwardNetwork.forward", seen=True)
def dropout_at_the_end(self, x):
    """With everything dropped, even the last bias is gone: the dropout acts on the result. It stands between the two
    maps; the result meets the dropout of the layer around this network."""
    return self.dropout(self.fc2(torch.relu(self.fc1(x))))


@replaces("FeedForwardNetwork.forward")
def no_dropout_in_the_network(self, x):
    """The network's dropout has no effect in training. `self.dropout` is there: where does the formula put it?"""
    return self.fc2(torch.relu(self.fc1(x)))


@replaces("FeedForwardNetwork.forward")
def dropout_that_is_always_there(self, x):
    """Numbers are dropped although the module is in evaluation mode. Use `self.dropout`, which knows the mode."""
    return self.fc2(F.dropout(torch.relu(self.fc1(x)), 1.0))


@also_correct("FeedForwardNetwork.forward")
def with_clamp_and_matrices(self, x):
    wide = (x @ self.fc1.weight.T + self.fc1.bias).clamp(min=0)
    return self.dropout(wide) @ self.fc2.weight.T + self.fc2.bias


@also_correct("FeedForwardNetwork.forward")
def in_place(self, x):
    x = self.fc1(x)
    x = F.relu_(x)
    x = F.dropout(x, self.dropout.p, self.training)
    return self.fc2(x)


# ---- an encoder layer -------------------------------------------------------------------------------------


def sublayer(x, work, norm, dropout, first, keep=True, late=False):
    """One sublayer with its residual connection. keep=False: without it; late: x + norm(work(x))."""
    if first:
        return keep * x + dropout(work(norm(x)))
    if late:
        return x + norm(dropout(work(x)))
    return norm(keep * x + dropout(work(x)))


def encode(layer, src, mask=None, first=None, norms=None, drop=(True, True), keep=(True, True), late=False,
           keys=None):
    """An encoder layer with one of its pieces changed."""
    first = layer.norm_first if first is None else first
    norms = norms or (layer.norm_self, layer.norm_ffn)
    dropouts = [dropout if used else same for used, dropout in zip(drop, (layer.dropout_self, layer.dropout_ffn))]

    def look(x):
        other = keys(x) if keys else x
        return layer.self_attn(x, other, other, mask)

    src = sublayer(src, look, norms[0], dropouts[0], first, keep[0], late)
    return sublayer(src, layer.ffn, norms[1], dropouts[1], first, keep[1], late)


@replaces("TransformerEncoderLayer.forward")
def encoder_always_post_norm(self, src, src_mask=None):
    """This is post-norm, although the layer was made with `norm_first=True`."""
    return encode(self, src, src_mask, first=False)


@replaces("TransformerEncoderLayer.forward")
def encoder_always_pre_norm(self, src, src_mask=None):
    """This is pre-norm, although the layer was made without `norm_first`."""
    return encode(self, src, src_mask, first=True)


@replaces("TransformerEncoderLayer.forward")
def encoder_causal_unasked(self, src, src_mask=None):
    """Nobody asked for a causal mask: without a `src_mask`, each token of an encoder sees every other."""
    return encode(self, src, reference.causal_mask(src.shape[1]) if src_mask is None else src_mask)


@replaces("TransformerEncoderLayer.forward")
def encoder_attention_without_residual(self, src, src_mask=None):
    """The attention *replaces* the tokens. Its residual connection is missing: add what went in."""
    return encode(self, src, src_mask, keep=(False, True))


@replaces("TransformerEncoderLayer.forward")
def encoder_network_without_residual(self, src, src_mask=None):
    """The feed-forward network *replaces* the tokens. Its residual connection is missing: add what went in."""
    return encode(self, src, src_mask, keep=(True, False))


@replaces("TransformerEncoderLayer.forward")
def encoder_without_residuals(self, src, src_mask=None):
    """Both residual connections are missing: each sublayer should only change the tokens, not replace them."""
    return encode(self, src, src_mask, keep=(False, False))


@replaces("TransformerEncoderLayer.forward")
def encoder_norms_swapped(self, src, src_mask=None):
    """The two norms have changed places. `norm_self` belongs to the attention, `norm_ffn` to the feed-forward
    network."""
    return encode(self, src, src_mask, norms=(self.norm_ffn, self.norm_self))


@replaces("TransformerEncoderLayer.forward")
def encoder_with_one_norm(self, src, src_mask=None):
    """Both sublayers use `norm_self`. Each has a norm of its own."""
    return encode(self, src, src_mask, norms=(self.norm_self, self.norm_self))


@replaces("TransformerEncoderLayer.forward")
def encoder_norm_before_the_sum(self, src, src_mask=None):
    """In post-norm, only the sublayer's answer is normalised and then added. The *sum* has to be normalised: look where
    the bracket closes."""
    return encode(self, src, src_mask, late=True)


@replaces("TransformerEncoderLayer.forward")
def encoder_without_mask(self, src, src_mask=None):
    """`src_mask` has no effect on your answer: it has to reach the attention."""
    return encode(self, src)


@replaces("TransformerEncoderLayer.forward")
def encoder_mask_transposed(self, src, src_mask=None):
    """The mask is used transposed. Its rows belong to the tokens that look, its columns to those that are looked
    at."""
    return encode(self, src, None if src_mask is None else src_mask.T)


@replaces("TransformerEncoderLayer.forward")
def encoder_mask_inverted(self, src, src_mask=None):
    """The mask is used the wrong way round. Here true, or 1, means: may look."""
    return encode(self, src, None if src_mask is None else src_mask == 0)


@replaces("TransformerEncoderLayer.forward")
def encoder_network_reads_the_first_tokens(self, src, src_mask=None):
    """The feed-forward network works on the tokens that came into the layer. It should work on what the attention
    has made of them."""
    if self.norm_first:
        x = self.norm_self(src)
        attended = src + self.dropout_self(self.self_attn(x, x, x, src_mask))
        return attended + self.dropout_ffn(self.ffn(self.norm_ffn(src)))
    attended = self.norm_self(src + self.dropout_self(self.self_attn(src, src, src, src_mask)))
    return self.norm_ffn(attended + self.dropout_ffn(self.ffn(src)))


@replaces("TransformerEncoderLayer.forward")
def encoder_second_residual_from_the_start(self, src, src_mask=None):
    """The second residual connection adds the tokens that came into the *layer*. It should add what came into its
    own sublayer."""
    if self.norm_first:
        x = self.norm_self(src)
        attended = src + self.dropout_self(self.self_attn(x, x, x, src_mask))
        return src + self.dropout_ffn(self.ffn(self.norm_ffn(attended)))
    attended = self.norm_self(src + self.dropout_self(self.self_attn(src, src, src, src_mask)))
    return self.norm_ffn(src + self.dropout_ffn(self.ffn(attended)))


@replaces("TransformerEncoderLayer.forward")
def encoder_adds_the_normalised_tokens(self, src, src_mask=None):
    """In pre-norm, the residual connection adds the *normalised* tokens. The stream itself runs through untouched: add
    what was there before the norm."""
    if not self.norm_first:
        return encode(self, src, src_mask)
    x = self.norm_self(src)
    x = self.norm_ffn(x + self.dropout_self(self.self_attn(x, x, x, src_mask)))
    return x + self.dropout_ffn(self.ffn(x))


@replaces("TransformerEncoderLayer.forward")
def encoder_keys_not_normalised(self, src, src_mask=None):
    """In pre-norm, only the queries are normalised. Keys and values come from the same normalised tokens."""
    return encode(self, src, src_mask, keys=(lambda x: src) if self.norm_first else None)


@replaces("TransformerEncoderLayer.forward")
def encoder_pre_norm_with_a_norm_at_the_end(self, src, src_mask=None):
    """In pre-norm, the result is normalised once more. The stream leaves the layer as it is."""
    out = encode(self, src, src_mask)
    return self.norm_ffn(out) if self.norm_first else out


@replaces("TransformerEncoderLayer.forward")
def encoder_without_the_network(self, src, src_mask=None):
    """The second sublayer is missing: after the attention comes the feed-forward network."""
    if self.norm_first:
        x = self.norm_self(src)
        return src + self.dropout_self(self.self_attn(x, x, x, src_mask))
    return self.norm_self(src + self.dropout_self(self.self_attn(src, src, src, src_mask)))


@replaces("TransformerEncoderLayer.forward")
def encoder_without_dropout(self, src, src_mask=None):
    """In training, nothing is dropped from the sublayers' answers. Each has its dropout, before the sum."""
    return encode(self, src, src_mask, drop=(False, False))


@replaces("TransformerEncoderLayer.forward")
def encoder_without_dropout_of_the_network(self, src, src_mask=None):
    """In training, nothing is dropped from the feed-forward network's answer. `dropout_ffn` is there for that."""
    return encode(self, src, src_mask, drop=(True, False))


@replaces("TransformerEncoderLayer.forward", seen=True)
def encoder_dropout_after_the_norm(self, src, src_mask=None):
    """With everything dropped, nothing is left, not even the norm's bias: the dropout acts on the normalised sum. It
    belongs to the sublayer's answer, before that is added."""
    if self.norm_first:
        return encode(self, src, src_mask)
    src = self.dropout_self(self.norm_self(src + self.self_attn(src, src, src, src_mask)))
    return self.dropout_ffn(self.norm_ffn(src + self.ffn(src)))


@also_correct("TransformerEncoderLayer.forward")
def encoder_from_sublayers(self, src, src_mask=None):
    return encode(self, src, src_mask)


@also_correct("TransformerEncoderLayer")
class EncoderLayerWithOldNames(nn.Module):
    def __init__(self, input_dim, num_heads, dim_feedforward=2048, dropout=0.1, norm_first=False):
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(input_dim, dim_feedforward), nn.Linear(dim_feedforward, input_dim)
        self.norm1, self.norm2 = nn.LayerNorm(input_dim), nn.LayerNorm(input_dim)
        self.self_attn = reference.MultiHeadAttention(input_dim, num_heads, dropout)
        self.dropout = self.dropout1 = self.dropout2 = nn.Dropout(dropout)
        self.before = norm_first

    def forward(self, src, src_mask=None):
        x = src
        y = self.norm1(x) if self.before else x
        x = self.dropout1(self.self_attn(query=y, key=y, value=y, attn_mask=src_mask)) + x
        x = x if self.before else self.norm1(x)
        y = self.norm2(x) if self.before else x
        x = self.dropout2(self.linear2(self.dropout(F.relu(self.linear1(y))))) + x
        return x if self.before else self.norm2(x)


# ---- a decoder layer --------------------------------------------------------------------------------------


def decode(layer, tgt, memory, mask=None, first=None, norms=None, drop=(True,) * 3, keep=(True,) * 3, late=False,
           look=None, order=(0, 1, 2)):
    """A decoder layer with one of its pieces changed. look(x) replaces the cross-attention."""
    first = layer.norm_first if first is None else first
    norms = norms or (layer.norm_self, layer.norm_cross, layer.norm_ffn)
    dropouts = (layer.dropout_self, layer.dropout_cross, layer.dropout_ffn)
    look = look or (lambda x: layer.cross_attn(x, memory, memory))
    works = (lambda x: layer.self_attn(x, x, x, mask), look, layer.ffn)
    for k in order:
        tgt = sublayer(tgt, works[k], norms[k], dropouts[k] if drop[k] else same, first, keep[k], late)
    return tgt


@replaces("TransformerDecoderLayer.forward")
def decoder_always_post_norm(self, tgt, memory, tgt_mask=None):
    """This decoder layer is post-norm, although it was made with `norm_first=True`."""
    return decode(self, tgt, memory, tgt_mask, first=False)


@replaces("TransformerDecoderLayer.forward")
def decoder_always_pre_norm(self, tgt, memory, tgt_mask=None):
    """This decoder layer is pre-norm, although it was made without `norm_first`."""
    return decode(self, tgt, memory, tgt_mask, first=True)


@replaces("TransformerDecoderLayer.forward")
def decoder_without_mask(self, tgt, memory, tgt_mask=None):
    """`tgt_mask` has no effect on your answer: each word sees the words that it is supposed to guess."""
    return decode(self, tgt, memory)


@replaces("TransformerDecoderLayer.forward")
def decoder_mask_transposed(self, tgt, memory, tgt_mask=None):
    """The mask is used transposed, so that each word sees the future and not the past."""
    return decode(self, tgt, memory, None if tgt_mask is None else tgt_mask.T)


@replaces("TransformerDecoderLayer.forward")
def decoder_mask_inverted(self, tgt, memory, tgt_mask=None):
    """The mask is used the wrong way round. Here true, or 1, means: may look; `nn.MultiheadAttention`
    has it the other way."""
    return decode(self, tgt, memory, None if tgt_mask is None else tgt_mask == 0)


@replaces("TransformerDecoderLayer.forward")
def decoder_always_causal(self, tgt, memory, tgt_mask=None):
    """The layer uses a causal mask of its own. The mask is an argument: it may be another one, or None."""
    return decode(self, tgt, memory, reference.causal_mask(tgt.shape[1]))


@replaces("TransformerDecoderLayer.forward")
def memory_seen_bit_by_bit(self, tgt, memory, tgt_mask=None):
    """Word t sees only the first tokens of the memory, as if that were causal, too. The picture is there as a whole:
    every word may look at all of it."""
    causal = torch.ones(tgt.shape[1], memory.shape[1], dtype=torch.bool).tril()
    return decode(self, tgt, memory, tgt_mask, look=lambda x: self.cross_attn(x, memory, memory, causal))


@replaces("TransformerDecoderLayer.forward")
def keys_and_values_from_the_words(self, tgt, memory, tgt_mask=None):
    """`memory` has no effect on your answer: in the cross-attention, keys and values come from the words
    themselves."""
    return decode(self, tgt, memory, tgt_mask, look=lambda x: self.cross_attn(x, x, x))


@replaces("TransformerDecoderLayer.forward")
def queries_from_the_memory(self, tgt, memory, tgt_mask=None):
    """In the cross-attention, words and memory have changed places: the *words* ask, the memory answers."""
    return decode(self, tgt, memory, tgt_mask, look=lambda x: self.cross_attn(memory, x, x).mean(1, keepdim=True))


@replaces("TransformerDecoderLayer.forward")
def no_cross_attention(self, tgt, memory, tgt_mask=None):
    """`memory` has no effect on your answer: the second sublayer, the cross-attention, is missing."""
    return decode(self, tgt, memory, tgt_mask, order=(0, 2))


@replaces("TransformerDecoderLayer.forward")
def no_self_attention(self, tgt, memory, tgt_mask=None):
    """The words do not look at each other: the first sublayer, the masked self-attention, is missing."""
    return decode(self, tgt, memory, tgt_mask, order=(1, 2))


@replaces("TransformerDecoderLayer.forward")
def no_network(self, tgt, memory, tgt_mask=None):
    """The third sublayer, the feed-forward network, is missing."""
    return decode(self, tgt, memory, tgt_mask, order=(0, 1))


@replaces("TransformerDecoderLayer.forward")
def cross_attention_first(self, tgt, memory, tgt_mask=None):
    """The words look at the memory before they look at each other. The self-attention comes first."""
    return decode(self, tgt, memory, tgt_mask, order=(1, 0, 2))


@replaces("TransformerDecoderLayer.forward")
def self_attention_used_twice(self, tgt, memory, tgt_mask=None):
    """The cross-attention uses the weights of the self-attention. It has a module of its own, `cross_attn`."""
    return decode(self, tgt, memory, tgt_mask, look=lambda x: self.self_attn(x, memory, memory))


@replaces("TransformerDecoderLayer.forward")
def first_words_ask(self, tgt, memory, tgt_mask=None):
    """The queries of the cross-attention come from the words as they entered the *layer*. They should come from
    what the self-attention has made of them."""
    words = tgt if not self.norm_first else self.norm_cross(tgt)
    return decode(self, tgt, memory, tgt_mask, look=lambda x: self.cross_attn(words, memory, memory))


@replaces("TransformerDecoderLayer.forward")
def decoder_self_attention_without_residual(self, tgt, memory, tgt_mask=None):
    """The residual connection around the self-attention is missing: add what went in."""
    return decode(self, tgt, memory, tgt_mask, keep=(False, True, True))


@replaces("TransformerDecoderLayer.forward")
def decoder_cross_attention_without_residual(self, tgt, memory, tgt_mask=None):
    """The residual connection around the cross-attention is missing: add what went in."""
    return decode(self, tgt, memory, tgt_mask, keep=(True, False, True))


@replaces("TransformerDecoderLayer.forward")
def decoder_network_without_residual(self, tgt, memory, tgt_mask=None):
    """The residual connection around the feed-forward network is missing: add what went in."""
    return decode(self, tgt, memory, tgt_mask, keep=(True, True, False))


@replaces("TransformerDecoderLayer.forward")
def decoder_without_residuals(self, tgt, memory, tgt_mask=None):
    """All three residual connections are missing: each sublayer should only change the tokens, not replace them."""
    return decode(self, tgt, memory, tgt_mask, keep=(False, False, False))


@replaces("TransformerDecoderLayer.forward")
def decoder_norm_before_the_sum(self, tgt, memory, tgt_mask=None):
    """In post-norm, only the sublayers' answers are normalised and then added. The *sum* has to be normalised."""
    return decode(self, tgt, memory, tgt_mask, late=True)


@replaces("TransformerDecoderLayer.forward")
def decoder_with_one_norm(self, tgt, memory, tgt_mask=None):
    """All sublayers use `norm_self`. Each has a norm of its own."""
    return decode(self, tgt, memory, tgt_mask, norms=(self.norm_self,) * 3)


@replaces("TransformerDecoderLayer.forward")
def decoder_norms_of_the_last_two_swapped(self, tgt, memory, tgt_mask=None):
    """Two norms have changed places: `norm_cross` belongs to the cross-attention, `norm_ffn` to the feed-forward
    network."""
    return decode(self, tgt, memory, tgt_mask, norms=(self.norm_self, self.norm_ffn, self.norm_cross))


@replaces("TransformerDecoderLayer.forward")
def memory_normalised(self, tgt, memory, tgt_mask=None):
    """In pre-norm, the memory is normalised, too. The norm of the cross-attention is for the words; the memory is
    taken as it comes."""
    if not self.norm_first:
        return decode(self, tgt, memory, tgt_mask)
    return decode(self, tgt, self.norm_cross(memory), tgt_mask)


@replaces("TransformerDecoderLayer.forward")
def decoder_adds_the_normalised_tokens(self, tgt, memory, tgt_mask=None):
    """In pre-norm, the residual connections add the *normalised* tokens. The stream itself runs through untouched:
    add what was there before the norm."""
    if not self.norm_first:
        return decode(self, tgt, memory, tgt_mask)
    x = self.norm_self(tgt)
    x = self.norm_cross(x + self.dropout_self(self.self_attn(x, x, x, tgt_mask)))
    x = self.norm_ffn(x + self.dropout_cross(self.cross_attn(x, memory, memory)))
    return x + self.dropout_ffn(self.ffn(x))


@replaces("TransformerDecoderLayer.forward")
def decoder_pre_norm_with_a_norm_at_the_end(self, tgt, memory, tgt_mask=None):
    """In pre-norm, what leaves the decoder layer is normalised once more. The stream leaves it as it is."""
    out = decode(self, tgt, memory, tgt_mask)
    return self.norm_ffn(out) if self.norm_first else out


@replaces("TransformerDecoderLayer.forward")
def decoder_second_residual_from_the_start(self, tgt, memory, tgt_mask=None):
    """The residual connection around the cross-attention adds the tokens that came into the *layer*. It should add
    what came into its own sublayer."""
    start = tgt
    out = decode(self, tgt, memory, tgt_mask, order=(0,))
    x = self.norm_cross(out) if self.norm_first else out
    out = start + self.dropout_cross(self.cross_attn(x, memory, memory))
    return decode(self, out if self.norm_first else self.norm_cross(out), memory, order=(2,))


@replaces("TransformerDecoderLayer.forward")
def decoder_without_dropout(self, tgt, memory, tgt_mask=None):
    """In training, nothing is dropped. Each of the three sublayers has its dropout, before the sum."""
    return decode(self, tgt, memory, tgt_mask, drop=(False, False, False))


@replaces("TransformerDecoderLayer.forward")
def decoder_without_dropout_of_the_cross_attention(self, tgt, memory, tgt_mask=None):
    """In training, nothing is dropped from the cross-attention's answer. `dropout_cross` is there for that."""
    return decode(self, tgt, memory, tgt_mask, drop=(True, False, True))


@replaces("TransformerDecoderLayer.forward", seen=True)
def memory_without_gradient(self, tgt, memory, tgt_mask=None):
    """The numbers are right, but no gradient reaches `memory`: the picture's features could not be learnt. Is
    something detached?"""
    return decode(self, tgt, memory.detach() + 0 * memory, tgt_mask)


@also_correct("TransformerDecoderLayer.forward")
def decoder_from_sublayers(self, tgt, memory, tgt_mask=None):
    return decode(self, tgt, memory, tgt_mask)


@also_correct("TransformerDecoderLayer")
class DecoderLayerWithOldNames(nn.Module):
    """The attributes of CS231n's 2021-24 assignments and of `nn.TransformerDecoderLayer`."""

    def __init__(self, input_dim, num_heads, dim_feedforward=2048, dropout=0.1, norm_first=False):
        super().__init__()
        self.self_attn = reference.MultiHeadAttention(input_dim, num_heads, dropout)
        self.multihead_attn = reference.MultiHeadAttention(input_dim, num_heads, dropout)
        self.linear1 = nn.Linear(input_dim, dim_feedforward)
        self.dropout = nn.Dropout(dropout)
        self.linear2 = nn.Linear(dim_feedforward, input_dim)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(input_dim) for _ in range(3))
        self.dropout1, self.dropout2, self.dropout3 = (nn.Dropout(dropout) for _ in range(3))
        self.norm_first = norm_first

    def forward(self, tgt, memory, tgt_mask=None):
        x = self.norm1(tgt) if self.norm_first else tgt
        tgt = tgt + self.dropout1(self.self_attn(query=x, key=x, value=x, attn_mask=tgt_mask))
        tgt = tgt if self.norm_first else self.norm1(tgt)
        x = self.norm2(tgt) if self.norm_first else tgt
        tgt = tgt + self.dropout2(self.multihead_attn(query=x, key=memory, value=memory))
        tgt = tgt if self.norm_first else self.norm2(tgt)
        x = self.norm3(tgt) if self.norm_first else tgt
        tgt = tgt + self.dropout3(self.linear2(self.dropout(F.relu(self.linear1(x)))))
        return tgt if self.norm_first else self.norm3(tgt)


# ---- the ways in ------------------------------------------------------------------------------------------


def placed(module, words, positions, vectors=None):
    """The vectors of the words with the encodings of these positions added."""
    x = module.embedding(words) if vectors is None else vectors
    return module.positional_encoding.dropout(x + module.positional_encoding.pe[0, positions])


def places(words, start=0):
    return torch.arange(start, start + words.shape[1])


@replaces("WordEmbedding.forward")
def no_positions(self, words, start=0):
    """A word has the same token wherever it stands: the positional encoding is missing."""
    return self.positional_encoding.dropout(self.embedding(words))


@replaces("WordEmbedding.forward")
def positions_from_one(self, words, start=0):
    """The positions are late by one: the first word stands at position 0."""
    return placed(self, words, places(words, start) + 1)


@replaces("WordEmbedding.forward")
def start_ignored(self, words, start=0):
    """`start` has no effect on your answer: words that come later get the first positions again."""
    return placed(self, words, places(words))


@replaces("WordEmbedding.forward")
def one_position_for_all(self, words, start=0):
    """All words get the encoding of a single position. Each has its own: `start`, `start + 1`, ..."""
    return placed(self, words, places(words, start)[:1])


@replaces("WordEmbedding.forward")
def positions_along_the_batch(self, words, start=0):
    """The encoding depends on the row of the batch, not on the place in the sentence. Which axis of `words` is
    time?"""
    rows = torch.arange(start, start + len(words)) % self.positional_encoding.pe.shape[1]
    return placed(self, words, rows[:, None])


@replaces("WordEmbedding.forward")
def table_scaled(self, words, start=0):
    """The word vectors are multiplied by the root of the width, as in the paper. We do not do that here."""
    return placed(self, words, places(words, start), self.embedding(words) * math.sqrt(self.embedding.embedding_dim))


@replaces("WordEmbedding.forward")
def position_multiplied(self, words, start=0):
    """Vector and encoding are multiplied. They are added."""
    encoded = self.positional_encoding.pe[0, places(words, start)]
    return self.positional_encoding.dropout(self.embedding(words) * encoded)


@replaces("WordEmbedding.forward")
def position_added_twice(self, words, start=0):
    """The encoding is added twice: once by you, and once by `PositionalEncoding`."""
    encoded = self.positional_encoding.pe[0, places(words, start)]
    return placed(self, words, places(words, start), self.embedding(words) + encoded)


@replaces("WordEmbedding.forward")
def positions_only(self, words, start=0):
    """Which words they are has no effect on your answer: only their positions are left."""
    return placed(self, words, places(words, start), 0 * self.embedding(words))


@replaces("WordEmbedding.forward")
def no_dropout_of_the_words(self, words, start=0):
    """In training, nothing is dropped. `PositionalEncoding` has a dropout, which comes last."""
    return self.embedding(words) + self.positional_encoding.pe[0, places(words, start)]


@replaces("WordEmbedding.forward")
def dropout_before_the_positions(self, words, start=0):
    """In training, only the word vectors are dropped. The dropout comes last, after the positions have been
    added."""
    encoded = self.positional_encoding.pe[0, places(words, start)]
    return self.positional_encoding.dropout(self.embedding(words)) + encoded


@replaces("WordEmbedding.forward")
def positions_counted_backwards(self, words, start=0):
    """The positions run backwards: the first word stands at `start`, the next one after it."""
    return placed(self, words, places(words, start).flip(0))


@also_correct("WordEmbedding.forward")
def with_a_longer_sentence(self, words, start=0):
    x = self.embedding(words)
    padded = torch.cat([x.new_zeros(len(x), start, x.shape[2]), x], dim=1)
    return self.positional_encoding(padded)[:, start:]


@also_correct("WordEmbedding.forward")
def one_word_after_the_other(self, words, start=0):
    N, T = words.shape
    x = torch.zeros(N, T, self.embedding.embedding_dim, dtype=self.embedding.weight.dtype)
    for t in range(T):
        x[:, t] = self.embedding.weight[words[:, t]] + self.positional_encoding.pe[0, start + t]
    return self.positional_encoding.dropout(x)


@replaces("PictureEmbedding.forward")
def memory_without_regions(self, features):
    """A picture of one vector becomes a memory of two axes. The decoder wants three: (N, 1, E)."""
    return self.projection(features)


@replaces("PictureEmbedding.forward")
def picture_axis_in_front(self, features):
    """For one vector per picture, the new axis stands in front, as if all pictures were regions of a single one. It
    belongs in the middle: (N, 1, E)."""
    return self.projection(features) if features.dim() == 3 else self.projection(features)[None]


@replaces("PictureEmbedding.forward")
def mean_of_the_regions(self, features):
    """The regions of a picture are averaged. Each of them is a token of the memory: the decoder chooses where to
    look."""
    return self.projection(features if features.dim() == 2 else features.mean(1))[:, None]


@replaces("PictureEmbedding.forward")
def first_region_only(self, features):
    """Only the first region of each picture is in the memory."""
    return self.projection(features if features.dim() == 2 else features[:, 0])[:, None]


@replaces("PictureEmbedding.forward")
def relu_on_the_picture(self, features):
    """No number of the memory is negative: there is a ReLU that nobody asked for. The map is linear."""
    return torch.relu(pictured(self, features))


@replaces("PictureEmbedding.forward")
def projection_without_bias(self, features):
    """The bias of the projection is missing. Call the layer itself."""
    return pictured(self, features) - self.projection.bias


@replaces("PictureEmbedding.forward")
def tanh_on_the_picture(self, features):
    """All numbers of the memory lie between -1 and 1: there is a tanh that nobody asked for. The map is linear."""
    return torch.tanh(pictured(self, features))


def pictured(module, features):
    return module.projection(features[:, None] if features.dim() == 2 else features)


@also_correct("PictureEmbedding.forward")
def reshaped(self, features):
    out = self.projection(features.reshape(len(features), -1, features.shape[-1]))
    return out.contiguous()


@also_correct("PictureEmbedding.forward")
def axis_added_last(self, features):
    memory = F.linear(features, self.projection.weight, self.projection.bias)
    if len(memory.shape) < 3:
        memory = memory.unsqueeze(1)
    return memory


# ---- the captioner ----------------------------------------------------------------------------------------


def scored(model, features, captions, mask="causal", memory=None, tokens=None, layers=None, output=None):
    """The captioner's scores with one of its pieces changed; mask: "causal", None or a function of T."""
    memory = model.picture(features) if memory is None else memory
    tokens = model.words(captions) if tokens is None else tokens
    mask = reference.causal_mask if mask == "causal" else mask
    for layer in model.transformer.layers if layers is None else layers:
        tokens = layer(tokens, memory, mask(captions.shape[1]) if mask else None)
    return (output or model.output)(tokens)


def square(T):
    return torch.ones(T, T, dtype=torch.bool)


@replaces("CaptioningTransformer.forward")
def no_causal_mask(self, features, captions):
    """Each position sees all words of the caption, also the one that it has to guess: there is no mask. The loss
    would be wonderful."""
    return scored(self, features, captions, mask=None)


@replaces("CaptioningTransformer.forward")
def mask_of_the_future(self, features, captions):
    """The mask is upside down: each position sees itself and what comes *after* it."""
    return scored(self, features, captions, mask=lambda T: square(T).triu())


@replaces("CaptioningTransformer.forward")
def mask_off_by_one(self, features, captions):
    """The mask lets each position see one word too many: the very word that it has to guess."""
    return scored(self, features, captions, mask=lambda T: square(T).tril(1))


@replaces("CaptioningTransformer.forward")
def mask_without_the_word_itself(self, features, captions):
    """A word may not look at itself, so that the first one may look at nothing at all. The mask includes the
    diagonal."""
    return scored(self, features, captions, mask=lambda T: square(T).tril(-1))


@replaces("CaptioningTransformer.forward")
def no_positions_in_the_captioner(self, features, captions):
    """The words' positions have no effect on your answer. `self.words` adds them."""
    return scored(self, features, captions, tokens=self.words.embedding(captions))


@replaces("CaptioningTransformer.forward")
def picture_unused(self, features, captions):
    """The picture has no effect on your answer: what is the memory made of?"""
    return scored(self, features, captions, memory=self.words(captions))


@replaces("CaptioningTransformer.forward")
def words_and_picture_swapped(self, features, captions):
    """Words and picture have changed places: the words go through the layers, the picture is their memory."""
    memory = self.words(captions)
    tokens = self.picture(features)
    for layer in self.transformer.layers:
        tokens = layer(tokens, memory, reference.causal_mask(tokens.shape[1]))
    return self.output(tokens)


@replaces("CaptioningTransformer.forward")
def mean_region_as_memory(self, features, captions):
    """The memory is the mean of all regions. Each region is a token of the memory."""
    return scored(self, features, captions, memory=self.picture(features).mean(1, keepdim=True))


@replaces("CaptioningTransformer.forward")
def first_region_as_memory(self, features, captions):
    """The memory holds the first region only."""
    return scored(self, features, captions, memory=self.picture(features)[:, :1])


@replaces("CaptioningTransformer.forward")
def picture_of_the_neighbour(self, features, captions):
    """The captions are given other pictures than their own. Row n of the features belongs to row n of the
    captions."""
    return scored(self, features, captions, memory=self.picture(features).roll(1, 0))


@replaces("CaptioningTransformer.forward")
def positions_on_the_picture(self, features, captions):
    """The regions get positional encodings. Where a region lies, its features say themselves."""
    return scored(self, features, captions, memory=self.words.positional_encoding(self.picture(features)))


@replaces("CaptioningTransformer.forward")
def no_output_map(self, features, captions):
    """These are the tokens that leave the last layer. Scores have one number for each word of the vocabulary: a
    layer is missing."""
    return scored(self, features, captions, output=same)


@replaces("CaptioningTransformer.forward")
def probabilities_for_scores(self, features, captions):
    """These are probabilities. The captioner returns scores; the loss takes the softmax."""
    return scored(self, features, captions).softmax(-1)


@replaces("CaptioningTransformer.forward")
def log_probabilities_for_scores(self, features, captions):
    """These are log-probabilities. The captioner returns the scores as they are."""
    return scored(self, features, captions).log_softmax(-1)


@replaces("CaptioningTransformer.forward")
def scores_of_the_last_word_only(self, features, captions):
    """These are the scores after the last word. They are wanted after each word: (N, T, V)."""
    return scored(self, features, captions)[:, -1]


@replaces("CaptioningTransformer.forward")
def last_layer_only(self, features, captions):
    """Only one of the decoder layers is used. Call the whole stack."""
    return scored(self, features, captions, layers=self.transformer.layers[-1:])


@replaces("CaptioningTransformer.forward")
def start_cut_off(self, features, captions):
    """The words are cut by one, so that there are scores for T - 1 positions. The shift belongs to the loss; here
    all T words go in."""
    return scored(self, features, captions[:, :-1])


@replaces("CaptioningTransformer.forward")
def batch_and_time_swapped(self, features, captions):
    """The scores come time first. The result is (N, T, V), batch first."""
    return scored(self, features, captions).transpose(0, 1)


@also_correct("CaptioningTransformer.forward")
def with_a_float_mask(self, features, captions):
    N, T = captions.shape
    tgt_mask = torch.tril(torch.ones((T, T), dtype=features.dtype, device=features.device))
    features = self.picture(features)
    captions = self.words(captions, 0)
    return self.output(self.transformer(captions, features, tgt_mask))


@also_correct("CaptioningTransformer.forward")
def one_vector_for_every_word(self, features, captions):
    memory = self.picture(features)
    if memory.shape[1] == 1:
        memory = memory.expand(-1, captions.shape[1], -1)
    return scored(self, features, captions, memory=memory)


@also_correct("CaptioningTransformer")
class CaptionerInOnePiece(nn.Module):
    """A captioner with the attributes of CS231n's, and PyTorch's names inside its layers."""

    def __init__(self, word_to_idx, input_dim, wordvec_dim, num_heads=4, num_layers=2, max_length=50):
        super().__init__()
        self._null, self._start, self._end = (word_to_idx.get(name) for name in ("<NULL>", "<START>", "<END>"))
        self.visual_projection = nn.Linear(input_dim, wordvec_dim)
        self.embedding = nn.Embedding(len(word_to_idx), wordvec_dim, padding_idx=self._null)
        self.positional_encoding = reference.PositionalEncoding(wordvec_dim, max_len=max_length)
        layer = DecoderLayerWithOldNames(input_dim=wordvec_dim, num_heads=num_heads)
        self.transformer = reference.TransformerDecoder(layer, num_layers=num_layers)
        self.output = nn.Linear(wordvec_dim, len(word_to_idx))

    def forward(self, features, captions):
        tgt = self.positional_encoding(self.embedding(captions))
        memory = self.visual_projection(features)
        memory = memory.unsqueeze(1) if memory.ndim == 2 else memory
        mask = torch.ones(captions.shape[1], captions.shape[1]).tril()
        return self.output(self.transformer(tgt, memory, tgt_mask=mask))

    def sample(self, features, max_length=30):
        words = torch.full((len(features), 1), self._start)
        for _ in range(max_length):
            words = torch.cat([words, self(features, words)[:, -1:].argmax(-1)], 1)
        return reference.blank_after_end(words[:, 1:], self._end, self._null).numpy()


# ---- the loss ---------------------------------------------------------------------------------------------


def surprise(model, features, captions, words_in=None, words_out=None, counts=None, mean=None, scores=None):
    """The teacher-forcing loss with one of its pieces changed. counts (N, T): what is counted; mean(loss,
    counts)."""
    words_in = captions[:, :-1] if words_in is None else words_in
    words_out = captions[:, 1:] if words_out is None else words_out
    scores = model(features, words_in) if scores is None else scores
    counts = (words_out != model._null) if counts is None else counts
    losses = -scores.log_softmax(-1).gather(2, words_out[..., None])[..., 0] * counts       # (N, T)
    return mean(losses, counts) if mean else losses.sum() / counts.sum()


@replaces("teacher_forcing_loss")
def captions_not_shifted(model, features, captions):
    """The model is asked for the word that it has just been given. In and out are the same caption, *shifted* by
    one."""
    return surprise(model, features, captions, words_out=captions[:, :-1])


@replaces("teacher_forcing_loss")
def shifted_the_wrong_way(model, features, captions):
    """The shift goes the wrong way: the model is asked for the word *before* the one that it sees."""
    return surprise(model, features, captions, captions[:, 1:], captions[:, :-1])


@replaces("teacher_forcing_loss")
def null_counts(model, features, captions):
    """Places with <NULL> count. They only fill up short captions."""
    return surprise(model, features, captions, counts=torch.ones_like(captions[:, 1:]))


@replaces("teacher_forcing_loss")
def null_of_the_inputs(model, features, captions):
    """What counts is decided by the words that go *in*. Look at the words that should come out."""
    return surprise(model, features, captions, counts=captions[:, :-1] != model._null)


@replaces("teacher_forcing_loss")
def end_does_not_count(model, features, captions):
    """<END> does not count in your loss. It is a word like any other: the model has to learn when to stop."""
    out = captions[:, 1:]
    return surprise(model, features, captions, counts=(out != model._null) & (out != model._end))


@replaces("teacher_forcing_loss")
def divided_by_all_places(model, features, captions):
    """The sum is divided by the number of *all* places, those with <NULL> included."""
    return surprise(model, features, captions, mean=lambda losses, counts: losses.mean())


@replaces("teacher_forcing_loss")
def summed_over_time(model, features, captions):
    """This is the loss of a sentence: a sum over time, a mean over the batch, as in assignment 1. Here it is the
    mean over all words that count."""
    return surprise(model, features, captions, mean=lambda losses, counts: losses.sum() / len(losses))


@replaces("teacher_forcing_loss")
def sum_without_a_mean(model, features, captions):
    """The surprises are added up. Divide by the number of words that count."""
    return surprise(model, features, captions, mean=lambda losses, counts: losses.sum())


@replaces("teacher_forcing_loss")
def mean_of_the_captions_means(model, features, captions):
    """Each caption is averaged by itself, and then the captions are: that gives the words of short captions more
    weight. Each word counts alike."""
    return surprise(model, features, captions, mean=lambda losses, counts: (losses.sum(1) / counts.sum(1)).mean())


@replaces("teacher_forcing_loss")
def null_is_always_word_zero(model, features, captions):
    """Word 0 does not count, whatever it is. <NULL> has the number `model._null`."""
    return surprise(model, features, captions, counts=captions[:, 1:] != 0)


@replaces("teacher_forcing_loss")
def softmax_taken_twice(model, features, captions):
    """The softmax is taken twice: the loss takes it by itself, and wants scores."""
    return surprise(model, features, captions, scores=model(features, captions[:, :-1]).softmax(-1))


@replaces("teacher_forcing_loss")
def scores_mixed_up(model, features, captions):
    """Scores and words do not belong together: a reshape has mixed the axes of time and vocabulary. Where does
    cross-entropy want the classes?"""
    scores = model(features, captions[:, :-1])
    N, T, V = scores.shape
    return surprise(model, features, captions, scores=scores.reshape(N, V, T).transpose(1, 2))


@replaces("teacher_forcing_loss", seen=True)
def exponential_overflows(model, features, captions):
    """The loss is infinite, or not a number, for large scores: the exponential overflows before the logarithm is
    taken. Let one function do both."""
    p = model(features, captions[:, :-1]).exp()
    return surprise(model, features, captions, scores=(p / p.sum(-1, keepdim=True)).log())


@replaces("teacher_forcing_loss")
def sign_forgotten(model, features, captions):
    """The loss is negative. Training makes it smaller still: which way should log p go?"""
    return -surprise(model, features, captions)


@replaces("teacher_forcing_loss", seen=True)
def loss_without_gradient(model, features, captions):
    """The loss is right, but no gradient flows back from it. Is it computed without gradients, or detached?"""
    loss = surprise(model, features, captions)
    return loss.detach() + 0 * loss


@also_correct("teacher_forcing_loss")
def classes_in_the_middle(model, features, captions):
    scores = model(features=features, captions=captions[..., :-1])
    target = captions[..., 1:].masked_fill(captions[..., 1:] == model._null, -100)
    return F.cross_entropy(scores.permute(0, 2, 1), target)


@also_correct("teacher_forcing_loss")
def word_by_word(model, features, captions):
    log_p = F.log_softmax(model(features, captions[:, :-1]), dim=2)
    total, count = 0.0, 0
    for n in range(captions.shape[0]):
        for t in range(1, captions.shape[1]):
            if captions[n, t].item() != model._null:
                total, count = total - log_p[n, t - 1, captions[n, t]], count + 1
    return total / count


# ---- speaking ---------------------------------------------------------------------------------------------


@torch.no_grad()
def say(model, features, length, heard=same, choose=lambda scores: scores[:, -1].argmax(-1), until=None):
    """Greedy decoding with one of its pieces changed. heard(words): what the model is asked about."""
    words = torch.full((len(features), 1), model._start)
    for _ in range(length):
        best = choose(model(features, heard(words)))
        words = torch.cat([words, best[:, None]], 1)
        if until is not None and until(best):
            words = F.pad(words, (0, length + 1 - words.shape[1]), value=model._null)
            break
    return words


def blanked(model, captions):
    return reference.blank_after_end(captions, model._end, model._null)


@replaces("greedy_decode")
def start_in_slot_zero(model, features, max_length=30):
    """Slot 0 holds <START>, so everything else is late by one. <START> is what the model hears first, not what it
    says."""
    return blanked(model, say(model, features, max_length)[:, :-1])


@replaces("greedy_decode")
def always_hears_start(model, features, max_length=30):
    """Each word follows from <START> alone: either the words that were said are never fed back, or the next word is
    read from the scores of the *first* position. It follows the last one."""
    return blanked(model, say(model, features, max_length, heard=lambda words: words[:, :1])[:, 1:])


@replaces("greedy_decode")
def hears_the_last_word_only(model, features, max_length=30):
    """The model hears its last word only. A transformer has no memory but the words that it is shown: give it all
    of them."""
    return blanked(model, say(model, features, max_length, heard=lambda words: words[:, -1:])[:, 1:])


@replaces("greedy_decode")
def worst_word(model, features, max_length=30):
    """The word with the *lowest* score is chosen."""
    return blanked(model, say(model, features, max_length, choose=lambda scores: scores[:, -1].argmin(-1))[:, 1:])


@replaces("greedy_decode")
def first_picture_speaks_for_all(model, features, max_length=30):
    """All pictures are given the words of the first one. Choose the best word for each row of the batch."""
    def choose(scores):
        return scores[:1, -1].argmax(-1).expand(len(scores))

    return blanked(model, say(model, features, max_length, choose=choose)[:, 1:])


@replaces("greedy_decode")
def stops_when_the_first_caption_ends(model, features, max_length=30):
    """As soon as one caption ends, all of them stop. The others still have something to say."""
    return blanked(model, say(model, features, max_length, until=lambda best: (best == model._end).any())[:, 1:])


@replaces("greedy_decode")
def end_is_not_written_down(model, features, max_length=30):
    """<END> is missing at the end of the captions. It is a word that was said, so it stands in the caption."""
    captions = blanked(model, say(model, features, max_length)[:, 1:])
    return captions.masked_fill(captions == model._end, model._null)


@replaces("greedy_decode")
def goes_on_after_the_end(model, features, max_length=30):
    """There are words after <END>. A function that blanks them is given."""
    return say(model, features, max_length)[:, 1:]


@replaces("greedy_decode")
def newest_word_in_front(model, features, max_length=30):
    """The new word is put in *front* of the others. It belongs at the end, where the next position is."""
    with torch.no_grad():
        words = torch.full((len(features), 1), model._start)
        said = []
        for _ in range(max_length):
            said.append(model(features, words)[:, -1].argmax(-1, keepdim=True))
            words = torch.cat([said[-1], words], 1)
    return blanked(model, torch.cat(said, 1))


@replaces("greedy_decode")
def hears_words_one_step_late(model, features, max_length=30):
    """The model hears each of its words one step too late: what was said last has to be in the input of the next
    step."""
    def heard(words):
        return words[:, :max(1, words.shape[1] - 1)]

    return blanked(model, say(model, features, max_length, heard=heard)[:, 1:])


@replaces("greedy_decode")
def one_word_short(model, features, max_length=30):
    """The last slot is never filled: there is room for `max_length` words, <START> not counted."""
    return F.pad(blanked(model, say(model, features, max_length - 1)[:, 1:]), (0, 1), value=model._null)


@replaces("greedy_decode")
def hears_blanks(model, features, max_length=30):
    """The model hears <NULL> where its own words should be. Are they written where they are read?"""
    def heard(words):
        return words.where(torch.arange(words.shape[1]) == 0, model._null)

    return blanked(model, say(model, features, max_length, heard=heard)[:, 1:])


@also_correct("greedy_decode")
def with_an_array_to_fill(model, features, max_length=30):
    with torch.no_grad():
        N = features.shape[0]
        captions = torch.full((N, max_length + 1), model._null, dtype=torch.int32)
        captions[:, 0] = model._start
        speaking = torch.ones(N, dtype=torch.bool)
        for t in range(max_length):
            logits = model(features, captions[:, : t + 1].long())[:, t]
            captions[speaking, t + 1] = logits.softmax(-1).max(-1).indices[speaking].int()
            speaking &= captions[:, t + 1] != model._end
            if not speaking.any():
                break
    return captions[:, 1:].numpy()


@also_correct("greedy_decode")
def one_picture_after_the_other(model, features, max_length=30):
    captions = []
    for picture in features.split(1):
        words = [model._start]
        while len(words) <= max_length and words[-1] != model._end:
            words.append(int(model(picture, torch.tensor([words]))[0, -1].argmax()))
        captions.append(words[1:] + [model._null] * (max_length + 1 - len(words)))
    return torch.tensor(captions)


# ---- a cache ----------------------------------------------------------------------------------------------


def step(layer, x, memory, past, seen=None, look=None, keep=True, norms=None):
    """One new word through one layer. past: the inputs (N, t, E) of earlier words or None; seen(past, x): what is
    looked at; look(x): the cross-attention. Returns the output and all inputs so far."""
    inputs = x if past is None else torch.cat([past, x], 1)
    others = inputs if seen is None else seen(past, x)
    x = layer.norm_self(x * keep + layer.dropout_self(layer.self_attn(x, others, others)))
    x = layer.norm_cross(x + layer.dropout_cross(look(x) if look else layer.cross_attn(x, memory, memory)))
    return layer.norm_ffn(x + layer.dropout_ffn(layer.ffn(x))), inputs


@replaces("decoder_step")
def cache_not_used(layer, x, memory, cache=None):
    """Each word looks at nothing but itself, as if nothing had been said before. Is the cache kept for the next word,
    and are the old keys looked at, each with its own value?"""
    return step(layer, x, memory, cache, seen=lambda past, x: x)


@replaces("decoder_step")
def cache_not_extended(layer, x, memory, cache=None):
    """The cache holds the first word for ever. Each new word has to be added to it."""
    out, inputs = step(layer, x, memory, cache)
    return out, inputs if cache is None else cache


@replaces("decoder_step")
def cache_replaced(layer, x, memory, cache=None):
    """The cache holds the last word only: the new one is put in the place of the earlier ones. Append it."""
    return step(layer, x, memory, cache)[0], x


@replaces("decoder_step")
def blind_to_itself(layer, x, memory, cache=None):
    """The new word looks at the words before it, and not at itself. The causal mask has ones on its diagonal."""
    return step(layer, x, memory, cache, seen=lambda past, x: x if past is None else past)


@replaces("decoder_step")
def outputs_in_the_cache(layer, x, memory, cache=None):
    """The cache holds what *left* the layer. Keys and values are made of what came in."""
    out, _ = step(layer, x, memory, cache)
    return out, out if cache is None else torch.cat([cache, out], 1)


@replaces("decoder_step")
def memory_in_the_self_attention(layer, x, memory, cache=None):
    """The cache of the self-attention holds the picture, too. There are two attentions: one for the words, one for
    the picture."""
    def seen(past, x):
        return torch.cat([memory, *([] if past is None else [past]), x], 1)

    return step(layer, x, memory, cache, seen=seen)


@replaces("decoder_step")
def cross_attention_to_the_words(layer, x, memory, cache=None):
    """`memory` has no effect on your answer: the cross-attention looks at the words."""
    return step(layer, x, memory, cache, look=lambda x: layer.cross_attn(x, x, x))


@replaces("decoder_step")
def step_without_cross_attention(layer, x, memory, cache=None):
    """The step lacks the cross-attention: all three sublayers of the layer are needed, with their norms."""
    inputs = x if cache is None else torch.cat([cache, x], 1)
    x = layer.norm_self(x + layer.self_attn(x, inputs, inputs))
    return layer.norm_ffn(x + layer.ffn(x)), inputs


@replaces("decoder_step")
def step_without_residual(layer, x, memory, cache=None):
    """In the step, the residual connection around the self-attention is missing."""
    return step(layer, x, memory, cache, keep=False)


@replaces("decoder_step")
def step_in_pre_norm(layer, x, memory, cache=None):
    """The step is pre-norm. The captioner's layers are post-norm: the step has to do what the layer does."""
    y = layer.norm_self(x)
    inputs = y if cache is None else torch.cat([cache, y], 1)
    x = x + layer.self_attn(y, inputs, inputs)
    x = x + layer.cross_attn(layer.norm_cross(x), memory, memory)
    return x + layer.ffn(layer.norm_ffn(x)), inputs


@also_correct("decoder_step")
def inputs_in_the_cache(layer, x, memory, cache=None):
    return step(layer, x, memory, cache)


@also_correct("decoder_step")
def newest_key_in_front(layer, x, memory, cache=None):
    cache = cache or {}
    key, value = layer.self_attn.project(x, x)
    cache = {"key": torch.cat([key, *([cache["key"]] if cache else [])], 2),
             "value": torch.cat([value, *([cache["value"]] if cache else [])], 2)}
    x = layer.norm_self(x + layer.self_attn.attend(x, cache["key"], cache["value"]))
    x = layer.norm_cross(x + layer.cross_attn(x, memory, memory))
    return layer.norm_ffn(x + layer.ffn(x)), cache


@torch.no_grad()
def say_cached(model, features, length, start=same, cache_of=lambda caches, i: caches[i], layers=None, heard=None):
    """Cached decoding with one of its pieces changed. start(t): the position of word t."""
    word = torch.full((len(features), 1), model._start)
    layers = model.transformer.layers if layers is None else layers
    memory, caches, words = model.picture(features), [None] * len(layers), [word]
    for t in range(length):
        x = model.words(word if heard is None else heard(words), start=start(t))
        for i, layer in enumerate(layers):
            x, caches[i] = reference.decoder_step(layer, x, memory, cache_of(caches, i))
        word = model.output(x).argmax(-1)
        words.append(word)
    return torch.cat(words, 1)


@replaces("cached_decode")
def always_at_position_zero(model, features, max_length=30):
    """Each new word stands at position 0. It is fed alone, so that its position has to be said: `start`."""
    return blanked(model, say_cached(model, features, max_length, start=lambda t: 0)[:, 1:])


@replaces("cached_decode")
def positions_late_by_one(model, features, max_length=30):
    """The positions are late by one: <START> stands at position 0."""
    return blanked(model, say_cached(model, features, max_length, start=lambda t: t + 1)[:, 1:])


@replaces("cached_decode")
def cached_start_in_slot_zero(model, features, max_length=30):
    """Slot 0 holds <START>. It should hold the first word that was said."""
    return blanked(model, say_cached(model, features, max_length)[:, :-1])


@replaces("cached_decode")
def one_layer_of_the_stack(model, features, max_length=30):
    """Only the last of the decoder layers is used."""
    return blanked(model, say_cached(model, features, max_length, layers=model.transformer.layers[-1:])[:, 1:])


@replaces("cached_decode")
def cached_always_hears_start(model, features, max_length=30):
    """The model hears <START> at each step: the word that it has just said is never fed back."""
    return blanked(model, say_cached(model, features, max_length, heard=lambda words: words[0])[:, 1:])


@replaces("cached_decode")
def cached_end_missing(model, features, max_length=30):
    """<END> is missing at the end of the captions. It is a word that was said."""
    captions = blanked(model, say_cached(model, features, max_length)[:, 1:])
    return captions.masked_fill(captions == model._end, model._null)


@also_correct("cached_decode")
def cached_in_a_stopping_loop(model, features, max_length=30):
    captions = torch.full((features.size(0), max_length), model._null)
    word, caches, t = torch.full((features.size(0), 1), model._start), {}, 0
    ended = torch.zeros(features.size(0), dtype=torch.bool)
    memory = model.picture(features).detach()
    while t < max_length and not ended.all():
        x = model.words(word, t)
        for layer in model.transformer.layers:
            x, caches[layer] = reference.decoder_step(layer, x, memory, caches.get(layer))
        word = model.output(x)[:, -1].max(-1, keepdim=True)[1]
        captions[:, t] = torch.where(ended, model._null, word[:, 0])
        ended |= word[:, 0] == model._end
        t += 1
    return captions


# ---- beam search ------------------------------------------------------------------------------------------


@torch.no_grad()
def search(model, features, width, length, log=lambda scores: scores.log_softmax(-1), ended="stay", best=0,
           rank=lambda beam: beam[0], answer=lambda beam: beam[0], per_beam=None, first=None):
    """Beam search with one of its pieces changed."""
    captions, log_probs = torch.full((len(features), length), model._null), []
    for n in range(len(features)):
        beams = [(0.0, [model._start])]
        for t in range(length):
            candidates = []
            for total, past in beams:
                if past[-1] == model._end and ended == "stay":
                    candidates.append((total, past))
                    continue
                if past[-1] == model._end and ended == "dropped":
                    continue
                log_p = log(model(features[n:n + 1], torch.tensor([past]))[0, -1])
                more = [(total + float(p), [*past, w]) for w, p in enumerate(log_p)]
                candidates += sorted(more, key=rank, reverse=True)[:per_beam and per_beam(t)]
            beams = sorted(candidates, key=rank, reverse=True)[:width if t or first is None else first] or beams
            if ended == "stay" and all(past[-1] == model._end for _, past in beams):
                break
        beam = beams[best]
        captions[n, :len(beam[1]) - 1] = torch.tensor(beam[1][1:])
        log_probs.append(answer(beam))
    return blanked(model, captions), torch.tensor(log_probs, dtype=torch.float64)


@replaces("beam_search")
def only_one_beginning(model, features, beam_width=3, max_length=30):
    """This is what a beam of 1 finds: only one beginning is kept, whatever `beam_width` says, or all of
    them begin with the same word, or the one that is returned is not the best."""
    return search(model, features, 1, max_length)


@replaces("beam_search")
def best_word_of_each_beginning(model, features, beam_width=3, max_length=30):
    """Each beginning is continued with its best word only, so that after the first step none of them branches
    again. All V words are candidates, for each beginning."""
    return search(model, features, beam_width, max_length, per_beam=lambda t: beam_width if t == 0 else 1)


@replaces("beam_search")
def scores_added_up(model, features, beam_width=3, max_length=30):
    """Raw scores are added up. Make log-probabilities of them first: scores of different positions cannot be
    compared."""
    return search(model, features, beam_width, max_length, log=same)


@replaces("beam_search")
def probabilities_added_up(model, features, beam_width=3, max_length=30):
    """Probabilities are added up. Add their logarithms: the probability of a caption is a product."""
    return search(model, features, beam_width, max_length, log=lambda scores: scores.softmax(-1))


@replaces("beam_search")
def probability_returned(model, features, beam_width=3, max_length=30):
    """These are the probabilities of the captions. Their logarithms are wanted."""
    return search(model, features, beam_width, max_length, answer=lambda beam: math.exp(beam[0]))


@replaces("beam_search")
def mean_per_word(model, features, beam_width=3, max_length=30):
    """Captions are compared by their log-probability *per word*. That is a prize for length, which is not given
    here."""
    return search(model, features, beam_width, max_length, rank=lambda beam: beam[0] / max(1, len(beam[1]) - 1))


@replaces("beam_search")
def mean_per_word_returned(model, features, beam_width=3, max_length=30):
    """The log-probabilities are divided by the number of words. Return the sum."""
    return search(model, features, beam_width, max_length, answer=lambda beam: beam[0] / max(1, len(beam[1]) - 1))


@replaces("beam_search")
def ended_captions_thrown_away(model, features, beam_width=3, max_length=30):
    """Captions that have ended are lost. They stay in the race, with the log-probability that they have."""
    return search(model, features, beam_width, max_length, ended="dropped")


@replaces("beam_search")
def ended_captions_go_on(model, features, beam_width=3, max_length=30):
    """Captions that have ended are continued, and lose log-probability with each word that nobody will read."""
    return search(model, features, beam_width, max_length, ended="go on")


@replaces("beam_search")
def worst_of_the_beam(model, features, beam_width=3, max_length=30):
    """The answer is the *last* of the beginnings that were kept. It should be the best one."""
    return search(model, features, beam_width, max_length, best=-1)


@replaces("beam_search")
def least_likely_kept(model, features, beam_width=3, max_length=30):
    """The beginnings with the *lowest* log-probability are kept. Look at the order in which you sort."""
    return search(model, features, beam_width, max_length, rank=lambda beam: -beam[0])


@replaces("beam_search")
def everything_kept(model, features, beam_width=3, max_length=30):
    """Your beam is wider than `beam_width`: each beginning keeps that many continuations. After each step,
    `beam_width` candidates stay in all."""
    return search(model, features, beam_width ** 2, max_length, per_beam=lambda t: beam_width)


@replaces("beam_search")
def one_too_many_kept(model, features, beam_width=3, max_length=30):
    """Your beam is wider than `beam_width` by one."""
    return search(model, features, beam_width + 1, max_length)


@replaces("beam_search")
def greedy_first_word(model, features, beam_width=3, max_length=30):
    """All beginnings start with the same first word: the beam opens one step too late."""
    return search(model, features, beam_width, max_length, first=1)


@replaces("beam_search")
def last_slot_never_filled(model, features, beam_width=3, max_length=30):
    """The search ends one word too early: there is room for `max_length` words, <START> not counted."""
    captions, log_probs = search(model, features, beam_width, max_length - 1)
    return F.pad(captions, (0, 1), value=model._null), log_probs


@also_correct("beam_search")
def beam_in_tensors(model, features, beam_width=3, max_length=30):
    captions, totals = [], []
    with torch.no_grad():
        for n in range(len(features)):
            words, total = torch.full((1, 1), model._start), torch.zeros(1, dtype=torch.float64)
            for _ in range(max_length):
                picture = features[n:n + 1].repeat(len(words), *[1] * (features.dim() - 1))
                log_p = model(picture, words)[:, -1].log_softmax(-1)
                ended = (words == model._end).any(1)
                log_p = log_p.masked_fill(ended[:, None], -torch.inf)
                log_p[ended, model._null] = 0.0
                total, place = (total[:, None] + log_p).flatten().topk(min(beam_width, log_p.isfinite().sum().item()))
                row, word = place // log_p.shape[1], place % log_p.shape[1]
                words = torch.cat([words[row], word[:, None]], 1)
            captions.append(words[0, 1:])
            totals.append(total[0])
    return torch.stack(captions), torch.stack(totals)


@also_correct("beam_search")
def beam_that_stops_early(model, features, beam_width=3, max_length=30):
    captions, log_probs = [], []
    for picture in features.split(1):
        beams = [([model._start], 0.0)]
        while beams[0][0][-1] != model._end and len(beams[0][0]) <= max_length:
            pool = [beam for beam in beams if beam[0][-1] == model._end]
            for past, total in beams:
                if past[-1] != model._end:
                    log_p = F.log_softmax(model(picture, torch.tensor([past]))[0, -1].detach(), -1).numpy()
                    pool.extend(([*past, word], total + log_p[word]) for word in range(len(log_p)))
            pool.sort(key=lambda beam: -beam[1])
            beams = pool[:beam_width]
            if max(len(past) for past, _ in beams) > max_length:
                break
        captions.append(beams[0][0][1:] + [model._null] * (max_length + 1 - len(beams[0][0])))
        log_probs.append(float(beams[0][1]))
    return torch.tensor(captions), log_probs


EQUIVALENT = {
    "LayerNorm.forward: x - mean -> mean - x (#2)": "it is squared",
    "greedy_decode: -1 -> 1": "the last axis of two is axis 1",
    "beam_search: -1 -> 1": "the last axis of two is axis 1",
    "beam_search: torch.tensor(log_probs) -> log_probs": "a list of the same numbers is as good",
    "beam_search: sorted(candidates, key=lambda beam: beam[0], reverse=True) -> sorted(candidates, reverse=True)":
        "without a key the words decide between equal log-probabilities, and nobody says which should win",
}
