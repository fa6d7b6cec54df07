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
# # Assignment 1: describe a picture with a recurrent network
#
# Show a computer a picture and let it say, word by word, what it sees. You build the whole machine with
# nothing but NumPy: every forward pass, and every gradient by hand. After this assignment nothing in a
# recurrent network is magic, and you will have met the one weakness that the next assignment, attention,
# was invented to cure.
#
# | section | you write | points |
# |---|---|---|
# | 1 | one step of a recurrent network, forward and backward | 11 |
# | 2 | a whole sequence, forward and backward (backpropagation through time) | 15 |
# | 3 | the LSTM, forward and backward | 20 |
# | 4 | word vectors | 6 |
# | 5 | the loss of a sentence | 8 |
# | 6 | the captioner: its loss, how it speaks, both with either cell | 24 |
# | 7 | BLEU, a score for sentences | 6 |
# | | three questions in your own words | 10 |
#
# **How to work.** Read, look at the worked example, fill in the function, run the `check("...")` cell below
# it. A check says what was asked and where your answer differs; run it as often as you like. More checks of
# the same kind, with other sizes and other numbers, run when your work is marked, so a function that is
# right for every input is right there too.
#
# All of it is NumPy: a part that calls `torch`, which would find the gradients for you, gets no points.
#
# ## The letters of the axes
#
# One letter, one meaning, in every shape of this notebook:
#
# | letter | axis |
# |---|---|
# | `N` | batch: which picture, or which sentence |
# | `T` | time: which word of the sentence |
# | `D` | width of an input vector |
# | `H` | hidden: width of the memory of the network |
# | `V` | vocabulary: how many different words there are |
# | `W` | width of a word vector, where it stands beside `D`, the width of a picture's feature vector |
#
# `x (N, T, D)` reads: "`x[n, t]` is a vector of `D` numbers: word `t` of sentence `n`". The batch comes
# first.

# %%
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np

from autograder.lab import (
    decode_captions,
    is_grammatical,
    judge,
    load_coco_data,
    plot_curves,
    plot_losses,
    sample_coco_minibatch,
    scene_of,
    show_captions,
    show_unrolled,
    words_of,
)
from autograder.lab.training import CaptioningSolver
from autograder.notebook import check

# %% [markdown]
# ## 1. One step of a recurrent network
#
# A recurrent network reads a sentence one word at a time and keeps a memory, the hidden state $h$. At each
# step it mixes the new input $x$ with the memory and squashes the result into $(-1, 1)$:
#
# $$ h' = \tanh(x\,W_x + h\,W_h + b) $$
#
# The same $W_x$, $W_h$ and $b$ serve at every step: a sentence of any length needs no new weights. (Elman,
# *Finding structure in time*, 1990, the section on recurrent networks.)
#
# ### Forward
#
# **By hand.** One sentence ($N=1$), two inputs ($D=2$), a memory of two numbers ($H=2$):
#
# $$ x = (1,\ 2) \quad h = (0.5,\ {-0.5}) \quad
#    W_x = \begin{pmatrix} 0.1 & 0 \\ 0.1 & -0.3 \end{pmatrix} \quad
#    W_h = \begin{pmatrix} 0.4 & 0.2 \\ 0 & 0.2 \end{pmatrix} \quad b = (0.1,\ 0) $$
#
# Row times column, as ever. Do the second one on paper before you run the cell.

# %% tags=["demo"]
first = 1 * 0.1 + 2 * 0.1 + 0.5 * 0.4 - 0.5 * 0.0 + 0.1   # x @ Wx[:, 0] + h @ Wh[:, 0] + b[0]
second = 1 * 0.0 - 2 * 0.3 + 0.5 * 0.2 - 0.5 * 0.2 + 0.0  # x @ Wx[:, 1] + h @ Wh[:, 1] + b[1]
print(f"before the squashing: ({first:.1f}, {second:.1f})")
print(f"the new memory h':    ({np.tanh(first):.4f}, {np.tanh(second):.4f})")


# %%
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """One step of a recurrent network with a tanh.

    x       (N, D)  the inputs of this step
    prev_h  (N, H)  the memory before the step
    Wx      (D, H)  weights from input to memory
    Wh      (H, H)  weights from memory to memory
    b       (H,)    biases

    Returns `(next_h, cache)`:
    next_h  (N, H)  the memory after the step
    cache           whatever your own `rnn_step_backward` will need; nobody else looks inside
    """
    ### BEGIN SOLUTION
    a = x @ Wx + prev_h @ Wh + b         # (N, H)  both inputs, one bias
    next_h = np.tanh(a)                  # (N, H)  squashed into (-1, 1)
    cache = (x, prev_h, Wx, Wh, next_h)  # tanh'(a) can be had from next_h: `a` itself may go
    return next_h, cache
    ### END SOLUTION


# %%
check("rnn_step_forward")

# %% [markdown]
# ### Backward
#
# Training asks one question of each number that went in: if it grew a little, how much would the final loss
# grow? The answer for the output, `dnext_h` $= \partial L / \partial h'$, is handed to you from above; the
# chain rule carries it to the five inputs. Go through the step in reverse order, one operation at a time.
# Write $a$ for what stands inside the tanh:
#
# $$ \frac{\partial L}{\partial a} = \frac{\partial L}{\partial h'} \odot (1 - h'^2)
#    \qquad\text{because}\qquad \tanh'(a) = 1 - \tanh^2(a) $$
#
# Then $a = xW_x + hW_h + b$ is a sum, and a sum hands its gradient to every term. What remains is the rule
# for a product, and the shapes all but write it for you: `dWx` must be `(D, H)`, and the only way to make
# that from `x (N, D)` and `da (N, H)` is to sum over the batch. The bias was added to each row of the
# batch, so it collects from each row.
#
# **By hand.** The example above had $h' = (0.5370,\ {-0.5370})$. So the slope of both tanh is
# $1 - 0.5370^2 = 0.7116$: with `dnext_h` $= (1, 0)$ we get $\partial L/\partial a = (0.7116,\ 0)$. Only the
# first column of the weights took part:

# %% tags=["demo"]
da = np.array([[1 - np.tanh(0.6) ** 2, 0.0]])           # (1, 2)
print("db  =", da[0].round(4), "         the bias: da itself, as there is one row in the batch")
print("dx  =", (da[0, 0] * np.array([0.1, 0.1])).round(4), "    the first column of Wx, times 0.7116")
print("dWx =", (np.array([1, 2]) * da[0, 0]).round(4), "    its first column; the second one is zero")


