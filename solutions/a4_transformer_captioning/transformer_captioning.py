# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Assignment 4: describe a picture with a transformer
#
# You have written attention, positions and many heads. Now put them together into the machine that most of today's
# language and vision is built on, and let it say what it sees. At the end you will have a captioner that is right
# about nine times out of ten, pictures of where each of its heads looks for each word, and a warning that is worth
# more than both: a model whose loss is lower than yours, and whose captions are worthless.
#
# | section | you write | points |
# |---|---|---|
# | 1 | layer normalisation | 7 |
# | 2 | the feed-forward network | 4 |
# | 3 | an encoder layer, post-norm and pre-norm | 9 |
# | 4 | a decoder layer, post-norm and pre-norm | 17 |
# | 5 | the ways in: words with their positions, pictures | 8 |
# | 6 | the captioner | 17 |
# | 7 | the loss, with a teacher at hand | 8 |
# | 8 | speaking, greedily | 7 |
# | 9, 10 | *(train it, look at it, and see why its loss is no grader)* | |
# | 11 | speaking faster: a cache | 7 |
# | 12 | speaking better: beam search | 6 |
# | | three questions in your own words | 10 |
#
# **How to work.** Read, look at the worked example, fill in the function, run the `check("...")` cell below it.
# More checks of the same kind, with other sizes and other numbers, run when your work is marked. The constructors
# are written: they say which layers there are and what they are called. You write what happens in `forward`.
# PyTorch finds the gradients.
#
# The paper to have beside you is Vaswani and others, *Attention is all you need*, 2017; "section 3.1" below means
# its section 3.1.
#
# ## The letters of the axes
#
# | letter | axis |
# |---|---|
# | `N` | batch: which picture |
# | `T` | target time: which word of the caption |
# | `S` | source: which vector of the memory that the decoder looks at |
# | `R` | region of the picture; the regions are the captioner's source, so here `S = R` |
# | `E` | width of a token, the vector that stands for a word or a region |
# | `H`, `d` | heads, and the width of one head, `d = E / H` |
# | `D` | width of the feature vector of a picture or of a region |
# | `V` | vocabulary: how many different words there are |

# %%
import copy
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab import (
    LossCurve,
    judge,
    load_coco_data,
    load_spatial_features,
    plot_losses,
    progress,
    scene_of,
    show_attention,
    show_captions,
    words_of,
)
from autograder.lab.captioning import bleu, looks_at_named, references_of
from autograder.lab.training_torch import minibatches, one_thread
from autograder.notebook import check

# %% [markdown]
# ## What you have written already
#
# Three old acquaintances, so that you can begin. `MultiHeadAttention` is that of assignment 3, cut in two:
# `project` makes the keys and values of all heads, `attend` looks at them, and `forward` does one after the other.
# (You will be glad of the cut in section 11.) It remembers the weights that it used last, for pictures.
#
# A mask says where one *may* look: `mask[t, s]` is true where word `t` may look at token `s`.


# %%
class PositionalEncoding(nn.Module):
    """Adds to each token the sines and cosines of its position (assignment 2); then dropout.

    The table is `pe` (1, max_len, embed_dim): row t belongs to position t. The width is even.
    """

    def __init__(self, embed_dim, dropout=0.1, max_len=5000):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        position = torch.arange(max_len)[:, None]                               # (max_len, 1)
        frequency = 10000.0 ** (-torch.arange(0, embed_dim, 2) / embed_dim)     # (E / 2,)
        pe = torch.zeros(1, max_len, embed_dim)                                 # (1, max_len, E)
        pe[0, :, 0::2] = torch.sin(position * frequency)
        pe[0, :, 1::2] = torch.cos(position * frequency)
        self.register_buffer("pe", pe)

    def forward(self, x):
        """x (N, T, E) -> (N, T, E); the first token is at position 0."""
        return self.dropout(x + self.pe[:, : x.shape[1]])


class MultiHeadAttention(nn.Module):
    """Attention with `num_heads` heads side by side (assignment 3).

    After a call, `weights` (N, H, T, S) says how much head h of word t looked at token s.
    """

    def __init__(self, embed_dim, num_heads, dropout=0.1):
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError(f"{num_heads} heads cannot share a width of {embed_dim} evenly")
        self.num_heads = num_heads
        self.query, self.key, self.value, self.proj = (nn.Linear(embed_dim, embed_dim) for _ in range(4))
        self.dropout = nn.Dropout(dropout)
        self.weights = None

    def split(self, x):
        """x (N, T, E) -> (N, H, T, d)"""
        return x.unflatten(2, (self.num_heads, -1)).transpose(1, 2)

    def project(self, key, value):
        """key, value (N, S, E) -> the keys and the values of all heads, (N, H, S, d) each"""
        return self.split(self.key(key)), self.split(self.value(value))

    def attend(self, query, keys, values, attn_mask=None):
        """query (N, T, E), keys and values (N, H, S, d) from `project`, attn_mask (T, S) -> (N, T, E)"""
        queries = self.split(self.query(query))                                 # (N, H, T, d)
        scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5    # (N, H, T, S)
        if attn_mask is not None:
            scores = scores.masked_fill(attn_mask == 0, -torch.inf)             # true, or 1: may look
        weights = scores.softmax(dim=-1)                                        # (N, H, T, S)
        self.weights = weights.detach()
        heads = self.dropout(weights) @ values                                  # (N, H, T, d)
        return self.proj(heads.transpose(1, 2).flatten(2))                      # (N, T, E)

    def forward(self, query, key, value, attn_mask=None):
        """query (N, T, E), key and value (N, S, E), attn_mask (T, S) or None -> (N, T, E)"""
        return self.attend(query, *self.project(key, value), attn_mask)


def causal_mask(T):
    """(T, T), true where row t may look at column s: at itself and at what came before."""
    return torch.ones(T, T, dtype=torch.bool).tril()


