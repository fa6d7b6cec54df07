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
# # Assignment 3: many heads
#
# In assignment 2 you built attention: a query looks at all keys, and takes home a weighted mean of the
# values. One query, one mean. But a word often needs several things at once: the verb wants its subject *and*
# its object, and the mean of the two is neither. So let several attentions look at the same time, each in its
# own way. These are the *heads*, and they are what every transformer is made of.
#
# You write the layer, then you look inside: what does each head do, which way does the gradient push it,
# which heads can be thrown away, and what does all of this cost?
#
# | section | you write | points |
# |---|---|---|
# | 1 | cut a vector into heads, and glue it together again | 8 |
# | 2 | multi-head attention: the layer, its masks, its dropout | 49 |
# | 3 | self-attention and cross-attention | 8 |
# | 4 | *(watch heads specialise)* | |
# | 5 | the gradient of an attention map | 9 |
# | 6 | the importance of a head, and how to remove one | 14 |
# | 7 | what attention costs | 3 |
# | | three questions in your own words | 9 |
#
# From now on we use PyTorch: the gradients come for free. The checks compare your functions in `float64` with
# ours, and look at what your layer *depends on*. More checks of the same kind, with other sizes and other
# numbers, run when your work is marked.
#
# ## The letters of the axes
#
# | letter | axis |
# |---|---|
# | `N` | batch: which sentence |
# | `S` | which query |
# | `T` | which key, with its value; in self-attention also which query |
# | `E` | embedding: the width of a word's vector |
# | `H` | which head |
# | `d` | the width of one head: `E = H * d` |

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call

from autograder.lab import plot_losses, progress, tell
from autograder.lab.heads import kept_for_backward, seconds, show_heads
from autograder.notebook import check

# %% [markdown]
# ## 1. Cut into heads, and glue together
#
# A vector of width $E$ is cut into $H$ pieces of width $d = E / H$ that lie side by side: head 0 gets the
# first $d$ numbers, head 1 the next $d$, and so on. Every head shall see **every** word (of each, its own
# piece). So the heads become an axis of their own, in front of the time axis:
#
# $$ \text{heads}[n, h, t, j] = x[n, t, h\,d + j] \qquad\qquad (N, T, E) \longrightarrow (N, H, T, d) $$
#
# **By hand.** One sentence of two words, `E = 4`, two heads of width `d = 2`:
#
# | | word 0 | word 1 | | | word 0 | word 1 |
# |---|---|---|---|---|---|---|
# | `x` | (0, 1, 2, 3) | (4, 5, 6, 7) | becomes | head 0 | (0, 1) | (4, 5) |
# | | | | | head 1 | (2, 3) | (6, 7) |
#
# **The trap of this assignment.** There is a function that turns any shape into any other with as many
# numbers, without complaint. Run the cell, and compare what it calls head 0 with the table. Whose words are
# these?

# %% tags=["demo"]
x = torch.arange(8.0).reshape(1, 2, 4)  # (N, T, E) = (1, 2, 4)
tempting = x.view(1, 2, 2, 2)           # (N, H, T, d)? The shape is right ...
print("head 0:", tempting[0, 0].tolist())
print("head 1:", tempting[0, 1].tolist())


# %% [markdown]
# `view` never moves a number. It reads the same row of numbers with other line breaks, and so it can split an
# axis in two or join two neighbours, but it cannot make two axes change places.


