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
# # Assignment 2: let the network look again
#
# The captioner of assignment 1 saw its picture once, squeezed into a single vector, and then had to speak
# from memory. Here you give it eyes that move. At every word it may look at the picture again and decide
# *where*: this is attention. You will write it in every form that matters, from one glance at a grid to the
# layer that all transformers are made of, and at the end a network says what it sees and you watch where it
# looks.
#
# | section | you write | points |
# |---|---|---|
# | 1 | one glance at a grid of features | 7 |
# | 2 | scaled dot-product attention, forward and backward | 14 |
# | 3 | masks: no peeking ahead, no looking at padding | 6 |
# | 4 | additive attention; queries that are learnt | 9 |
# | 5 | queries, keys and values; self-attention and the order of its inputs | 9 |
# | 6 | where am I? one-hot, sinusoidal and learnt positions | 12 |
# | 7 | how far is it? relative positions | 8 |
# | 8 | hard attention and REINFORCE | 11 |
# | 9 | the captioner that looks | 14 |
# | | three questions in your own words | 10 |
#
# **How to work.** Read, look at the worked example, fill in the function, run the `check("...")` cell below
# it. Sections 1 to 5 are NumPy, as in assignment 1. From section 6 on we use PyTorch, which finds gradients
# by itself: nothing but tensors, `nn.Linear`, `nn.Embedding` and `nn.LSTMCell`.
# Write attention, do not call it: a layer that calls `F.scaled_dot_product_attention` or `nn.MultiheadAttention`
# gets no points, nor does a backward pass in section 2 that calls `torch`.
#
# ## The letters of the axes
#
# | letter | axis |
# |---|---|
# | `N` | batch: which picture, or which sentence |
# | `T` | target: the places that *ask* (one query each); the words of a sentence |
# | `S` | source: the places that are *asked* (one key and one value each) |
# | `R` | regions of a picture, row by row: the source when we look at a picture |
# | `D` | width of an input vector |
# | `d` | width of a query and of a key; `dv` is that of a value |
# | `H` | hidden: width of the network's memory |
# | `A` | width of the hidden layer inside additive attention |
# | `E` | width of an embedding, of words or of positions |
# | `V` | vocabulary: how many different words there are |

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from autograder.lab import (
    load_coco_data,
    load_spatial_features,
    plot_curves,
    plot_losses,
    progress,
    scene_of,
    show_attention,
    show_captions,
    show_masks,
    show_positions,
    show_scene,
    tell,
    truth_rate,
)
from autograder.lab.attention import attention_mass, cell_regions
from autograder.lab.training_torch import say, train_captioner, truth_table
from autograder.notebook import check

# %% [markdown]
# The softmax you know from assignment 1. Here it is once more, for any array and any axis. A score of
# $-\infty$ becomes a weight of exactly zero, as long as one score beside it is finite.