# %%
def rnn_step_backward(dnext_h, cache):
    """The gradients of one step.

    dnext_h (N, H)  gradient of the loss with respect to next_h
    cache           what your `rnn_step_forward` returned

    Returns `(dx, dprev_h, dWx, dWh, db)`, each with the shape of the thing it belongs to:
    dx (N, D), dprev_h (N, H), dWx (D, H), dWh (H, H), db (H,)
    """
    ### BEGIN SOLUTION
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)  # (N, H)  back through the tanh
    dx = da @ Wx.T                  # (N, D)  <- (N, H) (H, D)
    dprev_h = da @ Wh.T             # (N, H)  <- (N, H) (H, H)
    dWx = x.T @ da                  # (D, H)  <- (D, N) (N, H): the batch is summed away
    dWh = prev_h.T @ da             # (H, H)  <- (H, N) (N, H)
    db = da.sum(axis=0)             # (H,)    one bias served N rows
    return dx, dprev_h, dWx, dWh, db
    ### END SOLUTION


# %%
check("rnn_step_backward")

# %% [markdown]
# ## 2. A whole sequence
#
# Feed the words one after the other; each step starts from the memory that the last one left.
#
# $$ h_t = \tanh(x_t W_x + h_{t-1} W_h + b), \qquad t = 1, \dots, T $$
#
# Here $h_0$ is the memory before the first word, the argument `h0`. The result holds $h_1$ to $h_T$: as
# Python counts from zero, `h[:, 0]` is the memory *after* the first word.
#
# ### Forward

# %% tags=["demo"] pictures=1
show_unrolled(["a", "red", "circle"], title="The same step, once for each word")

# %% [markdown]
# **By hand.** $N = D = H = 1$, $W_x = W_h = 0.5$, $b = 0$, a memory that starts empty. Say one loud word
# and then stay silent, $x = (1, 0, 0)$: the memory of it roughly halves with each step. Remember this
# picture when you meet the LSTM.

# %% tags=["demo"]
memory = 0.0
for step, word in enumerate([1.0, 0.0, 0.0]):
    memory = np.tanh(0.5 * word + 0.5 * memory)
    print(f"h[{step}] = {memory:.4f}")


# %%
def rnn_forward(x, h0, Wx, Wh, b):
    """A recurrent network over a whole sequence.

    x   (N, T, D)  the inputs, one vector per time step
    h0  (N, H)     the memory before the first step
    Wx  (D, H)     Wh (H, H)     b (H,)

    Returns `(h, cache)`:
    h   (N, T, H)  the memory after each step
    cache          whatever your own `rnn_backward` will need
    """
    ### BEGIN SOLUTION
    hidden, cache, prev_h = [], [], h0
    for t in range(x.shape[1]):
        prev_h, step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)  # (N, H)
        hidden.append(prev_h)
        cache.append(step_cache)
    h = np.stack(hidden, axis=1)  # (N, T, H)  time is the middle axis
    return h, cache
    ### END SOLUTION


# %%
check("rnn_forward")

# %% [markdown]
# ### Backward: through time
#
# Walk back from the last step to the first. Two things are new, and both are sums.
#
# 1. **A memory goes two ways.** `h[:, t]` is read by the layer above (you are given that gradient:
#    `dh[:, t]`) *and* by the next step (that one is `dprev_h` of the step through which you have just
#    walked back). What reaches step `t` is the sum of the two.
# 2. **The weights are shared.** All $T$ steps used the same $W_x$, $W_h$, $b$, so their gradients add up
#    over time.
#
# (Werbos, *Backpropagation through time: what it does and how to do it*, 1990.)
#
# ```text
#            dh[:, 0]       dh[:, 1]       dh[:, 2]          from the layer above
#               |              |              |
#               v              v              v
#  dh0 <----- step 0 <------ step 1 <------ step 2 <---- 0   from the step after
#               |              |              |
#               v              v              v
#            dx[:, 0]       dx[:, 1]       dx[:, 2]          and dWx, dWh, db: summed over the steps
# ```


# %%
def rnn_backward(dh, cache):
    """Backpropagation through time.

    dh    (N, T, H)  gradient of the loss with respect to each h[:, t], *from the layer above only*
    cache            what your `rnn_forward` returned

    Returns `(dx, dh0, dWx, dWh, db)`:
    dx (N, T, D), dh0 (N, H), dWx (D, H), dWh (H, H), db (H,)
    """
    ### BEGIN SOLUTION
    dx, dWx, dWh, db = [], 0, 0, 0
    dprev_h = 0  # nothing comes back from after the last step
    for t in reversed(range(dh.shape[1])):
        dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dx.append(dx_t)    # (N, D)
        dWx = dWx + dWx_t  # (D, H)  one matrix, T uses: add up
        dWh = dWh + dWh_t  # (H, H)
        db = db + db_t     # (H,)
    dx = np.stack(dx[::-1], axis=1)  # (N, T, D)  collected backwards, so turned round
    return dx, dprev_h, dWx, dWh, db
    ### END SOLUTION


# %%
check("rnn_backward")

# %% [markdown]
# ### Watch a gradient travel
#
# Put a gradient on the last memory only, and look at how much of it arrives at each earlier word. Each step
# back multiplies by $W_h^\top$ and by the slopes of the tanh. We try three sizes of $W_h$: the number is
# the largest factor by which $W_h$ can stretch a vector.

# %% tags=["demo"] pictures=1
rng = np.random.default_rng(0)
N, T, D, H = 5, 30, 8, 32
curves = {}
for stretch in (0.7, 1.0, 1.4):
    rotation, _ = np.linalg.qr(rng.normal(size=(H, H)))     # (H, H) keeps every length
    x = 0.3 * rng.normal(size=(N, T, D))                    # (N, T, D)
    Wx = rng.normal(size=(D, H)) / np.sqrt(D)               # (D, H)
    _, cache = rnn_forward(x, np.zeros((N, H)), Wx, stretch * rotation, np.zeros(H))
    dh = np.zeros((N, T, H))
    dh[:, -1] = rng.normal(size=(N, H))                     # the loss looks at the last step only
    dx = rnn_backward(dh, cache)[0]                         # (N, T, D)
    arrived = np.linalg.norm(dx, axis=(0, 2))               # (T,)
    curves[f"stretch {stretch}"] = arrived
    print(f"stretch {stretch}: the first word gets {arrived[0] / arrived[-1]:.0e} of what the last word gets")
plot_curves(curves, xlabel="time step of the word", ylabel="size of its gradient", log="y",
            title="A gradient on its way back through 30 steps of an RNN")
plt.show()