# %% [markdown]
# ## 1. Layer normalisation
#
# Deep stacks train badly if the size of their tokens drifts from layer to layer. Layer normalisation puts every
# token, by itself, back to mean 0 and variance 1 over its $E$ numbers, and then lets two learnt vectors, a weight
# $w$ and a bias $b$, choose another scale and level for each of the $E$ places:
#
# $$ \mu = \frac1E \sum_{e} x_e \qquad \sigma^2 = \frac1E \sum_{e} (x_e - \mu)^2 \qquad
#    y_e = \frac{x_e - \mu}{\sqrt{\sigma^2 + \varepsilon}}\; w_e + b_e $$
#
# No other token takes part: not the rest of the sentence, not the rest of the batch. The variance is divided by $E$
# (not by $E-1$), and $\varepsilon$, `eps`, stands inside the root. (Ba, Kiros and Hinton, *Layer normalization*,
# 2016, section 3.)
#
# **By hand.** $x = (0,\;6)$: mean 3, variance $\frac12(9 + 9) = 9$, so $y = (-1,\;1)$, up to the tiny
# $\varepsilon$. With $w = (2,\;2)$ and $b = (0,\;10)$ it becomes $(-2,\;12)$. And $x = (100, 106)$? The same: a
# level and a scale common to the whole token are forgotten.
#
# Write it out: in this part, to call `nn.LayerNorm` or `F.layer_norm` earns no points.


# %%
class LayerNorm(nn.Module):
    """Layer normalisation over the last axis, with a learnt weight and bias."""

    def __init__(self, embed_dim, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(embed_dim))   # (E,)
        self.bias = nn.Parameter(torch.zeros(embed_dim))    # (E,)

    def forward(self, x):
        """Normalise each token by itself.

        x (..., E)  tokens, with any number of axes in front: (N, E), (N, T, E), ...

        Returns y (..., E).
        """
        ### BEGIN SOLUTION
        mean = x.mean(dim=-1, keepdim=True)                           # (..., 1)
        variance = ((x - mean) ** 2).mean(dim=-1, keepdim=True)       # (..., 1)  divided by E
        normal = (x - mean) / torch.sqrt(variance + self.eps)         # (..., E)  mean 0, variance 1
        return normal * self.weight + self.bias                       # (..., E)
        ### END SOLUTION


# %%
check("layer_norm")

# %% [markdown]
# ## 2. The feed-forward network
#
# Attention moves information *between* tokens. In between, each token is worked on *by itself*: widened from $E$ to
# $F$ numbers, cut off at zero, and brought back (section 3.3).
#
# $$ \mathrm{FFN}(x) = \mathrm{dropout}\big(\mathrm{ReLU}(x\,W_1 + b_1)\big)\, W_2 + b_2 $$
#
# The activation here is **ReLU**, as in the paper; later models prefer GELU, which gives other numbers. The dropout
# is between the two maps.
#
# **By hand.** $E = 1$, $F = 2$, $W_1 = (1,\;{-1})$, $b_1 = (0,\;1)$, $W_2 = (3,\;5)^\top$, $b_2 = 1$. For $x = 2$:
# $(2,\;{-1})$, cut off $(2,\;0)$, and $2 \cdot 3 + 0 \cdot 5 + 1 = 7$. For $x = -2$: $({-2},\;3)$, cut off
# $(0,\;3)$, so $16$.


