"""Wrong answers to assignment 1 that people really give, and other right ones.

A mistake's docstring is the hint that it earns, shown only to an answer with the same wrong numbers.
It names the cause and where to look, never the code. EQUIVALENT lists small changes that no check can notice.
"""

from collections import Counter

import numpy as np
import reference

from autograder.examine import also_correct, replaces

# ---- one step of a recurrent network ---------------------------------------------------------------------


def rnn_step(x, prev_h, Wx, Wh, b, squash=np.tanh):
    """A forward step with another squashing function, and the reference's cache."""
    next_h = squash(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


@replaces("rnn_step_forward")
def step_without_tanh(x, prev_h, Wx, Wh, b):
    """Something is missing at the end of the step: the new memory should lie between -1 and 1."""
    return rnn_step(x, prev_h, Wx, Wh, b, squash=lambda a: a)


@replaces("rnn_step_forward")
def step_with_sigmoid(x, prev_h, Wx, Wh, b):
    """These are the numbers of a sigmoid. The formula of this step squashes with another function, whose
    values can be negative."""
    return rnn_step(x, prev_h, Wx, Wh, b, squash=reference.sigmoid)


@replaces("rnn_step_forward")
def step_with_relu(x, prev_h, Wx, Wh, b):
    """These are the numbers of a ReLU. Look at the formula: this network squashes with another function."""
    return rnn_step(x, prev_h, Wx, Wh, b, squash=lambda a: np.maximum(a, 0))


@replaces("rnn_step_forward")
def step_with_transposed_memory_weights(x, prev_h, Wx, Wh, b):
    """`Wh` is square, so its transpose fits too, and gives wrong numbers without an error. Which of its
    axes belongs to the old memory?"""
    return rnn_step(x, prev_h, Wx, Wh.T, b)


@replaces("rnn_step_forward")
def step_without_bias(x, prev_h, Wx, Wh, b):
    """One of the five arguments of the step has no effect on your answer: the shortest one."""
    return rnn_step(x, prev_h, Wx, Wh, 0 * b)


@replaces("rnn_step_forward")
def step_with_bias_twice(x, prev_h, Wx, Wh, b):
    """The bias is counted twice. The two matrix products share a single bias."""
    return rnn_step(x, prev_h, Wx, Wh, 2 * b)


@replaces("rnn_step_forward")
def step_without_memory(x, prev_h, Wx, Wh, b):
    """The answer does not depend on the old memory at all. What makes the network recurrent?"""
    return rnn_step(x, 0 * prev_h, Wx, Wh, b)


@replaces("rnn_step_forward")
def step_squashes_each_term(x, prev_h, Wx, Wh, b):
    """The terms are squashed one by one and added afterwards. The formula adds first: there is one tanh
    around the whole sum."""
    next_h = np.tanh(x @ Wx) + np.tanh(prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


@replaces("rnn_step_forward")
def step_adds_the_bias_after_the_tanh(x, prev_h, Wx, Wh, b):
    """The bias is added to what is squashed already. It belongs inside the tanh, beside the two products."""
    next_h = np.tanh(x @ Wx + prev_h @ Wh) + b
    return next_h, (x, prev_h, Wx, Wh, next_h)


@replaces("rnn_step_forward")
def step_multiplies_from_the_wrong_side(x, prev_h, Wx, Wh, b):
    """The weights stand on the wrong side: each row of `x` is a sentence, so `x` (N, D) comes first and `Wx` (D, H)
    second."""
    next_h = np.tanh(Wx @ x + Wh @ prev_h + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


@replaces("rnn_step_forward")
def step_with_one_bias_for_all(x, prev_h, Wx, Wh, b):
    """The first bias serves all hidden numbers. There is one for each: add the whole of `b`."""
    return rnn_step(x, prev_h, Wx, Wh, b[0])


def rnn_step_gradients(dnext_h, cache, slope):
    """The five gradients for a given slope of the squashing function."""
    x, prev_h, Wx, Wh, _ = cache
    da = dnext_h * slope
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@replaces("rnn_step_backward")
def slope_forgotten(dnext_h, cache):
    """The gradient has to pass through the tanh before it reaches the sum inside: the slope of the tanh is
    missing."""
    return rnn_step_gradients(dnext_h, cache, 1.0)


@replaces("rnn_step_backward")
def slope_without_square(dnext_h, cache):
    """Look up the derivative of the tanh once more, written with the value of the tanh: a power is
    missing."""
    return rnn_step_gradients(dnext_h, cache, 1 - cache[-1])


@replaces("rnn_step_backward")
def slope_of_a_sigmoid(dnext_h, cache):
    """This slope is that of a sigmoid. The step squashes with a tanh."""
    return rnn_step_gradients(dnext_h, cache, cache[-1] * (1 - cache[-1]))


@replaces("rnn_step_backward")
def tanh_applied_twice(dnext_h, cache):
    """The slope is taken in the wrong place: a tanh is applied to what is the value of the tanh already.
    What exactly did you put into the cache, the sum or the squashed sum?"""
    return rnn_step_gradients(dnext_h, cache, 1 - np.tanh(cache[-1]) ** 2)


@replaces("rnn_step_backward")
def bias_gradient_is_a_mean(dnext_h, cache):
    """`db` is too small by a factor of N: the bias was added to each row, and its gradient is the sum over
    the rows."""
    *rest, db = reference.rnn_step_backward(dnext_h, cache)
    return *rest, db / len(dnext_h)


@replaces("rnn_step_backward")
def bias_gradient_before_the_tanh(dnext_h, cache):
    """`db` was summed up from the gradient outside the tanh. The bias stands inside of it."""
    *rest, _ = reference.rnn_step_backward(dnext_h, cache)
    return *rest, dnext_h.sum(axis=0)


@replaces("rnn_step_backward")
def memory_gradient_with_untransposed_weights(dnext_h, cache):
    """`dprev_h` used `Wh` as it stands. It is square, so that the shapes fit either way: which way does a
    gradient pass through a matrix product?"""
    dx, _, dWx, dWh, db = reference.rnn_step_backward(dnext_h, cache)
    return dx, dnext_h * (1 - cache[-1] ** 2) @ cache[3], dWx, dWh, db


@replaces("rnn_step_backward")
def memory_weights_from_the_new_memory(dnext_h, cache):
    """`dWh` was computed with the new memory. Which memory was multiplied by `Wh` in the forward step?"""
    dx, dprev_h, dWx, _, db = reference.rnn_step_backward(dnext_h, cache)
    return dx, dprev_h, dWx, cache[-1].T @ (dnext_h * (1 - cache[-1] ** 2)), db


@replaces("rnn_step_backward")
def memory_weights_transposed(dnext_h, cache):
    """`dWh` is the transpose of what it should be. It is square, so nothing complains: which axis of `Wh`
    belongs to the old memory, and which to the new one?"""
    dx, dprev_h, dWx, dWh, db = reference.rnn_step_backward(dnext_h, cache)
    return dx, dprev_h, dWx, dWh.T, db


@replaces("rnn_step_backward")
def bias_gradient_is_one_number(dnext_h, cache):
    """`db` was summed over everything. Sum over the batch alone: each hidden number has a bias of its own."""
    *rest, db = reference.rnn_step_backward(dnext_h, cache)
    return *rest, db.sum()


@replaces("rnn_step_backward")
def weight_gradients_exchanged(dnext_h, cache):
    """`dWx` and `dWh` have changed places on their way out. Compare the order of what is returned."""
    dx, dprev_h, dWx, dWh, db = reference.rnn_step_backward(dnext_h, cache)
    return dx, dprev_h, dWh, dWx, db


@also_correct("rnn_step_forward", "rnn_step_backward")
def step_with_einsum_and_a_dict():
    def forward(x, prev_h, Wx, Wh, b):
        a = np.einsum("nd,dh->nh", x, Wx) + np.einsum("nk,kh->nh", prev_h, Wh) + b
        return np.tanh(a), {"x": x, "h": prev_h, "weights": [Wx, Wh], "a": a}

    def backward(dnext_h, cache):
        da = dnext_h / np.cosh(cache["a"]) ** 2
        Wx, Wh = cache["weights"]
        return (np.einsum("nh,dh->nd", da, Wx), np.einsum("nh,kh->nk", da, Wh),
                np.einsum("nd,nh->dh", cache["x"], da), np.einsum("nk,nh->kh", cache["h"], da),
                np.einsum("nh->h", da))

    return {"rnn_step_forward": forward, "rnn_step_backward": backward}


@also_correct("rnn_step_forward", "rnn_step_backward")
def step_with_one_big_matrix_in_place():
    def forward(x, prev_h, Wx, Wh, b):
        both = np.hstack([x, prev_h])
        prev_h[:] = np.tanh(both.dot(np.vstack((Wx, Wh))) + b.reshape(1, -1))
        return prev_h, [both, np.concatenate([Wx, Wh]), prev_h, x.shape[1]]

    def backward(dnext_h, cache):
        both, W, next_h, D = cache
        dnext_h *= 1 - next_h * next_h
        dboth, dW = dnext_h.dot(W.T), both.T.dot(dnext_h)
        return [dboth[:, :D], dboth[:, D:], dW[:D], dW[D:], np.sum(dnext_h, 0)]

    def backward_of_a_copy(dnext_h, cache):
        return backward(dnext_h.copy(), cache)

    def forward_of_a_copy(x, prev_h, Wx, Wh, b):
        return forward(x, prev_h.copy(), Wx, Wh, b)

    return {"rnn_step_forward": forward_of_a_copy, "rnn_step_backward": backward_of_a_copy}


@also_correct("rnn_step_backward")
def step_backward_with_loops(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dx, dprev_h, dWx, dWh = (np.zeros_like(value) for value in (x, prev_h, Wx, Wh))
    db = np.zeros(Wx.shape[1])
    for n in range(len(x)):
        for k in range(len(db)):
            da = dnext_h[n, k] * (1 - next_h[n, k] ** 2)
            dx[n] += da * Wx[:, k]
            dprev_h[n] += da * Wh[:, k]
            dWx[:, k] += da * x[n]
            dWh[:, k] += da * prev_h[n]
            db[k] += da
    return dx, dprev_h, dWx, dWh, db


# ---- a whole sequence ------------------------------------------------------------------------------------


@replaces("rnn_forward")
def sequence_always_from_the_first_memory(x, h0, Wx, Wh, b):
    """Each step starts from `h0`. Where does the memory that a step has just computed go?"""
    steps = [reference.rnn_step_forward(x[:, t], h0, Wx, Wh, b) for t in range(x.shape[1])]
    return np.stack([step[0] for step in steps], axis=1), [step[1] for step in steps]


@replaces("rnn_forward")
def sequence_time_first(x, h0, Wx, Wh, b):
    """The numbers may well be right, but time has become the first axis. The result is (N, T, H), batch
    first."""
    h, cache = reference.rnn_forward(x, h0, Wx, Wh, b)
    return h.transpose(1, 0, 2), cache


@replaces("rnn_forward")
def sequence_read_backwards(x, h0, Wx, Wh, b):
    """The sequence is read from its last word to its first. So the memory at time t knows the future and
    not the past."""
    h, cache = reference.rnn_forward(x[:, ::-1], h0, Wx, Wh, b)
    return h[:, ::-1], cache[::-1]


@replaces("rnn_forward")
def sequence_without_the_first_memory(x, h0, Wx, Wh, b):
    """`h0` has no effect. The first step starts from the memory that was passed in, not from an empty
    one."""
    return reference.rnn_forward(x, 0 * h0, Wx, Wh, b)


@replaces("rnn_forward")
def sequence_of_memories_before_the_step(x, h0, Wx, Wh, b):
    """Everything is late by one step: `h[:, 0]` is the memory *after* the first word; `h0` itself is not in
    the result."""
    h, cache = reference.rnn_forward(x, h0, Wx, Wh, b)
    return np.concatenate([h0[:, None], h[:, :-1]], axis=1), cache


@replaces("rnn_forward")
def sequence_with_the_first_word_at_every_step(x, h0, Wx, Wh, b):
    """The network hears the first word again at every step. Check which part of `x` belongs to time t."""
    return reference.rnn_forward(np.broadcast_to(x[:, :1], x.shape), h0, Wx, Wh, b)


@replaces("rnn_forward")
def sequence_in_the_shape_of_its_inputs(x, h0, Wx, Wh, b):
    """The array for the hidden states was made in the shape of `x`. They are (N, T, H): their width is that of
    `h0`."""
    h, memory, cache = np.zeros_like(x), h0, []
    for t in range(x.shape[1]):
        memory, kept = reference.rnn_step_forward(x[:, t], memory, Wx, Wh, b)
        h[:, t] = memory
        cache.append(kept)
    return h, cache


def back_through_time(dh, cache, carry=True, order=None):
    """The gradients of each step, in the order in which they are walked."""
    dprev_h, steps = np.zeros_like(dh[:, 0]), {}
    for t in order or reversed(range(dh.shape[1])):
        steps[t] = reference.rnn_step_backward(dh[:, t] + (dprev_h if carry else 0), cache[t])
        dprev_h = steps[t][1]
    return steps, dprev_h


def collected(steps, dh0, over_time=sum):
    """dx, dh0, and the gradients of the weights added up (or otherwise joined) over time."""
    dx = np.stack([steps[t][0] for t in sorted(steps)], axis=1)
    return dx, dh0, *(over_time([steps[t][k] for t in sorted(steps)]) for k in (2, 3, 4))


@replaces("rnn_backward")
def gradient_from_the_future_ignored(dh, cache):
    """Each step only gets the gradient from the layer above. The memory was also read by the next step:
    what comes back from there has to be added."""
    return collected(*back_through_time(dh, cache, carry=False))


@replaces("rnn_backward")
def gradient_from_the_layer_above_ignored(dh, cache):
    """Only the gradient of the last time step is used. The layer above sends one for each time step."""
    last = np.zeros_like(dh)
    last[:, -1] = dh[:, -1]
    return reference.rnn_backward(last, cache)


@replaces("rnn_backward")
def weights_of_the_first_step_only(dh, cache):
    """The gradients of the weights are overwritten at each step, and only those of the step that was walked
    last are left. All steps used the same weights."""
    return collected(*back_through_time(dh, cache), over_time=lambda values: values[0])


@replaces("rnn_backward")
def weights_averaged_over_time(dh, cache):
    """The gradients of the weights are averaged over time. They are a sum: nothing in the forward pass
    divides by T."""
    return collected(*back_through_time(dh, cache), over_time=lambda values: sum(values) / len(values))


@replaces("rnn_backward", seen=True)
def first_memory_gets_nothing(dh, cache):
    """`dh0` is zero. The first memory took part in the first step, so a gradient reaches it."""
    dx, dh0, *weights = reference.rnn_backward(dh, cache)
    return dx, 0 * dh0, *weights


@replaces("rnn_backward")
def first_memory_gets_the_first_gradient(dh, cache):
    """`dh0` is not `dh[:, 0]`: that belongs to the memory after the first word. What comes out of the walk
    at its very end?"""
    dx, _, *weights = reference.rnn_backward(dh, cache)
    return dx, dh[:, 0], *weights


@replaces("rnn_backward")
def walked_forwards(dh, cache):
    """The walk goes from the first step to the last. A gradient flows against the direction of the forward
    pass."""
    return collected(*back_through_time(dh, cache, order=range(dh.shape[1])))


@replaces("rnn_backward")
def inputs_in_the_order_of_the_walk(dh, cache):
    """`dx` lists the steps in the order in which you walked them, the last one first. Turn it round."""
    dx, *rest = reference.rnn_backward(dh, cache)
    return dx[:, ::-1], *rest


@replaces("rnn_backward")
def gradient_from_above_counted_twice(dh, cache):
    """The gradient from above is passed on to the earlier step as it is, beside having gone through the
    step. Only what the step's own backward pass returns goes on."""
    upstream, steps = np.zeros_like(dh[:, 0]), {}
    for t in reversed(range(dh.shape[1])):
        upstream = dh[:, t] + upstream
        steps[t] = reference.rnn_step_backward(upstream, cache[t])
        upstream = upstream + steps[t][1]
    return collected(steps, steps[0][1])


@replaces("rnn_backward")
def gradients_of_later_steps_pile_up(dh, cache):
    """The gradients that come back from the steps pile up. What a step returns already holds all that came from
    later ones: it takes the place of the gradient before it."""
    carried, steps = np.zeros_like(dh[:, 0]), {}
    for t in reversed(range(dh.shape[1])):
        steps[t] = reference.rnn_step_backward(dh[:, t] + carried, cache[t])
        carried = carried + steps[t][1]
    return collected(steps, carried)


@replaces("rnn_backward")
def always_the_cache_of_the_last_step(dh, cache):
    """Each step back uses the cache of the last step. Which one belongs to time t?"""
    return collected(*back_through_time(dh, [cache[-1]] * len(cache)))


@also_correct("rnn_forward", "rnn_backward")
def sequence_with_arrays_in_a_dict():
    def forward(x, h0, Wx, Wh, b):
        N, T, _ = x.shape
        h = np.zeros((N, T + 1, h0.shape[1]))
        h[:, -1] = h0
        for t in range(T):
            h[:, t] = np.tanh(x[:, t].dot(Wx) + h[:, t - 1].dot(Wh) + b)
        return h[:, :-1], {"x": x, "h": h, "Wx": Wx, "Wh": Wh}

    def backward(dh, cache):
        x, h, Wx, Wh = (cache[name] for name in ("x", "h", "Wx", "Wh"))
        dx, dWx, dWh, db = (np.zeros(shape) for shape in (x.shape, Wx.shape, Wh.shape, len(Wh)))
        carry = 0
        for t in range(x.shape[1] - 1, -1, -1):
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t], carry = da.dot(Wx.T), da.dot(Wh.T)
            dWx += x[:, t].T.dot(da)
            dWh += h[:, t - 1].T.dot(da)
            db += da.sum(0)
        return dx, carry, dWx, dWh, db

    return {"rnn_forward": forward, "rnn_backward": backward}


@also_correct("rnn_forward")
def sequence_in_a_list(x, h0, Wx, Wh, b):
    memories, cache = [h0], []
    for word in x.transpose(1, 0, 2):
        memory, kept = reference.rnn_step_forward(word, memories[-1], Wx, Wh, b)
        memories += [memory]
        cache += [kept]
    return np.array(memories[1:]).transpose(1, 0, 2), cache


@also_correct("rnn_backward")
def sequence_backward_in_place(dh, cache):
    T = len(cache)
    dx, dh0, dWx, dWh, db = reference.rnn_step_backward(dh[:, T - 1], cache[T - 1])
    dx = [dx]
    for t in range(T - 2, -1, -1):
        dh[:, t] += dh0
        dx_t, dh0, *more = reference.rnn_step_backward(dh[:, t], cache[t])
        dx.insert(0, dx_t)
        for total, value in zip((dWx, dWh, db), more):
            total += value
    return np.array(dx).swapaxes(0, 1), dh0, dWx, dWh, db


# ---- the LSTM --------------------------------------------------------------------------------------------


def lstm_step(x, prev_h, prev_c, Wx, Wh, b, order="ifog", new=np.tanh, show=np.tanh, keep=lambda f: f):
    """A forward step with other functions or another order of the gates, and the reference's cache."""
    pieces = dict(zip(order, np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)))
    i, f, o = (reference.sigmoid(pieces[gate]) for gate in "ifo")
    f, g = keep(f), new(pieces["g"])
    next_c = f * prev_c + i * g
    shown = show(next_c)
    return o * shown, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, shown)


@replaces("lstm_step_forward")
def gates_in_torch_order(x, prev_h, prev_c, Wx, Wh, b):
    """The columns of `a` are read in the order i, f, g, o, which is PyTorch's. Here the order is i, f, o,
    g."""
    return lstm_step(x, prev_h, prev_c, Wx, Wh, b, order="ifgo")


@replaces("lstm_step_forward")
def forget_and_input_swapped(x, prev_h, prev_c, Wx, Wh, b):
    """The input gate and the forget gate have changed places. Which columns of `a` belong to which?"""
    return lstm_step(x, prev_h, prev_c, Wx, Wh, b, order="fiog")


@replaces("lstm_step_forward")
def forget_and_output_swapped(x, prev_h, prev_c, Wx, Wh, b):
    """The forget gate and the output gate have changed places. Which columns of `a` belong to which?"""
    return lstm_step(x, prev_h, prev_c, Wx, Wh, b, order="iofg")


@replaces("lstm_step_forward")
def new_through_a_sigmoid(x, prev_h, prev_c, Wx, Wh, b):
    """All four pieces go through a sigmoid. `g` is not a gate: what is written may be negative."""
    return lstm_step(x, prev_h, prev_c, Wx, Wh, b, new=reference.sigmoid)


@replaces("lstm_step_forward")
def cell_shown_without_tanh(x, prev_h, prev_c, Wx, Wh, b):
    """The cell is right, the hidden state is not: the cell is squashed before it is shown."""
    return lstm_step(x, prev_h, prev_c, Wx, Wh, b, show=lambda c: c)


@replaces("lstm_step_forward")
def cell_never_forgets(x, prev_h, prev_c, Wx, Wh, b):
    """The old cell is kept whole. That is the LSTM of 1997; ours has a forget gate."""
    return lstm_step(x, prev_h, prev_c, Wx, Wh, b, keep=np.ones_like)


@replaces("lstm_step_forward")
def forget_gate_the_wrong_way_round(x, prev_h, prev_c, Wx, Wh, b):
    """The forget gate works the wrong way round: an open gate, 1, *keeps* the old cell."""
    return lstm_step(x, prev_h, prev_c, Wx, Wh, b, keep=lambda f: 1 - f)


@replaces("lstm_step_forward")
def old_cell_shown(x, prev_h, prev_c, Wx, Wh, b):
    """The hidden state shows the old cell. It should show the new one: compute the cell first."""
    _, next_c, (*cache, _) = reference.lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b)
    shown = np.tanh(prev_c)
    return cache[-2] * shown, next_c, (*cache, shown)


