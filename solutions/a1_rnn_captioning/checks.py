"""What must be true of assignment 1.

Letters: N batch, T time, D width of an input, H hidden, V vocabulary, W width of a word vector.
"""

import copy
import functools

import numpy as np

from autograder.examine import gradient, part, points, require, returns, same

part("rnn_step_forward", family="rnn", forbids=["torch"])
part("rnn_step_backward", family="rnn", waits_for=["rnn_step_forward"], forbids=["torch"])
part("rnn_forward", family="rnn", builds_on=["rnn_step_forward"], forbids=["torch"])
part("rnn_backward", family="rnn", waits_for=["rnn_step_forward", "rnn_step_backward", "rnn_forward"],
     forbids=["torch"])
part("lstm_step_forward", family="lstm", forbids=["torch"])
part("lstm_step_backward", family="lstm", waits_for=["lstm_step_forward"], forbids=["torch"])
part("lstm_forward", family="lstm", builds_on=["lstm_step_forward"], forbids=["torch"])
part("lstm_backward", family="lstm", waits_for=["lstm_step_forward", "lstm_step_backward", "lstm_forward"],
     forbids=["torch"])
part("word_embedding_forward", family="embedding", forbids=["torch"])
part("word_embedding_backward", family="embedding", waits_for=["word_embedding_forward"], forbids=["torch"])
part("temporal_softmax_loss", forbids=["torch"])
part("captioning_loss", builds_on=[
    "rnn_step_forward", "rnn_step_backward", "rnn_forward", "rnn_backward",
    "word_embedding_forward", "word_embedding_backward", "temporal_softmax_loss"], forbids=["torch"])
part("captioning_sample", builds_on=["rnn_step_forward", "word_embedding_forward"], forbids=["torch"])
part("captioning_lstm", builds_on=[
    "lstm_step_forward", "lstm_step_backward", "lstm_forward", "lstm_backward",
    "word_embedding_forward", "word_embedding_backward", "temporal_softmax_loss"], forbids=["torch"])
part("bleu", forbids=["nltk", "sacrebleu", "torch", "torchmetrics"])


# ---- one step of a recurrent network ---------------------------------------------------------------------

WEIGHTS = ("Wx", "Wh", "b")
STEP_AXES = {"dx": "N D", "dprev_h": "N H", "dprev_c": "N H", "dWx": "D H", "dWh": "H H", "db": "H"}


def step_inputs(rng, N, D, H, gates=1):
    """x (N, D), prev_h (N, H), Wx (D, gates H), Wh (H, gates H), b (gates H)."""
    shapes = ((N, D), (N, H), (D, gates * H), (H, gates * H), (gates * H,))
    return [0.5 * rng.normal(size=shape) for shape in shapes]


def varying(function, inputs, place):
    """The function of one of its inputs alone, the others held fixed."""
    return lambda value: function(*inputs[:place], value, *inputs[place + 1 :])


def numeric_step(student, inputs, dnext_h, *places):
    """The student's gradients of one step against differences of the student's own forward step."""
    _, cache = returns(student.rnn_step_forward(*inputs), "next_h", "cache")
    got = returns(student.rnn_step_backward(dnext_h, cache), "dx", "dprev_h", "dWx", "dWh", "db")
    for place in places:
        name = ("dx", "dprev_h", "dWx", "dWh", "db")[place]
        step = varying(lambda *inputs: student.rnn_step_forward(*inputs)[0], inputs, place)
        gradient(step, inputs[place], dnext_h, got[place], name, axes=STEP_AXES[name])


@points("rnn_step_forward", 1)
def test_rnn_step_by_hand(student):
    """the worked example: one sentence, two inputs, two hidden numbers"""
    x, h, b = np.array([[1.0, 2.0]]), np.array([[0.5, -0.5]]), np.array([0.1, 0.0])
    Wx, Wh = np.array([[0.1, 0.0], [0.1, -0.3]]), np.array([[0.4, 0.2], [0.0, 0.2]])
    next_h, _ = returns(student.rnn_step_forward(x, h, Wx, Wh, b), "next_h", "cache")
    same(next_h, np.tanh([[0.6, -0.6]]), "next_h", axes="N H")


@points("rnn_step_forward", 1)
def test_rnn_step_value(student, reference, rng):
    """the next hidden state equals the reference on a random batch"""
    inputs = step_inputs(rng, N=3, D=5, H=7)
    next_h, _ = returns(student.rnn_step_forward(*inputs), "next_h", "cache")
    same(next_h, reference.rnn_step_forward(*inputs)[0], "next_h", axes="N H")


### BEGIN HIDDEN TESTS
@points("rnn_step_forward", 1)
def test_rnn_step_value_other_sizes(student, reference, rng):
    """the next hidden state equals the reference where D is larger than H, and for large inputs"""
    x, *rest = step_inputs(rng, N=5, D=11, H=3)
    for factor in (9, 900):    # an exponential of these overflows in float32, and in float64
        next_h, _ = returns(student.rnn_step_forward(factor * x, *rest), "next_h", "cache")
        same(next_h, reference.rnn_step_forward(factor * x, *rest)[0], "next_h", axes="N H")


@points("rnn_step_forward", 1)
def test_rnn_step_rows_are_independent(student, reference, rng):
    """a sentence alone gives what it gives in a batch"""
    x, h, *weights = step_inputs(rng, N=5, D=7, H=3)
    want, _ = reference.rnn_step_forward(x, h, *weights)
    next_h, _ = returns(student.rnn_step_forward(x[2:3], h[2:3], *weights), "next_h", "cache")
    same(next_h, want[2:3], "next_h", axes="N H")
### END HIDDEN TESTS


@points("rnn_step_backward", 1.5)
def test_rnn_step_gradient_of_inputs(student, rng):
    """`dx` and `dprev_h` are the gradients of your forward step"""
    numeric_step(student, step_inputs(rng, N=3, D=5, H=7), rng.normal(size=(3, 7)), 0, 1)


@points("rnn_step_backward", 1.5)
def test_rnn_step_gradient_of_weights(student, rng):
    """`dWx` and `dWh` are the gradients of your forward step"""
    numeric_step(student, step_inputs(rng, N=3, D=5, H=7), rng.normal(size=(3, 7)), 2, 3)