# %%
def split_heads(x, num_heads):
    """Cut each vector into heads.

    x          (N, T, E)  one vector of width E for each word
    num_heads  H, which divides E

    Returns (N, H, T, d) with d = E / H: head h of word t is x[:, t, h*d : (h+1)*d]
    """
    ### BEGIN SOLUTION
    N, T, E = x.shape
    pieces = x.reshape(N, T, num_heads, E // num_heads)  # (N, T, H, d)  the last axis splits in two
    return pieces.transpose(1, 2)                        # (N, H, T, d)  then two axes change places
    ### END SOLUTION


# %%
check("split_heads")

# %% [markdown]
# The way back: put the pieces of a word side by side again, head 0 first. Each step is the step above turned
# round, in reverse order.


# %%
def merge_heads(x):
    """Put the heads of each word side by side: the inverse of `split_heads`.

    x  (N, H, T, d)

    Returns (N, T, E) with E = H * d
    """
    ### BEGIN SOLUTION
    N, H, T, d = x.shape
    together = x.transpose(1, 2)        # (N, T, H, d)  the pieces of one word become neighbours ...
    return together.reshape(N, T, H * d)  # (N, T, E)   ... and the last two axes can be joined
    ### END SOLUTION


# %%
check("merge_heads")

# %% [markdown]
# ## 2. Multi-head attention
#
# Three linear layers make queries, keys and values; each is cut into heads; each head attends for itself; the
# results are glued together, and a last linear layer mixes what the heads have found. (Vaswani and others,
# *Attention is all you need*, 2017, section 3.2.2.)
#
# $$ Q = X_q W_q + b_q, \qquad K = X_k W_k + b_k, \qquad V = X_v W_v + b_v $$
#
# $$ A_h = \operatorname{softmax}\!\Big(\frac{Q_h K_h^\top}{\sqrt{d}}\Big), \qquad
#    Y = \big[\,A_0 V_0 \;\big|\; A_1 V_1 \;\big|\; \cdots \;\big|\; A_{H-1} V_{H-1}\,\big]\; W_o + b_o $$
#
# The softmax runs over the keys: each row of $A_h$ `(S, T)` belongs to one query and sums to 1.
#
# **Why $\sqrt d$?** Each score is a sum of $d$ products. If their factors are independent with mean 0 and
# variance 1, the sum has variance $d$. Dividing by $\sqrt d$ brings the scores back to size 1, where the
# softmax is neither flat nor a single spike (footnote 4 of the paper). A head sums over *its own* $d$
# numbers, not over all $E$.
#
# **By hand.** Two heads of width 1 ($E = H = 2$, $d = 1$). Let all four linear layers do nothing (identity
# matrix, no bias). One query, and two words that are keys and values at the same time:
#
# | | head 0 | head 1 |
# |---|---|---|
# | query | 1 | 0 |
# | word 0 | $\log 3$ | 5 |
# | word 1 | 0 | $-1$ |
# | scores | $(\log 3,\ 0)$ | $(0,\ 0)$ |
# | weights | $(\frac34,\ \frac14)$ | $(\frac12,\ \frac12)$ |
# | result | $\frac34 \log 3 = 0.8240$ | $\frac12 \cdot 5 - \frac12 \cdot 1 = 2$ |
#
# The two heads looked at the same two words, and each weighed them in its own way. A single head could not.

# %% tags=["demo"]
query = np.array([1.0, 0.0])                        # (E,)
words = np.array([[np.log(3.0), 5.0], [0.0, -1.0]])  # (T, E)
for head in (0, 1):
    scores = query[head] * words[:, head] / math.sqrt(1)    # (T,)  d = 1
    weights = np.exp(scores) / np.exp(scores).sum()         # (T,)
    print(f"head {head}: weights {weights.round(4)}, result {weights @ words[:, head]:.4f}")

# %% [markdown]
# ### The layer
#
# Write `forward`. Three things go beyond the bare formula; you can leave the last two for later, as their
# checks come further down.
#
# - **`self.attention`**: keep the weights $A$ `(N, H, S, T)` there, as they come out of the softmax, so that
#   one can look at them after a call. Keep the tensor itself, not a copy without gradient: section 5 will
#   hang a hook on it.
# - **The mask** says which query may attend to which key: `True`, or any number but 0, means *may attend*.
#   Scores that are not allowed become $-\infty$ **before** the softmax, so that their weights become exactly
#   0 and the others still sum to 1. (Beware when you read other code: in PyTorch,
#   `F.scaled_dot_product_attention` means the same by `True`, and `nn.MultiheadAttention` means the
#   opposite.)
# - **Dropout** acts on the weights $A$, just before they meet the values: in training a query now and then
#   has to do without a word it would have liked to look at. In `eval` mode nothing happens.
#
# The query side and the key side may have different lengths, `S` and `T`. The layer is to be written, not called: one
# that rests on `nn.MultiheadAttention` gets no points (`F.scaled_dot_product_attention` may help you).


# %%
class MultiHeadAttention(nn.Module):
    """Multi-head attention: `num_heads` attentions side by side.

    embed_dim  E, the width of the vectors that go in and come out
    num_heads  H, which divides E
    dropout    the probability with which an attention weight is dropped in training
    """

    def __init__(self, embed_dim, num_heads, dropout=0.1):
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError(f"{num_heads} heads cannot share a width of {embed_dim} evenly")
        self.key = nn.Linear(embed_dim, embed_dim)
        self.query = nn.Linear(embed_dim, embed_dim)
        self.value = nn.Linear(embed_dim, embed_dim)
        self.proj = nn.Linear(embed_dim, embed_dim)
        self.attn_drop = nn.Dropout(dropout)
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.attention = None  # (N, H, S, T) after each call

    def forward(self, query, key, value, attn_mask=None):
        """What each query has found.

        query      (N, S, E)  who asks
        key        (N, T, E)  what is compared with the queries
        value      (N, T, E)  what is taken home
        attn_mask  (S, T)     True, or a number but 0: query s may attend to key t (at least one t for each s);
                              bool or any kind of number; None: every query may attend to every key

        Returns (N, S, E), and leaves the weights (N, H, S, T), after the softmax and before the dropout, in
        `self.attention`
        """
        ### BEGIN SOLUTION
        q = split_heads(self.query(query), self.num_heads)          # (N, H, S, d)
        k = split_heads(self.key(key), self.num_heads)              # (N, H, T, d)
        v = split_heads(self.value(value), self.num_heads)          # (N, H, T, d)
        scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])     # (N, H, S, T)  d products in each
        if attn_mask is not None:
            blocked = attn_mask == 0                                # (S, T)        bool and numbers alike
            scores = scores.masked_fill(blocked, float("-inf"))     # (N, H, S, T)  exp(-inf) = 0
        self.attention = scores.softmax(dim=-1)                     # (N, H, S, T)  each row sums to 1
        found = self.attn_drop(self.attention) @ v                  # (N, H, S, d)
        return self.proj(merge_heads(found))                        # (N, S, E)     mixes the heads
        ### END SOLUTION