# %%
class FeedForwardNetwork(nn.Module):
    """Two linear maps with a ReLU between them, applied to each token by itself."""

    def __init__(self, embed_dim, ffn_dim, dropout=0.1):
        super().__init__()
        self.fc1 = nn.Linear(embed_dim, ffn_dim)
        self.fc2 = nn.Linear(ffn_dim, embed_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        """x (N, T, E) -> (N, T, E)"""
        ### BEGIN SOLUTION
        wide = torch.relu(self.fc1(x))        # (N, T, F)
        return self.fc2(self.dropout(wide))   # (N, T, E)
        ### END SOLUTION


# %%
check("feed_forward")

# %% [markdown]
# ## 3. An encoder layer
#
# Two sublayers: attention of the tokens to each other, then the feed-forward network. Around each of them a
# **residual connection**, so that a sublayer only has to say what it wants to *change*, and a layer norm. (Residual
# connections: He and others, *Deep residual learning for image recognition*, 2016, section 3.) Where the norm goes is a
# choice that people fought about:
#
# | | one sublayer $f$ |
# |---|---|
# | **post-norm** (the default) | $x \leftarrow \mathrm{norm}\big(x + \mathrm{dropout}(f(x))\big)$ |
# | **pre-norm** (`norm_first=True`) | $x \leftarrow x + \mathrm{dropout}\big(f(\mathrm{norm}(x))\big)$ |
#
# (Post-norm: sections 3.1 and 5.4. Pre-norm, and a comparison: Xiong and others, *On layer normalization in the
# transformer architecture*, 2020, section 3.)
#
# In post-norm the stream $x$ itself is normalised again and again. In pre-norm only the sublayer's input is: the
# stream runs through untouched, from the first layer to the last, and so does the gradient, which is why deep
# stacks of pre-norm train without a warm-up.
#
# **By hand.** $x = (0,\;6)$ and a sublayer that always answers $(2,\;2)$. Post-norm: $\mathrm{norm}(2,\;8) =
# (-1,\;1)$. Pre-norm: $(0,\;6) + (2,\;2) = (2,\;8)$. The same parts, and quite different numbers.
#
# In both, each sublayer has its own norm and its own dropout. `norm_self` and `dropout_self` belong to the
# attention, `norm_ffn` and `dropout_ffn` to the feed-forward network.
#
# This layer and the next are to be written, not called: one that rests on `nn.TransformerEncoderLayer`,
# `nn.TransformerDecoderLayer` or `nn.MultiheadAttention` gets no points.


# %%
class TransformerEncoderLayer(nn.Module):
    """Self-attention, then a feed-forward network, each with a residual connection and a layer norm."""

    def __init__(self, input_dim, num_heads, dim_feedforward=2048, dropout=0.1, norm_first=False):
        super().__init__()
        self.norm_first = norm_first
        self.self_attn = MultiHeadAttention(input_dim, num_heads, dropout)
        self.ffn = FeedForwardNetwork(input_dim, dim_feedforward, dropout)
        self.norm_self, self.norm_ffn = LayerNorm(input_dim), LayerNorm(input_dim)
        self.dropout_self, self.dropout_ffn = nn.Dropout(dropout), nn.Dropout(dropout)

    def forward(self, src, src_mask=None):
        """One layer, post-norm or (if `self.norm_first`) pre-norm.

        src       (N, S, E)  tokens
        src_mask  (S, S)     true (or 1) where row may look at column; None: everywhere

        Returns (N, S, E).
        """
        ### BEGIN SOLUTION
        if self.norm_first:
            x = self.norm_self(src)                                                           # (N, S, E)
            src = src + self.dropout_self(self.self_attn(x, x, x, src_mask))                  # (N, S, E)
            return src + self.dropout_ffn(self.ffn(self.norm_ffn(src)))                       # (N, S, E)
        src = self.norm_self(src + self.dropout_self(self.self_attn(src, src, src, src_mask)))  # (N, S, E)
        return self.norm_ffn(src + self.dropout_ffn(self.ffn(src)))                           # (N, S, E)
        ### END SOLUTION


# %%
check("encoder_layer")

# %% [markdown]
# In this assignment a convolutional network has encoded the pictures already. Your encoder layer comes into its own
# in a vision transformer, which reads pictures almost without convolutions. (Dosovitskiy and others, *An image is worth
# 16x16 words*, 2021, section 3.1.)
#
# ## 4. A decoder layer
#
# The decoder writes the caption. It has three sublayers:
#
# 1. **masked self-attention**: each word looks at the words up to itself, `tgt_mask`;
# 2. **cross-attention**: each word looks at the picture. The queries come from the words; the keys and the values
#    come from `memory`, the tokens of the picture. No mask: all of the picture may be seen;
# 3. the **feed-forward network**.
#
# In post-norm, the default, every sublayer is followed by the same three things:
#
# | sublayer | queries | keys and values | mask | then |
# |---|---|---|---|---|
# | `self_attn` | words | words | `tgt_mask` | `dropout_self`, add what went in, `norm_self` |
# | `cross_attn` | words | `memory` | none | `dropout_cross`, add what went in, `norm_cross` |
# | `ffn` | | | | `dropout_ffn`, add what went in, `norm_ffn` |
#
# Mind the shapes: in the self-attention the weights are `(T, T)`, in the cross-attention `(T, S)`. (Section 3.1,
# *Decoder*, and 3.2.3. Pre-norm as in section 3: the norm of a sublayer is applied to what goes *in*, and in the
# cross-attention that is the words; `memory` is taken as it comes.)


# %%
class TransformerDecoderLayer(nn.Module):
    """Masked self-attention, cross-attention to a memory, and a feed-forward network."""

    def __init__(self, input_dim, num_heads, dim_feedforward=2048, dropout=0.1, norm_first=False):
        super().__init__()
        self.norm_first = norm_first
        self.self_attn = MultiHeadAttention(input_dim, num_heads, dropout)
        self.cross_attn = MultiHeadAttention(input_dim, num_heads, dropout)
        self.ffn = FeedForwardNetwork(input_dim, dim_feedforward, dropout)
        self.norm_self, self.norm_cross, self.norm_ffn = (LayerNorm(input_dim) for _ in range(3))
        self.dropout_self, self.dropout_cross, self.dropout_ffn = (nn.Dropout(dropout) for _ in range(3))

    def forward(self, tgt, memory, tgt_mask=None):
        """One layer, post-norm or (if `self.norm_first`) pre-norm.

        tgt       (N, T, E)  tokens of the words
        memory    (N, S, E)  tokens of what is looked at, such as a picture
        tgt_mask  (T, T)     true (or 1) where word t may look at word s; None: everywhere

        Returns (N, T, E).
        """
        ### BEGIN SOLUTION
        if self.norm_first:
            x = self.norm_self(tgt)                                                            # (N, T, E)
            tgt = tgt + self.dropout_self(self.self_attn(x, x, x, tgt_mask))                   # (N, T, E)
            x = self.norm_cross(tgt)                                                           # (N, T, E)
            tgt = tgt + self.dropout_cross(self.cross_attn(x, memory, memory))                 # (N, T, E)
            return tgt + self.dropout_ffn(self.ffn(self.norm_ffn(tgt)))                        # (N, T, E)
        tgt = self.norm_self(tgt + self.dropout_self(self.self_attn(tgt, tgt, tgt, tgt_mask)))  # (N, T, E)
        tgt = self.norm_cross(tgt + self.dropout_cross(self.cross_attn(tgt, memory, memory)))  # (N, T, E)
        return self.norm_ffn(tgt + self.dropout_ffn(self.ffn(tgt)))                            # (N, T, E)
        ### END SOLUTION


# %%
check("decoder_layer")

# %% [markdown]
# A decoder is a stack of such layers. Stacking is given.


# %%
def clones(module, N):
    """N copies of a module, each with weights of its own."""
    return nn.ModuleList([copy.deepcopy(module) for _ in range(N)])


class TransformerDecoder(nn.Module):
    """Decoder layers one after the other; all of them look at the same memory."""

    def __init__(self, decoder_layer, num_layers):
        super().__init__()
        self.layers = clones(decoder_layer, num_layers)
        self.num_layers = num_layers

    def forward(self, tgt, memory, tgt_mask=None):
        """tgt (N, T, E), memory (N, S, E), tgt_mask (T, T) -> (N, T, E)"""
        for layer in self.layers:
            tgt = layer(tgt, memory, tgt_mask=tgt_mask)  # (N, T, E)
        return tgt


# %% [markdown]
# ## 5. The ways in
#
# **Words.** A word number becomes a vector by a look-up in a table, and then gets the encoding of its position
# *added*, for attention by itself does not know who stands where; last, dropout:
#
# $$ x_{n,t} = \mathrm{dropout}\big(\mathrm{table}[\,w_{n,t}\,] + \mathrm{PE}[\,\mathrm{start} + t\,]\big) $$
#
# `start` is 0 while training. Later, when we feed a caption bit by bit, the bit that we feed may begin in the
# middle of the caption: then `start` says where. (The paper multiplies the table by $\sqrt E$, section 3.4. We do
# not.)
#
# **By hand.** $E = 2$, so that $\mathrm{PE}[t] = (\sin t, \cos t)$. If the word 7 has the vector $(5, 5)$, then in
# the caption `7 7` it becomes $(5, 6)$ at position 0 and $(5.84, 5.54)$ at position 1: one word, two tokens.
#
# **Pictures.** The picture comes as one feature vector `(N, D)`, or as a grid of them, one for each region, `(N, R,
# D)`. A linear map brings the width from $D$ to $E$. The decoder always wants a memory with three axes: a single
# vector is a memory of one token. (Where a region lies, its features say themselves: our grid has twelve channels
# for that. So the regions need no positional encoding.)


# %%
class WordEmbedding(nn.Module):
    """Word numbers to tokens that know their position."""

    def __init__(self, vocab_size, embed_dim, max_length=50, dropout=0.1):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.positional_encoding = PositionalEncoding(embed_dim, dropout, max_len=max_length)

    def forward(self, words, start=0):
        """words (N, T) integers; the first of them stands at position `start`. Returns (N, T, E)."""
        ### BEGIN SOLUTION
        x = self.embedding(words)                                             # (N, T, E)
        pe = self.positional_encoding.pe[:, start : start + words.shape[1]]   # (1, T, E)
        return self.positional_encoding.dropout(x + pe)                       # (N, T, E)
        ### END SOLUTION


class PictureEmbedding(nn.Module):
    """The features of a picture to the memory that the decoder looks at."""

    def __init__(self, input_dim, embed_dim):
        super().__init__()
        self.projection = nn.Linear(input_dim, embed_dim)

    def forward(self, features):
        """features (N, D) or (N, R, D). Returns the memory, (N, 1, E) or (N, R, E)."""
        ### BEGIN SOLUTION
        if features.dim() == 2:
            features = features[:, None]      # (N, 1, D)  a picture of one region
        return self.projection(features)      # (N, R, E)
        ### END SOLUTION


# %%
check("embedding")

# %% [markdown]
# ## 6. The captioner
#
# All parts are there. Given the picture and the words so far, the captioner gives a score to each word of the
# vocabulary as the *next* word, at all positions at once:
#
# ```text
#   captions (N, T)  ---> words ---> (N, T, E) ---+
#                                                 +--> transformer ---> (N, T, E) ---> output ---> scores (N, T, V)
#   features (N, R, D) -> picture -> (N, R, E) ---+         ^
#                                                       causal mask (T, T)
# ```
#
# `scores[n, t]` is about the word that *follows* `captions[n, t]`. It must not depend on `captions[n, t + 1]` or
# anything later: that is what the mask is for, and the only thing that stands between you and section 10. (The
# captioner with one vector is that of CS231n; a grid in place of the vector as in Xu and others, *Show, attend and
# tell*, 2015, section 3.1.1.)
#
# `sample` calls a function that you will write in section 8.


# %%
class CaptioningTransformer(nn.Module):
    """Says what is in a picture: a stack of decoder layers that looks at the picture's features."""

    def __init__(
        self, word_to_idx, input_dim, wordvec_dim, num_heads=4, num_layers=2, max_length=50,
        dim_feedforward=2048, dropout=0.1,
    ):
        """word_to_idx: dict from word to number; input_dim D; wordvec_dim E; max_length: words in a caption at most."""
        super().__init__()
        self.word_to_idx = word_to_idx
        self._null = word_to_idx["<NULL>"]         # fills up short captions
        self._start = word_to_idx.get("<START>")   # the first input of every caption
        self._end = word_to_idx.get("<END>")       # the last word of every caption
        self.words = WordEmbedding(len(word_to_idx), wordvec_dim, max_length, dropout)
        self.picture = PictureEmbedding(input_dim, wordvec_dim)
        layer = TransformerDecoderLayer(wordvec_dim, num_heads, dim_feedforward, dropout)
        self.transformer = TransformerDecoder(layer, num_layers)
        self.output = nn.Linear(wordvec_dim, len(word_to_idx))
        for module in self.transformer.modules():
            if isinstance(module, nn.Linear):      # the clones began as equals: draw their weights anew
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, features, captions):
        """Scores of the next word, after each word.

        features (N, D) or (N, R, D)  one vector per picture, or one per region
        captions (N, T)               word numbers, beginning with <START>

        Returns scores (N, T, V): scores[n, t] depends on captions[n, :t + 1] and on the picture.
        """
        ### BEGIN SOLUTION
        memory = self.picture(features)                          # (N, R, E)
        x = self.words(captions)                                 # (N, T, E)
        mask = causal_mask(captions.shape[1])                    # (T, T)
        x = self.transformer(x, memory, tgt_mask=mask)           # (N, T, E)
        return self.output(x)                                    # (N, T, V)
        ### END SOLUTION

    def sample(self, features, max_length=30):
        """Say a caption for each picture: features (N, D) or (N, R, D) -> word numbers (N, max_length)."""
        return greedy_decode(self, features, max_length)