# %% [markdown] question="vanishing_gradient" points=3
# **Question 1 (3 points).** Write $\partial h_T / \partial h_0$ of the recurrent network as a product of
# matrices, and explain the curves above with it. Why does the gradient fade with a $W_h$ that keeps every
# length ("stretch 1.0")? Why is a larger $W_h$ not simply the cure? And what does a faded gradient mean for
# what the network can learn?
#
# ### BEGIN SOLUTION
# With row vectors, $\partial h_t/\partial h_{t-1} = W_h\,\mathrm{diag}(1 - h_t^2)$, so
# $\partial h_T/\partial h_0 = \prod_{t=1}^{T} W_h\,\mathrm{diag}(1 - h_t^2)$: one factor per step, all with
# the same $W_h$. Its size is at most $\prod_t \|W_h\| \cdot \max_j(1 - h_{t,j}^2)$. With $\|W_h\| < 1$ it
# falls exponentially in the number of steps. The slopes $1 - h^2$ are at most 1 and below 1 as soon as the
# memory is not zero, so even with $\|W_h\| = 1$ each step loses something. A larger $W_h$ can make up for
# the slopes, but only for one size of the memory: if the product of both factors is above 1 the gradient
# explodes, and large memories push the tanh into its flat parts, where it fades again. A gradient that has
# faded does not tell the early steps how to change: dependencies over many steps are learnt extremely
# slowly or not at all, though the forward pass could represent them. (Bengio, Simard and Frasconi 1994;
# Pascanu, Mikolov and Bengio 2013, section 2.)
#
# Rubric: 1 point for the product with both factors, $W_h$ and the slope of the tanh; 1 point for the slopes
# below 1 as the reason in the case "stretch 1.0", and for explosion or saturation as the price of a larger
# $W_h$ (half for one of them); 1 point for the consequence: long-range dependencies are not learnt (an
# answer that only says "training is slow" gets half).
# ### END SOLUTION

# %% [markdown]
# ## 3. The LSTM: a memory with gates
#
# *(You may leave this section for the end: of what follows, only `check("captioning_lstm")` needs it. But
# this is the best moment to see why it was invented.)*
#
# In the plot above the memory is multiplied by a matrix and squashed at every step, and the gradient with
# it. The long short-term memory keeps a second memory, the cell $c$, that is changed by *forgetting a
# little* and *adding a little*. What is added stays, until it is forgotten on purpose. Three gates, numbers
# between 0 and 1, decide; all are computed from the word and the last $h$. (Hochreiter and Schmidhuber,
# *Long short-term memory*, 1997, section 4; the forget gate came with Gers, Schmidhuber and Cummins,
# *Learning to forget*, 2000.)
#
# $$ a = x\,W_x + h\,W_h + b \in \mathbb{R}^{4H}, \qquad a = [\,a_i \mid a_f \mid a_o \mid a_g\,] $$
#
# $$ i = \sigma(a_i), \quad f = \sigma(a_f), \quad o = \sigma(a_o), \quad g = \tanh(a_g) $$
#
# $$ c' = f \odot c + i \odot g, \qquad h' = o \odot \tanh(c') $$
#
# | part | columns of `a` | is | says |
# |---|---|---|---|
# | `i` | `0` to `H` | input gate, in (0, 1) | how much of the new is written |
# | `f` | `H` to `2H` | forget gate, in (0, 1) | how much of the old is kept |
# | `o` | `2H` to `3H` | output gate, in (0, 1) | how much of the cell is shown |
# | `g` | `3H` to `4H` | what is new, in (-1, 1) | |
#
# **The order i, f, o, g is ours and CS231n's.** PyTorch keeps i, f, g, o: watch out when you compare.
#
# ### One step forward
#
# **By hand.** $H = 1$, and $a = (0,\ 0,\ 0,\ \log 3)$. Then $i = f = o = \frac12$ and
# $g = \tanh(\log 3) = \frac{9-1}{9+1} = 0.8$. With $c = 1$ the cell becomes
# $c' = \frac12 \cdot 1 + \frac12 \cdot 0.8 = 0.9$ and shows $h' = \frac12 \tanh(0.9) = 0.3581$.


# %%
def sigmoid(x):
    """1 / (1 + exp(-x)) for any array, without overflow: the exponent is never positive."""
    small = np.exp(-np.abs(x))                              # like x, in (0, 1]
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


# %%
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """One step of an LSTM.

    x       (N, D)   the inputs of this step
    prev_h  (N, H)   the hidden state before the step
    prev_c  (N, H)   the cell before the step
    Wx      (D, 4H)  Wh (H, 4H)  b (4H,): columns in the order i, f, o, g

    Returns `(next_h, next_c, cache)`:
    next_h  (N, H)   the hidden state after the step
    next_c  (N, H)   the cell after the step
    cache            whatever your own `lstm_step_backward` will need
    """
    ### BEGIN SOLUTION
    a = x @ Wx + prev_h @ Wh + b                                 # (N, 4H)
    a_i, a_f, a_o, a_g = np.split(a, 4, axis=1)                  # (N, H) each
    i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)           # (N, H) each, in (0, 1)
    g = np.tanh(a_g)                                             # (N, H)  in (-1, 1)
    next_c = f * prev_c + i * g                                  # (N, H)  keep some, write some
    shown = np.tanh(next_c)                                      # (N, H)
    next_h = o * shown                                           # (N, H)
    cache = (x, prev_h, prev_c, Wx, Wh, i, f, o, g, shown)
    return next_h, next_c, cache
    ### END SOLUTION


# %%
check("lstm_step_forward")

# %% [markdown]
# ### One step backward
#
# Two gradients come in: `dnext_h` and `dnext_c`. Mind the fork: $c'$ leaves the step directly, **and**
# through $h' = o \odot \tanh(c')$. What reaches $c'$ in all is
#
# $$ \delta_c = \frac{\partial L}{\partial c'} + \frac{\partial L}{\partial h'} \odot o \odot (1 - \tanh^2 c') $$
#
# From there on, each product hands its gradient to one factor times the other: $c$ gets $\delta_c \odot f$,
# $f$ gets $\delta_c \odot c$, and so on. The slopes of the gates are $\sigma' = \sigma(1-\sigma)$ and
# $\tanh' = 1 - \tanh^2$, both known from the values themselves. Put the four pieces side by side into
# $\partial L/\partial a$ `(N, 4H)`, in the order i, f, o, g; the rest is as in `rnn_step_backward`.
#
# **By hand.** In the example above let `dnext_h` be 0 and `dnext_c` be 1. Then $\delta_c = 1$,
# $\partial L/\partial c = f = \frac12$, and
# $\partial L/\partial a = (0.8 \cdot \frac14,\ 1 \cdot \frac14,\ 0,\ \frac12 (1 - 0.64)) = (0.2,\ 0.25,\ 0,\ 0.18)$.