@replaces("lstm_step_forward")
def gates_dealt_out_in_turn(x, prev_h, prev_c, Wx, Wh, b):
    """The columns of `a` are dealt out in turn, one to each gate. The first H columns belong to i, the next H to f,
    and so on."""
    turns = np.arange(len(b)).reshape(-1, 4).T.ravel()
    return lstm_step(x, prev_h, prev_c, Wx[:, turns], Wh[:, turns], b[turns])


def lstm_step_gradients(cache, dc, do, order="ifog", gate=lambda s: s * (1 - s), new=lambda g: 1 - g**2):
    """The six gradients from those of the new cell and of the output gate."""
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, _ = cache
    pieces = {"i": dc * g * gate(i), "f": dc * prev_c * gate(f), "o": do * gate(o), "g": dc * i * new(g)}
    da = np.concatenate([pieces[name] for name in order], axis=1)
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def both_ways(dnext_h, dnext_c, cache):
    """The right gradients of the new cell and of the output gate."""
    o, shown = cache[7], cache[9]
    return dnext_c + dnext_h * o * (1 - shown**2), dnext_h * shown


@replaces("lstm_step_backward")
def cell_gradient_ignored(dnext_h, dnext_c, cache):
    """`dnext_c` has no effect. The new cell leaves the step in two ways, and a gradient comes back on
    both."""
    return lstm_step_gradients(cache, *both_ways(dnext_h, 0, cache))