# %%
check("captioner")

# %% [markdown] question="positions" points=3
# **Question 1 (3 points).** Leave the positional encoding out. (a) Show that an *encoder* layer without a mask then
# treats the words as a bag: what happens to its output when two words of the input change places? (b) The
# captioner's *decoder* without positional encoding still learns to speak rather well (section 10 has a number).
# Where does it get a sense of order from? (c) What will it find hard to tell apart nevertheless?
#
# ### BEGIN SOLUTION
# (a) Self-attention computes for each word a weighted sum over the *set* of all words, with weights that depend on
# the contents only; norms and the feed-forward network act on each word alone. If two words change places, so do
# the two outputs, and nothing else changes (the layer is permutation equivariant, $f(Px) = Pf(x)$): "dog bites man"
# and "man bites dog" give the same vectors, in another order.
#
# (b) From the causal mask. Word $t$ sees exactly the words $0..t$: the sets grow by one word from position to
# position, so permuting the words changes what each of them sees. The first word sees itself only, and the share of
# `<START>` in an average over the words so far, $1/(t+1)$, even gives away the position; a second layer can use it.
# (Also acceptable: the last word itself, through the residual connection, says what usually comes next: a two-word
# grammar.)
#
# (c) The words *before* the last one are a bag: at the same position and with the same last word, pasts that hold
# the same words in different order look alike to the first layer ("red circle ... blue square" against "blue circle
# ... red square"); which colour belongs to which shape, or how long ago something was said. (Deeper layers can
# recover some of it.)
#
# Rubric: 1 point each. (a) outputs are permuted in the same way, with a reason. (b) names the causal mask and why
# it breaks the symmetry. (c) the order among earlier words, or distance, with an example.
# ### END SOLUTION