# %%
def lstm_step_backward(dnext_h, dnext_c, cache):
    """The gradients of one step of an LSTM.

    dnext_h (N, H)  gradient of the loss with respect to next_h
    dnext_c (N, H)  gradient of the loss with respect to next_c, *not counting* the way through next_h
    cache           what your `lstm_step_forward` returned

    Returns `(dx, dprev_h, dprev_c, dWx, dWh, db)`:
    dx (N, D), dprev_h (N, H), dprev_c (N, H), dWx (D, 4H), dWh (H, 4H), db (4H,)
    """
    ### BEGIN SOLUTION
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, shown = cache
    dc = dnext_c + dnext_h * o * (1 - shown**2)  # (N, H)   both ways into next_c
    da = np.concatenate(
        [
            dc * g * i * (1 - i),                # (N, H)   i: met g in the product
            dc * prev_c * f * (1 - f),           # (N, H)   f: met the old cell
            dnext_h * shown * o * (1 - o),       # (N, H)   o: met what is shown
            dc * i * (1 - g**2),                 # (N, H)   g: met i, and is a tanh
        ],
        axis=1,
    )                                            # (N, 4H)
    dx = da @ Wx.T                               # (N, D)
    dprev_h = da @ Wh.T                          # (N, H)
    dprev_c = dc * f                             # (N, H)   no matrix and no tanh on this way
    dWx = x.T @ da                               # (D, 4H)
    dWh = prev_h.T @ da                          # (H, 4H)
    db = da.sum(axis=0)                          # (4H,)
    return dx, dprev_h, dprev_c, dWx, dWh, db
    ### END SOLUTION


# %%
check("lstm_step_backward")

# %% [markdown]
# ### A whole sequence
#
# As in section 2, with two memories handed from step to step. The cell starts empty, $c_0 = 0$, and is
# nobody else's business: only $h$ is returned. Going back, both memories hand back a gradient; nothing
# above reads the cells, so after the last step the gradient of the cell is zero.


# %%
def lstm_forward(x, h0, Wx, Wh, b):
    """An LSTM over a whole sequence; the cell starts at zero.

    x   (N, T, D)  the inputs, one vector per time step
    h0  (N, H)     the hidden state before the first step
    Wx  (D, 4H)    Wh (H, 4H)    b (4H,)

    Returns `(h, cache)`:
    h   (N, T, H)  the hidden state after each step
    cache          whatever your own `lstm_backward` will need
    """
    ### BEGIN SOLUTION
    hidden, cache = [], []
    prev_h, prev_c = h0, np.zeros_like(h0)  # (N, H), (N, H)
    for t in range(x.shape[1]):
        prev_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)  # (N, H), (N, H)
        hidden.append(prev_h)
        cache.append(step_cache)
    h = np.stack(hidden, axis=1)            # (N, T, H)
    return h, cache
    ### END SOLUTION


# %%
check("lstm_forward")


# %%
def lstm_backward(dh, cache):
    """Backpropagation through time for an LSTM.

    dh    (N, T, H)  gradient of the loss with respect to each h[:, t], from the layer above only
    cache            what your `lstm_forward` returned

    Returns `(dx, dh0, dWx, dWh, db)`:
    dx (N, T, D), dh0 (N, H), dWx (D, 4H), dWh (H, 4H), db (4H,)
    """
    ### BEGIN SOLUTION
    dx, dWx, dWh, db = [], 0, 0, 0
    dprev_h, dprev_c = 0, 0     # nothing comes back from after the last step
    for t in reversed(range(dh.shape[1])):
        dx_t, dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        dx.append(dx_t)         # (N, D)
        dWx = dWx + dWx_t       # (D, 4H)  one matrix, T uses: add up
        dWh = dWh + dWh_t       # (H, 4H)
        db = db + db_t          # (4H,)
    dx = np.stack(dx[::-1], axis=1)  # (N, T, D)
    return dx, dprev_h, dWx, dWh, db
    ### END SOLUTION


# %%
check("lstm_backward")

# %% [markdown]
# ### Watch a gradient travel, again
#
# The experiment of section 2 with an LSTM. We only change one number: the bias of the forget gate. With a
# bias of 0 the gate stands half open and half of the cell is forgotten at each step; with 3 it stands at
# 0.95. (To start with a positive bias there is an old and good trick: Gers and others, 2000; Jozefowicz and
# others, 2015.)

# %% tags=["demo"] pictures=1
rng = np.random.default_rng(0)
N, T, D, H = 5, 30, 8, 32
curves = {}
for forget_bias in (0.0, 1.0, 3.0):
    rotation, _ = np.linalg.qr(rng.normal(size=(H, H)))        # (H, H)
    x = 0.3 * rng.normal(size=(N, T, D))                       # (N, T, D)
    Wx = rng.normal(size=(D, 4 * H)) / np.sqrt(D)              # (D, 4H)
    b = np.zeros(4 * H)                                        # (4H,)
    b[H : 2 * H] = forget_bias                                 # the columns of the forget gate
    _, cache = lstm_forward(x, np.zeros((N, H)), Wx, np.tile(0.25 * rotation, 4), b)
    dh = np.zeros((N, T, H))
    dh[:, -1] = rng.normal(size=(N, H))                        # the loss looks at the last step only
    arrived = np.linalg.norm(lstm_backward(dh, cache)[0], axis=(0, 2))  # (T,)
    curves[f"forget bias {forget_bias:g}"] = arrived
    share = arrived[0] / arrived[-1]
    print(f"forget bias {forget_bias:g}: the first word gets {share:.0e} of what the last word gets")
plot_curves(curves, xlabel="time step of the word", ylabel="size of its gradient", log="y",
            title="A gradient on its way back through 30 steps of an LSTM")
plt.show()

# %% [markdown]
# ## 4. Word vectors
#
# A network wants vectors; a sentence is made of word numbers, `0` to `V-1`. Keep a table with one row of
# `D` numbers for each word, and look the rows up. The table is learnt like any other weight. (Bengio and
# others, *A neural probabilistic language model*, 2003, section 2.)
#
# **By hand.** Four words, two numbers each, and the sentence `3 1 3`:
#
# | word | its row of `W` | | place in the sentence | word | vector |
# |---|---|---|---|---|---|
# | 0 | (0, 0) | | 0 | 3 | (3, 30) |
# | 1 | (1, 10) | | 1 | 1 | (1, 10) |
# | 2 | (2, 20) | | 2 | 3 | (3, 30) |
# | 3 | (3, 30) | | | | |
#
# Going back, the gradient of each place goes to the row that was looked up there. If the gradients of the
# three places are $(1, 1)$, $(5, 5)$ and $(2, 2)$, then row 1 gets $(5, 5)$ and row 3, which was used
# twice, gets $(3, 3)$. Rows 0 and 2 were not used and get nothing. In all, nothing is lost: $8$ went in per
# column, $8$ came out.