@replaces("lstm_step_backward")
def way_through_the_hidden_state_forgotten(dnext_h, dnext_c, cache):
    """The cell gets `dnext_c` and nothing else. It was also shown in the hidden state: that way is
    missing."""
    return lstm_step_gradients(cache, dnext_c, both_ways(dnext_h, dnext_c, cache)[1])


@replaces("lstm_step_backward")
def hidden_state_without_the_slope(dnext_h, dnext_c, cache):
    """On its way from the hidden state to the cell the gradient passes a tanh, whose slope is missing."""
    return lstm_step_gradients(cache, dnext_c + dnext_h * cache[7], dnext_h * cache[9])


@replaces("lstm_step_backward")
def hidden_state_slope_without_square(dnext_h, dnext_c, cache):
    """The slope of the tanh between the cell and the hidden state lacks a square."""
    return lstm_step_gradients(cache, dnext_c + dnext_h * cache[7] * (1 - cache[9]), dnext_h * cache[9])


@replaces("lstm_step_backward")
def output_gate_forgotten_on_the_way_to_the_cell(dnext_h, dnext_c, cache):
    """On its way from the hidden state to the cell the gradient passes a product with the output gate."""
    return lstm_step_gradients(cache, dnext_c + dnext_h * (1 - cache[9] ** 2), dnext_h * cache[9])


@replaces("lstm_step_backward")
def old_cell_gradient_without_forget_gate(dnext_h, dnext_c, cache):
    """`dprev_c` misses a factor: the old cell was multiplied by a gate."""
    dc, do = both_ways(dnext_h, dnext_c, cache)
    dx, dprev_h, _, *weights = lstm_step_gradients(cache, dc, do)
    return dx, dprev_h, dc, *weights


@replaces("lstm_step_backward")
def old_cell_gradient_from_one_way_only(dnext_h, dnext_c, cache):
    """`dprev_c` only knows of `dnext_c`. Use the *whole* gradient of the new cell, with the way through the
    hidden state."""
    dx, dprev_h, _, *weights = reference.lstm_step_backward(dnext_h, dnext_c, cache)
    return dx, dprev_h, dnext_c * cache[6], *weights


@replaces("lstm_step_backward")
def gradient_pieces_in_torch_order(dnext_h, dnext_c, cache):
    """The four pieces of the gradient are joined in the order i, f, g, o. Use the order in which `a` was
    cut: i, f, o, g."""
    return lstm_step_gradients(cache, *both_ways(dnext_h, dnext_c, cache), order="ifgo")


@replaces("lstm_step_backward")
def gates_without_slope(dnext_h, dnext_c, cache):
    """The slope of the sigmoid is missing: the gradients of the gates have to pass it to reach `a`."""
    return lstm_step_gradients(cache, *both_ways(dnext_h, dnext_c, cache), gate=lambda s: 1.0)


@replaces("lstm_step_backward")
def gates_with_the_slope_of_tanh(dnext_h, dnext_c, cache):
    """The gates i, f and o are sigmoids, but their gradients are computed with the slope of a tanh."""
    return lstm_step_gradients(cache, *both_ways(dnext_h, dnext_c, cache), gate=lambda s: 1 - s**2)


@replaces("lstm_step_backward")
def new_with_the_slope_of_sigmoid(dnext_h, dnext_c, cache):
    """`g` is a tanh, but its gradient is computed with the slope of a sigmoid."""
    return lstm_step_gradients(cache, *both_ways(dnext_h, dnext_c, cache), new=lambda g: g * (1 - g))