# %% [markdown]
# ## 7. The loss, with a teacher at hand
#
# In training the captioner sees the true words so far, whatever it would have said itself (*teacher forcing*, as in
# assignment 1). A recurrent network had to go through them one by one; the mask lets the transformer do all
# positions in one go. A caption of $T+1$ numbers serves twice, shifted by one:
#
# | caption | `<START>` | a | red | circle | `<END>` | `<NULL>` |
# |---|---|---|---|---|---|---|
# | in | `<START>` | a | red | circle | `<END>` | |
# | out | a | red | circle | `<END>` | `<NULL>` | |
# | counts | yes | yes | yes | yes | no | |
#
# $$ L = -\frac{1}{M} \sum_{n,t\,:\ \mathrm{out}_{n,t} \ne \mathtt{<NULL>}}
#    \log p\big(\mathrm{out}_{n,t} \mid \mathrm{in}_{n,0..t},\;\mathrm{picture}_n\big) $$
#
# where $M$ is the number of words that count, in the whole batch. (In assignment 1 it was the sum over a sentence.
# The **mean over words** does not grow with the length of the captions, and $e^L$ has a name, the *perplexity*:
# among how many words the model hesitates.)
#
# **By hand.** Below is a toy captioner that needs no training: the score of the next word is read off a table, by
# the last word alone. Its probabilities are those that we typed in. After `<START>` it says `red` with probability
# 0.6, and so on. The caption `<START> red circle <END>` costs $-\frac13(\log 0.6 + \log 0.55 + \log 1) = 0.3695$.


# %%
class TableCaptioner(nn.Module):
    """A toy: the next word depends on the last word only, through a table of scores (V, V); features are ignored."""

    def __init__(self, word_to_idx, table):
        super().__init__()
        self.word_to_idx, self.table = word_to_idx, table
        self._null, self._start, self._end = (word_to_idx[name] for name in ("<NULL>", "<START>", "<END>"))

    def forward(self, features, captions):
        """captions (N, T) -> scores (N, T, V)"""
        return self.table[captions]


def toy_captioner():
    """Words and probabilities of the worked examples: p[last word][next word]."""
    words = ["<NULL>", "<START>", "<END>", "red", "blue", "circle", "square"]
    p = {
        "<START>": {"red": 0.6, "blue": 0.4},
        "red": {"circle": 0.55, "square": 0.45},
        "blue": {"circle": 0.9, "square": 0.1},
        "circle": {"<END>": 1.0},
        "square": {"<END>": 1.0},
        "<END>": {"<END>": 1.0},
        "<NULL>": {"<NULL>": 1.0},
    }
    numbers = {word: number for number, word in enumerate(words)}
    probabilities = [[p[last].get(word, 0.0) for word in words] for last in words]
    return TableCaptioner(numbers, torch.tensor(probabilities, dtype=torch.float64).clamp(min=1e-9).log())


# %%
def teacher_forcing_loss(model, features, captions):
    """How surprised the model is by the true next word: the mean over all words that count.

    model             model(features, words (N, T)) gives scores (N, T, V); `model._null` is the number of <NULL>
    features          what the model wants to see, one entry per picture
    captions (N, T+1) word numbers: <START>, the sentence, <END>, then <NULL>

    Returns a scalar tensor, through which gradients flow.
    """
    ### BEGIN SOLUTION
    words_in, words_out = captions[:, :-1], captions[:, 1:]       # (N, T), (N, T)  shifted by one
    scores = model(features, words_in)                            # (N, T, V)
    return F.cross_entropy(scores.flatten(0, 1), words_out.flatten(), ignore_index=model._null)
    ### END SOLUTION


# %%
check("loss")

# %% [markdown]
# ## 8. Speaking
#
# Without a teacher: begin with `<START>`, ask for the scores, look at those of the **last** position, append the
# best word, and ask again with the longer caption. `max_length` times, or until every caption has ended. Slot 0 of
# the result holds the first word that was *said*, never `<START>`; after `<END>` there is only `<NULL>`.
#
# A function for the last step is given. The captioner wants to be asked in `eval` mode (no dropout) and without
# gradients; the first is up to whoever calls, the second is up to you.
#
# **By hand.** The toy captioner says `red` (0.6 against 0.4), then `circle` (0.55 against 0.45), then `<END>`. The
# probability of the whole is $0.6 \cdot 0.55 = 0.33$. Keep the number in mind.


# %%
def blank_after_end(captions, end, null):
    """captions (N, T): everything after the first `end` of a row becomes `null`."""
    ends = (captions == end).long()                                 # (N, T)
    return captions.masked_fill(ends.cumsum(dim=1) - ends > 0, null)


# %%
def greedy_decode(model, features, max_length=30):
    """Say a caption for each picture, always taking the word with the highest score.

    model       model(features, words (N, T)) gives scores (N, T, V); has `_start`, `_end` and `_null`, the
                numbers of the special words
    features    one entry per picture: (N, ...)
    max_length  how many words at most

    Returns captions (N, max_length), integers: the words as they were said, then, after <END>, <NULL>.
    """
    ### BEGIN SOLUTION
    words = torch.full((len(features), 1), model._start)                 # (N, 1)
    with torch.no_grad():
        for _ in range(max_length):
            scores = model(features, words)                              # (N, t, V)
            best = scores[:, -1].argmax(dim=-1, keepdim=True)            # (N, 1)  what follows the last word
            words = torch.cat([words, best], dim=1)                      # (N, t + 1)
    return blank_after_end(words[:, 1:], model._end, model._null)        # (N, max_length)  without <START>
    ### END SOLUTION


# %%
check("sample")

# %% [markdown]
# ## 9. Train it
#
# The small world of shapes again, this time with the grid: 36 regions of 108 numbers each. The training loop is
# short enough to read. Adam; a learning rate that warms up over the first tenth and then falls; gradients longer
# than 5 are cut. Less than a minute, without a GPU; where there is one, it is used.

# %% tags=["demo"]
if torch.cuda.is_available():
    torch.set_default_device("cuda")                              # from here on tensors and layers are made there
data = load_coco_data()
for split in ("train", "val"):
    data[f"{split}_spatial"] = load_spatial_features(split)       # (pictures, R, D)
R, D = data["train_spatial"].shape[1:]
scenes = [scene_of(url) for url in data["val_urls"]]
objects = np.array([len(scene) for scene in scenes])              # (pictures,)
val_features = torch.tensor(np.asarray(data["val_spatial"], np.float32))      # (pictures, R, D)
print(f"train: features {data['train_spatial'].shape}, {len(data['train_captions'])} captions")
print(f"val:   features {tuple(val_features.shape)}")


def small_captioner(seed=0, kind=CaptioningTransformer):
    """A captioner of width 64 with 4 heads and 2 layers."""
    torch.manual_seed(seed)
    return kind(
        data["word_to_idx"], input_dim=D, wordvec_dim=64, num_heads=4, num_layers=2,
        dim_feedforward=128, dropout=0.0,
    )