# %%
def word_embedding_forward(x, W):
    """Look up the vector of each word.

    x   (N, T)     word numbers, integers from 0 to V-1
    W   (V, D)     the table: row v is the vector of word v

    Returns `(out, cache)`:
    out (N, T, D)  out[n, t] is the vector of word x[n, t]
    cache          whatever your own `word_embedding_backward` will need
    """
    ### BEGIN SOLUTION
    out = W[x]            # (N, T, D)  an array of row numbers picks an array of rows
    cache = (x, W.shape)  # the numbers themselves are not needed to go back
    return out, cache
    ### END SOLUTION


# %%
check("word_embedding_forward")


# %%
def word_embedding_backward(dout, cache):
    """The gradient of the table.

    dout (N, T, D)  gradient of the loss with respect to out
    cache           what your `word_embedding_forward` returned

    Returns `dW` (V, D), the array itself and not a tuple. (Word numbers have no gradient.)
    """
    ### BEGIN SOLUTION
    x, (V, D) = cache
    dW = np.zeros((V, D))   # (V, D)  a row that was not used keeps its zeros
    np.add.at(dW, x, dout)  # unlike dW[x] += dout, this counts a repeated word each time
    return dW
    ### END SOLUTION


# %%
check("word_embedding_backward")

# %% [markdown]
# ## 5. The loss of a sentence
#
# After each word the network gives a score to every word of the vocabulary. First an affine map, the same
# at every time step, makes `V` scores from `H` numbers. It is nothing but a matrix product, so it is given:


# %%
def affine_forward(x, w, b):
    """out = x @ w + b for x (N, ...), flattened to (N, D), w (D, M), b (M,). Returns (out (N, M), cache)."""
    out = x.reshape(x.shape[0], -1) @ w + b  # (N, M)
    return out, (x, w, b)


def affine_backward(dout, cache):
    """From dout (N, M): the gradients (dx, dw, db) of `affine_forward`."""
    x, w, b = cache
    dx = (dout @ w.T).reshape(x.shape)            # like x
    dw = x.reshape(x.shape[0], -1).T @ dout       # (D, M)
    return dx, dw, dout.sum(axis=0)


def temporal_affine_forward(x, w, b):
    """The same affine map at each time step: x (N, T, D), w (D, M), b (M,) -> (out (N, T, M), cache)."""
    return x @ w + b, (x, w, b)


def temporal_affine_backward(dout, cache):
    """From dout (N, T, M): the gradients dx (N, T, D), dw (D, M), db (M,)."""
    x, w, b = cache
    flat_x = x.reshape(-1, x.shape[-1])           # (N T, D)  each time step is one more row
    flat_dout = dout.reshape(-1, dout.shape[-1])  # (N T, M)
    return dout @ w.T, flat_x.T @ flat_dout, flat_dout.sum(axis=0)


# %% [markdown]
# Then a softmax turns the scores into probabilities, and the loss asks how surprised the network was by the
# true word:
#
# $$ p_{n,t,v} = \frac{e^{x_{n,t,v}}}{\sum_{u} e^{x_{n,t,u}}} \qquad
#    L = -\frac{1}{N} \sum_{n} \sum_{t} m_{n,t}\, \log p_{n,t,\,y_{n,t}} $$
#
# Three things deserve care.
#
# - **Sum over time, mean over the batch.** The loss is that of one sentence on average; long sentences
#   weigh more. Divide by $N$: not by $N\,T$, and not by the number of words that count.
# - **The mask.** Sentences have different lengths and are filled up with `<NULL>`. The mask $m_{n,t}$ is
#   true where a real word stands. What is masked adds nothing to the loss and receives no gradient.
# - **Large scores.** $e^{1000}$ is infinite for a computer. Subtracting the largest score from all `V`
#   scores of a place changes no probability and keeps every exponent at or below zero.
#
# The gradient is famously simple:
# $\partial L / \partial x_{n,t,v} = \frac{m_{n,t}}{N}\,(p_{n,t,v} - [v = y_{n,t}])$. (Goodfellow, Bengio and
# Courville, *Deep learning*, 2016, section 6.2.2.3.)
#
# **By hand.** $N = 1$, $T = 2$, $V = 2$. Scores $(0, 0)$ with the true word 0: $p = \frac12$, surprise
# $\log 2 = 0.6931$. Scores $(\log 3, 0)$ with the true word 0: $p = \frac34$, surprise $0.2877$. So
# $L = 0.9808$; with the second place masked, $L = 0.6931$. The gradients of the two places are
# $(-\frac12, \frac12)$ and $(-\frac14, \frac14)$, the second one zero if masked.


# %%
def temporal_softmax_loss(x, y, mask, verbose=False):
    """Softmax loss over a sequence: *sum* over time, *mean* over the batch, masked places left out.

    x     (N, T, V)  scores of each word at each place
    y     (N, T)     the true words, integers from 0 to V-1
    mask  (N, T)     true where y[n, t] counts
    verbose          yours to use for printing; nothing depends on it

    Returns `(loss, dx)`:
    loss             a number
    dx    (N, T, V)  gradient of the loss with respect to x
    """
    ### BEGIN SOLUTION
    N, T, V = x.shape
    scores, labels = x.reshape(N * T, V), y.reshape(N * T)         # (N T, V), (N T,)  a place is a row
    weight = mask.reshape(N * T).astype(x.dtype) / N               # (N T,)    1/N, or 0 where masked
    rows = np.arange(N * T)                                        # (N T,)

    scores = scores - scores.max(axis=1, keepdims=True)            # (N T, V)  no exponent above zero
    log_sum = np.log(np.exp(scores).sum(axis=1, keepdims=True))    # (N T, 1)
    log_p = scores - log_sum                                       # (N T, V)  never log(0)
    loss = -np.sum(weight * log_p[rows, labels])                   # a number

    dscores = np.exp(log_p)                                        # (N T, V)  the probabilities ...
    dscores[rows, labels] -= 1                                     # ... minus one at the true word
    dx = (dscores * weight[:, None]).reshape(N, T, V)              # (N, T, V)
    return loss, dx
    ### END SOLUTION


# %%
check("temporal_softmax_loss")