@points("rnn_step_backward", 0.5)
def test_rnn_step_gradient_of_bias(student, rng):
    """`db` is the gradient of your forward step"""
    numeric_step(student, step_inputs(rng, N=3, D=5, H=7), rng.normal(size=(3, 7)), 4)


### BEGIN HIDDEN TESTS
def step_gradients(owner, inputs, dnext_h):
    _, cache = returns(owner.rnn_step_forward(*inputs), "next_h", "cache")
    return returns(owner.rnn_step_backward(dnext_h, cache), "dx", "dprev_h", "dWx", "dWh", "db")


@points("rnn_step_backward", 2.5)
def test_rnn_step_gradients_other_sizes(student, reference, rng):
    """all five gradients equal the reference where D is larger than H"""
    inputs, dnext_h = step_inputs(rng, N=5, D=11, H=3), rng.normal(size=(5, 3))
    got, want = step_gradients(student, inputs, dnext_h), step_gradients(reference, inputs, dnext_h)
    for name, one, other in zip(("dx", "dprev_h", "dWx", "dWh", "db"), got, want):
        same(one, other, name, axes=STEP_AXES[name])


@points("rnn_step_backward", 1)
def test_rnn_step_gradient_of_one_output(student, reference, rng):
    """a gradient on a single output reaches its own column of the weights, and no other"""
    inputs, dnext_h = step_inputs(rng, N=5, D=3, H=7), np.zeros((5, 7))
    dnext_h[1, 4] = 1.0
    _, _, dWx, dWh, db = step_gradients(student, inputs, dnext_h)
    want = step_gradients(reference, inputs, dnext_h)
    for name, one, other in zip(("dWx", "dWh", "db"), (dWx, dWh, db), want[2:]):
        same(one, other, name, axes=STEP_AXES[name])
### END HIDDEN TESTS


# ---- a whole sequence ------------------------------------------------------------------------------------

SEQUENCE_NAMES = ("dx", "dh0", "dWx", "dWh", "db")
SEQUENCE_AXES = ("N T D", "N H", "D H", "H H", "H")


def sequence_inputs(rng, N, T, D, H, gates=1):
    """x (N, T, D), h0 (N, H), Wx (D, gates H), Wh (H, gates H), b (gates H)."""
    _, h0, Wx, Wh, b = step_inputs(rng, N, D, H, gates)
    return [rng.normal(size=(N, T, D)), h0, Wx, Wh, b]


def sequence_gradients(owner, cell, inputs, dh):
    """The five gradients of a whole sequence; cell is "rnn" or "lstm"."""
    _, cache = returns(getattr(owner, f"{cell}_forward")(*inputs), "h", "cache")
    return returns(getattr(owner, f"{cell}_backward")(dh, cache), *SEQUENCE_NAMES)


def numeric_sequence(student, cell, inputs, dh, *places):
    """The student's gradients of a sequence against differences of the student's own forward pass."""
    got = sequence_gradients(student, cell, inputs, dh)
    forward = getattr(student, f"{cell}_forward")
    for place in places:
        name, axes = SEQUENCE_NAMES[place], SEQUENCE_AXES[place]
        sequence = varying(lambda *inputs: forward(*inputs)[0], inputs, place)
        gradient(sequence, inputs[place], dh, got[place], name, axes=axes)


def same_gradients(student, reference, cell, inputs, dh):
    """All five gradients of a sequence equal the reference's."""
    got, want = (sequence_gradients(owner, cell, inputs, dh) for owner in (student, reference))
    for name, axes, one, other in zip(SEQUENCE_NAMES, SEQUENCE_AXES, got, want):
        same(one, other, name, axes=axes)


@points("rnn_forward", 1.5)
def test_rnn_forward_value(student, reference, rng):
    """the hidden states equal the reference on a random batch of sequences"""
    inputs = sequence_inputs(rng, N=3, T=5, D=2, H=7)
    h, _ = returns(student.rnn_forward(*inputs), "h", "cache")
    same(h, reference.rnn_forward(*inputs)[0], "h", axes="N T H")


@points("rnn_forward", 1)
def test_rnn_forward_does_not_see_the_future(student, rng):
    """a change of the word at time 3 changes nothing before time 3, and everything after it"""
    x, *rest = sequence_inputs(rng, N=2, T=7, D=3, H=5)
    before, _ = returns(student.rnn_forward(x, *rest), "h", "cache")
    x[:, 3] += 1.0
    after, _ = returns(student.rnn_forward(x, *rest), "h", "cache")
    same(after[:, :3], before[:, :3], "h[:, :3]", axes="N T H", rel_error=1e-12)
    moved = np.abs(after - before).max(axis=(0, 2)) > 1e-9
    require(moved[3:].all(), "the memory after time 3 depends on the word at time 3",
            f"the hidden states at times {np.flatnonzero(moved).tolist()} of 0 to 6 change")


### BEGIN HIDDEN TESTS
@points("rnn_forward", 1.5)
def test_rnn_forward_value_other_sizes(student, reference, rng):
    """the hidden states equal the reference for long sequences of wide inputs"""
    inputs = sequence_inputs(rng, N=2, T=13, D=11, H=3)
    h, _ = returns(student.rnn_forward(*inputs), "h", "cache")
    same(h, reference.rnn_forward(*inputs)[0], "h", axes="N T H")


@points("rnn_forward", 1)
def test_rnn_forward_can_be_resumed(student, reference, rng):
    """starting from a later memory gives the rest of the sequence"""
    x, h0, *weights = sequence_inputs(rng, N=3, T=7, D=2, H=5)
    want, _ = reference.rnn_forward(x, h0, *weights)
    h, _ = returns(student.rnn_forward(x[:, 3:], want[:, 2], *weights), "h", "cache")
    same(h, want[:, 3:], "h", axes="N T H")
### END HIDDEN TESTS


@points("rnn_backward", 2.5)
def test_rnn_backward_gradient_of_inputs(student, rng):
    """`dx` and `dh0` are the gradients of your forward pass"""
    inputs, dh = sequence_inputs(rng, N=2, T=5, D=3, H=7), rng.normal(size=(2, 5, 7))
    numeric_sequence(student, "rnn", inputs, dh, 0, 1)