def train(model, iterations, label, learning_rate=2e-3, batch_size=48):
    """Fits the model to the training captions. Returns the loss of each iteration."""
    optimizer = torch.optim.Adam(model.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, iterations, pct_start=0.1)
    batches = minibatches(data, "spatial", batch_size, iterations, np.random.default_rng(0))
    curve = LossCurve(label)
    model.train()
    with one_thread():
        for features, captions in progress(batches, label, total=iterations):
            loss = teacher_forcing_loss(model, features, captions)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            curve.add(loss.item())
    curve.close()
    model.eval()
    return curve.losses


# %% tags=["demo"] pictures=1 short={"train(model, 2000,": "train(model, 150,"}
model = small_captioner()
began = time.process_time()
losses = train(model, 2000, "transformer")
print(f"{time.process_time() - began:.0f} CPU seconds, the last losses {np.mean(losses[-50:]):.3f} per word")

# %% [markdown]
# The loss does not go to zero, and should not: each picture has captions in two wordings, and nobody can know which
# one comes. What counts is what it *says*.

# %% tags=["demo"]
def sentences_of(numbers):
    """Word numbers (N, T) to sentences without special words."""
    return [" ".join(words_of(row, data["idx_to_word"])) for row in numbers.tolist()]


def judge_model(model, name):
    """Prints how many captions of validation pictures are entirely true. Returns captions and verdicts."""
    with one_thread():
        said = sentences_of(torch.cat([model.sample(part, 15) for part in val_features.split(200)]))
    true = np.array(judge(said, scenes))                                       # (pictures,)
    by_objects = "  ".join(f"{count}: {true[objects == count].mean():.0%}" for count in (1, 2, 3))
    print(f"{name:28s} entirely true {true.mean():6.1%}   by number of objects  {by_objects}")
    return said, true


said, true = judge_model(model, "transformer")

# %% tags=["demo"] pictures=1
chosen = [np.flatnonzero((objects == count) & true)[k] for count in (1, 2, 3) for k in (0, 1)]
chosen += list(np.flatnonzero(~true)[:2])
show_captions(data["val_urls"][chosen], [said[n] for n in chosen], true[chosen])

# %% [markdown]
# ### Where each head looks
#
# The cross-attention remembers its weights: for each head and each word, how much it looked at each of the 36
# regions. One row of pictures for each head; above each picture the word that was *said* while looking there.

# %% tags=["demo"] pictures=1
def looks(model, numbers, features):
    """Attention weights (layers, N, H, T, R) while the model says `numbers` (N, T) about features (N, R, D)."""
    start = torch.full((len(numbers), 1), model._start)
    with torch.no_grad():
        model(features, torch.cat([start, numbers[:, :-1]], dim=1))      # each word is said after the one before
    return torch.stack([layer.cross_attn.weights for layer in model.transformer.layers])


n = next(n for n in np.flatnonzero((objects == 2) & true) if not said[n].startswith("there"))
features = val_features[n : n + 1]                                       # (1, R, D)
numbers = model.sample(features, 15)                                     # (1, T)
weights = looks(model, numbers, features)[:, 0]                          # (layers, H, T, R)
words = [data["idx_to_word"][number] for number in numbers[0].tolist() if number != model._null]
show_attention(data["val_urls"][n], words, weights[-1].cpu())
plt.suptitle("the last layer's four heads")
plt.show()

# %% [markdown]
# Is it the right object? Measure it, over all true captions: while a *shape word* is said, how much of a head's
# weight lies on the four regions of the object that is named? Looking everywhere alike would give 11 %.

# %% tags=["demo"]
numbers = torch.cat([model.sample(part, 15) for part in val_features.split(200)])       # (pictures, T)
weights = torch.cat([looks(model, *pair) for pair in zip(numbers.split(200), val_features.split(200))], dim=1)
for layer in range(len(weights)):
    mass = [
        looks_at_named([sentence.split() for sentence in said], scenes, weights[layer, :, head].cpu(), only=true)
        for head in range(weights.shape[2])
    ]
    print(f"layer {layer}:  " + "   ".join(f"head {head} {share:4.0%}" for head, share in enumerate(mass)))

# %% [markdown]
# With our seed, head 2 of the last layer has 93 % of its weight on the object whose shape it is about to name; in the
# first layer only one head notices it at all. Nobody told them to: captions and pictures were enough. (How the work is
# shared out among the heads depends on the seed. Yours may have another number, or two specialists.)

# %% [markdown]
# ## 10. The loss is no grader
#
# Take the mask away, and nothing else. Before you run it, guess what happens to the loss, and to the captions.

# %% tags=["demo"] pictures=2 short={"train(blunder, 600,": "train(blunder, 60,"}
class WithoutMask(CaptioningTransformer):
    """The captioner, with one line forgotten."""

    def forward(self, features, captions):
        return self.output(self.transformer(self.words(captions), self.picture(features)))


blunder = small_captioner(kind=WithoutMask)
blunder_losses = train(blunder, 600, "without the mask")
plot_losses({"correct": losses, "without the mask": blunder_losses}, log=True)
blunder_said, _ = judge_model(blunder, "without the mask")
print("it says:", blunder_said[0])

# %% [markdown]
# In 600 iterations, less than a third of the time, it is far "better" than the correct model will ever be. And it
# cannot say a single true sentence.
#
# It is not the only bug that a loss hides. For each row of this table we changed one thing, and trained as in
# section 9 (2000 iterations, one seed; your numbers will differ a little):
#
# | what was changed | last loss, per word | entirely true |
# |---|---|---|
# | nothing | 0.0680 | 89.7 % |
# | no causal mask | **0.0004** | **0.0 %** |
# | a mask that lets each word see one word too many | **0.0005** | **0.0 %** |
# | heads cut wrongly: `view(N, H, T, d)` without `transpose` | **0.0004** | **0.0 %** |
# | heads glued wrongly: `reshape` without `transpose` | **0.0004** | **0.0 %** |
# | no $1/\sqrt d$ in the attention | 0.0760 | 81.5 % |
# | no positional encoding | 0.0681 | 89.0 % |
#
# The four worst bugs have the four best losses. The last two have losses like everybody's; one of them cannot
# be told from the correct model even by its captions, with a single seed.
#
# So nothing in this course is graded by a loss. A check compares exact values on random weights, changes a later
# word and sees that nothing earlier moves, and lets the model speak.