# %% [markdown]
# ## 6. The captioner
#
# Now put it together. A convolutional network has looked at the picture and left one vector of features. An
# affine map turns it into the first memory; from there the recurrent network speaks. (Vinyals and others,
# *Show and tell*, 2015, section 3. There the picture enters as a first word; here as the first memory, as
# in Xu and others, *Show, attend and tell*, 2015, section 3.1.2.)
#
# ```text
#   features (N, D) --affine--> h0 (N, H)
#                                |
#   <START>  --embed--> x0 --> [step] --h[:, 0]--> scores --> should say  a
#                                |
#   a        --embed--> x1 --> [step] --h[:, 1]--> scores --> should say  red
#                                |
#   red      --embed--> x2 --> [step] --h[:, 2]--> scores --> should say  circle
#                                |
#   circle   --embed--> x3 --> [step] --h[:, 3]--> scores --> should say  <END>
# ```
#
# ### The loss: always shown the right past
#
# While training, the network is given the true words so far, whatever it would have said itself, and has to
# guess the next. (This is *teacher forcing*: Williams and Zipser, *A learning algorithm for continually
# running fully recurrent neural networks*, 1989.) A caption of $T+1$ numbers therefore serves twice: all
# but its last word go **in**, all but its first word are expected **out**.
#
# | caption | `<START>` | a | red | circle | `<END>` | `<NULL>` |
# |---|---|---|---|---|---|---|
# | in | `<START>` | a | red | circle | `<END>` | |
# | out | a | red | circle | `<END>` | `<NULL>` | |
# | mask | true | true | true | true | false | |
#
# `<END>` is a word like any other, and must be learnt: it is how the network says that it has finished.
# Only `<NULL>` in *out* is masked.
#
# Forward in five layers, all written by now: affine, embedding, RNN, temporal affine, loss. Backward in the
# opposite order; collect in `grads` one array for each entry of `self.params`, under the same name.
#
# ### Speaking: on its own
#
# When it speaks there is no teacher. Begin with the memory made from the picture and the word `<START>`. At
# each time: one step, scores, the best word is written down **and is the next input**. Each picture of the
# batch speaks its own sentence; some are ready earlier than others.
#
# Slot 0 holds the first word that was *said*, never `<START>`. After `<END>` a sentence holds only
# `<NULL>`.
#
# The constructor is given. Fill in `loss` and `sample`. Begin with `cell_type="rnn"`, until the first two
# checks pass; then let both of them deal with `"lstm"` too, whose cell starts at zero, and run the third.


# %%
class CaptioningRNN:
    """Says what is in a picture: features -> first memory -> words, one at a time.

    Letters: N batch, D width of the features, T words, W width of a word vector, H hidden, V vocabulary.
    """

    def __init__(
        self, word_to_idx, input_dim=512, wordvec_dim=128, hidden_dim=128, cell_type="rnn", dtype=np.float32
    ):
        """word_to_idx: dict from word to number; input_dim: D; wordvec_dim: W; hidden_dim: H."""
        if cell_type not in {"rnn", "lstm"}:
            raise ValueError(f'Invalid cell_type "{cell_type}"')
        self.cell_type, self.dtype = cell_type, dtype
        self.word_to_idx = word_to_idx
        self.idx_to_word = {number: word for word, number in word_to_idx.items()}
        self._null = word_to_idx["<NULL>"]         # fills up short captions
        self._start = word_to_idx.get("<START>")   # the first input of every caption
        self._end = word_to_idx.get("<END>")       # the last word of every caption

        D, W, H, V = input_dim, wordvec_dim, hidden_dim, len(word_to_idx)
        gates = {"rnn": 1, "lstm": 4}[cell_type]   # an LSTM computes four things in place of one
        params = {
            "W_embed": np.random.randn(V, W) / 100,                # (V, W)
            "W_proj": np.random.randn(D, H) / np.sqrt(D),          # (D, H)  features -> first memory
            "b_proj": np.zeros(H),                                 # (H,)
            "Wx": np.random.randn(W, gates * H) / np.sqrt(W),      # (W, H) or (W, 4H)
            "Wh": np.random.randn(H, gates * H) / np.sqrt(H),      # (H, H) or (H, 4H)
            "b": np.zeros(gates * H),                              # (H,) or (4H,)
            "W_vocab": np.random.randn(H, V) / np.sqrt(H),         # (H, V)  memory -> scores
            "b_vocab": np.zeros(V),                                # (V,)
        }
        self.params = {name: value.astype(dtype) for name, value in params.items()}

    def loss(self, features, captions):
        """The loss of true captions, and its gradients.

        features (N, D)    one vector per picture
        captions (N, T+1)  word numbers: <START>, the sentence, <END>, then <NULL>

        Returns `(loss, grads)`: a number (see `temporal_softmax_loss`), and a dict with the keys of
        `self.params`; each gradient has the shape of its parameter.
        """
        ### BEGIN SOLUTION
        p, grads = self.params, {}
        forward, backward = (
            (rnn_forward, rnn_backward) if self.cell_type == "rnn" else (lstm_forward, lstm_backward)
        )
        captions_in, captions_out = captions[:, :-1], captions[:, 1:]  # (N, T), (N, T)  shifted by one
        mask = captions_out != self._null                              # (N, T)  <END> counts, <NULL> does not

        h0, proj_cache = affine_forward(features, p["W_proj"], p["b_proj"])             # (N, H)
        x, embed_cache = word_embedding_forward(captions_in, p["W_embed"])              # (N, T, W)
        h, cell_cache = forward(x, h0, p["Wx"], p["Wh"], p["b"])                        # (N, T, H)
        scores, vocab_cache = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])    # (N, T, V)
        loss, dscores = temporal_softmax_loss(scores, captions_out, mask)               # a number, (N, T, V)

        dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores, vocab_cache)  # (N, T, H)
        dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = backward(dh, cell_cache)        # (N, T, W), (N, H)
        grads["W_embed"] = word_embedding_backward(dx, embed_cache)                     # (V, W)
        _, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, proj_cache)          # (D, H), (H,)
        return loss, grads
        ### END SOLUTION

    def sample(self, features, max_length=30):
        """Say a caption for each picture, always taking the word with the highest score.

        features (N, D)           one vector per picture
        max_length                how many words at most

        Returns captions (N, max_length), integers: the words as they were said, then, after <END>, <NULL>.
        """
        ### BEGIN SOLUTION
        p, N = self.params, features.shape[0]
        captions = np.full((N, max_length), self._null)                      # (N, max_length)
        h, _ = affine_forward(features, p["W_proj"], p["b_proj"])            # (N, H)
        c = np.zeros_like(h)                                                 # (N, H)  LSTM only
        word = np.full(N, self._start)                                       # (N,)    the first input
        speaking = np.ones(N, dtype=bool)                                    # (N,)    not ended so far
        for t in range(max_length):
            x, _ = word_embedding_forward(word, p["W_embed"])                # (N, W)
            if self.cell_type == "rnn":
                h, _ = rnn_step_forward(x, h, p["Wx"], p["Wh"], p["b"])      # (N, H)
            else:
                h, c, _ = lstm_step_forward(x, h, c, p["Wx"], p["Wh"], p["b"])
            scores, _ = affine_forward(h, p["W_vocab"], p["b_vocab"])        # (N, V)
            word = scores.argmax(axis=1)                                     # (N,)    the next input
            captions[speaking, t] = word[speaking]
            speaking &= word != self._end
            if not speaking.any():
                break
        return captions
        ### END SOLUTION


# %%
check("captioning_loss")

# %%
check("captioning_sample")

# %%
check("captioning_lstm")