@points("rnn_backward", 2.5)
def test_rnn_backward_gradient_of_weights(student, rng):
    """`dWx`, `dWh` and `db` are the gradients of your forward pass"""
    inputs, dh = sequence_inputs(rng, N=2, T=5, D=3, H=7), rng.normal(size=(2, 5, 7))
    numeric_sequence(student, "rnn", inputs, dh, 2, 3, 4)


### BEGIN HIDDEN TESTS
@points("rnn_backward", 3)
def test_rnn_backward_other_sizes(student, reference, rng):
    """all five gradients equal the reference for other sizes"""
    inputs, dh = sequence_inputs(rng, N=3, T=7, D=11, H=5), rng.normal(size=(3, 7, 5))
    same_gradients(student, reference, "rnn", inputs, dh)


@points("rnn_backward", 2)
def test_rnn_backward_from_the_last_step(student, reference, rng):
    """a gradient on the last memory alone reaches every earlier word"""
    inputs, dh = sequence_inputs(rng, N=2, T=5, D=3, H=7), np.zeros((2, 5, 7))
    dh[:, -1] = rng.normal(size=(2, 7))
    same_gradients(student, reference, "rnn", inputs, dh)
### END HIDDEN TESTS


# ---- the LSTM --------------------------------------------------------------------------------------------

LSTM_NAMES = ("dx", "dprev_h", "dprev_c", "dWx", "dWh", "db")


def lstm_inputs(rng, N, D, H):
    """x (N, D), prev_h (N, H), prev_c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H)."""
    x, prev_h, *weights = step_inputs(rng, N, D, H, gates=4)
    return [x, prev_h, rng.normal(size=(N, H)), *weights]


def lstm_gradients(owner, inputs, dnext_h, dnext_c):
    _, _, cache = returns(owner.lstm_step_forward(*inputs), "next_h", "next_c", "cache")
    return returns(owner.lstm_step_backward(dnext_h, dnext_c, cache), *LSTM_NAMES)


def numeric_lstm_step(student, rng, *places):
    """The student's gradients of one LSTM step against differences of the student's own forward step."""
    inputs, dnext_h, dnext_c = lstm_inputs(rng, N=3, D=5, H=7), *rng.normal(size=(2, 3, 7))
    got = lstm_gradients(student, inputs, dnext_h, dnext_c)
    for place in places:
        name = LSTM_NAMES[place]
        step = varying(lambda *inputs: np.stack(student.lstm_step_forward(*inputs)[:2]), inputs, place)
        gradient(step, inputs[place], np.stack([dnext_h, dnext_c]), got[place], name, axes=STEP_AXES[name])


def same_lstm_gradients(student, reference, inputs, dnext_h, dnext_c):
    got, want = (lstm_gradients(owner, inputs, dnext_h, dnext_c) for owner in (student, reference))
    for name, one, other in zip(LSTM_NAMES, got, want):
        same(one, other, name, axes=STEP_AXES[name])


def same_memories(student, reference, inputs):
    got = returns(student.lstm_step_forward(*inputs), "next_h", "next_c", "cache")
    want = reference.lstm_step_forward(*inputs)
    same(got[1], want[1], "next_c", axes="N H")
    same(got[0], want[0], "next_h", axes="N H")


@points("lstm_step_forward", 1)
def test_lstm_step_by_hand(student):
    """the worked example: gates of 0.5, something new of 0.8, a cell of 1"""
    a = np.array([0.0, 0.0, 0.0, np.log(3.0)])
    got = student.lstm_step_forward(np.zeros((1, 2)), np.zeros((1, 1)), np.ones((1, 1)), np.zeros((2, 4)),
                                    np.zeros((1, 4)), a)
    next_h, next_c, _ = returns(got, "next_h", "next_c", "cache")
    same(next_c, [[0.9]], "next_c", axes="N H")
    same(next_h, [[0.5 * np.tanh(0.9)]], "next_h", axes="N H")


@points("lstm_step_forward", 1.5)
def test_lstm_step_value(student, reference, rng):
    """the cell and the hidden state equal the reference on a random batch"""
    same_memories(student, reference, lstm_inputs(rng, N=3, D=5, H=7))


### BEGIN HIDDEN TESTS
@points("lstm_step_forward", 1.5)
def test_lstm_step_value_other_sizes(student, reference, rng):
    """the cell and the hidden state equal the reference where D is larger than H"""
    same_memories(student, reference, lstm_inputs(rng, N=5, D=11, H=3))


@points("lstm_step_forward", 1)
def test_lstm_step_keeps_its_cell(student, rng):
    """with the forget gate wide open and the input gate shut, the cell stays as it is"""
    inputs = lstm_inputs(rng, N=5, D=2, H=3)
    inputs[5] = np.repeat([-50.0, 50.0, 0.0, 0.0], 3)    # b: i shut, f open
    _, next_c, _ = returns(student.lstm_step_forward(*inputs), "next_h", "next_c", "cache")
    same(next_c, inputs[2], "next_c", axes="N H", rel_error=1e-10)
### END HIDDEN TESTS


@points("lstm_step_backward", 1.5)
def test_lstm_step_gradient_of_inputs(student, rng):
    """`dx` and `dprev_h` are the gradients of your forward step"""
    numeric_lstm_step(student, rng, 0, 1)


@points("lstm_step_backward", 0.5)
def test_lstm_step_gradient_of_cell(student, rng):
    """`dprev_c` is the gradient of your forward step"""
    numeric_lstm_step(student, rng, 2)


@points("lstm_step_backward", 1.5)
def test_lstm_step_gradient_of_weights(student, rng):
    """`dWx`, `dWh` and `db` are the gradients of your forward step"""
    numeric_lstm_step(student, rng, 3, 4, 5)


### BEGIN HIDDEN TESTS
@points("lstm_step_backward", 1.5)
def test_lstm_step_gradients_other_sizes(student, reference, rng):
    """all six gradients equal the reference where D is larger than H"""
    same_lstm_gradients(student, reference, lstm_inputs(rng, N=5, D=11, H=3), *rng.normal(size=(2, 5, 3)))