# %%
check("multi_head_attention")

# %% [markdown]
# ### Masks and the future
#
# A network that predicts the next word must not see it. The causal mask lets word `t` attend to the words `0`
# to `t` only:


# %%
def causal_mask(T):
    """(T, T) bool: row s is True up to and including column s."""
    return torch.ones(T, T).tril().bool()


# %%
check("attention_masks")

# %% [markdown]
# ### Measure what depends on what
#
# A mask that *is there* proves nothing. The honest test treats the layer as a black box: nudge one word, and
# look which outputs move. The cell below measures, for all pairs, how strongly the output at place `s` reacts
# to the word at place `t`. With the causal mask everything above the diagonal must be exactly zero.

# %% tags=["demo"] pictures=1
torch.manual_seed(0)
layer = MultiHeadAttention(embed_dim=12, num_heads=3, dropout=0.0).double()
x = torch.randn(1, 7, 12, dtype=torch.float64)              # (N, T, E)


def influence(attn_mask):
    """(T, T): how far output s moves when word t is nudged."""
    before = layer(x, x, x, attn_mask=attn_mask)            # (1, T, E)
    moved = torch.zeros(7, 7)
    for t in range(7):
        nudged = x.clone()
        nudged[:, t] += 0.1
        moved[:, t] = (layer(nudged, nudged, nudged, attn_mask=attn_mask) - before).abs().amax(dim=(0, 2))
    return moved


free, causal = influence(None), influence(causal_mask(7))
show_heads(torch.stack([free, causal]).detach(), ["no mask", "causal mask"],
           title="How far output s (row) moves when word t (column) is nudged")
for name, moved in (("without a mask", free), ("with the causal mask", causal)):
    print(f"largest reaction to a later word, {name}: {moved.triu(1).max():.3f}")

# %% [markdown] question="low_loss" points=3
# **Question 1 (3 points).** Four captioners with multi-head attention were trained for 1500 steps on the same
# pictures. They learnt to predict the next word, and were then left to speak on their own:
#
# | captioner | loss in training, at the end | captions that are entirely true |
# |---|---|---|
# | correct | 0.109 | 76 % |
# | without the causal mask | 0.001 | 0 % |
# | with the causal mask, but heads cut by `view(N, H, T, d)` alone | 0.002 | 0 % |
# | with the causal mask, but heads glued by `reshape(N, T, E)` alone | 0.001 | 0 % |
#
# (a) The last two do have the right mask. Explain, with the small example `T = 2`, `E = 4`, `H = 2` of
# section 1, how the future gets past the mask when heads are glued without changing axes first. (b) Why do
# the three broken ones have a *lower* loss than the correct one, and why can none of them speak?
#
# ### BEGIN SOLUTION
# (a) The mask acts between places of the time axis *inside* a head: the result at [h, t] depends on words 0
# to t only. Gluing by `reshape` alone reads the numbers of (H, T, d) in the order in which they lie: row 0 of
# the output gets head 0 of word 0 **and head 0 of word 1**, row 1 gets head 1 of words 0 and 1. So the output
# at place 0 contains a result of place 1, which was allowed to look at word 1: the future leaks into place 0,
# after the mask, which has done its work properly. (Cutting by `view` is the same on the other side: what
# stands at "time" t of a head is not word t, so the mask blocks the wrong things.)
# (b) The word to be predicted at place t is word t+1, and it is part of the input. A network that can see it
# just copies it: nearly no loss. When it speaks, word t+1 does not exist yet, the only thing it has learnt,
# copying, has nothing to copy from, and it has never learnt to get the word from the picture and the past.
#
# Rubric: (a) 2 points: one for "the output at place t is put together from results of several places", one
# for carrying it through in the example (place 0 receives a piece that has seen word 1). (b) 1 point: the
# answer is visible in training and can be copied, and is not there when speaking. "Overfitting" gets none:
# the loss on new pictures with the teacher is just as low.
# ### END SOLUTION

# %% [markdown]
# ### Dropout on the weights
#
# With probability `p` a weight becomes 0; the others are divided by $1 - p$, so that the mean stays what it
# was. (Srivastava and others, *Dropout*, 2014, section 10, in the form used today.) Random numbers cannot be
# compared with ours, so these checks look at what must hold for *any* random numbers: how many weights
# vanish, how large the others are, and what is left when all of them are dropped.
#
# **By hand.** Four keys with weights $(0.4,\ 0.3,\ 0.2,\ 0.1)$ and $p = 0.5$; suppose that the second and the
# third are dropped. What meets the values is $(0.8,\ 0,\ 0,\ 0.2)$. It happens to sum to 1 here; it need not.