# %% [markdown]
# ### The data: a small world of shapes
#
# Pictures of one to three coloured shapes, each with five true captions, in the file layout of Microsoft
# COCO's captions as used by many courses (so you can swap the real COCO in later). A fixed convolutional
# network has turned each picture into one vector of features. No validation picture with two or three
# objects shows a scene that the training set contains.

# %% tags=["demo"]
np.random.seed(231)
data = load_coco_data()
for name, value in data.items():
    kind = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
    print(f"{name:20s} {kind}")
print()
print("vocabulary:", " ".join(data["idx_to_word"]))

# %% tags=["demo"] pictures=1
captions, features, urls = sample_coco_minibatch(data, batch_size=6)
show_captions(urls, decode_captions(captions, data["idx_to_word"]), columns=3)

# %% [markdown]
# ### First, fifty captions by heart
#
# Always do this before a long training: if a network cannot learn fifty examples by heart, something is
# wrong, and you have found out in seconds. The loss must fall below 0.1. (The optimiser is Adam: Kingma and
# Ba, 2015, algorithm 1.)

# %% tags=["demo"] pictures=1
np.random.seed(231)
small_data = load_coco_data(max_train=50)
D = data["train_features"].shape[1]
small_model = CaptioningRNN(data["word_to_idx"], input_dim=D, wordvec_dim=64, hidden_dim=256)
small_solver = CaptioningSolver(
    small_model, small_data, update_rule="adam", optim_config={"learning_rate": 5e-3},
    lr_decay=0.98, batch_size=25, num_epochs=75,
)
small_solver.train()
print(f"the last loss is {small_solver.loss_history[-1]:.3f} (below 0.1 is what we want)")

# %% [markdown]
# A low loss alone is poor evidence: it was reached with the teacher at hand. Let the network speak on its
# own.

# %% tags=["demo"]
for split in ("train", "val"):
    captions, features, urls = sample_coco_minibatch(small_data, batch_size=3, split=split)
    print(split)
    said = decode_captions(small_model.sample(features), data["idx_to_word"])
    for truth, sentence in zip(decode_captions(captions, data["idx_to_word"]), said):
        print(f"   says: {sentence}\n   true: {truth}\n")

# %% [markdown] question="teacher_forcing" points=3
# **Question 2 (3 points).** In training the network always sees the true words so far; when it speaks, it
# sees its own. Describe what can go wrong because of this when it speaks. Then say how a bug in `loss`
# could give a training loss near zero and yet captions that are worthless (name one such bug), and what you
# would look at in order to notice.
#
# ### BEGIN SOLUTION
# When it speaks, one wrong word puts the network into a situation it has never seen in training (a past
# that is not a true caption), so one error makes the next more likely and errors pile up along the sentence
# ("exposure bias": Ranzato and others 2016, section 1; Bengio and others, scheduled sampling, 2015). A bug
# that lets the network see the word it has to guess gives a loss near zero: for instance captions that are
# not shifted (in = out: copying the input is enough). Speaking, there is nothing to copy, and the output is
# rubbish. Notice it by judging what is *said*: sample captions for validation pictures, look at them,
# measure a truth rate or BLEU; or test that the scores at time t do not change when word t+1 is changed.
#
# Rubric: 1 point for errors that pile up because the past differs from training; 1 point for a bug that
# leaks the expected word (no shift, or anything equivalent); 1 point for a test that would show it
# (sampling on validation data, or a dependence test). A "loss on validation data" computed with the teacher
# does not show it: no point for that alone.
# ### END SOLUTION

# %% [markdown]
# ### Now the whole training set
#
# About half a minute. Before you run it, guess: how often will a caption be entirely true, for pictures
# that the network has never seen?

# %% tags=["demo"] pictures=1 short={"num_epochs=10,": "num_epochs=1,"}
np.random.seed(231)
model = CaptioningRNN(data["word_to_idx"], input_dim=D, wordvec_dim=64, hidden_dim=256)
solver = CaptioningSolver(
    model, data, update_rule="adam", optim_config={"learning_rate": 2e-3},
    lr_decay=0.8, batch_size=100, num_epochs=10,
)
solver.train()

# %% [markdown]
# The loss settles a little above or at $\log 2 = 0.69$, and no training will push it below for pictures
# that it has not learnt by heart: half of the captions begin with "there is", and nothing in the picture
# tells which.
#
# ### Which captions are true?
#
# In this small world a program can read a caption, look at the scene and say whether *everything* that it
# claims is so. Run it over all validation pictures. What do you expect for pictures of one, two and three
# objects?

# %% tags=["demo"]
scenes = [scene_of(url) for url in data["val_urls"]]
objects = np.array([len(scene) for scene in scenes])  # (pictures,)


def say(model, split="val"):
    """A caption, without special words, for each picture of a split."""
    numbers = model.sample(data[f"{split}_features"], max_length=15)           # (pictures, 15)
    return [" ".join(words_of(row, data["idx_to_word"])) for row in numbers]


def judge_model(model):
    """Prints how many captions are true. Returns the captions and, for each, whether it is true."""
    said = say(model)
    true = np.array(judge(said, scenes))                                       # (pictures,)
    print(f"entirely true: {true.mean():.1%}   grammatical: {np.mean([is_grammatical(s) for s in said]):.1%}")
    for count in (1, 2, 3):
        print(f"   objects in the picture: {count}   true: {true[objects == count].mean():.1%}")
    return said, true


said, true = judge_model(model)

# %% tags=["demo"] pictures=1
chosen = [n for verdict in (True, False) for count in (1, 2, 3)
          for n in np.flatnonzero((objects == count) & (true == verdict))[:1]]
show_captions(data["val_urls"][chosen], [said[n] for n in chosen], truths=true[chosen], columns=3)

# %% [markdown]
# Nearly every caption is a proper sentence, and for pictures of one object most are true. With each further
# object the network mixes things up: a colour goes to the wrong shape, or a shape to the wrong place. Does
# a better memory help? Here is the LSTM, given about as much computing time:

# %% tags=["demo"] pictures=2 short={"num_epochs=6,": "num_epochs=1,"}
np.random.seed(231)
lstm_model = CaptioningRNN(data["word_to_idx"], input_dim=D, wordvec_dim=64, hidden_dim=128, cell_type="lstm")
lstm_solver = CaptioningSolver(
    lstm_model, data, update_rule="adam", optim_config={"learning_rate": 5e-3},
    lr_decay=0.65, batch_size=100, num_epochs=6,
)
lstm_solver.train()
plot_losses({"RNN": solver.loss_history, "LSTM": lstm_solver.loss_history}, log=True)
lstm_said, lstm_true = judge_model(lstm_model)