@replaces("lstm_step_backward")
def lstm_bias_gradient_is_a_mean(dnext_h, dnext_c, cache):
    """`db` is too small by a factor of N: it is a sum over the rows of the batch."""
    *rest, db = reference.lstm_step_backward(dnext_h, dnext_c, cache)
    return *rest, db / len(dnext_h)


def lstm_sequence(x, h0, Wx, Wh, b, c0, reset=False, always_h0=False):
    """The forward pass with another first cell, or memories that are not handed on."""
    h, c, hidden, cells, cache = h0, c0, [], [], []
    for t in range(x.shape[1]):
        h, c = (h0 if always_h0 else h), (c0 if reset else c)
        h, c, step = reference.lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hidden.append(h)
        cells.append(c)
        cache.append(step)
    return np.stack(hidden, axis=1), cache, np.stack(cells, axis=1)


@replaces("lstm_forward")
def cell_starts_as_the_hidden_state(x, h0, Wx, Wh, b):
    """The cell starts as a copy of `h0`. It starts empty."""
    return lstm_sequence(x, h0, Wx, Wh, b, c0=h0)[:2]


@replaces("lstm_forward")
def cell_starts_with_ones(x, h0, Wx, Wh, b):
    """The cell starts with ones. It starts empty, at zero."""
    return lstm_sequence(x, h0, Wx, Wh, b, c0=np.ones_like(h0))[:2]


@replaces("lstm_forward")
def cell_emptied_at_each_step(x, h0, Wx, Wh, b):
    """The cell is empty again at each step: it has to be handed from step to step, as the hidden state
    is."""
    return lstm_sequence(x, h0, Wx, Wh, b, c0=np.zeros_like(h0), reset=True)[:2]


@replaces("lstm_forward")
def lstm_always_from_the_first_hidden_state(x, h0, Wx, Wh, b):
    """Each step starts from `h0`: the hidden state has to be handed from step to step, as the cell is."""
    return lstm_sequence(x, h0, Wx, Wh, b, c0=np.zeros_like(h0), always_h0=True)[:2]


@replaces("lstm_forward")
def lstm_returns_its_cells(x, h0, Wx, Wh, b):
    """These are the cells. The layer above reads the hidden states; the cells stay inside."""
    _, cache, cells = lstm_sequence(x, h0, Wx, Wh, b, c0=np.zeros_like(h0))
    return cells, cache


@replaces("lstm_forward")
def lstm_time_first(x, h0, Wx, Wh, b):
    """Batch and time have changed places. The hidden states are (N, T, H): join the steps along the middle
    axis."""
    h, cache = reference.lstm_forward(x, h0, Wx, Wh, b)
    return h.transpose(1, 0, 2), cache


def lstm_back_through_time(dh, cache, carry_h=1, carry_c=1, dc_from_above=0, over_time=sum):
    """The gradients of a sequence, with a carry switched off or a gradient from above for the cell."""
    dprev_h, dprev_c, steps = 0, 0, {}
    for t in reversed(range(dh.shape[1])):
        dnext_c = carry_c * dprev_c + dc_from_above * dh[:, t]
        steps[t] = reference.lstm_step_backward(dh[:, t] + carry_h * dprev_h, dnext_c, cache[t])
        dprev_h, dprev_c = steps[t][1], steps[t][2]
    dx = np.stack([steps[t][0] for t in sorted(steps)], axis=1)
    return dx, dprev_h, *(over_time([steps[t][k] for t in sorted(steps)]) for k in (3, 4, 5))


@replaces("lstm_backward")
def cell_gradient_not_handed_back(dh, cache):
    """The cell's gradient is lost between the steps. Two memories go forward from step to step, so two
    gradients come back."""
    return lstm_back_through_time(dh, cache, carry_c=0)


@replaces("lstm_backward")
def hidden_gradient_not_handed_back(dh, cache):
    """The hidden state's gradient is lost between the steps: add what comes back from the next step to what
    comes from above."""
    return lstm_back_through_time(dh, cache, carry_h=0)


@replaces("lstm_backward")
def cell_gets_a_gradient_from_above(dh, cache):
    """`dh` is given to the cell, too. The layer above has only seen the hidden states."""
    return lstm_back_through_time(dh, cache, dc_from_above=1)


@replaces("lstm_backward")
def lstm_weights_of_the_first_step_only(dh, cache):
    """The gradients of the weights are overwritten at each step. All steps used the same weights: add
    up."""
    return lstm_back_through_time(dh, cache, over_time=lambda values: values[0])


@replaces("lstm_backward")
def lstm_first_memory_gets_the_first_gradient(dh, cache):
    """`dh0` is not `dh[:, 0]`: that belongs to the hidden state after the first word."""
    dx, _, *weights = reference.lstm_backward(dh, cache)
    return dx, dh[:, 0], *weights


@replaces("lstm_backward")
def lstm_inputs_in_the_order_of_the_walk(dh, cache):
    """`dx` is in the order in which the steps were walked, last word first. It belongs in the order of the
    words."""
    dx, *rest = reference.lstm_backward(dh, cache)
    return dx[:, ::-1], *rest


@also_correct("lstm_step_forward", "lstm_step_backward")
def lstm_step_with_a_gate_axis():
    def forward(x, prev_h, prev_c, Wx, Wh, b):
        N, H = prev_h.shape
        a = (np.einsum("nd,dk->nk", x, Wx) + np.einsum("nh,hk->nk", prev_h, Wh) + b).reshape(N, 4, H)
        gates = 1 / (1 + np.exp(-a[:, :3]))
        g = np.tanh(a[:, 3])
        c = gates[:, 1] * prev_c + gates[:, 0] * g
        cache = {"inputs": (x, prev_h, prev_c), "weights": (Wx, Wh), "gates": gates, "g": g, "c": c}
        return gates[:, 2] * np.tanh(c), c, cache

    def backward(dnext_h, dnext_c, cache):
        (x, prev_h, prev_c), (Wx, Wh) = cache["inputs"], cache["weights"]
        (i, f, o), g, c = cache["gates"].swapaxes(0, 1), cache["g"], cache["c"]
        dnext_c = dnext_c + dnext_h * o / np.cosh(c) ** 2
        da = np.zeros((len(x), 4, c.shape[1]))
        da[:, 0] = dnext_c * g * i * (1 - i)
        da[:, 1] = dnext_c * prev_c * f * (1 - f)
        da[:, 2] = dnext_h * np.tanh(c) * o * (1 - o)
        da[:, 3] = dnext_c * i * (1 - g * g)
        da = da.reshape(len(x), -1)
        return da.dot(Wx.T), da.dot(Wh.T), dnext_c * f, x.T.dot(da), prev_h.T.dot(da), da.sum(0)

    return {"lstm_step_forward": forward, "lstm_step_backward": backward}


@also_correct("lstm_step_forward")
def lstm_step_gate_by_gate(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    columns = [slice(k * H, (k + 1) * H) for k in range(4)]
    i, f, o, g = (x.dot(Wx[:, own]) + prev_h.dot(Wh[:, own]) + b[own] for own in columns)
    i, f, o = (0.5 + 0.5 * np.tanh(gate / 2) for gate in (i, f, o))
    g = np.tanh(g)
    next_c = i * g
    next_c += f * prev_c
    shown = np.tanh(next_c)
    return shown * o, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, shown)