@points("lstm_step_backward", 1)
def test_lstm_step_gradient_from_hidden_state_alone(student, reference, rng):
    """a gradient on `next_h` alone reaches the cell, too"""
    inputs, dnext_h = lstm_inputs(rng, N=2, D=3, H=5), rng.normal(size=(2, 5))
    same_lstm_gradients(student, reference, inputs, dnext_h, np.zeros((2, 5)))


@points("lstm_step_backward", 1)
def test_lstm_step_gradient_from_cell_alone(student, reference, rng):
    """a gradient on `next_c` alone reaches everything but the output gate"""
    inputs, dnext_c = lstm_inputs(rng, N=2, D=3, H=5), rng.normal(size=(2, 5))
    same_lstm_gradients(student, reference, inputs, np.zeros((2, 5)), dnext_c)
### END HIDDEN TESTS


@points("lstm_forward", 1)
def test_lstm_forward_value(student, reference, rng):
    """the hidden states equal the reference on a random batch of sequences"""
    inputs = sequence_inputs(rng, N=3, T=5, D=2, H=7, gates=4)
    h, _ = returns(student.lstm_forward(*inputs), "h", "cache")
    same(h, reference.lstm_forward(*inputs)[0], "h", axes="N T H")


### BEGIN HIDDEN TESTS
@points("lstm_forward", 1)
def test_lstm_forward_value_other_sizes(student, reference, rng):
    """the hidden states equal the reference for long sequences of wide inputs"""
    inputs = sequence_inputs(rng, N=2, T=13, D=11, H=3, gates=4)
    h, _ = returns(student.lstm_forward(*inputs), "h", "cache")
    same(h, reference.lstm_forward(*inputs)[0], "h", axes="N T H")


@points("lstm_forward", 1)
def test_lstm_forward_starts_with_an_empty_cell(student, reference, rng):
    """a sequence of one word is one step from an empty cell"""
    x, h0, *weights = sequence_inputs(rng, N=3, T=1, D=5, H=2, gates=4)
    want, _, _ = reference.lstm_step_forward(x[:, 0], h0, np.zeros_like(h0), *weights)
    h, _ = returns(student.lstm_forward(x, h0, *weights), "h", "cache")
    same(h, want[:, None], "h", axes="N T H")
### END HIDDEN TESTS


@points("lstm_backward", 1.5)
def test_lstm_backward_gradient_of_inputs(student, rng):
    """`dx` and `dh0` are the gradients of your forward pass"""
    inputs = sequence_inputs(rng, N=2, T=5, D=3, H=7, gates=4)
    numeric_sequence(student, "lstm", inputs, rng.normal(size=(2, 5, 7)), 0, 1)


@points("lstm_backward", 1.5)
def test_lstm_backward_gradient_of_weights(student, rng):
    """`dWx`, `dWh` and `db` are the gradients of your forward pass"""
    inputs = sequence_inputs(rng, N=2, T=5, D=3, H=5, gates=4)
    numeric_sequence(student, "lstm", inputs, rng.normal(size=(2, 5, 5)), 2, 3, 4)


### BEGIN HIDDEN TESTS
@points("lstm_backward", 1)
def test_lstm_backward_other_sizes(student, reference, rng):
    """all five gradients equal the reference for other sizes"""
    inputs, dh = sequence_inputs(rng, N=3, T=7, D=11, H=5, gates=4), rng.normal(size=(3, 7, 5))
    same_gradients(student, reference, "lstm", inputs, dh)


@points("lstm_backward", 1)
def test_lstm_backward_from_the_last_step(student, reference, rng):
    """a gradient on the last hidden state alone reaches every earlier word"""
    inputs, dh = sequence_inputs(rng, N=2, T=5, D=3, H=7, gates=4), np.zeros((2, 5, 7))
    dh[:, -1] = rng.normal(size=(2, 7))
    same_gradients(student, reference, "lstm", inputs, dh)
### END HIDDEN TESTS


# ---- word vectors ----------------------------------------------------------------------------------------