# %% [markdown] question="loss_is_no_grader" points=4
# **Question 2 (4 points).** (a) Without the mask the loss falls nearly to zero. What exactly has the model learnt
# to do? Say which attention weights you expect to find, and why the captions are worthless nevertheless. (b)
# "Cutting the heads wrongly" means `x.view(N, H, T, d)` in place of `x.view(N, T, H, d).transpose(1, 2)`. The
# causal mask is still applied, and yet the loss gives the future away. How does the future get past the mask? (c)
# Someone reports a validation loss (teacher forcing) of 0.002 and asks you whether that is good news. What would
# you do first? Name two tests, neither of which needs a trained model.
#
# ### BEGIN SOLUTION
# (a) The word to be guessed at position $t$ is the input at position $t+1$. Without a mask, position $t$ looks
# there and copies it: a head with nearly all its weight on the *next* position (weights one step above the
# diagonal). When the model speaks, the caption ends at position $t$: there is no next word to copy, the inputs are
# unlike anything seen in training, and of language or the picture it has learnt nothing.
#
# (b) `view(N, H, T, d)` cuts the row of $T \cdot E$ numbers of a sentence into $H$ pieces of $T\,d$ numbers: "time
# step" $t$ of "head" $h$ then holds numbers of word $\lfloor (hT + t)/H \rfloor$, not of word $t$. The mask forbids
# row $t$ to look at columns after $t$, but these columns no longer are words: an allowed column (small $t$, large
# $h$) holds numbers from the end of the sentence. (Merging without the transpose: the mask worked on real words,
# but the result of an attention for a late word is written to the place of an early one.)
#
# (c) It is no news at all, as teacher forcing on validation captions leaks just as well; be suspicious, as captions
# with two possible wordings cannot be predicted that well. Test 1: causality; with random weights, change word
# $t+1$ and compare the scores up to $t$: they must be equal. Test 2: the exact values of a small random model
# against an independent implementation (or: scores of a prefix alone equal the scores of the prefix within the
# whole caption). And let it speak, and judge the captions: that needs the trained model.
#
# Rubric: (a) 1 point for copying the next input word, half of it for where the weight lies; and 1 point for why
# that does not help when speaking. (b) 1 point for "after the wrong cut, row $t$ is not word $t$", so that the mask
# masks something else. (c) 1 point for two sensible tests that need no training, one of them causality or prefix
# equality; "look at the validation loss" gives none.
# ### END SOLUTION

# %% [markdown]
# ## 11. Speaking faster: a cache
#
# `greedy_decode` asks for the scores of the whole caption again for each new word, and throws all but the last
# away. That is a waste: thanks to the mask, nothing that has been computed for the earlier words can change when a
# word is added. What a new word needs of the old ones is, in each layer, their **keys and values**. Keep those, and
# feed one word at a time (Shazeer, *Fast transformer decoding*, 2019, section 2, the incremental form):
#
# | for word $t$ | without a cache | with a cache |
# |---|---|---|
# | words that go through the layers | $t + 1$ | 1 |
# | keys and values made, of words | $t + 1$ | 1 |
# | queries that look | $t + 1$ | 1 |
# | at keys | up to $t + 1$ each | $t + 1$ |
#
# **By hand.** A caption of 14 words: without a cache $1 + 2 + \dots + 14 = 105$ words go through the layers, with a
# cache 14. And no mask is needed: what is not in the cache yet cannot be seen.
#
# **One layer.** Write `decoder_step`: the new word's token goes through one (post-norm) decoder layer. The
# self-attention looks at everything in the cache *and at the word itself*. What the cache is made of is your own
# affair: your function makes it, your function reads it. `MultiHeadAttention.project` and `.attend` are of use.
# (The keys and values of the picture never change either: who keeps them, too, saves most. And nobody trains while
# speaking: dropout may be left out.)
#
# **All of it.** Then `cached_decode`, which says exactly what `greedy_decode` says. Each layer has a cache of its
# own, and the words need their true position: remember `start` in section 5.


# %%
def decoder_step(layer, x, memory, cache=None):
    """One new word through one decoder layer; what the layer needs to know of earlier words is in the cache.

    layer   a `TransformerDecoderLayer`, post-norm
    x       (N, 1, E)  the token of the new word, at this layer's input
    memory  (N, S, E)  the tokens of the picture
    cache              None for the first word, then whatever your last call for this layer returned

    Returns `(out, cache)`: out (N, 1, E), what the layer would give for this word if it saw all words so far,
    and the cache for the next word.
    """
    ### BEGIN SOLUTION
    k, v = layer.self_attn.project(x, x)                                                  # (N, H, 1, d) each
    if cache is None:
        picture = layer.cross_attn.project(memory, memory)                                # (N, H, S, d) each
    else:
        past_k, past_v, picture = cache
        k, v = torch.cat([past_k, k], dim=2), torch.cat([past_v, v], dim=2)               # (N, H, t + 1, d) each
    x = layer.norm_self(x + layer.self_attn.attend(x, k, v))                              # (N, 1, E)
    x = layer.norm_cross(x + layer.cross_attn.attend(x, *picture))                        # (N, 1, E)
    x = layer.norm_ffn(x + layer.ffn(x))                                                  # (N, 1, E)
    return x, (k, v, picture)
    ### END SOLUTION


# %%
def cached_decode(model, features, max_length=30):
    """What `greedy_decode` says, with one word at a time going through the layers.

    model       a `CaptioningTransformer`: use its `words`, `picture`, `transformer.layers` and `output`
    features    (N, D) or (N, R, D)
    max_length  how many words at most

    Returns captions (N, max_length), integers.
    """
    ### BEGIN SOLUTION
    word = torch.full((len(features), 1), model._start)                   # (N, 1)
    caches, captions = [None] * len(model.transformer.layers), []
    with torch.no_grad():
        memory = model.picture(features)                                  # (N, R, E)
        for t in range(max_length):
            x = model.words(word, start=t)                                # (N, 1, E)
            for i, layer in enumerate(model.transformer.layers):
                x, caches[i] = decoder_step(layer, x, memory, caches[i])  # (N, 1, E)
            word = model.output(x).argmax(dim=-1)                         # (N, 1)
            captions.append(word)
    return blank_after_end(torch.cat(captions, dim=1), model._end, model._null)  # (N, max_length)
    ### END SOLUTION


# %%
check("cache")