@also_correct("lstm_step_backward")
def lstm_step_backward_in_place(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, shown = cache
    dnext_c = np.zeros_like(i) + dnext_c
    dnext_c += dnext_h * o * (1 - shown * shown)
    da = np.hstack((dnext_c * g, dnext_c * prev_c, dnext_h * shown, dnext_c * i))
    gates = np.hstack((i, f, o))
    da[:, : gates.shape[1]] *= gates * (1 - gates)
    da[:, gates.shape[1] :] *= 1 - g**2
    dnext_c *= f
    return [da @ Wx.T, da @ Wh.T, dnext_c, x.T @ da, prev_h.T @ da, np.sum(da, axis=0)]


@also_correct("lstm_forward", "lstm_backward")
def lstm_sequence_with_arrays():
    def forward(x, h0, Wx, Wh, b):
        (N, T, _), H = x.shape, h0.shape[1]
        h, c, cache = np.zeros((N, T, H)), np.zeros((N, T + 1, H)), {}
        for t in range(T):
            last = h[:, t - 1] if t else h0
            h[:, t], c[:, t + 1], cache[t] = reference.lstm_step_forward(x[:, t], last, c[:, t], Wx, Wh, b)
        return h, (cache, x.shape, Wx.shape, Wh.shape)

    def backward(dh, cache):
        steps, *shapes = cache
        dx, dWx, dWh = (np.zeros(shape) for shape in shapes)
        db, dh_next, dc_next = np.zeros(dWx.shape[1]), np.zeros(dh[:, 0].shape), np.zeros(dh[:, 0].shape)
        for t in sorted(steps, reverse=True):
            step = reference.lstm_step_backward(dh[:, t] + dh_next, dc_next, steps[t])
            dx[:, t], dh_next, dc_next, *more = step
            for total, value in zip((dWx, dWh, db), more):
                total += value
        return dx, dh_next, dWx, dWh, db

    return {"lstm_forward": forward, "lstm_backward": backward}


@also_correct("lstm_forward")
def lstm_sequence_in_a_list(x, h0, Wx, Wh, b):
    h, c, hidden, cache = h0, 0 * h0, [], []
    for word in np.swapaxes(x, 0, 1):
        h, c, kept = reference.lstm_step_forward(word, h, c, Wx, Wh, b)
        hidden.append(h[:, None])
        cache.append(kept)
    return np.concatenate(hidden, axis=1), cache


@also_correct("lstm_backward")
def lstm_sequence_backward_from_a_stack(dh, cache):
    steps, gradients = list(enumerate(cache)), [0, 0]
    parts = []
    while steps:
        t, kept = steps.pop()
        parts.append(reference.lstm_step_backward(dh[:, t] + gradients[0], gradients[1], kept))
        gradients = parts[-1][1:3]
    dx, _, _, dWx, dWh, db = zip(*parts)
    return np.stack(dx, axis=1)[:, ::-1], gradients[0], np.sum(dWx, axis=0), sum(dWh), sum(db)


# ---- word vectors ----------------------------------------------------------------------------------------


@replaces("word_embedding_forward")
def rows_counted_from_one(x, W):
    """Each word gets the row of the word before it. Word numbers start at 0, as rows do."""
    return W[x - 1], (x, W.shape)


@replaces("word_embedding_forward")
def sentences_summed_up(x, W):
    """The vectors of a sentence are added up. Keep one for each word: the result has a time axis, (N, T,
    D)."""
    return W[x].sum(axis=1), (x, W.shape)


@replaces("word_embedding_forward")
def vectors_with_time_first(x, W):
    """Batch and time have changed places. The result is (N, T, D)."""
    return W[x.T], (x, W.shape)


@replaces("word_embedding_backward")
def repeated_words_lost(dout, cache):
    """A word that occurs twice gets only one of its gradients. Adding to an array through a list of row
    numbers adds once per row, however often the row is listed: NumPy has another function, which adds each
    time."""
    x, shape = cache
    dW = np.zeros(shape)
    dW[x] += dout
    return dW


@replaces("word_embedding_backward")
def repeated_words_averaged(dout, cache):
    """The gradients of a repeated word are averaged. Each use of the row contributes in full: they are
    added."""
    x, shape = cache
    times = np.bincount(x.ravel(), minlength=shape[0])
    return reference.word_embedding_backward(dout, cache) / np.maximum(times, 1)[:, None]


@replaces("word_embedding_backward")
def table_gradient_divided_by_the_batch(dout, cache):
    """`dW` is too small by a factor of N. If the loss is a mean over the batch, then `dout` knows that
    already."""
    return reference.word_embedding_backward(dout, cache) / len(dout)


@replaces("word_embedding_backward")
def first_sentence_only(dout, cache):
    """Only the first sentence of the batch contributes."""
    x, shape = cache
    return reference.word_embedding_backward(dout[:1], (x[:1], shape))


@replaces("word_embedding_backward")
def table_gradient_transposed(dout, cache):
    """`dW` is transposed. It has the shape of the table: one row for each word, (V, D)."""
    return reference.word_embedding_backward(dout, cache).T


@replaces("word_embedding_backward")
def table_gradient_in_a_tuple(dout, cache):
    """`dW` came back inside a tuple. This function returns one array, by itself: is there a comma too many?"""
    return (reference.word_embedding_backward(dout, cache),)


@also_correct("word_embedding_forward", "word_embedding_backward")
def one_hot_products():
    def forward(x, W):
        one_hot = np.eye(len(W))[x]
        return one_hot @ W, one_hot

    def backward(dout, one_hot):
        return np.tensordot(one_hot, dout, axes=((0, 1), (0, 1)))

    return {"word_embedding_forward": forward, "word_embedding_backward": backward}


@also_correct("word_embedding_forward", "word_embedding_backward")
def look_up_with_loops():
    def forward(x, W):
        out = np.zeros((*x.shape, W.shape[1]))
        for place, word in np.ndenumerate(x):
            out[place] = W[word]
        return out, {"x": x, "V": len(W)}

    def backward(dout, cache):
        dW = np.zeros((cache["V"], dout.shape[-1]))
        for v in range(cache["V"]):
            dW[v] = dout[cache["x"] == v].sum(axis=0)
        return dW

    return {"word_embedding_forward": forward, "word_embedding_backward": backward}


# ---- the loss of a sentence ------------------------------------------------------------------------------


def softmax_loss(x, y, mask, divide=None, log_of=None, largest=None):
    """The loss and its gradient with another divisor, logarithm or shift."""
    mask = mask.astype(float)
    divide = len(x) if divide is None else divide
    log_p = x - np.logaddexp.reduce(x, axis=2, keepdims=True)
    with np.errstate(all="ignore"):
        if largest is not None:
            e = np.exp(x - largest)
            log_p = np.log(e / e.sum(axis=2, keepdims=True))
        p = np.exp(log_p)
        true = np.take_along_axis(log_of(p) if log_of else log_p, y[..., None], axis=2)[..., 0]
        loss = -np.sum(np.where(mask > 0, true, 0)) / divide
    dx = (p - np.eye(x.shape[2])[y]) * mask[..., None] / divide
    return loss, dx


@replaces("temporal_softmax_loss")
def mask_ignored(x, y, mask, verbose=False):
    """Masked places count. What is filled up with `<NULL>` belongs neither in the loss nor in the
    gradient."""
    return softmax_loss(x, y, np.ones_like(mask))


@replaces("temporal_softmax_loss")
def mask_only_in_the_loss(x, y, mask, verbose=False):
    """The loss is right, but masked places receive a gradient. A place that is not in the loss cannot have
    one."""
    return reference.temporal_softmax_loss(x, y, mask)[0], softmax_loss(x, y, np.ones_like(mask))[1]


@replaces("temporal_softmax_loss")
def mask_only_in_the_gradient(x, y, mask, verbose=False):
    """`dx` is what it should be, so it is the loss that is not: do masked places count in it?"""
    return softmax_loss(x, y, np.ones_like(mask))[0], reference.temporal_softmax_loss(x, y, mask)[1]


@replaces("temporal_softmax_loss")
def mask_the_wrong_way_round(x, y, mask, verbose=False):
    """The mask works the wrong way round: it is true where a word *counts*."""
    return softmax_loss(x, y, ~mask)


@replaces("temporal_softmax_loss")
def mean_over_time_too(x, y, mask, verbose=False):
    """The loss is divided by N T. The convention here: a sum over time, a mean over the batch only."""
    return softmax_loss(x, y, mask, divide=mask.size)


@replaces("temporal_softmax_loss")
def mean_over_words_that_count(x, y, mask, verbose=False):
    """The loss is divided by the number of words that count. The convention here: divide by the size of the
    batch N."""
    return softmax_loss(x, y, mask, divide=mask.sum())


@replaces("temporal_softmax_loss")
def sum_over_the_batch(x, y, mask, verbose=False):
    """The loss is too large by a factor of N: average over the batch, in the loss and in the gradient."""
    return softmax_loss(x, y, mask, divide=1)


@replaces("temporal_softmax_loss")
def gradient_not_averaged(x, y, mask, verbose=False):
    """The loss is right, the gradient too large by a factor of N: what the loss is divided by divides the
    gradient, too."""
    loss, dx = reference.temporal_softmax_loss(x, y, mask)
    return loss, dx * len(x)


@replaces("temporal_softmax_loss")
def gradient_is_the_probability(x, y, mask, verbose=False):
    """The gradient lacks a term at the true word. Compare it with the formula: something is subtracted
    there."""
    loss, dx = reference.temporal_softmax_loss(x, y, mask)
    return loss, dx + np.eye(x.shape[2])[y] * mask[..., None] / len(x)


@replaces("temporal_softmax_loss")
def gradient_with_the_wrong_sign(x, y, mask, verbose=False):
    """The gradient points the other way: it has the opposite sign."""
    loss, dx = reference.temporal_softmax_loss(x, y, mask)
    return loss, -dx


@replaces("temporal_softmax_loss", seen=True)
def scores_overflow(x, y, mask, verbose=False):
    """Large scores make the exponentials overflow, or all vanish. Shift the scores before taking them, each
    place by a number of its own: what can be subtracted from all scores of a place without changing a
    probability?"""
    return softmax_loss(x, y, mask, largest=0.0)


@replaces("temporal_softmax_loss")
def small_number_in_the_logarithm(x, y, mask, verbose=False):
    """A small number inside the logarithm hides a probability of zero and makes the loss wrong. With the
    logarithm taken by hand, score minus log-sum, no zero arises and nothing has to be hidden."""
    return softmax_loss(x, y, mask, log_of=lambda p: np.log(p + 1e-8))


@replaces("temporal_softmax_loss", seen=True)
def logarithm_of_a_vanished_probability(x, y, mask, verbose=False):
    """`dx` is right, and the loss is not finite: the scores are shifted, but a probability has become 0 all the same,
    and then its logarithm was taken. Take it by hand: score minus the logarithm of the sum of the exponentials."""
    shifted = np.exp(x - x.max(axis=2, keepdims=True))
    p = shifted / shifted.sum(axis=2, keepdims=True)
    with np.errstate(all="ignore"):
        loss = -np.sum(mask * np.log(np.take_along_axis(p, y[..., None], axis=2)[..., 0])) / len(x)
    return loss, reference.temporal_softmax_loss(x, y, mask)[1]


@replaces("temporal_softmax_loss")
def gradient_averaged_over_time_too(x, y, mask, verbose=False):
    """The loss is right, and `dx` is too small by a factor of T: what the loss is divided by, N, divides the gradient,
    and nothing else."""
    loss, dx = reference.temporal_softmax_loss(x, y, mask)
    return loss, dx / x.shape[1]


@replaces("temporal_softmax_loss")
def one_subtracted_in_the_columns_of_all_labels(x, y, mask, verbose=False):
    """One is subtracted in every row, in the columns of all labels. Each place has a single true word: pair the
    number of each row with its own label."""
    N, T, V = x.shape
    loss, dx = reference.temporal_softmax_loss(x, y, mask)
    dscores = softmax_loss(x, y, np.ones_like(mask), divide=1)[1].reshape(N * T, V)
    dscores[np.arange(N * T), y.ravel()] += 1
    dscores[:, y.ravel()] -= 1
    return loss, dscores.reshape(N, T, V) * mask[..., None] / N


@also_correct("temporal_softmax_loss")
def loss_with_loops(x, y, mask, verbose=False):
    loss, dx = 0.0, np.zeros(x.shape)
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            if mask[n, t]:
                log_p = x[n, t] - np.logaddexp.reduce(x[n, t])
                loss -= log_p[y[n, t]]
                dx[n, t] = np.exp(log_p)
                dx[n, t, y[n, t]] -= 1
    return loss / len(x), dx / len(x)


@also_correct("temporal_softmax_loss")
def loss_of_the_words_that_count(x, y, mask, verbose=True):
    mask = np.asarray(mask) > 0
    x -= np.max(x, axis=-1)[:, :, np.newaxis]
    kept = x[mask]
    log_p = kept - np.log(np.sum(np.exp(kept), axis=-1, keepdims=True))
    one_hot = np.eye(x.shape[-1])[y[mask]]
    dx = np.zeros_like(x)
    dx[mask] = (np.exp(log_p) - one_hot) / x.shape[0]
    return -(log_p * one_hot).sum() / x.shape[0], dx


# ---- the captioner: loss ---------------------------------------------------------------------------------


def captioner_loss(model, features, captions, inputs=None, outputs=None, mask=None, first=lambda h: h):
    """The reference's loss with other inputs, outputs, mask, or a first memory that has been changed."""
    forward, backward = {"rnn": (reference.rnn_forward, reference.rnn_backward),
                         "lstm": (reference.lstm_forward, reference.lstm_backward)}[model.cell_type]
    p, grads = model.params, {}
    inputs = captions[:, :-1] if inputs is None else inputs
    outputs = captions[:, 1:] if outputs is None else outputs
    mask = outputs != model._null if mask is None else mask
    h0, proj_cache = reference.affine_forward(features, p["W_proj"], p["b_proj"])
    x, embed_cache = reference.word_embedding_forward(inputs, p["W_embed"])
    h, cell_cache = forward(x, first(h0), p["Wx"], p["Wh"], p["b"])
    scores, vocab_cache = reference.temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    loss, dscores = reference.temporal_softmax_loss(scores, outputs, mask)
    dh, grads["W_vocab"], grads["b_vocab"] = reference.temporal_affine_backward(dscores, vocab_cache)
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = backward(dh, cell_cache)
    grads["W_embed"] = reference.word_embedding_backward(dx, embed_cache)
    _, grads["W_proj"], grads["b_proj"] = reference.affine_backward(dh0, proj_cache)
    return loss, grads


def changed_gradients(model, features, captions, **changes):
    """The reference's loss, with functions applied to some of the gradients."""
    loss, grads = captioner_loss(model, features, captions)
    return loss, grads | {name: change(grads[name]) for name, change in changes.items()}


@replaces("CaptioningRNN.loss")
def captions_not_shifted(self, features, captions):
    """What goes in and what is expected out are the same words: copying would be enough. At each time the
    *next* word is expected."""
    return captioner_loss(self, features, captions, inputs=captions[:, :-1], outputs=captions[:, :-1])


@replaces("CaptioningRNN.loss")
def captions_shifted_the_wrong_way(self, features, captions):
    """The network is asked for the word *before* the one that it reads. Which of the two starts with
    `<START>`?"""
    return captioner_loss(self, features, captions, inputs=captions[:, 1:], outputs=captions[:, :-1])


@replaces("CaptioningRNN.loss")
def padding_counts(self, features, captions):
    """`<NULL>` counts as a word to be learnt. The mask should be false where `<NULL>` is expected."""
    return captioner_loss(self, features, captions, mask=np.ones(captions[:, 1:].shape, dtype=bool))


@replaces("CaptioningRNN.loss")
def mask_made_from_the_inputs(self, features, captions):
    """The mask is made from the words that go *in*. So the last `<NULL>` of a sentence counts: make it from
    the words that are expected out."""
    return captioner_loss(self, features, captions, mask=captions[:, :-1] != self._null)


@replaces("CaptioningRNN.loss")
def end_does_not_count(self, features, captions):
    """`<END>` is masked, too. Then the network never learns to stop: `<END>` counts like any other word."""
    expected = captions[:, 1:]
    return captioner_loss(self, features, captions, mask=(expected != self._null) & (expected != self._end))


@replaces("CaptioningRNN.loss")
def padding_is_word_zero(self, features, captions):
    """The mask takes word 0 for `<NULL>`. Its number depends on the vocabulary; the constructor has put it
    into an attribute."""
    return captioner_loss(self, features, captions, mask=captions[:, 1:] != 0)


@replaces("CaptioningRNN.loss")
def first_memory_without_bias(self, features, captions):
    """The first memory lacks `b_proj`."""
    return captioner_loss(self, features, captions, first=lambda h: h - self.params["b_proj"])


@replaces("CaptioningRNN.loss")
def first_memory_squashed(self, features, captions):
    """The first memory is squashed. It is an affine map of the features, and no more."""
    return captioner_loss(self, features, captions, first=np.tanh)


@replaces("CaptioningRNN.loss")
def picture_not_used(self, features, captions):
    """The first memory is zero, so the caption does not depend on the picture. Where do the features
    enter?"""
    return captioner_loss(self, features, captions, first=np.zeros_like)


@replaces("CaptioningRNN.loss")
def loss_averaged_over_words(self, features, captions):
    """The loss is a mean over words. It is the sum over the words of a sentence, averaged over sentences:
    use `temporal_softmax_loss` as it is."""
    loss, grads = captioner_loss(self, features, captions)
    count = np.sum(captions[:, 1:] != self._null) / len(captions)
    return loss / count, {name: grad / count for name, grad in grads.items()}


@replaces("CaptioningRNN.loss")
def projection_gradient_is_a_mean(self, features, captions):
    """`grads["b_proj"]` is too small by a factor of N: the gradient of a bias is a sum over the batch."""
    return changed_gradients(self, features, captions, b_proj=lambda grad: grad / len(features))


@replaces("CaptioningRNN.loss", seen=True)
def word_vectors_not_learnt(self, features, captions):
    """`grads["W_embed"]` is zero: the gradient of the RNN's inputs has to go on into the table of word
    vectors."""
    return changed_gradients(self, features, captions, W_embed=np.zeros_like)


@replaces("CaptioningRNN.loss", seen=True)
def picture_weights_not_learnt(self, features, captions):
    """`grads["W_proj"]` is zero: the walk back ends at the first memory, and goes on
    from there into the projection of the picture."""
    return changed_gradients(self, features, captions, W_proj=np.zeros_like, b_proj=np.zeros_like)


@replaces("CaptioningRNN.loss")
def first_memory_gradient_from_the_layer_above(self, features, captions):
    """The projection of the picture gets the gradient of the memory *after* the first word, straight from
    the layer above. It needs the gradient of the memory before the first word, which the RNN's backward
    pass returns."""
    p = self.params
    loss, grads = captioner_loss(self, features, captions)
    h0 = features @ p["W_proj"] + p["b_proj"]
    x, _ = reference.word_embedding_forward(captions[:, :-1], p["W_embed"])
    forward = reference.rnn_forward if self.cell_type == "rnn" else reference.lstm_forward
    h, _ = forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores = h @ p["W_vocab"] + p["b_vocab"]
    _, dscores = reference.temporal_softmax_loss(scores, captions[:, 1:], captions[:, 1:] != self._null)
    dh0 = dscores[:, 0] @ p["W_vocab"].T
    return loss, grads | {"W_proj": features.T @ dh0, "b_proj": dh0.sum(axis=0)}


@also_correct("CaptioningRNN.loss")
def loss_with_a_float_mask(self, features, captions):
    mask = 1.0 * (captions[:, 1:] != self._null)
    loss, grads = captioner_loss(self, features, captions, mask=mask)
    return float(loss), dict(sorted(grads.items()))


@also_correct("CaptioningRNN.loss")
def loss_from_keyword_arguments(self, features, captions):
    p = self.params
    forward, backward = ((reference.rnn_forward, reference.rnn_backward) if self.cell_type == "rnn" else
                         (reference.lstm_forward, reference.lstm_backward))
    expected = captions[:, 1:]
    out, embedded = reference.word_embedding_forward(x=captions[:, :-1], W=p["W_embed"])
    h, cached = forward(x=out, h0=features.dot(p["W_proj"]) + p["b_proj"], Wx=p["Wx"], Wh=p["Wh"], b=p["b"])
    scores = h.dot(p["W_vocab"]) + p["b_vocab"]
    mask = (expected != self._null).astype(int)
    loss, dscores = reference.temporal_softmax_loss(x=scores, y=expected, mask=mask, verbose=False)
    dout, dh0, dWx, dWh, db = backward(dscores.dot(p["W_vocab"].T), cached)
    return loss, {"W_vocab": np.einsum("nth,ntv->hv", h, dscores), "b_vocab": dscores.sum((0, 1)),
                  "Wx": dWx, "Wh": dWh, "b": db, "W_embed": reference.word_embedding_backward(dout, embedded),
                  "W_proj": features.T.dot(dh0), "b_proj": dh0.sum(0)}


# ---- the captioner: sample -------------------------------------------------------------------------------


def say(model, features, max_length, first=lambda h: h, cell=np.zeros_like, step=None, score=None,
        choose=None, heard=lambda said, start: said, until=None):
    """Greedy decoding with one of its pieces changed. Returns captions (N, max_length), <NULL> after <END>.

    first: of the first memory; cell: the first cell from the first memory; step(x, h, c) -> h, c;
    score(h, c) -> (N, V); choose(scores) -> words (N,); heard(said, <START>) -> the next input;
    until(words) tells whether to stop at once.
    """
    p, N = model.params, len(features)
    captions = np.full((N, max_length), model._null)
    start = np.full(N, model._start)
    h = first(features @ p["W_proj"] + p["b_proj"])
    c, word, over = cell(h), start, np.zeros(N, dtype=bool)
    for t in range(max_length):
        h, c = (step or take_step)(model, p["W_embed"][word], h, c)
        scores = score(h, c) if score else h @ p["W_vocab"] + p["b_vocab"]
        said = choose(scores) if choose else scores.argmax(axis=1)
        captions[~over, t] = said[~over]
        over |= said == model._end
        word = heard(said, start)
        if until and until(said):
            break
    return captions


def take_step(model, x, h, c):
    p = model.params
    if model.cell_type == "rnn":
        return reference.rnn_step_forward(x, h, p["Wx"], p["Wh"], p["b"])[0], c
    return reference.lstm_step_forward(x, h, c, p["Wx"], p["Wh"], p["b"])[:2]


@replaces("CaptioningRNN.sample")
def start_in_slot_zero(self, features, max_length=30):
    """Slot 0 holds `<START>`, so everything else is late by one. `<START>` is what the network hears first,
    not what it says."""
    captions = say(self, features, max_length)
    return np.hstack([np.full((len(features), 1), self._start), captions[:, :-1]])


@replaces("CaptioningRNN.sample")
def always_hears_start(self, features, max_length=30):
    """The network hears `<START>` at every step: the word that it has just said is never fed back."""
    return say(self, features, max_length, heard=lambda said, start: start)


@replaces("CaptioningRNN.sample")
def memory_not_handed_on(self, features, max_length=30):
    """Each word is said from the first memory: the memory after a step is not kept for the next one."""
    p = self.params
    h0 = features @ p["W_proj"] + p["b_proj"]
    return say(self, features, max_length, step=lambda model, x, h, c: take_step(model, x, h0, 0 * h0))


@replaces("CaptioningRNN.sample")
def step_without_squashing(self, features, max_length=30):
    """The step of `sample` is not the step that was trained: the tanh is missing. Call the step function
    that you have written."""
    p = self.params

    def step(model, x, h, c):
        if model.cell_type == "lstm":
            return take_step(model, x, h, c)
        return x @ p["Wx"] + h @ p["Wh"] + p["b"], c

    return say(self, features, max_length, step=step)


@replaces("CaptioningRNN.sample")
def same_word_for_the_whole_batch(self, features, max_length=30):
    """All pictures are given the words of the first one. Choose the best word for each row of the batch."""
    return say(self, features, max_length, choose=lambda scores: np.full(len(scores), scores[0].argmax()))


@replaces("CaptioningRNN.sample")
def stops_when_the_first_caption_ends(self, features, max_length=30):
    """As soon as one caption ends, all of them stop. The others still have something to say."""
    return say(self, features, max_length, until=lambda said: (said == self._end).any())


@replaces("CaptioningRNN.sample")
def speaks_from_an_empty_memory(self, features, max_length=30):
    """The first memory is empty, so that all pictures are given the same caption. Where do the features
    enter?"""
    return say(self, features, max_length, first=np.zeros_like)


@replaces("CaptioningRNN.sample")
def speaks_without_projection_bias(self, features, max_length=30):
    """The first memory lacks `b_proj`: it has to be made as it was in `loss`."""
    return say(self, features, max_length, first=lambda h: h - self.params["b_proj"])


@replaces("CaptioningRNN.sample")
def speaks_from_a_squashed_memory(self, features, max_length=30):
    """The first memory is squashed in `sample`, and was not in `loss`."""
    return say(self, features, max_length, first=np.tanh)


@replaces("CaptioningRNN.sample")
def scores_without_bias(self, features, max_length=30):
    """The scores lack `b_vocab`: they have to be made as they were in `loss`."""
    return say(self, features, max_length, score=lambda h, c: h @ self.params["W_vocab"])


@replaces("CaptioningRNN.sample")
def end_is_not_written_down(self, features, max_length=30):
    """`<END>` is missing at the end of the captions. It is a word that was said, so it stands in the
    caption."""
    captions = say(self, features, max_length)
    return np.where(captions == self._end, self._null, captions)


@replaces("CaptioningRNN.sample")
def hears_every_word_one_step_late(self, features, max_length=30):
    """The network hears each of its words one step too late: the input of a step is the word said in the
    step just before."""
    memory = []

    def heard(said, start):
        memory.append(said)
        return memory[-2] if len(memory) > 1 else start

    return say(self, features, max_length, heard=heard)


@replaces("CaptioningRNN.sample")
def hears_null_instead_of_its_words(self, features, max_length=30):
    """From the second step on the network hears `<NULL>`. Is the next input read from a slot that has not
    been written yet?"""
    return say(self, features, max_length, heard=lambda said, start: np.full_like(said, self._null))


@replaces("CaptioningRNN.sample")
def hears_start_twice(self, features, max_length=30):
    """`<START>` goes in twice: the first step is used up before anything is written down."""
    p = self.params

    def first(h):
        return take_step(self, p["W_embed"][np.full(len(h), self._start)], h, np.zeros_like(h))[0]

    return say(self, features, max_length, first=first)


@replaces("CaptioningRNN.sample")
def cell_emptied_while_speaking(self, features, max_length=30):
    """The LSTM's cell is emptied at each word. Hand it from step to step, as the hidden state is."""
    return say(self, features, max_length, step=lambda model, x, h, c: take_step(model, x, h, 0 * h))


@replaces("CaptioningRNN.sample")
def cell_begins_as_the_first_memory(self, features, max_length=30):
    """The LSTM's cell begins as a copy of the first hidden state. In training it began empty."""
    return say(self, features, max_length, cell=lambda h: h)


@replaces("CaptioningRNN.sample")
def cell_begins_with_ones(self, features, max_length=30):
    """The LSTM's cell begins with ones. In training it began empty, at zero."""
    return say(self, features, max_length, cell=np.ones_like)


@replaces("CaptioningRNN.sample")
def scores_from_the_cell(self, features, max_length=30):
    """The LSTM's words are chosen from its cell. The layer above reads the hidden state."""
    p = self.params
    return say(self, features, max_length,
               score=lambda h, c: (h if self.cell_type == "rnn" else c) @ p["W_vocab"] + p["b_vocab"])


@replaces("CaptioningRNN.sample")
def best_picture_for_each_word(self, features, max_length=30):
    """The largest score is looked for along the batch, which gives a number for each word of the vocabulary. Look along
    the words: one number for each picture."""
    p, captions = self.params, np.full((len(features), max_length), self._null)
    h, word = features @ p["W_proj"] + p["b_proj"], np.full(len(features), self._start)
    c = np.zeros_like(h)
    for t in range(max_length):
        h, c = take_step(self, p["W_embed"][word], h, c)
        captions[:, t] = word = np.argmax(h @ p["W_vocab"] + p["b_vocab"], axis=0)
    return captions


@also_correct("CaptioningRNN.sample")
def goes_on_after_the_end(self, features, max_length=30):
    captions = self._null * np.ones((len(features), max_length), dtype=np.int32)
    p, word = self.params, np.full((len(features), 1), self._start)
    h = features @ p["W_proj"] + p["b_proj"]
    c = np.zeros(h.shape)
    for t in range(max_length):
        h, c = take_step(self, p["W_embed"][word][:, 0], h, c)
        captions[:, t] = np.argmax(h @ p["W_vocab"] + p["b_vocab"], axis=1)
        word = captions[:, t : t + 1]
    return captions


@also_correct("CaptioningRNN.sample")
def one_picture_after_the_other(self, features, max_length=30):
    p, captions = self.params, []
    for picture in features:
        h = picture[None] @ p["W_proj"] + p["b_proj"]
        c, words = np.zeros_like(h), [self._start]
        while len(words) <= max_length and words[-1] != self._end:
            h, c = take_step(self, p["W_embed"][words[-1:]], h, c)
            words.append(int((h[0] @ p["W_vocab"] + p["b_vocab"]).argmax()))
        captions.append(words[1:] + [self._null] * (max_length + 1 - len(words)))
    return np.array(captions)


# ---- BLEU ------------------------------------------------------------------------------------------------


def ngrams(words, n):
    return Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1))