# %%
def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along an axis, without overflow: the largest exponent is 0."""
    e = np.exp(x - x.max(axis=axis, keepdims=True))   # like x, in [0, 1]
    return e / e.sum(axis=axis, keepdims=True)        # like x, sums to 1 along the axis


# %% [markdown]
# ## 1. One glance at a grid
#
# A convolutional network does not have to squeeze a picture into one vector. A layer earlier it still has a
# *grid* of them, `A (N, H, 4, 4)`: one vector of `H` numbers for each of 16 regions. The recurrent network,
# with its memory `prev_h (N, H)`, is about to say a word. Which region matters now?
#
# 1. **Align.** Compare the memory with each region: a dot product, one score per region. Divide by $\sqrt{H}$
#    (section 2 says why).
# 2. **Softmax** over the regions: 16 weights, positive, with sum 1.
# 3. **Sum** the regions with these weights. The result, the *context*, is what the network has seen.
#
# $$ e_{n,r} = \frac{1}{\sqrt H} \sum_h \text{prev\_h}_{n,h}\, A_{n,h,r} \qquad a_n = \mathrm{softmax}(e_n)
#    \qquad \text{attn}_n = \sum_r a_{n,r}\, A_{n,:,r} $$
#
# It is called *soft* attention: every region takes part, some of them hardly. All of it can be
# differentiated, so where to look is learnt by gradient descent like everything else. (Xu and others, *Show,
# attend and tell*, 2015, section 4.2; the score is Luong and others', 2015, section 3.1, with a scale.)
#
# **By hand.** $H = 4$, so $\sqrt H = 2$. The memory is $(2\log 3,\ 0,\ 0,\ 0)$. Region (0, 2) holds
# $(1, 0, 0, 0)$, and the other 15 hold zeros. Its score is $\log 3$, theirs are 0. So its weight is
# $\frac{3}{3 + 15} = \frac16$, theirs are $\frac1{18}$, and the context is $(\frac16, 0, 0, 0)$.

# %% tags=["demo"]
scores = np.zeros(16)                                      # (R,)
scores[2] = (2 * np.log(3)) * 1 / np.sqrt(4)               # region (0, 2) is the third in its row
print("the weights of the first row:", softmax(scores).reshape(4, 4)[0].round(4), "  1/6 =", round(1 / 6, 4))


# %%
def dot_product_attention(prev_h, A):
    """One glance at a grid of features, from the memory of the step before.

    prev_h (N, H)        what the network has in mind: the query
    A      (N, H, 4, 4)  one vector of H numbers for each of 4 x 4 regions

    Returns `(attn, attn_weights)`:
    attn         (N, H)     the weighted sum of the region vectors
    attn_weights (N, 4, 4)  the weight of each region; they sum to 1 for each picture
    """
    ### BEGIN SOLUTION
    N, H, rows, columns = A.shape
    regions = A.reshape(N, H, rows * columns)              # (N, H, R)  the last two axes become one
    scores = prev_h[:, None, :] @ regions / np.sqrt(H)     # (N, 1, R)  <- (N, 1, H) (N, H, R)
    weights = softmax(scores)                              # (N, 1, R)  over the regions
    attn = (regions * weights).sum(axis=2)                 # (N, H)     one weight for all H numbers of a region
    return attn, weights.reshape(N, rows, columns)
    ### END SOLUTION


# %%
check("dot_product_attention")

# %% [markdown]
# ## 2. Many looks at once
#
# Let us give the three roles names. What asks is the **query**. What it is compared with is a **key**. What
# is handed over is a **value**. On the grid, keys and values were the same vectors; in general they need not
# be. And nobody says that there is only one query: a whole set of them, `q (N, T, d)`, can ask the same
# source at the same time, each with its own weights.
#
# $$ \text{scores} = \frac{q\,k^\top}{\sqrt d} \in \mathbb{R}^{N \times T \times S} \qquad
#    w = \mathrm{softmax}_S(\text{scores}) \qquad \text{out} = w\,v $$
#
# (Vaswani and others, *Attention is all you need*, 2017, section 3.2.1.)
#
# **Why $\sqrt d$?** A dot product is a sum of $d$ terms, and grows with $d$. Watch what that does to a
# softmax:

# %% tags=["demo"] pictures=1
rng = np.random.default_rng(0)
widths, curves = [1, 4, 16, 64, 256, 1024], {}
for name, power in (("q k", 0.0), ("q k / sqrt(d)", 0.5)):
    largest, slope = [], []
    for d in widths:
        q, k = rng.normal(size=(300, 1, d)), rng.normal(size=(300, 16, d))
        w = softmax(q @ k.transpose(0, 2, 1) / d**power)       # (300, 1, 16)  how 300 queries look at 16 keys
        largest.append(w.max(axis=-1).mean())
        slope.append((w * (1 - w)).max(axis=-1).mean())        # d w / d score, of the steepest
    curves[f"{name}: the largest of 16 weights"] = largest
    curves[f"{name}: the slope of the softmax"] = slope
plot_curves(curves, widths, xlabel="width d of queries and keys", title="Random queries and keys of unit variance",
            log="x", markers=True)
plt.show()

# %% [markdown] question="scale" points=3
# **Question 1 (3 points).** The entries of $q$ and $k$ are independent, with mean 0 and variance 1. (a) What
# is the variance of $q \cdot k$? (b) Say what happens to the weights, and to the gradient that reaches $q$
# and $k$, for large $d$ without the scale. Use the gradient of the softmax in your argument. (c) Why divide
# by $\sqrt d$ and not by $d$?
#
# ### BEGIN SOLUTION
# (a) $q \cdot k = \sum_{i=1}^d q_i k_i$. The terms are independent, each with mean 0 and variance
# $E[q_i^2]\,E[k_i^2] = 1$; so the variance is $d$. (b) The scores spread over about $\pm\sqrt d$. A softmax
# of scores so far apart is nearly one-hot: one weight is near 1, the others near 0. Its gradient is
# $\partial w_i / \partial e_j = w_i([i=j] - w_j)$: every entry has a factor $w(1-w)$ or $w_i w_j$, and is
# near 0 if the weights are near 0 or 1. So hardly any gradient passes to the scores, and none to $q$ and $k$:
# what the layer looks at by chance in the beginning it goes on looking at. (c) Dividing by $\sqrt d$ gives
# variance $d / d = 1$ whatever the width. Dividing by $d$ gives variance $1/d$: for large $d$ all scores are
# nearly equal, so that the weights are uniform to begin with, and attention is a mean that ignores the query.
#
# Rubric: (a) 1 point for the variance $d$ with its reason. (b) 1 point: nearly one-hot weights and, from the
# slope $w(1-w)$, a vanishing gradient; half for saturation without the gradient. (c) 1 point: variance 1
# against $1/d$, or an equivalent argument (uniform weights).
# ### END SOLUTION

# %% [markdown]
# ### Forward
#
# Not everyone may look at everything. A **mask** says who may: `mask[t, s]` is true (or 1) if query `t` may
# attend to key `s`. A forbidden score is set to $-\infty$ *before* the softmax, which makes its weight
# exactly 0 while the others still sum to 1. The mask may be one for the whole batch, `(T, S)`, or one for
# each example, `(N, T, S)` or `(N, 1, S)`; it may hold booleans or the numbers 0 and 1. Every query may
# attend to at least one key.
#
# **By hand.** $d = 4$; one query $(2, 0, 0, 0)$; keys $(\log 3, 0, 0, 0)$ and $(0, 0, 0, 0)$; values $4$ and
# $8$ ($dv = 1$). The scores are $\log 3$ and $0$, the weights $\frac34$ and $\frac14$, the output
# $\frac34 \cdot 4 + \frac14 \cdot 8 = 5$. If the mask forbids the first key, the weights are $0$ and $1$ and
# the output is $8$.

# %% tags=["demo"]
scores = np.array([2 * np.log(3), 0]) / np.sqrt(4)         # (S,)  one query: its dot products, scaled
for name, seen in (("no mask", scores), ("first key forbidden", np.where([False, True], scores, -np.inf))):
    print(f"{name:20s} weights {softmax(seen)}  output {softmax(seen) @ np.array([4, 8]):.1f}")


# %%
def scaled_dot_product_attention(q, k, v, mask=None):
    """Attention of T queries to S keys with their values.

    q    (N, T, d)   queries
    k    (N, S, d)   keys
    v    (N, S, dv)  values
    mask             (T, S), (N, T, S) or (N, 1, S), true or 1 where a query may attend to a key; None: all may

    Returns `(out, weights)`:
    out     (N, T, dv)  for each query the weighted sum of the values
    weights (N, T, S)   they sum to 1 over S; 0 where forbidden
    """
    ### BEGIN SOLUTION
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])  # (N, T, S)  <- (N, T, d) (N, d, S)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)              # (N, T, S)  exp(-inf) = 0
    weights = softmax(scores)                                 # (N, T, S)  over the keys
    out = weights @ v                                         # (N, T, dv) <- (N, T, S) (N, S, dv)
    return out, weights
    ### END SOLUTION


# %%
check("scaled_dot_product_attention")

# %% [markdown]
# ### Backward
#
# Three products and a softmax. For $C = AB$ you know the rule: $dA = dC\,B^\top$ and $dB = A^\top dC$ (here
# for each example of the batch). For the softmax $w$ of one query,
#
# $$ \frac{\partial L}{\partial e_s} =
#    w_s \Big( \frac{\partial L}{\partial w_s} - \sum_{s'} w_{s'} \frac{\partial L}{\partial w_{s'}} \Big) $$
#
# In words: a score is worth raising if its value helps *more than what is seen now on average*. Note that it
# needs only the weights. Where the mask said no, the weight is 0, and so is the gradient: the backward pass
# needs no mask.
#
# **By hand.** The example above with `dout` $= 1$: `dv` $= (\frac34, \frac14)$. The gradient of the weights
# is $(4, 8)$, its average under the weights is 5, so the gradient of the two scores is
# $\frac34(4-5) = -\frac34$ and $\frac14(8-5) = \frac34$. With the scale $\frac12$, `dq`
# $= (-\frac38 \log 3, 0, 0, 0)$, and `dk` is $(-\frac34, 0, 0, 0)$ and $(\frac34, 0, 0, 0)$.


# %%
def scaled_dot_product_attention_backward(dout, q, k, v, weights):
    """The gradients of `scaled_dot_product_attention`.

    dout    (N, T, dv)  gradient of the loss with respect to out
    q, k, v             as they went in
    weights (N, T, S)   as they came out

    Returns `(dq, dk, dv)`, with the shapes of q, k and v.
    """
    ### BEGIN SOLUTION
    dv = weights.transpose(0, 2, 1) @ dout                     # (N, S, dv) <- (N, S, T) (N, T, dv)
    dweights = dout @ v.transpose(0, 2, 1)                     # (N, T, S)  <- (N, T, dv) (N, dv, S)
    average = (weights * dweights).sum(axis=-1, keepdims=True)  # (N, T, 1)
    dscores = weights * (dweights - average)                   # (N, T, S)  back through the softmax
    dscores = dscores / np.sqrt(q.shape[-1])                   # (N, T, S)  ... and through the scale
    dq = dscores @ k                                           # (N, T, d)  <- (N, T, S) (N, S, d)
    dk = dscores.transpose(0, 2, 1) @ q                        # (N, S, d)  <- (N, S, T) (N, T, d)
    return dq, dk, dv
    ### END SOLUTION


# %%
check("scaled_dot_product_attention_backward")

# %% [markdown]
# ## 3. Masks
#
# Two masks cover nearly all needs.
#
# - **Causal.** When a sentence is being produced, the word at time $t$ must not depend on later words. Query
#   $t$ may see the keys $0, \dots, t$, *itself included*. (Vaswani and others, 2017, section 3.2.3.)
# - **Padding.** Short sentences are filled up with `<NULL>`. Nobody should look there.
#
# Where both hold, combine them: `causal_mask(T) & padding_mask(words)` is `(N, T, T)` by broadcasting.
#
# **By hand.** $T = 3$, and the words `7 5 0` with 0 for `<NULL>`:
#
# | causal | key 0 | key 1 | key 2 | | padding | key 0 | key 1 | key 2 |
# |---|---|---|---|---|---|---|---|---|
# | query 0 | true | false | false | | any query | true | true | false |
# | query 1 | true | true | false | | | | | |
# | query 2 | true | true | true | | | | | |


# %%
def causal_mask(T):
    """Who may look at whom while a sentence is produced: (T, T), true where query t may attend to key s."""
    ### BEGIN SOLUTION
    return np.arange(T)[:, None] >= np.arange(T)[None, :]    # (T, T)  the query's time, and the key's
    ### END SOLUTION


# %%
def padding_mask(words, null=0):
    """Which words may be looked at.

    words (N, S)  word numbers, short sentences filled up with the number `null`

    Returns (N, 1, S), true where a real word stands: the same for every query.
    """
    ### BEGIN SOLUTION
    return (words != null)[:, None, :]                       # (N, 1, S)
    ### END SOLUTION


# %%
check("masks")

# %% tags=["demo"] pictures=1
words = np.array([[1, 7, 5, 9, 2, 0, 0], [1, 8, 2, 0, 0, 0, 0]])      # (N, T)  two sentences, filled up
masks = {"causal": causal_mask(7)[None], "padding": padding_mask(words), "both": causal_mask(7) & padding_mask(words)}
show_masks({f"{name} {mask.shape}": np.broadcast_to(mask, (len(mask), 7, 7)) for name, mask in masks.items()},
           title="The second sentence: a full square may be looked at, an x may not")

# %% [markdown]
# ## 4. Other ways to ask
#
# ### Additive attention
#
# A dot product needs queries and keys of one width, which mean the same by their coordinates. The older way
# is to let a small network with one hidden layer decide how well a query and a key go together:
#
# $$ e_{t,s} = w_v^\top \tanh\!\big(q_t W_q + k_s W_k\big) $$
#
# It is called *additive*, because the two are added inside of the tanh. Softmax over $s$ and the sum of
# values are as before; there is no $\sqrt d$. (Bahdanau, Cho and Bengio, *Neural machine translation by
# jointly learning to align and translate*, 2015, section 3.1 and appendix A.1.2.)
#
# **By hand.** Let all widths be 1, and $W_q = W_k = w_v = 1$. The query $0.5$ meets the keys $0.5$ and
# $-0.5$: the scores are $\tanh(1) = 0.7616$ and $\tanh(0) = 0$, so the weights are $0.6817$ and $0.3183$.
# With the values 1 and 0 the output is $0.6817$.


# %%
def additive_attention(q, k, v, W_q, W_k, w_v):
    """Attention whose scores come from a small network.

    q   (N, T, dq)  queries            W_q (dq, A)  weights for queries
    k   (N, S, dk)  keys               W_k (dk, A)  weights for keys
    v   (N, S, dv)  values             w_v (A,)     from the hidden layer to a score

    Returns `(out, weights)`: out (N, T, dv), weights (N, T, S), which sum to 1 over S.
    """
    ### BEGIN SOLUTION
    asked = (q @ W_q)[:, :, None, :]       # (N, T, 1, A)
    offered = (k @ W_k)[:, None, :, :]     # (N, 1, S, A)
    hidden = np.tanh(asked + offered)      # (N, T, S, A)  every query meets every key
    scores = hidden @ w_v                  # (N, T, S)
    weights = softmax(scores)              # (N, T, S)
    return weights @ v, weights            # (N, T, dv) <- (N, T, S) (N, S, dv)
    ### END SOLUTION


# %%
check("additive_attention")

# %% [markdown]
# ### Queries that are learnt
#
# A query does not have to come from anywhere: it may be a weight of the network. Then each learnt query
# collects one kind of thing from the whole picture, wherever it is. Visual Transformers turn a feature map
# with $R$ regions into $L$ *visual tokens* in this way:
#
# $$ \text{tokens} = \mathrm{softmax}_R(X W_A)^\top X $$
#
# with no scale. Column $l$ of $W_A$ is the query of token $l$. (Wu and others, *Visual transformers*, 2020,
# section 3.1.1.)
#
# **By hand.** Two regions of width 1 hold $0$ and $\log 3$, and $W_A = (1)$. Their weights are $\frac14$ and
# $\frac34$, so the only token is $\frac34 \log 3 = 0.8240$.


# %%
def visual_tokens(X, W_A):
    """Collects the regions of a picture into a few tokens.

    X   (N, R, C)  one vector per region
    W_A (C, L)     one learnt query per token

    Returns tokens (N, L, C), each a weighted mean of the regions.
    """
    ### BEGIN SOLUTION
    weights = softmax(X @ W_A, axis=1)     # (N, R, L)  for each token the weights of the regions
    return weights.transpose(0, 2, 1) @ X  # (N, L, C) <- (N, L, R) (N, R, C)
    ### END SOLUTION


# %%
check("visual_tokens")

# %% [markdown]
# ## 5. A layer of attention
#
# To make a layer that learns, project: three matrices decide what is asked, what is offered for comparison,
# and what is handed over.
#
# $$ q = x\,W_q \qquad k = \text{memory}\;W_k \qquad v = \text{memory}\;W_v $$
#
# - **General (cross) attention.** `x (N, T, D)` asks; `memory (N, S, M)` is asked, for example the regions of
#   a picture or a sentence in another language. Keys and values come from the memory, both of them.
# - **Self-attention.** A sequence asks itself: `memory` is `x`. Every place can learn from every other in a
#   single step, however far apart they are; a recurrent network would need as many steps as there are words
#   in between.
#
# (Vaswani and others, 2017, section 3.2.3, lists the uses. Biases are left out here.)
#
# **By hand.** Without the matrices and without the scale, self-attention is $\mathrm{softmax}(xx^\top)\,x$:
# everything moves towards what it resembles. Take two vectors $(a, 0)$ and $(0, a)$ with $a^2 = \log 3$. Each
# has the score $\log 3$ with itself and $0$ with the other, so the first becomes
# $\frac34 (a, 0) + \frac14 (0, a)$.


# %%
def cross_attention(x, memory, Wq, Wk, Wv, mask=None):
    """General attention: x asks, the memory answers.

    x      (N, T, D)  what asks               Wq (D, d)
    memory (N, S, M)  what is asked           Wk (M, d)     Wv (M, dv)
    mask              as in `scaled_dot_product_attention`

    Returns `(out, weights)`: out (N, T, dv), weights (N, T, S).
    """
    ### BEGIN SOLUTION
    q, k, v = x @ Wq, memory @ Wk, memory @ Wv  # (N, T, d), (N, S, d), (N, S, dv)
    return scaled_dot_product_attention(q, k, v, mask)
    ### END SOLUTION


# %%
def self_attention(x, Wq, Wk, Wv, mask=None):
    """Self-attention: a sequence x (N, T, D) asks itself. Returns `(out, weights)`: (N, T, dv) and (N, T, T)."""
    ### BEGIN SOLUTION
    return cross_attention(x, x, Wq, Wk, Wv, mask)
    ### END SOLUTION


# %%
check("attention_layers")

# %% [markdown]
# ### What does self-attention know about order?
#
# Shuffle the words of a sentence. A layer $f$ is **equivariant** to the permutation $\pi$ if it makes no
# difference whether one shuffles before the layer or after it:
#
# $$ f(x_\pi) = f(x)_\pi $$
#
# Such a layer sees a *set* of vectors, not a sequence: "dog bites man" and "man bites dog" are the same to
# it. (If the output does not change at all, $f(x_\pi) = f(x)$, the layer is **invariant**: the mean over the
# words is. Zaheer and others, *Deep sets*, 2017, section 2.) Write the measuring device.
#
# **By hand.** Let $f$ add up from left to right, $x = (1, 2)$, and exchange the two. Shuffled first: $(2, 1)$
# becomes $(2, 3)$. Shuffled after: $(1, 3)$ becomes $(3, 1)$. The largest difference is 2.


# %%
def equivariance_error(layer, x, order):
    """How far a layer is from being equivariant to a permutation.

    layer          a function from (N, T, D) to (N, T, any width)
    x     (N, T, D)
    order (T,)     integers: place t of the shuffled sequence holds what stood at place order[t]

    Returns a number: the largest absolute difference between "shuffle, then layer" and "layer, then shuffle".
    """
    ### BEGIN SOLUTION
    shuffled_first = layer(x[:, order])     # (N, T, ...)
    shuffled_after = layer(x)[:, order]     # (N, T, ...)
    return float(np.abs(shuffled_first - shuffled_after).max())
    ### END SOLUTION


# %%
check("equivariance_error")

# %% tags=["demo"]
rng = np.random.default_rng(0)
x, order = rng.normal(size=(2, 6, 8)), rng.permutation(6)
Wq, Wk, Wv = rng.normal(size=(3, 8, 8))
where = rng.normal(size=(6, 8))                                      # a different vector for each place
layers = {
    "self-attention": lambda x: self_attention(x, Wq, Wk, Wv)[0],
    "the same, after its input was scaled": lambda x: self_attention(3 * x, Wq, Wk, Wv)[0],
    "causal self-attention": lambda x: self_attention(x, Wq, Wk, Wv, causal_mask(6))[0],
    "self-attention on words + places": lambda x: self_attention(x + where, Wq, Wk, Wv)[0],
    "the mean over all words, for each word": lambda x: np.repeat(x.mean(axis=1, keepdims=True), 6, axis=1),
    "the sum of the words so far": lambda x: x.cumsum(axis=1),
}
for name, layer in layers.items():
    print(f"{name:40s} {equivariance_error(layer, x, order):.1e}")

# %% [markdown]
# So a causal mask lets a layer know something about order, and adding a vector that depends on the place lets
# it know everything. That is the next section.

# %% [markdown]
# ## 6. Where am I?
#
# From here on: PyTorch.
#
# ### One-hot vectors and `nn.Embedding`
#
# A word number as a vector: all zeros, and a single 1 at the place of the word. Multiply such a *one-hot*
# vector with a matrix $W$ `(V, E)`, and out comes one row of $W$. So looking up a row of a table *is* a
# linear layer on one-hot vectors, and `nn.Embedding` is only the fast way to compute it. The same holds for
# *place* numbers in place of word numbers: a table with one learnt row for each place.
#
# **By hand.** $V = 3$; the word 2 is $(0, 0, 1)$; $(0, 0, 1)\, W$ is row 2 of $W$.


# %%
def one_hot_embedding(words, W):
    """Word vectors, the slow way that shows what happens.

    words (N, T)  integers from 0 to V-1
    W     (V, E)  one row for each word

    Returns `(one_hot, vectors)`:
    one_hot (N, T, V)  floating-point numbers like those of W, a single 1 in each vector
    vectors (N, T, E)  one_hot times W
    """
    ### BEGIN SOLUTION
    numbers = torch.arange(W.shape[0])                          # (V,)
    one_hot = (words[..., None] == numbers).to(W.dtype)         # (N, T, V)
    return one_hot, one_hot @ W                                 # (N, T, V), (N, T, E)
    ### END SOLUTION


# %%
check("one_hot_embedding")

# %% [markdown]
# ### Sinusoidal positions
#
# Another way needs no learning: clocks with hands of many speeds. Every pair of columns is one clock hand,
# sine and cosine of an angle that grows with the place $t$; the first pair turns fast, the last one very
# slowly, like the bits of a binary number.
#
# $$ \text{pe}_{t,\,2i} = \sin(\omega_i t) \qquad \text{pe}_{t,\,2i+1} = \cos(\omega_i t) \qquad
#    \omega_i = 10000^{-2i/E} \qquad i = 0, \dots, \tfrac E2 - 1 $$
#
# These numbers are *added* to the word vectors, and dropout follows. (Vaswani and others, 2017, sections 3.5
# and 5.4.)
#
# **By hand.** $E = 4$: the two speeds are $1$ and $10000^{-2/4} = 0.01$. Place 0 is $(0, 1, 0, 1)$; place 1
# is $(\sin 1, \cos 1, \sin 0.01, \cos 0.01) = (0.8415,\ 0.5403,\ 0.0100,\ 0.9999)$.


# %%
class PositionalEncoding(nn.Module):
    """Adds sinusoidal positions to word vectors."""

    def __init__(self, embed_dim, dropout=0.1, max_len=5000):
        """embed_dim: E, an even number; dropout: the probability; max_len: how many places the table has."""
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        assert embed_dim % 2 == 0
        pe = torch.zeros(1, max_len, embed_dim)                               # (1, max_len, E)  fill it
        ### BEGIN SOLUTION
        t = torch.arange(max_len)[:, None]                                    # (max_len, 1)
        speed = 10000.0 ** (-torch.arange(0, embed_dim, 2) / embed_dim)       # (E/2,)  from 1 downwards
        pe[..., 0::2] = torch.sin(t * speed)                                  # (max_len, E/2)  even columns
        pe[..., 1::2] = torch.cos(t * speed)                                  # (max_len, E/2)  odd columns
        ### END SOLUTION
        self.register_buffer("pe", pe)                                        # kept with the module, but not learnt

    def forward(self, x):
        """x (N, T, E), with T up to max_len -> (N, T, E): the positions added, then dropout."""
        ### BEGIN SOLUTION
        return self.dropout(x + self.pe[:, : x.shape[1]])                     # (N, T, E)
        ### END SOLUTION


# %%
check("positional_encoding")

# %% tags=["demo"] pictures=1
show_positions(PositionalEncoding(64, max_len=100).pe[0], places=(20, 50, 80))            # (100, 64)

# %% [markdown]
# The picture on the right shows the point of it: how alike two rows are depends only on how far apart they
# are. More is true. Going $k$ places ahead turns every clock hand by the angle $\omega_i k$, *the same angle
# from wherever you start*. A turn is a linear map, so a layer can learn to look "three words back" with one
# matrix:
#
# $$ \text{pe}_{t+k} = \text{pe}_t\, M_k \qquad\text{for all } t $$
#
# ("We hypothesized it would allow the model to easily learn to attend by relative positions": Vaswani and
# others, 2017, section 3.5.)
#
# **By hand.** $\sin(\omega(t+k)) = \sin\omega t \cos\omega k + \cos\omega t \sin\omega k$, and the like for
# the cosine. With $E = 2$ (so $\omega = 1$), as row times matrix:
#
# $$ \big(\sin(t+k),\ \cos(t+k)\big) =
#    \big(\sin t,\ \cos t\big) \begin{pmatrix} \cos k & -\sin k \\ \sin k & \cos k \end{pmatrix} $$


# %%
def shift_matrix(k, embed_dim):
    """The matrix that moves every sinusoidal position k places ahead: pe[t + k] = pe[t] @ M for all t.

    k          an integer, also a negative one
    embed_dim  E, an even number

    Returns M (E, E): one 2 x 2 block on the diagonal for each pair of columns, zeros elsewhere.
    """
    ### BEGIN SOLUTION
    M = torch.zeros(embed_dim, embed_dim, dtype=torch.float64)      # (E, E)
    for i in range(0, embed_dim, 2):
        angle = k * 10000.0 ** (-i / embed_dim)                     # a number: how far this hand turns
        M[i, i] = M[i + 1, i + 1] = math.cos(angle)
        M[i + 1, i] = math.sin(angle)                               # row: old cosine; column: new sine
        M[i, i + 1] = -math.sin(angle)                              # row: old sine; column: new cosine
    return M
    ### END SOLUTION


# %%
check("shift_matrix")

# %% [markdown]
# ### Learnt positions
#
# Or let the network find its own vectors: a table `(max_len, E)` with one row per place, learnt like the word
# vectors. It is as good in practice, but it has nothing to say about places beyond its end. (Gehring and
# others, 2017, section 3.1; BERT, GPT and the vision transformer do it.)
#
# **By hand.** $E = 1$, and a table with the rows 10, 20, 30. The words 1, 2 become 11, 22.


# %%
class LearnedPositionalEncoding(nn.Module):
    """Adds learnt positions to word vectors."""

    def __init__(self, embed_dim, max_len=50):
        super().__init__()
        self.table = nn.Embedding(max_len, embed_dim)              # weight (max_len, E)

    def forward(self, x):
        """x (N, T, E), with T up to max_len -> (N, T, E): row t of the table is added at place t."""
        ### BEGIN SOLUTION
        places = torch.arange(x.shape[1])                          # (T,)
        return x + self.table(places)                              # (N, T, E)  the same rows for all sentences
        ### END SOLUTION


# %%
check("learned_encoding")

# %% [markdown]
# ## 7. How far is it?
#
# Often it does not matter *where* two words are, but *how far apart*. Then let the distance take part in the
# score itself.
#
# ### Clipped offsets
#
# Shaw and others add to each key a learnt vector that depends on the offset from query to key, $j - i$.
# Beyond $K$ places all distances count as $K$, so that a table of $2K + 1$ rows is enough for sentences of
# any length:
#
# $$ e_{ij} = \frac{q_i \cdot \big(k_j + \text{table}_{\,\mathrm{clip}(j - i,\, -K,\, K) + K}\big)}{\sqrt d} $$
#
# Row $0$ of the table stands for "$K$ or more places before me", row $K$ for "me", row $2K$ for "$K$ or more
# places after me". (Shaw, Uszkoreit and Vaswani, *Self-attention with relative position representations*,
# 2018, sections 3.1 and 3.2; the part on keys.)
#
# **By hand.** $K = 1$, $T = 3$. The rows that are used: query 0 takes the rows 1, 2, 2 for the keys 0, 1, 2;
# query 1 takes 0, 1, 2; query 2 takes 0, 0, 1.


# %%
def shaw_scores(q, k, table):
    """Scores of self-attention with clipped relative positions.

    q, k  (N, T, d)
    table (2K+1, d)  row r belongs to the offset r - K from query to key

    Returns (N, T, T): scores[n, i, j] of query i and key j, scaled, before the softmax.
    """
    ### BEGIN SOLUTION
    T, d = q.shape[1:]
    K = table.shape[0] // 2
    place = torch.arange(T)                                            # (T,)
    offset = place[None, :] - place[:, None]                           # (T, T)  [i, j] = j - i
    relative = table[offset.clamp(-K, K) + K]                          # (T, T, d)
    by_content = q @ k.transpose(1, 2)                                 # (N, T, T)
    by_distance = torch.einsum("nid,ijd->nij", q, relative)            # (N, T, T)
    return (by_content + by_distance) / math.sqrt(d)                   # (N, T, T)
    ### END SOLUTION


# %%
check("shaw_scores")

# %% [markdown]
# ### Buckets
#
# T5 goes further: only a learnt *number* per distance is added to the score, and distances share numbers, the
# far ones more and more generously. Near distances have a bucket each, far ones share buckets whose width
# grows with the logarithm. (Raffel and others, *Exploring the limits of transfer learning with a unified
# text-to-text transformer*, 2020, section 2.1.)
#
# For `rel` = place of the key minus place of the query, and `B` buckets:
#
# 1. *Which side?* If `bidirectional`, halve `B`; a key **after** the query (`rel > 0`) gets buckets from the
#    upper half, so add the halved `B`; the distance is $\delta = |\text{rel}|$. If not, keys after the query
#    are not looked at anyway: $\delta = \max(-\text{rel}, 0)$, and `B` stays whole.
# 2. *Near.* With $m = B / 2$ (for the `B` of now): a distance $\delta < m$ has the bucket $\delta$.
# 3. *Far.* Else the bucket is
#    $m + \Big\lfloor \dfrac{\log(\delta / m)}{\log(\text{max\_distance} / m)}\, (B - m) \Big\rfloor$, but at
#    most $B - 1$.
#
# **By hand.** 8 buckets, not bidirectional, max_distance 32. So $m = 4$: the distances 0 to 3 have the
# buckets 0 to 3. For $\delta = 10$: $\log 2.5 / \log 8 = 0.4406$, times 4 is $1.76$, so bucket 5. From
# $\delta = 32$ on everything is in bucket 7.


# %%
def relative_position_bucket(rel, bidirectional=True, num_buckets=32, max_distance=128):
    """T5's bucket of each relative position.

    rel (T, S)      integers: place of the key minus place of the query
    bidirectional   whether keys after the query are told apart; if not, all of them are in bucket 0

    Returns (T, S) integers (torch.long) from 0 to num_buckets - 1.
    """
    ### BEGIN SOLUTION
    bucket = torch.zeros_like(rel)                                           # (T, S)
    if bidirectional:
        num_buckets = num_buckets // 2
        bucket = bucket + (rel > 0).long() * num_buckets                     # (T, S)  the upper half: after me
        distance = rel.abs()                                                 # (T, S)
    else:
        distance = (-rel).clamp(min=0)                                       # (T, S)
    near = num_buckets // 2
    share = torch.log(distance.clamp(min=1) / near) / math.log(max_distance / near)  # (T, S)  0 at near, 1 at the end
    far = (near + (share * (num_buckets - near)).long()).clamp(max=num_buckets - 1)  # (T, S)
    return bucket + torch.where(distance < near, distance, far)              # (T, S)
    ### END SOLUTION


# %%
check("relative_position_bucket")

# %% tags=["demo"] pictures=1
rel = torch.arange(-150, 151)
figure = plt.figure(figsize=(7, 2.8), layout="constrained")
plt.step(rel, relative_position_bucket(rel[None])[0], where="mid", label="bidirectional")
plt.step(rel, relative_position_bucket(rel[None], bidirectional=False)[0], "--", where="mid", label="not bidirectional")
plt.xlabel("place of the key minus place of the query")
plt.ylabel("bucket")
plt.title("T5's 32 buckets")
plt.legend(frameon=False)
tell(figure, "T5's 32 buckets: a step each for near places, ever wider steps for far ones")
plt.show()

# %% [markdown]
# ## 8. Hard attention
#
# Soft attention looks everywhere a little. *Hard* attention takes a decision: it draws one region at random,
# with the weights as probabilities, and looks only there. That is cheap, and close to what eyes do. But a
# choice has no derivative: if the region had been another one, what then? We can only try. (Xu and others,
# *Show, attend and tell*, 2015, section 4.1.)
#
# ### Draw, and remember how likely it was
#
# $$ p = \mathrm{softmax}(\text{scores}) \qquad a \sim p \qquad \log p_a $$
#
# The draw itself carries no gradient; $\log p_a$ does, and is all that the next step needs.
# (`torch.multinomial` draws; a `generator` makes draws repeatable.)
#
# **By hand.** Scores $(0, \log 3)$: $p = (\frac14, \frac34)$. Three times of four the second region is drawn,
# with $\log p = -0.2877$, else the first, with $-1.3863$.


# %%
def hard_attention_sample(scores, generator=None):
    """Draws one region for each picture.

    scores (N, R)   any real numbers
    generator       a torch.Generator to draw with, or None

    Returns `(idx, logp)`:
    idx  (N,)  the region drawn for each picture, with the probabilities softmax(scores)
    logp (N,)  the logarithm of the probability of that region, differentiable with respect to scores
    """
    ### BEGIN SOLUTION
    logp = scores.log_softmax(dim=1)                                                  # (N, R)
    idx = torch.multinomial(logp.exp().detach(), 1, generator=generator)              # (N, 1)
    return idx.squeeze(1), logp.gather(1, idx).squeeze(1)                             # (N,), (N,)
    ### END SOLUTION


# %%
check("hard_attention_sample")

# %% [markdown]
# ### REINFORCE
#
# After the draw there is a reward $r$: a number, say how well the next word was predicted. We want the scores
# for which the *expected* reward is largest. Its gradient can be written as an expectation over draws, and so
# be estimated from draws:
#
# $$ \nabla\, \mathbb{E}_{a \sim p}[r_a] = \sum_a r_a \nabla p_a =
#    \sum_a p_a\, r_a\, \frac{\nabla p_a}{p_a} = \mathbb{E}_{a \sim p}\big[\, r_a\, \nabla \log p_a \,\big] $$
#
# Make what was rewarded more likely. And one may subtract a **baseline** $b$ that does not depend on the
# draw, without changing the expectation, since
# $\mathbb{E}[b\, \nabla \log p_a] = b\, \nabla \sum_a p_a = b\, \nabla 1 = 0$. Then only what was rewarded
# *more than usual* is made more likely. (Williams, *Simple statistical gradient-following algorithms for
# connectionist reinforcement learning*, 1992, section 4.)
#
# An optimiser descends, so write a loss whose *negative* gradient this is, averaged over the batch:
#
# $$ L = -\frac1N \sum_n (r_n - b)\, \log p_{a_n} $$
#
# The reward is a number here, not a path: no gradient flows through $r$ or $b$, even if they were computed by
# the network.
#
# **By hand.** Two draws with $\log p = (-1, -2)$, rewards $(3, 1)$, baseline 2:
# $L = -\frac12 \big(1 \cdot (-1) + (-1) \cdot (-2)\big) = -\frac12$. Its gradient with respect to $\log p$ is
# $(-\frac12, \frac12)$: descending, the first draw becomes more likely and the second one less.


# %%
def reinforce_loss(logp, reward, baseline=0.0):
    """The loss whose negative gradient is the REINFORCE estimate.

    logp     (N,)  log-probability of what was drawn
    reward   (N,)  the reward of each draw
    baseline       a number, or (N,)

    Returns a number (a tensor without axes). No gradient flows into reward or baseline.
    """
    ### BEGIN SOLUTION
    advantage = (reward - baseline).detach()      # (N,)  how much better than usual: numbers, not a path
    return -(advantage * logp).mean()             # ()
    ### END SOLUTION


# %%
check("reinforce_loss")

# %% [markdown]
# ### All draws at once
#
# With $R$ regions there are just $R$ possible draws: for one picture we can enumerate them all and see
# exactly what the estimate is worth. Draw $a$ gives the estimate $g_a = (r_a - b)\, \nabla \log p_a$, a
# vector with one entry per score; for a softmax,
# $\partial \log p_a / \partial \text{score}_j = [j = a] - p_j$. Then
#
# $$ \text{mean} = \sum_a p_a\, g_a \qquad \text{variance} = \sum_a p_a\, \lVert g_a - \text{mean} \rVert^2 $$
#
# **By hand.** $R = 2$, scores $(0, 0)$, rewards $(2, 0)$, no baseline. $p = (\frac12, \frac12)$,
# $g_0 = 2 \cdot (\frac12, -\frac12) = (1, -1)$, $g_1 = (0, 0)$: the mean is $(\frac12, -\frac12)$ and the
# variance $\frac12 \cdot \frac12 + \frac12 \cdot \frac12 = \frac12$. With the baseline 1,
# $g_0 = (\frac12, -\frac12)$ and $g_1 = -1 \cdot (-\frac12, \frac12) = (\frac12, -\frac12)$: the same mean,
# and the variance is 0.


# %%
def reinforce_moments(scores, rewards, baseline=0.0):
    """Mean and variance of the REINFORCE estimate for one picture, by enumeration of all draws.

    scores  (R,)
    rewards (R,)  the reward that each region would bring
    baseline      a number

    Returns `(mean, variance)`: mean (R,), the gradient of the expected reward with respect to the scores;
    variance, a number, the expected squared distance of the estimate from its mean.
    """
    ### BEGIN SOLUTION
    p = scores.softmax(dim=0)                                        # (R,)
    slopes = torch.eye(len(p)) - p                                   # (R, R)  row a: the gradient of log p_a
    estimates = (rewards - baseline)[:, None] * slopes               # (R, R)  row a: what draw a would give
    mean = p @ estimates                                             # (R,)
    variance = p @ ((estimates - mean) ** 2).sum(dim=1)              # ()
    return mean, variance
    ### END SOLUTION


# %%
check("reinforce_moments")

# %% tags=["demo"]
torch.manual_seed(0)
scores, rewards = torch.randn(9), torch.randn(9)
print("rewards        baseline                    mean, first 3 entries          variance")
for shift in (0, 10):
    shifted = rewards + shift
    expected = (scores.softmax(0) * shifted).sum()
    for name, baseline in (("none", 0.0), ("expected reward", float(expected)), ("10", 10.0)):
        mean, variance = reinforce_moments(scores, shifted, baseline)
        first = "  ".join(f"{value:+.4f}" for value in mean[:3])
        print(f"plus {shift:2d}        {name:16s} {baseline:6.2f}     {first}     {variance:9.3f}")

# %% [markdown]
# The mean never moves. The variance moves by a factor of hundreds: if every reward is about 10, then without
# a baseline every draw is praised, and what is learnt is noise. (With rewards around zero a baseline can even
# do a little harm. It helps when rewards are far from zero, and you seldom know.)
#
# ### Learn to look, told only hot or cold
#
# Pictures with one object. A small network scores the 36 regions, draws *one*, and is told a single number:
# 11 if the region lies on the object, 10 if not. Nobody ever says where the object was.

# %% tags=["demo"] pictures=1
data = load_coco_data()
for split in ("train", "val"):
    data[f"{split}_features"] = load_spatial_features(split)       # (pictures, R, D)  36 regions, 108 numbers each

scenes = [scene_of(url) for url in data["train_urls"]]
lonely = [n for n, scene in enumerate(scenes) if len(scene) == 1]
regions = torch.from_numpy(data["train_features"][lonely].astype(np.float32))         # (pictures, R, D)
on_object = torch.tensor([[r in cell_regions(scenes[n][0].cell) for r in range(36)] for n in lonely])  # (pictures, R)

hits = {}
for name in ("no baseline", "baseline: the mean reward so far"):
    torch.manual_seed(1)
    eye = nn.Sequential(nn.Linear(108, 32), nn.Tanh(), nn.Linear(32, 1))               # one score per region
    optimizer, usual, hits[name] = torch.optim.Adam(eye.parameters(), 3e-3), 10.0, []
    for _ in progress(range(400), name):
        batch = torch.randint(len(lonely), (64,))
        idx, logp = hard_attention_sample(eye(regions[batch])[..., 0])                 # (N,), (N,)
        reward = 10.0 + on_object[batch, idx].float()                                  # (N,)
        loss = reinforce_loss(logp, reward, usual if "mean" in name else 0.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        usual = 0.9 * usual + 0.1 * reward.mean().item()
        hits[name].append(reward.mean().item() - 10)

means = {name: np.convolve(values, np.ones(20) / 20, "valid") for name, values in hits.items()}
plot_curves({**means, "chance: 4 regions of 36": np.full(400, 4 / 36)}, xlabel="iteration",
            ylabel="share of looks that hit the object")
plt.show()

# %% [markdown] question="soft_or_hard" points=3
# **Question 2 (3 points).** (a) Both runs above estimate the same gradient *on average*. Why does one of them
# learn so much more slowly? (b) Soft attention would have solved this task in a few steps. What does it know
# that REINFORCE has to find out by trying? (c) Name a situation in which you would take hard attention all
# the same.
#
# ### BEGIN SOLUTION
# (a) Without a baseline every draw gets a weight of 10 or 11: whatever was drawn is made more likely, by
# nearly the same amount, whether it hit or not. The ten cancels only on average over draws; in one batch it
# is noise, far larger than the useful signal (the difference of 1), as the table of variances shows. With the
# baseline the weights are about 0 and 1 minus a little, and only the difference remains. (b) Soft attention
# computes the weighted sum of all regions, and its derivative with respect to each weight is known exactly:
# backpropagation tells for *every* region whether a little more of it would have been better. REINFORCE sees
# one region and one number per draw, and learns nothing about the others. (c) When looking is expensive (each
# region has to be computed by a large network, or a camera or a robot has to be moved, or memory is short),
# when the reward is not differentiable (a game, BLEU, a person's verdict), or when one discrete choice is
# wanted in itself (explaining, tools, sparse experts).
#
# Rubric: 1 point each. (a) needs the variance and its cause, the common large reward; "the baseline helps"
# alone gets nothing. (b) needs: the derivative for all regions at once, against a single sampled one. (c) any
# sound situation with its reason.
# ### END SOLUTION

# %% [markdown]
# ## 9. The captioner that looks
#
# Now the whole machine: *Show, attend and tell* in small. The picture is a set of regions,
# `features (N, R, D)`. At each word the network looks, by additive attention, *with the memory that it has
# before the word*, and then takes one step of an LSTM with the word and what it has seen. (Xu and others,
# 2015, section 3.1.)
#
# ```text
#   features (N, R, D) --project, relu--> regions (N, R, H) --key--> keys (N, R, A)
#                                            |
#                     h (N, H) --query--> [look] --> context (N, H), weights (N, R)
#                        |                   |
#   word --embed--> x (N, W) --+-------------+
#                              v
#               h, c --> [LSTM cell on (x, context)] --> h', c'
#                                                        |
#                         scores (N, V) <--vocab-- (h', context)
# ```
#
# - `look`: $e_r = w^\top \tanh(h\,W_q + \text{keys}_r)$, softmax over the regions, sum of `regions`. The keys
#   do not change from word to word, so `begin` computes them once.
# - `step`: look with the old `h`; then `self.cell` on the word vector and the context, side by side *in this
#   order*; then `self.vocab` on the new `h` and the context, side by side in this order.
# - `forward`: with the teacher, as in assignment 1. Word `t` of `captions` goes in at step `t`.
# - `sample`: on its own, as in assignment 1. Slot 0 holds the first word said; after `<END>` only `<NULL>`.
#
# The layers and `begin` are given. PyTorch does the backward pass.
#
# **By hand.** Two things that `look` must do, whatever the weights of the network are: if there is a single
# region, its weight is 1 and it is the context; if all regions are alike, each has the weight $1/R$.


# %%
class CaptioningLayers(nn.Module):
    """The layers of the captioner, and how it begins.

    Letters: N batch, R regions, D width of a region's features, W of a word vector, H hidden, A inside the attention,
    V vocabulary.
    """

    def __init__(self, word_to_idx, input_dim=108, wordvec_dim=64, hidden_dim=128, attention_dim=64):
        """word_to_idx: dict from word to number; input_dim D; wordvec_dim W; hidden_dim H; attention_dim A."""
        super().__init__()
        D, W, H, A, V = input_dim, wordvec_dim, hidden_dim, attention_dim, len(word_to_idx)
        self._null, self._start, self._end = (word_to_idx[word] for word in ("<NULL>", "<START>", "<END>"))
        self.project = nn.Linear(D, H)                 # features -> regions
        self.start = nn.Linear(H, H)                   # mean of the regions -> first memory
        self.embed = nn.Embedding(V, W)
        self.query = nn.Linear(H, A, bias=False)       # W_q of additive attention
        self.key = nn.Linear(H, A, bias=False)         # W_k
        self.score = nn.Linear(A, 1, bias=False)       # w_v
        self.cell = nn.LSTMCell(W + H, H)              # input: word vector and context
        self.vocab = nn.Linear(H + H, V)               # input: memory and context

    def begin(self, features):
        """features (N, R, D) -> regions (N, R, H), keys (N, R, A) and the first h, c (N, H)."""
        regions = torch.relu(self.project(features))          # (N, R, H)
        h = torch.tanh(self.start(regions.mean(dim=1)))       # (N, H)
        return regions, self.key(regions), h, torch.zeros_like(h)


# %%
class CaptioningAttention(CaptioningLayers):
    """Says what is in a picture, and looks at it before each word. It is made like its `CaptioningLayers`."""

    def look(self, h, regions, keys):
        """Additive attention from the memory h (N, H) to the regions (N, R, H) with their keys (N, R, A).

        Returns `(context, weights)`: (N, H), the weighted sum of the regions, and (N, R).
        """
        ### BEGIN SOLUTION
        hidden = torch.tanh(self.query(h)[:, None] + keys)    # (N, R, A)  one query, R keys
        weights = self.score(hidden).squeeze(2).softmax(dim=1)  # (N, R)
        context = (weights[..., None] * regions).sum(dim=1)   # (N, H)
        return context, weights
        ### END SOLUTION

    def step(self, words, h, c, regions, keys):
        """One word further: words (N,) integers, h and c (N, H).

        Returns `(scores, h, c, weights)`: scores (N, V) of the next word, the new h and c (N, H), weights (N, R).
        """
        ### BEGIN SOLUTION
        context, weights = self.look(h, regions, keys)                       # (N, H), (N, R)
        x = torch.cat([self.embed(words), context], dim=1)                   # (N, W + H)
        h, c = self.cell(x, (h, c))                                          # (N, H), (N, H)
        scores = self.vocab(torch.cat([h, context], dim=1))                  # (N, V)
        return scores, h, c, weights
        ### END SOLUTION

    def forward(self, features, captions):
        """With the teacher: features (N, R, D), captions (N, T) integers, which begin with <START>.

        Returns `(scores, weights)`: scores (N, T, V), of the word after each word; weights (N, T, R), where it looked.
        """
        ### BEGIN SOLUTION
        regions, keys, h, c = self.begin(features)
        scores, weights = [], []
        for t in range(captions.shape[1]):
            scores_t, h, c, weights_t = self.step(captions[:, t], h, c, regions, keys)
            scores.append(scores_t)                                          # (N, V)
            weights.append(weights_t)                                        # (N, R)
        return torch.stack(scores, dim=1), torch.stack(weights, dim=1)       # (N, T, V), (N, T, R)
        ### END SOLUTION

    @torch.no_grad()
    def sample(self, features, max_length=15):
        """On its own, always taking the word with the highest score: features (N, R, D).

        Returns `(captions, weights)`: captions (N, max_length) integers, the words as they were said, then, after
        <END>, <NULL>; weights (N, max_length, R), where it looked for each word (after <END> it does not matter).
        """
        ### BEGIN SOLUTION
        regions, keys, h, c = self.begin(features)
        words = torch.full((len(features),), self._start)                    # (N,)
        ended = torch.zeros(len(features), dtype=torch.bool)                 # (N,)
        captions, weights = [], []
        for _ in range(max_length):
            scores, h, c, weights_t = self.step(words, h, c, regions, keys)
            words = scores.argmax(dim=1).masked_fill(ended, self._null)      # (N,)  and the next input
            ended = ended | (words == self._end)                             # (N,)
            captions.append(words)
            weights.append(weights_t)                                        # (N, R)
        return torch.stack(captions, dim=1), torch.stack(weights, dim=1)     # (N, max_length), (N, max_length, R)
        ### END SOLUTION


# %%
check("captioning_attention")

# %%
check("captioning_attention_sample")

# %% [markdown]
# ### Train it
#
# The scenes of assignment 1, but with 36 regions in place of one vector. Of the 108 numbers of a region, 96
# say what is seen there, and the last 12 say where the region lies (sines and cosines of its place, as in
# section 6). About a minute. There, the recurrent network told the truth about three pictures of ten.

# %% tags=["demo"] pictures=1
print(data["train_features"].shape, "training pictures, regions, numbers of a region")
show_scene(data["val_urls"][0])
plt.show()

# %% tags=["demo"] pictures=1 short={"iterations=1200": "iterations=100"}
torch.manual_seed(231)
model = CaptioningAttention(data["word_to_idx"])
losses = train_captioner(model, data, iterations=1200, batch_size=64, learning_rate=3e-3, label="with attention")
spoken = say(model, data)
truth_table({"with attention": spoken})

# %% [markdown]
# ### Where did it look?
#
# Nobody has ever told it where anything is.

# %% tags=["demo"] pictures=3
for count in (1, 2, 3):
    n = np.flatnonzero((spoken.objects == count) & spoken.true)[1]
    show_attention(data["val_urls"][n], spoken.sentences[n], spoken.weights[n])
    plt.show()

# %% [markdown]
# Pictures chosen by hand prove nothing. So measure: whenever a caption names an object of the scene, take the
# moment at which it says the *shape* and add up the weights on the four regions of the cell where the object
# really is. Looking everywhere alike would give $4/36$.

# %% tags=["demo"]
mass, hits = attention_mass(spoken.captions, spoken.weights, data["val_urls"], data["idx_to_word"])
print(f"attention on the cell of the named object: {mass.mean():.1%} (looking everywhere alike: {4 / 36:.1%})")
print(f"the strongest weight lies in that cell for {hits.mean():.1%} of {len(hits)} named objects")

# %% tags=["demo"] pictures=1
wrong = np.flatnonzero(~spoken.true)[:4]
right = np.flatnonzero(spoken.true & (spoken.objects == 3))[:4]
chosen = [*right, *wrong]
show_captions(data["val_urls"][chosen], [spoken.sentences[n] for n in chosen], spoken.true[chosen])
plt.show()

# %% [markdown]
# ### Where is left?
#
# A weighted sum does not know in which order the regions came. Three experiments with the network you have
# just trained:
#
# 1. **Shuffle the regions**, each with its 12 numbers of place.
# 2. **Erase the place**: set the 12 numbers to zero.
# 3. **Mirror the content**: exchange what is seen in the left and right cells, but leave the 12 numbers of
#    place where they are.
#
# Guess first.

# %% tags=["demo"]
val = np.asarray(data["val_features"], np.float32)                            # (pictures, R, D)
shuffled = val[:, np.random.default_rng(0).permutation(36)]                   # (pictures, R, D)
erased = val.copy()
erased[..., 96:] = 0
mirrored = val.copy()
grid = val[..., :96].reshape(-1, 6, 6, 96)                                    # (pictures, rows, columns, channels)
mirrored[..., :96] = grid[:, :, [4, 5, 2, 3, 0, 1]].reshape(-1, 36, 96)       # a cell is two columns wide

views = {"as it is": val, "1. shuffled": shuffled, "2. place erased": erased, "3. mirrored": mirrored}
told = {name: say(model, {**data, "val_features": seen}) for name, seen in views.items()}
truth_table(told)

changed = np.array(told["as it is"].sentences) != np.array(told["3. mirrored"].sentences)
for count in (1, 2, 3):
    n = np.flatnonzero(changed & spoken.true & (spoken.objects == count))[0]   # the first that the mirror changes
    print()
    for name in views:
        print(f"{name:16s} {told[name].sentences[n]}")

# %% [markdown]
# The captions of experiment 3 can also be judged by the scene that was *not* shown: the mirrored one.

# %% tags=["demo"]
scenes = [scene_of(url) for url in data["val_urls"]]
mirrored_scenes = [[thing._replace(cell=3 * thing.row + 2 - thing.column) for thing in scene] for scene in scenes]
moved = [n for n, scene in enumerate(scenes) if any(thing.column != 1 for thing in scene)]
for name, world in (("the picture", scenes), ("its mirror image", mirrored_scenes)):
    rate = truth_rate([told["3. mirrored"].sentences[n] for n in moved], [world[n] for n in moved])
    print(f"true of {name:17s} {rate:.1%}")

# %% [markdown]
# And a network that never had the numbers of place, trained in the same way on the first 96 numbers of each
# region:

# %% tags=["demo"] pictures=2 short={"iterations=1200": "iterations=100"}
placeless = {**data, "train_what": data["train_features"][..., :96], "val_what": data["val_features"][..., :96]}
torch.manual_seed(231)
placeless_model = CaptioningAttention(data["word_to_idx"], input_dim=96)
placeless_losses = train_captioner(placeless_model, placeless, features="what", iterations=1200, batch_size=64,
                                   learning_rate=3e-3, label="without place")
plot_losses({"with place": losses, "without place": placeless_losses}, log=True)
plt.show()
truth_table({"with place": spoken, "without place": say(placeless_model, placeless, features="what")})

# %% [markdown] question="where_is_left" points=4
# **Question 3 (4 points).** (a) Show from the formulas of `begin` and `look` that shuffling the regions, each
# with its place, cannot change a caption. Is the captioner invariant or equivariant to this? And its
# attention weights? (b) Explain what it says in experiments 2 and 3. (c) Suppose all 96 numbers of a region
# depended only on what is seen *in* that region. Which of the three kinds of captions (one, two, three
# objects) could the network without place still get right, and which not? (d) The network without place does
# better than that: it nearly always knows where a single object is. Where could it have got this from?
#
# ### BEGIN SOLUTION
# (a) `begin` treats every region alike (the same linear map and ReLU on each), and the only thing it makes of
# all of them together is their mean, a sum over regions: the same for any order. So h0 and c0 do not change,
# and regions and keys are shuffled along. In `look`, score r depends on h and on key r alone, so the scores,
# and after the softmax (whose denominator is a sum over all regions) the weights, are shuffled in the same
# way: the weights are *equivariant*. The context is the sum over r of weight times region: the same terms in
# another order, so it is *invariant*; hence so are h, c, the scores and the caption. (Place means here only:
# what the 12 numbers say.) (b) 2: it still sees which objects there are, but the 12 zeros are no place that
# it has ever met, or at best one in the middle for all: it says "middle", "center", guesses relations, and
# with two or three objects it names one of them twice, because it kept track of what it had said by place, in
# reading order. 3: it describes the mirrored picture: "top left" becomes "top right", objects side by side
# are named in the opposite order, so that most of its captions are true of a picture that nobody has shown
# it. It takes place from the 12 numbers. (c) Only the *set* of objects is known then. Three objects: it can
# name all of them, and the judge accepts any order (though the references follow the reading order, which it
# cannot know, so that learning is harder). Two objects: the relation can only be guessed. One object: the
# cell can only be guessed, one chance in nine. (d) From the features themselves: the convolutions that made
# them pad the picture with zeros at its border, so that a region at the border or in a corner looks different
# from one inside; the second layer and the pooling also see a little beyond the region. (Islam, Jia and
# Bruce, *How much position information do convolutional neural networks encode?*, 2020.)
#
# Rubric: 1 point each. (a) needs both words in their right places, with the sum over regions as the reason.
# (b) needs the mirrored description in experiment 3. (c) needs: objects yes, places and relations no. (d)
# border or padding effects, or neighbouring content seen by the convolutions.
# ### END SOLUTION

# %% [markdown]
# ## What you have built
#
# Attention, in all its forms: soft and hard, additive and by dot product, with masks, with places and with
# distances; and a network that speaks and looks where it speaks of. One thing it still does as in assignment
# 1: it remembers by a recurrent state. In the next two assignments attention replaces that as well. You have
# written its core already: `scaled_dot_product_attention`.