@points("word_embedding_forward", 1)
def test_embedding_by_hand(student):
    """the worked example: the sentence 3 1 3 and a table of four words"""
    W = np.array([[0.0, 0.0], [1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    out, _ = returns(student.word_embedding_forward(np.array([[3, 1, 3]]), W), "out", "cache")
    same(out, [[[3.0, 30.0], [1.0, 10.0], [3.0, 30.0]]], "out", axes="N T D")


### BEGIN HIDDEN TESTS
@points("word_embedding_forward", 1)
def test_embedding_value(student, reference, rng):
    """the vectors equal the reference on a random batch of sentences"""
    x, W = rng.integers(11, size=(3, 5)), rng.normal(size=(11, 7))
    out, _ = returns(student.word_embedding_forward(x, W), "out", "cache")
    same(out, reference.word_embedding_forward(x, W)[0], "out", axes="N T D", rel_error=1e-12)
### END HIDDEN TESTS


def table_gradient(owner, x, W, dout):
    """dW (V, D) by way of the forward pass's own cache."""
    _, cache = returns(owner.word_embedding_forward(x, W), "out", "cache")
    return returns(owner.word_embedding_backward(dout, cache), "dW")


@points("word_embedding_backward", 1)
def test_embedding_gradient_by_hand(student):
    """the worked example: a word that is used twice gets both gradients"""
    dout = np.array([[[1.0, 1.0], [5.0, 5.0], [2.0, 2.0]]])
    dW = table_gradient(student, np.array([[3, 1, 3]]), np.ones((4, 2)), dout)
    same(dW, [[0.0, 0.0], [5.0, 5.0], [0.0, 0.0], [3.0, 3.0]], "dW", axes="V D")


@points("word_embedding_backward", 1)
def test_embedding_gradient(student, rng):
    """`dW` is the gradient of your forward pass, with words repeated within and between sentences"""
    x = np.array([[0, 3, 1, 3], [2, 1, 0, 3], [2, 2, 2, 1]])
    W, dout = rng.normal(size=(7, 3)), rng.normal(size=(3, 4, 3))
    dW = table_gradient(student, x, W, dout)
    gradient(lambda value: student.word_embedding_forward(x, value)[0], W, dout, dW, "dW", axes="V D")


### BEGIN HIDDEN TESTS
@points("word_embedding_backward", 1)
def test_embedding_gradient_value(student, reference, rng):
    """`dW` equals the reference where most words are repeated"""
    x, W, dout = rng.integers(5, size=(7, 11)), rng.normal(size=(13, 3)), rng.normal(size=(7, 11, 3))
    same(table_gradient(student, x, W, dout), table_gradient(reference, x, W, dout), "dW", axes="V D")


@points("word_embedding_backward", 1)
def test_embedding_gradient_is_conserved(student, rng):
    """nothing is lost: the rows of `dW` add up to all gradients that came in, and unused rows are zero"""
    x, W, dout = rng.integers(1, 5, size=(3, 7)), rng.normal(size=(11, 2)), rng.normal(size=(3, 7, 2))
    dW = table_gradient(student, x, W, dout)
    same(np.shape(dW), (11, 2), "the shape of dW")
    same(np.sum(dW, axis=0), dout.sum(axis=(0, 1)), "the sum of the rows of dW", axes="D")
    same(np.asarray(dW)[[0, 5, 6, 7, 8, 9, 10]], np.zeros((7, 2)), "the unused rows of dW", axes="V D")
### END HIDDEN TESTS


# ---- the loss of a sentence ------------------------------------------------------------------------------

def loss_inputs(rng, N, T, V):
    """Scores (N, T, V), words (N, T) and a mask (N, T) with holes in the middle, too."""
    mask = rng.random(size=(N, T)) < 0.6
    mask[0], mask[:, 0], mask[-1, 1:3] = True, True, [False, True]
    return rng.normal(size=(N, T, V)), rng.integers(V, size=(N, T)), mask


def same_loss(student, x, y, mask, want, rel_error=1e-6):
    loss, dx = returns(student.temporal_softmax_loss(x, y, mask), "loss", "dx")
    same(loss, want[0], "loss", rel_error=rel_error)
    same(dx, want[1], "dx", axes="N T V", rel_error=rel_error)


def same_large_loss(student, x, y, mask, want):
    """The gradient first: a loss that is not finite beside a right gradient has a cause of its own."""
    loss, dx = returns(student.temporal_softmax_loss(x, y, mask), "loss", "dx")
    same(dx, want[1], "dx", axes="N T V")
    same(loss, want[0], "loss")


@points("temporal_softmax_loss", 1)
def test_loss_by_hand(student):
    """the worked example: two places, two words, with and without a mask, and with scores of a thousand"""
    x, y = np.array([[[0.0, 0.0], [np.log(3.0), 0.0]]]), np.array([[0, 0]])
    both, first = np.array([[True, True]]), np.array([[True, False]])
    same_loss(student, x, y, first, (np.log(2), [[[-0.5, 0.5], [0.0, 0.0]]]))
    same_loss(student, x, y, both, (np.log(2) + np.log(4 / 3), [[[-0.5, 0.5], [-0.25, 0.25]]]))
    thousand = np.array([[[1000.0, 0.0], [0.0, 1000.0]]])
    same_large_loss(student, thousand, y, both, (1000.0, [[[0.0, 0.0], [-1.0, 1.0]]]))


@points("temporal_softmax_loss", 1.5)
def test_loss_value(student, reference, rng):
    """the loss equals the reference: summed over time, averaged over the batch, masked places left out"""
    x, y, mask = loss_inputs(rng, N=3, T=5, V=7)
    loss, _ = returns(student.temporal_softmax_loss(x, y, mask), "loss", "dx")
    same(loss, reference.temporal_softmax_loss(x, y, mask)[0], "loss")


@points("temporal_softmax_loss", 1.5)
def test_loss_gradient(student, rng):
    """`dx` is the gradient of your own loss"""
    x, y, mask = loss_inputs(rng, N=2, T=5, V=3)
    _, dx = returns(student.temporal_softmax_loss(x, y, mask), "loss", "dx")
    gradient(lambda value: student.temporal_softmax_loss(value, y, mask)[0], x, np.array(1.0), dx, "dx",
             axes="N T V")


### BEGIN HIDDEN TESTS
@points("temporal_softmax_loss", 1.5)
def test_loss_other_sizes(student, reference, rng):
    """the loss and its gradient equal the reference for other sizes"""
    x, y, mask = loss_inputs(rng, N=5, T=3, V=11)
    same_loss(student, x, y, mask, reference.temporal_softmax_loss(x, y, mask))


@points("temporal_softmax_loss", 1.5)
def test_loss_of_large_scores(student, reference, rng):
    """scores in the thousands give a finite and correct loss"""
    x, y, mask = loss_inputs(rng, N=3, T=5, V=7)
    same_large_loss(student, 1000 * x, y, mask, reference.temporal_softmax_loss(1000 * x, y, mask))


@points("temporal_softmax_loss", 1)
def test_loss_ignores_masked_places(student, rng):
    """what stands at a masked place changes nothing and receives no gradient"""
    x, y, mask = loss_inputs(rng, N=3, T=7, V=5)
    loss, dx = returns(student.temporal_softmax_loss(x, y, mask), "loss", "dx")
    changed = np.where(mask[..., None], x, 9.0 - x)
    other, _ = returns(student.temporal_softmax_loss(changed, y, mask), "loss", "dx")
    same(other, loss, "the loss after a change of masked scores", rel_error=1e-10)
    same(np.shape(dx), x.shape, "the shape of dx")
    same(np.asarray(dx)[~mask], np.zeros(((~mask).sum(), 5)), "dx at the masked places")
### END HIDDEN TESTS


# ---- the captioner ---------------------------------------------------------------------------------------

PARAMETER_AXES = {"W_embed": "V W", "W_proj": "D H", "b_proj": "H", "Wx": "W H", "Wh": "H H", "b": "H",
                  "W_vocab": "H V", "b_vocab": "V"}


def vocabulary(V, null=0, start=1, end=2):
    """A dict from word to number with the special words at the given numbers."""
    special = {null: "<NULL>", start: "<START>", end: "<END>"}
    return {special.get(number, f"word{number}"): number for number in range(V)}


def parameters(rng, D, W, H, V, cell="rnn", scale=1.0):
    """Random float64 parameters of a captioner."""
    gates = {"rnn": 1, "lstm": 4}[cell]
    shapes = {"W_embed": (V, W), "W_proj": (D, H), "b_proj": (H,), "Wx": (W, gates * H), "Wh": (H, gates * H),
              "b": (gates * H,), "W_vocab": (H, V), "b_vocab": (V,)}
    inputs = {"W_proj": D, "Wx": W, "Wh": H, "W_vocab": H}  # so many terms are summed up: divide by the root
    return {name: scale * rng.normal(size=shape) / np.sqrt(inputs.get(name, 1))
            for name, shape in shapes.items()}


def captioner(owner, words, params, cell="rnn"):
    """A model of the owner's class with these parameters."""
    D, H = params["W_proj"].shape
    model = owner.CaptioningRNN(words, input_dim=D, wordvec_dim=params["W_embed"].shape[1], hidden_dim=H,
                                cell_type=cell, dtype="float64")
    model.params = params
    return model


def true_captions(rng, words, N, T):
    """(N, T+1): <START>, some words, <END>, then <NULL>; the first caption fills all places."""
    usual = [number for word, number in words.items() if not word.startswith("<")]
    rows = np.full((N, T + 1), words["<NULL>"])
    for n, length in enumerate([T - 1, *rng.integers(1, T - 1, size=N - 1)]):
        rows[n, : length + 2] = [words["<START>"], *rng.choice(usual, length), words["<END>"]]
    rows[0, 1] = usual[0]    # the word with the smallest number occurs: it is 0 where <NULL> is another
    return rows


def same_grads(got, want):
    """Every parameter has its gradient."""
    missing = sorted(set(want) - set(got if isinstance(got, dict) else ()))
    asked = "`grads` is a dict with an entry for each parameter"
    require(not missing, asked, f"missing: {', '.join(missing)}")
    for name, value in want.items():
        same(got[name], value, f'grads["{name}"]', axes=PARAMETER_AXES[name])


def same_model_loss(student, reference, words, params, features, captions, cell="rnn"):
    """Loss and gradients of the student's model equal the reference's."""
    loss, grads = returns(captioner(student, words, params, cell).loss(features, captions), "loss", "grads")
    want_loss, want_grads = captioner(reference, words, params, cell).loss(features, captions)
    same(loss, want_loss, "loss")
    same_grads(grads, want_grads)


def published_loss(student, cell, low, high):
    """The loss for evenly spaced parameters and features; N=10, D=20, W=30, H=40, T=13, V=3."""
    words = {"<NULL>": 0, "circle": 1, "square": 2}
    params = parameters(np.random.default_rng(0), D=20, W=30, H=40, V=3, cell=cell)
    params = {name: np.linspace(-1.4, 1.3, value.size).reshape(value.shape) for name, value in params.items()}
    features, captions = np.linspace(low, high, 200).reshape(10, 20), (np.arange(130) % 3).reshape(10, 13)
    return returns(captioner(student, words, params, cell).loss(features, captions), "loss", "grads")[0]


@points("captioning_loss", 1)
def test_captioner_published_loss(student):
    """the loss is the one that CS231n publishes for its evenly spaced parameters"""
    same(published_loss(student, "rnn", -1.5, 0.3), 9.83235591003, "loss", rel_error=1e-10)


@points("captioning_loss", 1.5)
def test_captioner_loss(student, reference, rng):
    """the loss equals the reference for random captions of different lengths"""
    words, params = vocabulary(11), parameters(rng, D=7, W=3, H=5, V=11)
    features, captions = rng.normal(size=(4, 7)), true_captions(rng, words, N=4, T=6)
    loss, _ = returns(captioner(student, words, params).loss(features, captions), "loss", "grads")
    same(loss, captioner(reference, words, params).loss(features, captions)[0], "loss")


@points("captioning_loss", 2)
def test_captioner_gradients(student, reference, rng):
    """the gradient of each parameter equals the reference"""
    words, params = vocabulary(11), parameters(rng, D=7, W=3, H=5, V=11)
    features, captions = rng.normal(size=(4, 7)), true_captions(rng, words, N=4, T=6)
    _, grads = returns(captioner(student, words, params).loss(features, captions), "loss", "grads")
    same_grads(grads, captioner(reference, words, params).loss(features, captions)[1])


@points("captioning_loss", 1)
def test_captioner_gradient_is_numeric(student, rng):
    """`grads["W_proj"]` is the gradient of your own loss"""
    words, params = vocabulary(7), parameters(rng, D=3, W=2, H=5, V=7)
    features, captions = rng.normal(size=(2, 3)), true_captions(rng, words, N=2, T=4)
    _, grads = returns(captioner(student, words, params).loss(features, captions), "loss", "grads")
    got = grads.get("W_proj") if isinstance(grads, dict) else None
    gradient(lambda value: captioner(student, words, params | {"W_proj": value}).loss(features, captions)[0],
             params["W_proj"], np.array(1.0), got, 'grads["W_proj"]', axes="D H")


### BEGIN HIDDEN TESTS
@points("captioning_loss", 2.5)
def test_captioner_other_sizes_and_special_words(student, reference, rng):
    """the loss and the gradients equal the reference where <NULL> is not word 0"""
    words, params = vocabulary(13, null=5, start=3, end=8), parameters(rng, D=11, W=5, H=3, V=13)
    features, captions = rng.normal(size=(5, 11)), true_captions(rng, words, N=5, T=7)
    same_model_loss(student, reference, words, params, features, captions)


@points("captioning_loss", 1)
def test_captioner_ignores_more_padding(student, reference, rng):
    """three more columns of <NULL> change neither the loss nor a gradient"""
    words, params = vocabulary(7), parameters(rng, D=3, W=2, H=5, V=7)
    features, captions = rng.normal(size=(3, 3)), true_captions(rng, words, N=3, T=5)
    want_loss, want_grads = captioner(reference, words, params).loss(features, captions)
    padded = np.pad(captions, ((0, 0), (0, 3)), constant_values=words["<NULL>"])
    loss, grads = returns(captioner(student, words, params).loss(features, padded), "loss", "grads")
    same(loss, want_loss, "loss")
    same_grads(grads, want_grads)


@points("captioning_loss", 1)
def test_captioner_looks_at_the_picture(student, reference, rng):
    """for captions of a single word, the loss follows the picture as the reference does"""
    words, params = vocabulary(5), parameters(rng, D=7, W=2, H=3, V=5)
    captions = np.tile([words["<START>"], words["word3"], words["<END>"]], (2, 1))
    same_model_loss(student, reference, words, params, 3 * rng.normal(size=(2, 7)), captions)
### END HIDDEN TESTS


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def speak(words, params, features, length, cell):
    """Greedy decoding straight from the formulas, written apart from the reference.

    Returns captions (N, length) with <NULL> after <END>, and the smallest lead of a best word over the next.
    """
    H = len(params["b_proj"])
    h, c = features @ params["W_proj"] + params["b_proj"], np.zeros((len(features), H))
    said, captions, leads = np.full(len(features), words["<START>"]), [], []
    for _ in range(length):
        a = params["W_embed"][said] @ params["Wx"] + h @ params["Wh"] + params["b"]
        if cell == "rnn":
            h = np.tanh(a)
        else:
            c = sigmoid(a[:, H : 2 * H]) * c + sigmoid(a[:, :H]) * np.tanh(a[:, 3 * H :])
            h = sigmoid(a[:, 2 * H : 3 * H]) * np.tanh(c)
        scores = h @ params["W_vocab"] + params["b_vocab"]
        ranked = np.sort(scores, axis=1)
        leads.append(ranked[:, -1] - ranked[:, -2])
        said = scores.argmax(axis=1)
        captions.append(said)
    return up_to_end(np.stack(captions, axis=1), words), np.min(leads)


def talkative(rng, words, D, W, H, N, length, cell="rnn"):
    """Parameters and features for which captions differ, end at different times, and have no near ties.

    Returns params, features (N, D) and the captions (N, length). The search is done once for each seed.
    """
    seed = int(rng.integers(2**32))
    return copy.deepcopy(found_talkative(seed, tuple(words.items()), D, W, H, N, length, cell))


@functools.lru_cache(maxsize=64)
def found_talkative(seed, items, D, W, H, N, length, cell):
    rng, words = np.random.default_rng(seed), dict(items)
    for _ in range(2000):
        params = parameters(rng, D, W, H, len(words), cell, scale=1.5)
        params["W_vocab"] *= 5.0                    # the memory chooses the words,
        params["b_vocab"] *= 0.2                    # not a bias in favour of one of them
        params["b_vocab"][[words["<NULL>"], words["<START>"]]] -= 50.0  # nobody says these
        features = rng.normal(size=(N, D))
        captions, lead = speak(words, params, features, length, cell)
        lengths = (captions != words["<NULL>"]).sum(axis=1)
        varied = len(np.unique(captions, axis=0)) == N and len(np.unique(captions)) > len(words) // 2
        if lead > 1e-3 and varied and len(set(lengths)) >= 3 and min(lengths) >= 2 and lengths[0] < length:
            return params, features, captions
    raise AssertionError("no talkative parameters were found")


def up_to_end(captions, words):
    """The captions with <NULL> after the first <END>: what is said after the end does not matter."""
    ends = captions == words["<END>"]
    return np.where(np.cumsum(ends, axis=1) - ends > 0, words["<NULL>"], captions)


def sampled(model, words, features, length):
    """What a model says, up to the first <END> of each caption: (N, length)."""
    captions = returns(model.sample(features, max_length=length), "captions")
    asked = (len(features), length)
    require(np.shape(captions) == asked, f"`captions` has shape {asked} (N, max_length)",
            f"its shape is {np.shape(captions)}")
    return up_to_end(np.array(captions), words)


def same_captions(student, words, params, features, want, cell="rnn"):
    """What the student's model says equals `want` up to the first <END> of each caption."""
    got = sampled(captioner(student, words, params, cell), words, features, want.shape[1])
    same(got, want, "captions", axes="N T")


@points("captioning_sample", 3)
def test_sample_is_greedy(student, rng):
    """each picture's caption is the word with the highest score, step by step, up to <END>"""
    words = vocabulary(13)
    same_captions(student, words, *talkative(rng, words, D=7, W=3, H=11, N=5, length=8))


@points("captioning_sample", 1)
def test_sample_does_not_say_start(student, rng):
    """slot 0 holds the first word that was said, not <START>"""
    words = vocabulary(13)
    params, features, want = talkative(rng, words, D=7, W=3, H=11, N=6, length=8)
    first = sampled(captioner(student, words, params), words, features, 8)[:, 0]
    asked = "slot 0 holds the first word that was said"
    require(not (first == words["<START>"]).any(), asked, "it holds `<START>`, which the network is told")
    wrong = (first != want[:, 0]).sum()
    require(not wrong, asked, f"{wrong} of {len(want)} captions begin with another word")


### BEGIN HIDDEN TESTS
@points("captioning_sample", 3)
def test_sample_with_other_special_words(student, rng):
    """captions are right for other sizes and where <NULL>, <START> and <END> have other numbers"""
    words = vocabulary(17, null=5, start=9, end=3)
    same_captions(student, words, *talkative(rng, words, D=5, W=7, H=13, N=6, length=11))


@points("captioning_sample", 1)
def test_sample_length(student, rng):
    """a caption has 30 slots by default, and words in all of them where nothing ends it"""
    words, params = vocabulary(7), parameters(rng, D=3, W=2, H=5, V=7)
    params["b_vocab"][[words["<NULL>"], words["<START>"], words["<END>"]]] -= 50.0
    captions = returns(captioner(student, words, params).sample(rng.normal(size=(2, 3))), "captions")
    same(np.shape(captions), (2, 30), "the shape of captions")
    said = np.array(captions) != words["<NULL>"]
    require(said.all(), "a caption without <END> fills its 30 slots", f"words in {said.sum()} of 60 slots")


@points("captioning_sample", 2)
def test_sample_of_one_picture(student, rng):
    """a picture alone is given the caption that it is given in a batch"""
    words = vocabulary(13)
    params, features, want = talkative(rng, words, D=7, W=3, H=11, N=5, length=8)
    model = captioner(student, words, params)
    got = np.concatenate([sampled(model, words, features[n : n + 1], 8) for n in range(5)])
    same(got, want, "captions", axes="N T")
### END HIDDEN TESTS


@points("captioning_lstm", 0.5)
def test_lstm_captioner_published_loss(student):
    """the LSTM's loss is the one that CS231n publishes for its evenly spaced parameters"""
    same(published_loss(student, "lstm", -0.5, 1.7), 9.82445935443, "loss", rel_error=1e-10)


@points("captioning_lstm", 0.5)
def test_lstm_captioner_gradients(student, reference, rng):
    """with an LSTM, the loss and the gradients equal the reference"""
    words, params = vocabulary(11), parameters(rng, D=7, W=3, H=5, V=11, cell="lstm")
    features, captions = rng.normal(size=(4, 7)), true_captions(rng, words, N=4, T=6)
    same_model_loss(student, reference, words, params, features, captions, cell="lstm")


@points("captioning_lstm", 1)
def test_lstm_sample_is_greedy(student, rng):
    """with an LSTM, each caption is the word with the highest score, step by step, up to <END>"""
    words = vocabulary(13)
    model = talkative(rng, words, D=7, W=3, H=11, N=5, length=8, cell="lstm")
    same_captions(student, words, *model, cell="lstm")


### BEGIN HIDDEN TESTS
@points("captioning_lstm", 1)
def test_lstm_captioner_other_sizes(student, reference, rng):
    """with an LSTM, the loss and the gradients equal the reference where <NULL> is not word 0"""
    words, params = vocabulary(13, null=5, start=3, end=8), parameters(rng, D=11, W=5, H=3, V=13, cell="lstm")
    features, captions = rng.normal(size=(5, 11)), true_captions(rng, words, N=5, T=7)
    same_model_loss(student, reference, words, params, features, captions, cell="lstm")


@points("captioning_lstm", 1)
def test_lstm_sample_with_other_special_words(student, rng):
    """with an LSTM, captions are right for other sizes and other special words"""
    words = vocabulary(17, null=5, start=9, end=3)
    model = talkative(rng, words, D=5, W=7, H=13, N=6, length=11, cell="lstm")
    same_captions(student, words, *model, cell="lstm")
### END HIDDEN TESTS


# ---- BLEU ------------------------------------------------------------------------------------------------

def corpus(rng, size, vocabulary_size=5):
    """Random references, two or three per caption; the captions, mostly shorter, share words with them."""
    words = np.array(["a", "red", "circle", "above", "square", "left", "of"][:vocabulary_size])
    references, hypotheses = [], []
    for _ in range(size):
        group = [" ".join(rng.choice(words, rng.integers(6, 13))) for _ in range(rng.integers(2, 4))]
        told = group[0].split()
        told[rng.integers(len(told))] = str(rng.choice(words))
        references.append(group)
        hypotheses.append(" ".join(told[: rng.integers(4, 10)]))
    return references, hypotheses


def same_bleu(student, reference, references, hypotheses):
    score = returns(student.bleu(references, hypotheses), "score")
    same(score, reference.bleu(references, hypotheses), "score")


@points("bleu", 1)
def test_bleu_by_hand(student):
    """the worked example, alone and beside references of other lengths that share no word with it"""
    said, truth = "a red circle is above a red square", "a red circle is left of a red square"
    for others in ([], ["no", " ".join(["no"] * 20)]):
        score = student.bleu([[truth, *others]], [said])
        same(returns(score, "score"), 0.5 * np.exp(1 - 9 / 8), "score")


@points("bleu", 0.5)
def test_bleu_of_the_truth_is_one(student):
    """captions that equal one of their references score 1"""
    references = [["a red circle in the top left", "there is a red circle in the top left"], ["a b c d e"]]
    score = student.bleu(references, ["there is a red circle in the top left", "a b c d e"])
    same(returns(score, "score"), 1.0, "score")


@points("bleu", 1)
def test_bleu_clips(student, reference):
    """a run of words counts no more often than in the reference that has it most often"""
    references = [["the cat is on the mat", "there is a cat on the mat now"],
                  ["a red cross is above a blue square"]]
    captions = ["the the the cat is on the the mat", "a red cross is above a red cross"]
    same_bleu(student, reference, references, captions)


### BEGIN HIDDEN TESTS
@points("bleu", 1.5)
def test_bleu_of_a_corpus(student, reference, rng):
    """the score of a random corpus equals the reference"""
    same_bleu(student, reference, *corpus(rng, 29))


@points("bleu", 1)
def test_bleu_takes_the_closest_reference(student, reference):
    """the brevity penalty uses the reference closest in length, of two equally close ones the shorter"""
    sentence = [f"w{k}" for k in range(30)]
    for lengths, said, slip in (((9, 11, 30), 8, 7), ((6, 10), 8, 6), ((5, 8, 12), 7, 5)):
        told = [*sentence[:slip], "slip", *sentence[slip + 1 : said]]
        same_bleu(student, reference, [[" ".join(sentence[:length]) for length in lengths]], [" ".join(told)])


@points("bleu", 0.5)
def test_bleu_without_a_common_run_of_four(student):
    """without a common run of four words, or without any run of four, the score is 0"""
    same(returns(student.bleu([["a b c x d e f"]], ["a b c y d e f"]), "score"), 0.0, "score")
    same(returns(student.bleu([["a b c d"]], ["e f g h i"]), "score"), 0.0, "score")
    same(returns(student.bleu([["a b c d"], ["e f g h"]], ["a b c", "e f"]), "score"), 0.0, "score")


@points("bleu", 0.5)
def test_bleu_is_not_a_mean_of_sentences(student, reference, rng):
    """counts are added up over the corpus before anything is divided"""
    references, hypotheses = corpus(rng, 7)
    references.append([" ".join(f"w{k}" for k in range(20))])
    hypotheses.append(" ".join(f"w{k}" for k in range(17)))
    same_bleu(student, reference, references, hypotheses)
### END HIDDEN TESTS