def closest(lengths, said):
    return min(lengths, key=lambda length: (abs(length - said), length))


def score_corpus(references, hypotheses, orders=4, cut=str.split, clip=True, join=Counter.__or__, ngrams=ngrams, add=0,
                 length=closest, mean=lambda p: np.exp(np.mean(np.log(p))),
                 penalty=lambda c, r: min(1.0, np.exp(1 - r / c))):
    """BLEU with one of its pieces changed."""
    matches, totals, c, r = np.full(orders, float(add)), np.full(orders, float(add)), 0, 0
    for group, hypothesis in zip(references, hypotheses):
        said, truths = cut(hypothesis), [cut(reference) for reference in group]
        c, r = c + len(said), r + length([len(truth) for truth in truths], len(said))
        for n in range(1, orders + 1):
            counts, allowed = ngrams(said, n), Counter()
            for truth in truths:
                allowed = join(allowed, ngrams(truth, n))
            matches[n - 1] += sum(min(count, allowed[gram]) if clip else count * (gram in allowed)
                                  for gram, count in counts.items())
            totals[n - 1] += sum(counts.values())
    return float(penalty(c, r) * mean(matches / totals)) if matches.all() else 0.0


@replaces("bleu")
def counts_not_clipped(references, hypotheses):
    """A run of words that is repeated scores each time. It may not count more often than in a reference:
    the minimum in the formula."""
    return score_corpus(references, hypotheses, clip=False)