# %%
check("attention_dropout")

# %% [markdown]
# ## 3. Self-attention and cross-attention
#
# The layer has three inputs, and who plays which role makes all the difference (section 3.2.3 of the paper):
#
# | | queries | keys and values | mask | used for |
# |---|---|---|---|---|
# | self-attention | `x` | `x` | none | the words of a sentence look at one another |
# | causal self-attention | `x` | `x` | causal | the same, while the sentence is being written |
# | cross-attention | `x` | `memory` | none | the words look at something else, such as a picture |
#
# In cross-attention the memory is known as a whole, so nothing is masked; it has as many entries as it likes,
# and the output always has the length of `x`.


# %%
def self_attention(mha, x, causal=False):
    """The words of a sentence look at one another.

    mha     a MultiHeadAttention
    x       (N, T, E)
    causal  True: each word looks at itself and at the words before it, only

    Returns (N, T, E)
    """
    ### BEGIN SOLUTION
    mask = causal_mask(x.shape[1]) if causal else None  # (T, T) or None
    return mha(x, x, x, attn_mask=mask)                 # (N, T, E)
    ### END SOLUTION


# %%
def cross_attention(mha, x, memory):
    """The words of x look at a memory.

    mha     a MultiHeadAttention
    x       (N, S, E)
    memory  (N, T, E)

    Returns (N, S, E)
    """
    ### BEGIN SOLUTION
    return mha(x, memory, memory)  # (N, S, E)  x asks, the memory answers
    ### END SOLUTION


# %%
check("self_and_cross")

# %% [markdown]
# ## 4. Watch heads specialise
#
# A game for attention. Twelve letters stand in a circle. For each place the network has to say **three**
# letters: the one *before* it, the one *after* it, and the one at the *mirrored* place (last for first, and
# so on). Nothing about the letters themselves helps: all that counts is *where to look*, and there are three
# places to look at.
#
# What do you expect of one head, of two, of eight?

# %% tags=["demo"] pictures=1 short={"range(700)": "range(100)"}
if torch.cuda.is_available():
    torch.set_default_device("cuda")                                    # from here on all is made on the GPU
PLACES, LETTERS, WIDTH = 12, 10, 64
QUESTIONS = ("before", "after", "mirrored")


def circle(N):
    """Random letters (N, T), and the three right answers for each place (N, T, 3)."""
    x = torch.randint(LETTERS, (N, PLACES))                             # (N, T)
    return x, torch.stack([x.roll(1, 1), x.roll(-1, 1), x.flip(1)], 2)  # (N, T), (N, T, 3)


class Player(nn.Module):
    """Letters and places, one layer of self-attention, three answers."""

    def __init__(self, num_heads):
        super().__init__()
        self.letter = nn.Embedding(LETTERS, WIDTH)
        self.place = nn.Embedding(PLACES, WIDTH)
        self.mha = MultiHeadAttention(WIDTH, num_heads, dropout=0.0)
        self.answer = nn.Linear(WIDTH, 3 * LETTERS)

    def embed(self, x):
        return self.letter(x) + self.place.weight                       # (N, T, E)

    def forward(self, x):
        seen = self_attention(self.mha, self.embed(x))                  # (N, T, E)
        return self.answer(seen).unflatten(2, (3, LETTERS))             # (N, T, 3, letters)


def game_loss(scores, y):
    """The loss of each example (N,): mean over places and questions."""
    return F.cross_entropy(scores.movedim(3, 1), y, reduction="none").mean(dim=(1, 2))


@torch.no_grad()
def accuracy(player, x, y):
    """The share of right answers to each of the three questions (3,)."""
    return (player(x).argmax(dim=3) == y).double().mean(dim=(0, 1))


torch.set_num_threads(1)  # a small network is fastest on one core
players, losses = {}, {}


def named(num_heads):
    return "1 head" if num_heads == 1 else f"{num_heads} heads"


for num_heads in (1, 2, 8):
    torch.manual_seed(0)
    players[num_heads], losses[named(num_heads)] = player, history = Player(num_heads), []
    optimizer = torch.optim.Adam(player.parameters(), lr=5e-3)
    for _ in progress(range(700), named(num_heads)):
        x, y = circle(64)
        loss = game_loss(player(x), y).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
plot_losses(losses)
plt.show()
test_x, test_y = circle(1000)
for num_heads, player in players.items():
    shares = zip(QUESTIONS, accuracy(player, test_x, test_y).tolist())
    print(f"{named(num_heads)}, right answers:", ", ".join(f"{name} {share:.1%}" for name, share in shares))

# %% [markdown]
# One head returns one mean. It can mix the three letters, but then it no longer knows which was which. (Two
# heads come far: from two mixtures in different proportions, the letters can nearly be told apart again.) Now
# look at what each of the eight heads does, on a single example. *Before* is the diagonal below the main one,
# *after* the one above it, *mirrored* the other diagonal.