# %% [markdown]
# ## 7. BLEU, a score for sentences
#
# For photographs there is no program that knows the truth. People wrote a few captions for each photograph,
# the *references*, and BLEU asks how many runs of words, *n-grams*, a caption shares with them. (Papineni
# and others, *BLEU: a method for automatic evaluation of machine translation*, 2002, section 2.)
#
# A word is what stands between blanks; upper and lower case differ; punctuation is not treated. Over the
# **whole corpus**, for $n = 1, 2, 3, 4$:
#
# $$ p_n = \frac{\displaystyle\sum_{\text{captions}} \sum_{\text{n-grams } g}
#            \min\!\big(\text{count of } g \text{ in the caption},\ \max_{\text{references}} \text{count of } g\big)}
#            {\displaystyle\sum_{\text{captions}} \text{number of n-grams in the caption}} $$
#
# The minimum is called *clipping*: "the the the the" shall not score by repeating a word that a reference
# contains twice. A caption with fewer than $n$ words has no n-grams. Short captions have it too easy, hence
# the *brevity penalty*: let $c$ be the number of words of all captions, and $r$ the sum, over captions, of
# the length of the reference **closest in length** (the shorter one, if two are equally close):
#
# $$ \text{BLEU} = \text{BP} \cdot \big(p_1\, p_2\, p_3\, p_4\big)^{1/4} \qquad
#    \text{BP} = \begin{cases} 1 & c > r \\ e^{\,1 - r/c} & c \le r \end{cases} $$
#
# If some $p_n$ is zero, or has nothing to count, BLEU is 0. Counts are added up over the corpus **before**
# dividing: BLEU is not the mean of the scores of sentences.
# Count for yourself: to call the BLEU of a library, such as `nltk`, earns no points here.
#
# **By hand.** One caption, one reference:
#
# | | | words |
# |---|---|---|
# | caption | `a red circle is above a red square` | 8 |
# | reference | `a red circle is left of a red square` | 9 |
#
# Of the 8 words all but `above` are in the reference, $p_1 = \frac78$. Of the 7 pairs, `is above` and
# `above a` are not: $p_2 = \frac57$. Then $p_3 = \frac36$ and $p_4 = \frac15$. The product is
# $\frac{7 \cdot 5 \cdot 3 \cdot 1}{8 \cdot 7 \cdot 6 \cdot 5} = \frac1{16}$, its fourth root $\frac12$. The
# caption is one word short: BP $= e^{1 - 9/8} = 0.8825$. So BLEU $= 0.4412$. Not bad, for a caption that is
# plainly false.


# %%
def bleu(references, hypotheses):
    """Corpus BLEU with n-grams of one to four words.

    references  one entry per caption: a list of one or more true captions, each a string
    hypotheses  the captions to score, each a string; as many as there are entries in `references`

    Returns a number from 0 to 1.
    """
    ### BEGIN SOLUTION
    def ngrams(words, n):
        return Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1))

    corpus = [(said.split(), [truth.split() for truth in truths])
              for said, truths in zip(hypotheses, references)]
    log_precisions = 0.0
    for n in range(1, 5):
        matches = total = 0                                    # over the whole corpus
        for words, truths in corpus:
            said, allowed = ngrams(words, n), Counter()
            for truth in truths:
                allowed |= ngrams(truth, n)                    # the largest count in any one reference
            matches += sum((said & allowed).values())          # the smaller of the two counts: clipped
            total += sum(said.values())
        if matches == 0:
            return 0.0
        log_precisions += np.log(matches / total)
    length = sum(len(words) for words, _ in corpus)            # c
    closest = sum(                                             # r: of the closest ones the shortest
        min((abs(len(truth) - len(words)), len(truth)) for truth in truths)[1]
        for words, truths in corpus
    )
    brevity = np.exp(min(0.0, 1 - closest / length))
    return brevity * np.exp(log_precisions / 4)                # the fourth root of the product
    ### END SOLUTION


# %%
check("bleu")

# %% [markdown]
# ### BLEU beside the truth

# %% tags=["demo"]
references = [[] for _ in scenes]                        # the true captions of each validation picture
for row, picture in zip(data["val_captions"], data["val_image_idxs"]):
    references[picture].append(" ".join(words_of(row, data["idx_to_word"])))

print("objects    RNN: BLEU  true     LSTM: BLEU  true")
for name, those in [("1", objects == 1), ("2", objects == 2), ("3", objects == 3), ("all", objects > 0)]:
    line = f"{name:7s}"
    for sentences, verdicts in ((said, true), (lstm_said, lstm_true)):
        pictures = np.flatnonzero(those)
        score = bleu([references[n] for n in pictures], [sentences[n] for n in pictures])
        line += f"         {score:.3f}  {verdicts[those].mean():5.1%}"
    print(line)

# %% [markdown]
# BLEU stays high where hardly a caption is true: a false caption that differs from the truth in one word
# shares most of its runs of words with it. It is a useful score for comparing systems, and a poor judge of
# a single sentence.

# %% [markdown] question="one_vector" points=4
# **Question 3 (4 points).** The captions get worse with each further object, for the RNN and for the LSTM
# alike. (a) What is it about the way the picture enters the captioner that makes three objects so much
# harder than one? Use the shapes of the arrays in your argument. (b) Why does a better memory cell not
# remove the cause? (c) Suppose the convolutional network gave you a feature vector for each of 36 regions
# of the picture, in place of a single one. Describe in a few sentences how you would let the network use
# them while it speaks.
#
# ### BEGIN SOLUTION
# (a) The whole picture is squeezed into one vector, features (N, D), and through one affine map into h0 (N,
# H), once, before the first word. Which colour goes with which shape, and where, for all objects together,
# must fit into these H numbers, mixed up with one another; the number of possible scenes grows as a power
# of the number of objects (24 kinds in 9 cells: about two hundred scenes for one object, more than two
# million for three), so that most combinations have never been seen in training. The same vector must also
# be carried, unharmed, through all steps of speaking, while it is multiplied and squashed to produce words.
# (b) An LSTM keeps what it was given for longer, but it is given the same single vector, once. What has
# been lost or mixed up in the projection cannot be remembered; the network can never look at the picture
# again. (c) At each step, compute from the memory a weight for each region (how much it matters for the
# next word; softmax, so that they sum to 1), and feed the weighted sum of the region vectors to the step
# together with the word. The network then looks at one object while it speaks of it: soft attention, the
# next assignment.
#
# Rubric: (a) 2 points: one for the single fixed-size vector as the bottleneck (with the shapes), one for a
# reason that it hurts more with more objects (combinations, or binding colour to shape). (b) 1 point: the
# LSTM only sees the same vector. (c) 1 point: region weights that depend on the present state, recomputed
# at every step; "feed all 36 vectors at the start" gets none.
# ### END SOLUTION

# %% [markdown]
# ## What you have built
#
# A network that looks at a picture and speaks, with every gradient derived by you. What it lacks is a
# second look at the picture. That is the next assignment.