# %% tags=["demo"]
with one_thread():
    cached_decode(model, val_features[:100], 15)          # the first call of anything is slow
    for length in (15, 45):
        seconds = []
        for decode in (greedy_decode, cached_decode):
            began = time.perf_counter()
            decode(model, val_features[:100], length)
            seconds.append(time.perf_counter() - began)
        print(f"{length} words for 100 pictures: {seconds[0]:.2f} s without a cache, {seconds[1]:.2f} s with it")
    same_words = torch.equal(greedy_decode(model, val_features[:100], 15), cached_decode(model, val_features[:100], 15))
print("the same captions:", same_words)

# %% [markdown] question="cost_of_speaking" points=3
# **Question 3 (3 points).** Let a caption have $T$ words, a decoder $L$ layers of width $E$. (a) How does the
# number of multiplications to say a whole caption grow with $T$, without and with a cache? Answer separately for
# the work on single tokens (linear maps, feed-forward network) and for the attention (scores and weighted sums).
# (b) How many numbers does the cache hold for the words of one caption, at the end? (c) Why does nobody use the
# cache while *training*?
#
# ### BEGIN SOLUTION
# (a) Work on tokens: at step $t$ it is $t$ tokens without a cache, $\sum t \sim T^2/2$ in all; one token with it,
# $T$ in all. (Each costs $\sim E^2$ per layer.) Attention: at step $t$ without a cache $t$ queries look at $t$
# keys, $\sum t^2 \sim T^3/3$; with it one query looks at $t$ keys, $\sum t \sim T^2/2$. (Each pair costs $\sim E$
# per layer.)
#
# (b) $2\,L\,T\,E$: a key and a value, together $2E$ numbers for all heads, per word and layer. (Plus $2\,L\,R\,E$
# if the picture's keys and values are kept.)
#
# (c) In training the true words are all known beforehand: all positions go through the layers at once, in one large
# matrix product, each exactly once, and the mask sees to causality. There is nothing to be saved, and one position
# after the other would be slower. (Also, the weights change after every batch, so that old keys and values are no
# longer valid.)
#
# Rubric: 1 point each. (a) half a point for $T^2 \to T$ on tokens, half for $T^3 \to T^2$ in the attention. (b)
# proportional to $2LTE$ (half without the 2 or the $L$). (c) all positions in parallel with a mask, each computed
# once.
# ### END SOLUTION

# %% [markdown]
# ## 12. Speaking better: beam search
#
# The greedy captioner never takes a word back. Remember the toy: `red circle` had probability 0.33. But `blue
# circle` has $0.4 \cdot 0.9 = 0.36$: a less likely first word, a likelier whole.
#
# **Beam search** keeps the `beam_width` best beginnings. At each step:
#
# 1. every beginning that has not ended is continued with each of the `V` words; its log-probability grows by $\log
#    p(\text{word})$;
# 2. a caption that has ended stays as it is, with the log-probability that it has;
# 3. of all these candidates, the `beam_width` with the highest log-probability stay.
#
# Stop after `max_length` words, or when all that stay have ended. The answer is the best of what stays: its words,
# and its log-probability (with that of `<END>`, if it ended). There is no prize for length here. (Sutskever,
# Vinyals and Le, *Sequence to sequence learning with neural networks*, 2014, section 3.2; length prizes: Wu and
# others, 2016, section 7.)
#
# **By hand**, with a beam of 2:
#
# | step | candidates | stay |
# |---|---|---|
# | 1 | red 0.6, blue 0.4 | both |
# | 2 | red circle 0.33, red square 0.27, blue circle 0.36, blue square 0.04 | blue circle 0.36, red circle 0.33 |
# | 3 | blue circle `<END>` 0.36, red circle `<END>` 0.33 | both, and both have ended |
#
# The answer is `blue circle <END>`, with $\log 0.36 = -1.0217$.
#
# Work through one picture after the other; within a picture, all beginnings have the same length and can be asked
# about in one go.


# %%
def beam_search(model, features, beam_width=3, max_length=30):
    """Say a caption for each picture, keeping the `beam_width` most probable beginnings.

    model       model(features, words (N, T)) gives scores (N, T, V); has `_start`, `_end` and `_null`, the
                numbers of the special words
    features    one entry per picture: (N, ...)

    Returns `(captions, log_probs)`:
    captions   (N, max_length)  integers: the best caption found for each picture; after <END>, <NULL>
    log_probs  (N,)             its log-probability: the sum over its words, <END> included
    """
    ### BEGIN SOLUTION
    captions = torch.full((len(features), max_length), model._null)                 # (N, max_length)
    log_probs = []
    with torch.no_grad():
        for n in range(len(features)):
            beams = [(0.0, [model._start])]                                         # (log-probability, words)
            for _ in range(max_length):
                candidates = [beam for beam in beams if beam[1][-1] == model._end]  # ended: they stay as they are
                going = [beam for beam in beams if beam[1][-1] != model._end]
                words = torch.tensor([beam[1] for beam in going])                   # (B, t)
                picture = features[n : n + 1].expand(len(going), *features.shape[1:])
                log_p = model(picture, words)[:, -1].log_softmax(dim=-1)            # (B, V)
                for (so_far, past), row in zip(going, log_p.tolist()):
                    candidates += [(so_far + more, [*past, word]) for word, more in enumerate(row)]
                beams = sorted(candidates, key=lambda beam: beam[0], reverse=True)[:beam_width]
                if all(past[-1] == model._end for _, past in beams):
                    break
            best, past = beams[0]
            captions[n, : len(past) - 1] = torch.tensor(past[1:])
            log_probs.append(best)
    return captions, torch.tensor(log_probs)
    ### END SOLUTION


# %%
check("beam")

# %% [markdown]
# Does a wider beam speak better? Two measures: the truth rate, and BLEU (assignment 1) against the true captions
# that people, here a program, wrote.

# %% tags=["demo"]
references = references_of(data, "val")                    # the true captions of each validation picture
few = 200
for width in (1, 3):
    with one_thread():
        numbers, log_probs = beam_search(model, val_features[:few], beam_width=width, max_length=15)
    spoken = sentences_of(numbers)
    true_share = np.mean(judge(spoken, scenes[:few]))
    words_each = np.mean([len(sentence.split()) for sentence in spoken])
    print(f"beam of {width}: log-probability {log_probs.mean():.3f}   BLEU {bleu(references[:few], spoken):.3f}   "
          f"entirely true {true_share:.1%}   words {words_each:.1f}")

# %% [markdown]
# ## What you have built
#
# Every transformer is made of the parts that you have just written. Take the encoder alone and feed it patches of a
# picture, and you have a vision transformer; take the decoder alone, without the picture, and make it very large, and
# you have what people talk to.