# %% tags=["demo"] pictures=1
example, player = test_x[:1], players[8]
player(example)
maps = player.mha.attention[0].detach()                                 # (H, T, T)
wanted = {"before": torch.eye(PLACES).roll(-1, 1), "after": torch.eye(PLACES).roll(1, 1),
          "mirrored": torch.eye(PLACES).flip(1)}                         # each (T, T): where one ought to look
titles = []
for head in range(8):
    share, name = max(((maps[head] * place).sum().item() / PLACES, name) for name, place in wanted.items())
    titles.append(f"head {head}: {share:.0%} {name}")
show_heads(maps, titles, title="Where each place (row) looks, head by head")
print("\n".join(titles))

# %% [markdown]
# Nobody told them. Heads with such jobs, the word before, the word after, are found in trained language
# models, too. (Clark and others, *What does BERT look at?*, 2019, section 3; Voita and others, *Specialized
# heads do the heavy lifting, the rest can be pruned*, 2019, section 5.)

# %% [markdown]
# ## 5. The gradient of an attention map
#
# A map shows where a head looks. Its gradient $\partial L / \partial A$ shows where the loss *would like* it
# to look: where it is negative, more weight would lower the loss.
#
# PyTorch keeps the gradients of leaves only, such as parameters. Those of everything in between, such as $A$,
# are computed on the way back and thrown away at once. A **hook** catches them as they pass by:
# `tensor.register_hook(f)` calls `f(gradient)` when the gradient of that tensor is known. Whatever `f`
# returns replaces the gradient, unless it returns `None`. (PyTorch, *Autograd mechanics*; gradients of
# attention maps are used to explain decisions by Chefer, Gur and Wolf, *Transformer interpretability beyond
# attention visualization*, 2021.)
#
# **A hook at work**: $y = 3x$ lies between $x = 2$ and $L = y^2$. So $\partial L/\partial y = 2y = 12$.

# %% tags=["demo"]
x = torch.tensor(2.0, requires_grad=True)
y = 3 * x
y.register_hook(lambda gradient: print("caught on its way: dL/dy =", gradient.item()))
(y**2).backward()
print("kept by PyTorch:    dL/dx =", x.grad.item())


# %%
def attention_grad(mha, x, loss_fn):
    """The gradient of a loss with respect to the weights of a self-attention.

    mha      a MultiHeadAttention, which leaves its weights in `mha.attention`
    x        (N, T, E)
    loss_fn  takes the output (N, T, E) of the self-attention of x (no mask), returns a number

    Returns (N, H, T, T): dL/dA
    """
    ### BEGIN SOLUTION
    caught = []
    out = mha(x, x, x)                            # (N, T, E)  leaves (N, H, T, T) in mha.attention
    mha.attention.register_hook(caught.append)    # append returns None: the gradient passes on unchanged
    loss_fn(out).backward()
    return caught[0]                              # (N, H, T, T)
    ### END SOLUTION


# %%
check("attention_grad")

# %% [markdown]
# **The gradient knows before the network does.** Here is the mean of $-\partial L/\partial A$ over a thousand
# circles, for a player that has **not been trained at all**. Its attention is random. Its gradient is not.

# %% tags=["demo"] pictures=2
torch.manual_seed(1)
newborn = Player(num_heads=4)


def newborn_loss(out):
    """The loss of the game, from what the attention found."""
    return game_loss(newborn.answer(out).unflatten(2, (3, LETTERS)), test_y).sum()


push = -attention_grad(newborn.mha, newborn.embed(test_x), newborn_loss).mean(dim=0)  # (H, T, T)
push = push - push.mean(dim=2, keepdim=True)            # the same push on all keys of a query changes nothing
show_heads(newborn.mha.attention.mean(dim=0), title="The attention of an untrained player")
show_heads(push, signed=True, title="Where the loss pushes it: more (red), less (blue)")
for name, place in wanted.items():
    there = (push * place).sum(dim=(1, 2)) / PLACES
    print(f"{name:9s} push on each head:", " ".join(f"{value:+.4f}" for value in there.tolist()))

# %% [markdown]
# ## 6. Which heads matter?
#
# ### Importance
#
# Put a gate $\xi_h$ on each head, a factor that is 1 for an ordinary head and 0 for one that is removed:
#
# $$ Y = \big[\,\xi_0 A_0 V_0 \;\big|\; \cdots \;\big|\; \xi_{H-1} A_{H-1} V_{H-1}\,\big]\; W_o + b_o $$
#
# How much would the loss of an example change if a gate moved a little away from 1? In either direction: a
# head that helps one example and hurts another is busy, not idle. Hence the absolute value is taken **for
# each example**, before the mean (Michel, Levy and Neubig, *Are sixteen heads really better than one?*, 2019,
# sections 2.3 and 4.1):
#
# $$ I_h = \frac1N \sum_n \left| \frac{\partial L_n}{\partial \xi_h} \right|
#    \quad\text{at } \xi = (1, \dots, 1) $$
#
# **By hand.** Two examples, two heads, $L_0 = \xi_0 - 2\,\xi_1$ and $L_1 = -3\,\xi_0 + 2\,\xi_1$. Then
# $I_0 = \frac12 (1 + 3) = 2$ and $I_1 = \frac12 (2 + 2) = 2$. With the mean first, head 1 would seem to do
# nothing at all.