@replaces("bleu")
def clipped_by_the_sum_of_the_references(references, hypotheses):
    """The counts of all references are added up before clipping. What counts is the *largest* count in any
    one reference."""
    return score_corpus(references, hypotheses, join=Counter.__add__)


@replaces("bleu")
def no_brevity_penalty(references, hypotheses):
    """Short captions get off too lightly: the brevity penalty is missing, or compares them with references
    that are not the closest in length."""
    return score_corpus(references, hypotheses, penalty=lambda c, r: 1.0)


@replaces("bleu")
def long_captions_rewarded(references, hypotheses):
    """A caption longer than its reference gets a bonus. The penalty is never above 1."""
    return score_corpus(references, hypotheses, penalty=lambda c, r: np.exp(1 - r / c))


@replaces("bleu")
def brevity_ratio_upside_down(references, hypotheses):
    """In the exponent of the brevity penalty the two lengths have changed places."""
    return score_corpus(references, hypotheses, penalty=lambda c, r: 1.0 if c > r else np.exp(1 - c / r))


@replaces("bleu")
def brevity_without_exponential(references, hypotheses):
    """The brevity penalty is the ratio of the lengths. The formula has an exponential function around
    it."""
    return score_corpus(references, hypotheses, penalty=lambda c, r: min(1.0, c / r))