# %%
def head_importance(loss_fn, num_heads):
    """How much the losses depend on each head's gate.

    loss_fn    takes the gates (H,), returns the loss of each example (N,)
    num_heads  H

    Returns (H,): the mean over the examples of |dL_n / dgate_h|, where all gates are 1
    """
    ### BEGIN SOLUTION
    gates = torch.ones(num_heads, requires_grad=True)                        # (H,)
    losses = loss_fn(gates)                                                  # (N,)
    importance = torch.zeros(num_heads)                                      # (H,)
    for loss in losses:
        slope, = torch.autograd.grad(loss, gates, retain_graph=True)         # (H,)  of this example alone
        importance = importance + slope.abs() / len(losses)                  # (H,)
    return importance
    ### END SOLUTION


# %%
check("head_importance")

# %% [markdown]
# Now the player with eight heads. To put a gate on a head we need not touch your layer: the output layer
# reads head $h$ through `d` of its columns, so we multiply these columns. Then we close the gates one after
# the other, the least important head first, and once more in the opposite order.

# %% tags=["demo"] pictures=1
def gated(gates):
    """The scores of the player with a gate on each head."""
    columns = gates.repeat_interleave(WIDTH // len(gates))                    # (E,)
    weight = player.mha.proj.weight * columns                                 # (E, E)
    return functional_call(player, {"mha.proj.weight": weight}, (test_x[:200],))


importance = head_importance(lambda gates: game_loss(gated(gates), test_y[:200]), num_heads=8)
least_first = importance.argsort().tolist()


@torch.no_grad()
def accuracies(order):
    """The share of right answers after closing no gate, one, two, ... in this order."""
    gates, shares = torch.ones(8), []
    for head in [None, *order]:
        if head is not None:
            gates[head] = 0.0
        shares.append((gated(gates).argmax(dim=3) == test_y[:200]).double().mean().item())
    return shares


down, up = accuracies(least_first), accuracies(least_first[::-1])
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
left.bar(range(8), importance.tolist(), color="#0072B2")
left.set(xlabel="head", ylabel="importance", title="Importance of each head")
right.plot(range(9), down, "o-", color="#0072B2", label="least important first")
right.plot(range(9), up, "s--", color="#D55E00", label="most important first")
right.axhline(1 / LETTERS, color="gray", lw=0.8)
right.annotate("guessing", (0.2, 1 / LETTERS + 0.02), fontsize=9, color="gray")
right.set(xlabel="heads removed", ylabel="right answers", title="Removing heads", ylim=(0, 1.05))
right.legend(frameon=False)
tell(figure, "importance of heads 0 to 7: " + " ".join(f"{share:.2g}" for share in importance)
     + "; right answers as heads are removed, least important first: " + " ".join(f"{share:.0%}" for share in down)
     + "; most important first: " + " ".join(f"{share:.0%}" for share in up))
plt.show()
print("order, least important first:", least_first)
print("right answers:", " ".join(f"{share:.0%}" for share in down))
print("the other way:", " ".join(f"{share:.0%}" for share in up))

# %% [markdown]
# ### Pruning
#
# A closed gate still computes. To gain something, cut the head out of the weights. `nn.Linear` computes
# $x\,W^\top + b$, with `weight (out, in)`: each **row** of `weight` makes one output, each **column** reads
# one input. Head $h$ occupies the numbers $hd, \dots, (h+1)d - 1$ of the width $E$. So
#
# | layer | before | after | what goes |
# |---|---|---|---|
# | `query`, `key`, `value` | `(E, E)` and `(E,)` | `(H'd, E)` and `(H'd,)` | the outputs of the removed heads |
# | `proj` | `(E, E)` and `(E,)` | `(E, H'd)` and `(E,)` | the inputs that came from them |
#
# where $H'$ heads are kept. The width $d$ of a head stays as it is. The result must be the same as with the
# gates closed, number for number: nothing is rescaled.
#
# **By hand.** Three heads of width 2, keep heads 0 and 2: the numbers 0, 1, 4, 5 of the width stay.


# %%
def prune_heads(weights, keep, num_heads):
    """The weights of a multi-head attention with only some of its heads.

    weights    a state_dict: {"query.weight": (E, E), "query.bias": (E,), and so for key, value, proj}
    keep       the numbers of the heads that stay, a list of ints
    num_heads  H, the number of heads in `weights`

    Returns a new dict with the same names; with H' = len(keep), query, key and value have the shapes (H'd, E) and
    (H'd,), and proj has (E, H'd) and (E,)
    """
    ### BEGIN SOLUTION
    d = len(weights["query.bias"]) // num_heads
    places = [head * d + j for head in keep for j in range(d)]              # H'd numbers of the width E
    pruned = {"proj.bias": weights["proj.bias"]}                            # (E,)      belongs to no head
    for name in ("query", "key", "value"):
        pruned[f"{name}.weight"] = weights[f"{name}.weight"][places]        # (H'd, E)  rows: outputs
        pruned[f"{name}.bias"] = weights[f"{name}.bias"][places]            # (H'd,)
    pruned["proj.weight"] = weights["proj.weight"][:, places]               # (E, H'd)  columns: inputs
    return pruned
    ### END SOLUTION


# %%
check("prune_heads")

# %% [markdown]
# Three questions, three places to look: keep the three most important heads of eight.

# %% tags=["demo"]
keep = sorted(least_first[-3:])
small = Player(num_heads=8)
small.load_state_dict(player.state_dict())
for name in ("key", "query", "value"):
    setattr(small.mha, name, nn.Linear(WIDTH, len(keep) * WIDTH // 8))
small.mha.proj = nn.Linear(len(keep) * WIDTH // 8, WIDTH)
small.mha.num_heads = len(keep)
small.mha.load_state_dict(prune_heads(player.mha.state_dict(), keep, num_heads=8))

closed = torch.zeros(8)
closed[keep] = 1.0
difference = (small(test_x[:200]) - gated(closed)).abs().max().item()
print(f"heads kept: {keep}; largest difference from closing the other gates: {difference:.0e}")
for name, each in (("8 heads", player), (f"{len(keep)} heads", small)):
    count = sum(weight.numel() for weight in each.mha.parameters())
    print(f"{name}: {count:6d} weights in the layer, {accuracy(each, test_x, test_y).mean():.1%} right answers")

# %% [markdown] question="head_pruning" points=3
# **Question 2 (3 points).** (a) Suppose two heads of a trained layer do exactly the same job, each delivering
# half of what the next layer needs. Removing either of them alone barely hurts. What happens when both are
# removed, and what does that mean for removing the `k` least important heads all at once, after computing the
# importance only once? How would you do it instead? (b) $I_h$ is a derivative at $\xi_h = 1$; removing a head
# moves $\xi_h$ from 1 to 0. Name one situation in which $I_h$ is close to zero although the head cannot be
# removed.
#
# ### BEGIN SOLUTION
# (a) With both removed the information is gone: the damage is much larger than the sum of the two single
# ones. Importance describes each gate with all others open; after the first head is removed, the other may
# have become indispensable, and a list computed only once does not know it. So: remove one head (or few),
# compute the importance again (perhaps train a little), and go on; or measure the loss on held-out data after
# each step and stop when it rises.
# (b) The loss may be flat at 1 and steep elsewhere. For instance a saturated softmax: a network that is very
# sure of every right answer has almost no gradient anywhere, so all importances are tiny, while closing the
# gate of the head that supplies the answer makes it wrong (the player above is such a case: importances of
# 1e-5, and yet it needs three heads). Or a trained head whose gate happens to stand at a minimum of the loss:
# derivative 0, yet it is needed.
#
# Rubric: (a) 2 points: one for the joint damage (importances do not add up, redundancy), one for recomputing
# between removals or for checking the loss on the way. (b) 1 point for any valid situation in which a first
# derivative at 1 does not foretell the way to 0, with the reason; "because it is only an approximation" alone
# gets none.
# ### END SOLUTION

# %% [markdown]
# ## 7. What attention costs
#
# Count for one sentence of $T$ words in self-attention, width $E$, $H$ heads (section 4 and table 1 of the
# paper). Multiplying a matrix $(a, b)$ by a matrix $(b, c)$ takes $a\,b\,c$ multiplications. Count the matrix
# products only:
#
# - the four linear layers,
# - in each head, the scores, $(T, d)$ times $(d, T)$,
# - in each head, the weighted sums, $(T, T)$ times $(T, d)$.
#
# And count how many attention weights there are, over all heads: each has to be stored, and kept for the
# backward pass.
#
# **By hand.** $T = 5$, $E = 6$, $H = 3$, so $d = 2$. Each linear layer: $5 \cdot 6 \cdot 6 = 180$, four of
# them: $720$. Scores: $5 \cdot 2 \cdot 5 = 50$ in each head, $150$ in all three. Weighted sums: $150$ again.
# In all $1020$ multiplications. Weights: $3 \cdot 5 \cdot 5 = 75$.


# %%
def attention_cost(T, E, H):
    """What self-attention on one sentence costs.

    T  words
    E  width of the vectors
    H  heads, which divide E

    Returns `(multiplications, weights)`, two whole numbers: the multiplications in all matrix products, and the
    number of attention weights
    """
    ### BEGIN SOLUTION
    linear = 4 * T * E * E           # query, key, value, proj
    scores = H * T * (E // H) * T    # (T, d) times (d, T) in each head
    sums = H * T * T * (E // H)      # (T, T) times (T, d) in each head
    return linear + scores + sums, H * T * T
    ### END SOLUTION


# %%
check("attention_cost")

# %% [markdown]
# ### Counted and measured
#
# The count, beside what your layer really takes on this machine, and beside `F.scaled_dot_product_attention`,
# which computes the same result block by block and never stores the whole map. (Dao and others,
# *FlashAttention*, 2022, section 3.1; Rabe and Staats, *Self-attention does not need O(n²) memory*, 2021.)
# Memory here is what the forward pass keeps for the backward pass.

# %% tags=["demo"] pictures=1
E, H = 64, 4
lengths = [64, 128, 256, 512, 1024, 2048]
torch.manual_seed(0)
layer = MultiHeadAttention(E, H, dropout=0.0)


fused_layer = nn.MultiheadAttention(E, H, batch_first=True)     # PyTorch's own; it uses the fused function ...
with torch.no_grad():
    fused_layer.in_proj_weight.copy_(torch.cat([layer.query.weight, layer.key.weight, layer.value.weight]))
    fused_layer.in_proj_bias.copy_(torch.cat([layer.query.bias, layer.key.bias, layer.value.bias]))
fused_layer.out_proj.load_state_dict(layer.proj.state_dict())


def fused(x):
    """The same layer around F.scaled_dot_product_attention."""
    return fused_layer(x, x, x, need_weights=False)[0]          # ... where nobody asks for the weights: (N, T, E)


measured = {"yours": ([], []), "fused": ([], [])}
for T in progress(lengths, "lengths"):
    x = torch.randn(1, T, E)                                                               # (N, T, E)
    assert torch.allclose(layer(x, x, x), fused(x), atol=1e-4)
    for name, run in (("yours", lambda x=x: layer(x, x, x)), ("fused", lambda x=x: fused(x))):
        measured[name][0].append(seconds(run))
        measured[name][1].append(kept_for_backward(run))

counted = np.array([attention_cost(T, E, H) for T in lengths])                             # (lengths, 2)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for name, marker, colour in (("yours", "o-", "#0072B2"), ("fused", "s--", "#D55E00")):
    left.loglog(lengths, 1e3 * np.array(measured[name][0]), marker, color=colour, label=f"{name}, measured")
    right.loglog(lengths, np.array(measured[name][1]) / 1e6, marker, color=colour, label=f"{name}, measured")
scale = 1e3 * measured["yours"][0][-1] / counted[-1, 0]                                    # ms per multiplication
left.loglog(lengths, scale * counted[:, 0], "k:", label="multiplications, to scale")
right.loglog(lengths, 4 * counted[:, 1] / 1e6, "k:", label="weights, 4 bytes each")
left.set(xlabel="words T", ylabel="milliseconds", title="Time of a forward pass")
right.set(xlabel="words T", ylabel="megabytes", title="Kept for the backward pass")
for axes in (left, right):
    axes.legend(frameon=False, fontsize=9)
tell(figure, "time and memory for sequences of ever more words, yours and fused; the table below has the numbers")
plt.show()
print("words    time: yours   fused      memory: yours   fused    linear layers' share of the multiplications")
for index, T in enumerate(lengths):
    (time_yours, memory_yours), (time_fused, memory_fused) = (
        (measured[name][0][index], measured[name][1][index]) for name in ("yours", "fused"))
    print(f"{T:5d}   {1e3 * time_yours:8.1f} ms {1e3 * time_fused:6.1f} ms   {memory_yours / 1e6:9.1f} MB "
          f"{memory_fused / 1e6:6.1f} MB   {4 * T * E * E / counted[index, 0]:.0%}")

# %% [markdown] question="cost" points=3
# **Question 3 (3 points).** (a) Write the number of multiplications as a formula in $T$ and $E$. For which
# $T$ do the linear layers and the attention proper need equally many, and by which factor does the total grow
# when $T$ doubles, far below and far above that point? (b) Double $H$ at the same $E$: which of your two
# counts changes, and how? (c) Which of the two costs does the fused version lower, and which can it not
# lower?
#
# ### BEGIN SOLUTION
# (a) $4TE^2 + 2T^2E$: the scores take $H \cdot T \cdot d \cdot T = T^2 E$, the weighted sums as many. They
# are equal where $4TE^2 = 2T^2E$, that is at $T = 2E$. Far below it the first term rules, and doubling $T$
# doubles the total; far above it the second, and doubling $T$ makes it four times as large.
# (b) The multiplications stay as they are, because each of the $2H$ heads is half as wide. The number of
# weights, $HT^2$, doubles.
# (c) It lowers the memory: no map $(H, T, T)$ is stored, what is kept grows like $T$ and not like $T^2$. It
# computes the same scores and weighted sums, so the number of multiplications stays; in the backward pass it
# even computes the scores a second time. (It is faster all the same, because it moves less data.)
#
# Rubric: one point each. (a) needs the formula and $T = 2E$; a missing growth factor costs half a point. (b)
# needs both counts. (c) needs both the memory and the unchanged multiplications; "it is faster" alone gets
# none.
# ### END SOLUTION

# %% [markdown]
# ## What you have built
#
# The layer at the heart of every transformer, and the instruments to look inside it. Put it into a block with
# a feed-forward network, residual connections and layer normalisation, and stack a few of these: that is the
# next assignment.