@replaces("bleu")
def longest_reference(references, hypotheses):
    """The brevity penalty uses the longest reference of each caption. It should be the one closest in
    length."""
    return score_corpus(references, hypotheses, length=lambda lengths, said: max(lengths))


@replaces("bleu")
def shortest_reference(references, hypotheses):
    """The brevity penalty uses the shortest reference of each caption. It should be the one closest in
    length."""
    return score_corpus(references, hypotheses, length=lambda lengths, said: min(lengths))


@replaces("bleu")
def mean_length_of_the_references(references, hypotheses):
    """The brevity penalty uses the mean length of the references. It should be the length of the closest
    one."""
    return score_corpus(references, hypotheses, length=lambda lengths, said: np.mean(lengths))


@replaces("bleu")
def longer_of_two_equally_close(references, hypotheses):
    """Where two references are equally close in length, the shorter one counts."""
    return score_corpus(references, hypotheses,
                        length=lambda lengths, said: min(lengths, key=lambda one: (abs(one - said), -one)))


@replaces("bleu")
def first_reference_only(references, hypotheses):
    """Only the first reference of each caption is looked at."""
    return score_corpus([group[:1] for group in references], hypotheses)


@replaces("bleu")
def mean_over_sentences(references, hypotheses):
    """This is the mean of the scores of single captions. Add up the counts of the whole corpus first, then
    divide."""
    return float(np.mean([score_corpus([group], [one]) for group, one in zip(references, hypotheses)]))


@replaces("bleu")
def arithmetic_mean(references, hypotheses):
    """The four precisions are averaged. The formula multiplies them and takes the fourth root."""
    return score_corpus(references, hypotheses, mean=np.mean)


@replaces("bleu")
def product_without_root(references, hypotheses):
    """The four precisions are multiplied, but the fourth root is missing."""
    return score_corpus(references, hypotheses, mean=np.prod)


@replaces("bleu")
def pairs_at_most(references, hypotheses):
    """Only single words and pairs are counted. BLEU-4 goes up to runs of four words."""
    return score_corpus(references, hypotheses, orders=2)


@replaces("bleu")
def runs_up_to_three(references, hypotheses):
    """Runs of four words are not counted. Look at the ends of your range."""
    return score_corpus(references, hypotheses, orders=3)


@replaces("bleu")
def letters_for_words(references, hypotheses):
    """Runs of *letters* are counted. A string is a sequence of letters: split it into words first."""
    return score_corpus(references, hypotheses, cut=list)


@replaces("bleu")
def each_run_counted_once(references, hypotheses):
    """A run of words that a caption repeats is counted once, as in a set. Count how often it occurs."""
    return score_corpus(references, hypotheses, ngrams=lambda words, n: Counter(set(ngrams(words, n))))


@replaces("bleu")
def last_run_left_out(references, hypotheses):
    """The last run of each length is left out: there are `len(words) - n + 1` of them."""
    return score_corpus(references, hypotheses, ngrams=lambda words, n: ngrams(words[:-1], n))


@replaces("bleu")
def counts_smoothed(references, hypotheses):
    """One is added to all counts, so that no precision is 0. That is another measure: BLEU as it is asked for here is
    not smoothed."""
    return score_corpus(references, hypotheses, add=1)


@also_correct("bleu")
def bleu_with_plain_dicts(references, hypotheses):
    logs, said, expected = [], 0, 0
    for n in (1, 2, 3, 4):
        right, total = 0, 0
        for hypothesis, group in zip(hypotheses, references):
            words = hypothesis.split(" ")
            best = {}
            for truth in group:
                truth, here = truth.split(" "), {}
                for k in range(len(truth) - n + 1):
                    gram = " ".join(truth[k : k + n])
                    here[gram] = here.get(gram, 0) + 1
                    best[gram] = max(best.get(gram, 0), here[gram])
            for k in range(len(words) - n + 1):
                gram = " ".join(words[k : k + n])
                total += 1
                if best.get(gram, 0) > 0:
                    best[gram] -= 1
                    right += 1
        if right == 0:
            return 0
        logs.append(np.log(right) - np.log(total))
    for hypothesis, group in zip(hypotheses, references):
        said += len(hypothesis.split())
        lengths = sorted(len(truth.split()) for truth in group)
        expected += lengths[int(np.argmin([abs(length - len(hypothesis.split())) for length in lengths]))]
    return np.float64(np.exp(sum(logs) / 4 + min(0, 1 - expected / said)))


@also_correct("bleu")
def bleu_from_changed_pieces(references, hypotheses):
    return np.array(score_corpus(references, hypotheses, mean=lambda p: np.prod(p) ** 0.25))


# ---- changes of the reference that change no answer ------------------------------------------------------

_AFTER_THE_END = "what is said after <END> is not compared: solutions that go on speaking are accepted"

EQUIVALENT = {
    "CaptioningRNN.sample: speaking &= word != self._end -> speaking = word != self._end": _AFTER_THE_END,
    "CaptioningRNN.sample: speaking &= word != self._end -> speaking |= word != self._end": _AFTER_THE_END,
    "CaptioningRNN.sample: speaking &= word != self._end -> pass": _AFTER_THE_END,
    "CaptioningRNN.sample: if not speaking.any(): break -> if False: break": "only saves time",
    "bleu: min(0.0, 1 - closest / length) -> min(1 - closest / length, 0.0)": "the order does not matter",
    "bleu: len(truth) - len(words) -> len(words) - len(truth)": "inside an absolute value",
}
