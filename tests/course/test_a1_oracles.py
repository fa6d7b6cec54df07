"""The reference of assignment 1 against independent authorities: PyTorch's modules, autograd, nltk."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from autograder.course import load_assignment
from autograder.course.execute import execute_reference
from autograder.lab.training import adam, sgd

torch = pytest.importorskip("torch")
F = torch.nn.functional
N, T, D, H, V, W = 3, 5, 7, 11, 13, 2


@pytest.fixture(scope="module")
def a1():
    return load_assignment("a1_rnn_captioning", Path(__file__).parents[2])


@pytest.fixture(scope="module")
def reference(a1):
    return execute_reference(a1)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def close(got, want, tolerance=1e-11):
    """Arrays (or tensors) of the same shape with the same numbers, in float64."""
    want = want.detach().numpy() if isinstance(want, torch.Tensor) else np.asarray(want)
    assert np.shape(got) == want.shape
    assert np.abs(got - want).max(initial=0.0) <= tolerance * max(1.0, np.abs(want).max(initial=0.0))


def leaves(*arrays):
    return [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in arrays]


def torch_order(weights):
    """Columns i, f, o, g to rows i, f, g, o, as PyTorch keeps them. (..., 4H) to (4H, ...)."""
    i, f, o, g = weights.chunk(4, dim=-1)
    return torch.cat([i, f, g, o], dim=-1).t()


def torch_weights(cell, Wx, Wh, b, layer=""):
    """The parameters of nn.RNN or nn.LSTM, as functions of ours, so that autograd reaches ours."""
    turn = torch_order if cell == "lstm" else torch.t
    return {f"weight_ih{layer}": turn(Wx), f"weight_hh{layer}": turn(Wh), f"bias_ih{layer}": turn(b),
            f"bias_hh{layer}": torch.zeros(len(b), dtype=torch.float64)}


def weights(rng, inputs, gates):
    return [0.5 * rng.normal(size=shape) for shape in ((inputs, gates * H), (H, gates * H), (gates * H,))]


def test_rnn_step_is_a_torch_cell(reference, rng):
    inputs = [rng.normal(size=(N, D)), rng.normal(size=(N, H)), *weights(rng, D, 1)]
    x, h, Wx, Wh, b = leaves(*inputs)
    cell = torch.nn.RNNCell(D, H, dtype=torch.float64)
    want = torch.func.functional_call(cell, torch_weights("rnn", Wx, Wh, b), (x, h))
    next_h, cache = reference.rnn_step_forward(*inputs)
    close(next_h, want)
    dnext_h = rng.normal(size=(N, H))
    want.backward(torch.tensor(dnext_h))
    for got, leaf in zip(reference.rnn_step_backward(dnext_h, cache), (x, h, Wx, Wh, b), strict=True):
        close(got, leaf.grad)


def test_lstm_step_is_a_torch_cell(reference, rng):
    inputs = [rng.normal(size=(N, D)), rng.normal(size=(N, H)), rng.normal(size=(N, H)), *weights(rng, D, 4)]
    x, h, c, Wx, Wh, b = leaves(*inputs)
    cell = torch.nn.LSTMCell(D, H, dtype=torch.float64)
    want_h, want_c = torch.func.functional_call(cell, torch_weights("lstm", Wx, Wh, b), (x, (h, c)))
    next_h, next_c, cache = reference.lstm_step_forward(*inputs)
    close(next_h, want_h)
    close(next_c, want_c)
    dnext_h, dnext_c = rng.normal(size=(2, N, H))
    torch.autograd.backward([want_h, want_c], [torch.tensor(dnext_h), torch.tensor(dnext_c)])
    for got, leaf in zip(reference.lstm_step_backward(dnext_h, dnext_c, cache), (x, h, c, Wx, Wh, b), strict=True):
        close(got, leaf.grad)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_sequence_is_a_torch_layer(reference, rng, cell):
    inputs = [rng.normal(size=(N, T, D)), rng.normal(size=(N, H)), *weights(rng, D, {"rnn": 1, "lstm": 4}[cell])]
    x, h0, Wx, Wh, b = leaves(*inputs)
    layer = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM}[cell](D, H, batch_first=True, dtype=torch.float64)
    state = h0[None] if cell == "rnn" else (h0[None], torch.zeros_like(h0[None]))
    want, _ = torch.func.functional_call(layer, torch_weights(cell, Wx, Wh, b, "_l0"), (x, state))
    h, cache = getattr(reference, f"{cell}_forward")(*inputs)
    close(h, want)
    dh = rng.normal(size=(N, T, H))
    want.backward(torch.tensor(dh))
    for got, leaf in zip(getattr(reference, f"{cell}_backward")(dh, cache), (x, h0, Wx, Wh, b), strict=True):
        close(got, leaf.grad)


def test_embedding_is_torch_embedding(reference, rng):
    x, table = rng.integers(5, size=(N, T)), rng.normal(size=(V, W))
    leaf, = leaves(table)
    want = F.embedding(torch.tensor(x), leaf)
    out, cache = reference.word_embedding_forward(x, table)
    close(out, want, 0)
    dout = rng.normal(size=(N, T, W))
    want.backward(torch.tensor(dout))
    close(reference.word_embedding_backward(dout, cache), leaf.grad)


@pytest.mark.parametrize("size", [1.0, 1000.0])
@pytest.mark.parametrize("mask_type", [bool, float])
def test_loss_is_torch_cross_entropy(reference, rng, size, mask_type):
    scores, y, mask = size * rng.normal(size=(N, T, V)), rng.integers(V, size=(N, T)), rng.random((N, T)) < 0.6
    leaf, = leaves(scores)
    each = F.cross_entropy(leaf.flatten(0, 1), torch.tensor(y).flatten(), reduction="none")
    want = (each * torch.tensor(mask).flatten()).sum() / N
    loss, dx = reference.temporal_softmax_loss(scores, y, mask.astype(mask_type))
    close(loss, want)
    want.backward()
    close(dx, leaf.grad)


def captioner(reference, rng, cell):
    """A float64 model with random parameters, its parameters as leaves, features and padded captions."""
    words = {"<NULL>": 4, "<START>": 0, "<END>": 2} | {f"w{k}": k for k in (1, 3, *range(5, V))}
    model = reference.CaptioningRNN(words, input_dim=D, wordvec_dim=W, hidden_dim=H, cell_type=cell,
                                    dtype=np.float64)
    model.params = {name: rng.normal(size=value.shape) for name, value in model.params.items()}
    captions = rng.integers(5, V, size=(N, T + 1))
    captions[:, 0], captions[0, -1], captions[1, 2:], captions[1, 2] = 0, 2, 4, 2
    p = {name: torch.tensor(value, requires_grad=True) for name, value in model.params.items()}
    return model, p, rng.normal(size=(N, D)), captions


def torch_step(cell, p, x, h, c):
    """One step of a cell of PyTorch on leaf parameters. x (N, W), h and c (N, H)."""
    module = {"rnn": torch.nn.RNNCell, "lstm": torch.nn.LSTMCell}[cell](W, H, dtype=torch.float64)
    out = torch.func.functional_call(module, torch_weights(cell, p["Wx"], p["Wh"], p["b"]),
                                     (x, h if cell == "rnn" else (h, c)))
    return (out, c) if cell == "rnn" else out


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_captioner_loss_is_a_stepwise_torch_model(reference, rng, cell):
    model, p, features, captions = captioner(reference, rng, cell)
    h = torch.tensor(features) @ p["W_proj"] + p["b_proj"]
    c, want = torch.zeros_like(h), 0.0
    for t in range(T):
        h, c = torch_step(cell, p, p["W_embed"][captions[:, t]], h, c)
        scores = h @ p["W_vocab"] + p["b_vocab"]
        want = want + F.cross_entropy(scores, torch.tensor(captions[:, t + 1]), ignore_index=4, reduction="sum") / N
    loss, grads = model.loss(features, captions)
    close(loss, want)
    want.backward()
    assert set(grads) == set(p)
    for name, leaf in p.items():
        close(grads[name], leaf.grad, 1e-10)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_captioner_speaks_like_a_stepwise_torch_model(reference, rng, cell):
    model, p, features, _ = captioner(reference, rng, cell)
    h = torch.tensor(features) @ p["W_proj"] + p["b_proj"]
    c, word, over, want = torch.zeros_like(h), torch.zeros(N, dtype=torch.long), torch.zeros(N, dtype=bool), []
    for _ in range(17):
        h, c = torch_step(cell, p, p["W_embed"][word], h, c)
        word = (h @ p["W_vocab"] + p["b_vocab"]).argmax(dim=1)
        want.append(torch.where(over, 4, word))
        over |= word == 2
    np.testing.assert_array_equal(model.sample(features, max_length=17), torch.stack(want, dim=1))


@pytest.mark.parametrize("cell, low, high, published",
                         [("rnn", -1.5, 0.3, 9.83235591003), ("lstm", -0.5, 1.7, 9.82445935443)])
def test_loss_is_the_published_one(reference, cell, low, high, published):
    model = reference.CaptioningRNN({"<NULL>": 0, "a": 1, "b": 2}, 20, 30, 40, cell, dtype=np.float64)
    for name, value in model.params.items():
        model.params[name] = np.linspace(-1.4, 1.3, value.size).reshape(value.shape)
    loss, _ = model.loss(np.linspace(low, high, 200).reshape(10, 20), (np.arange(130) % 3).reshape(10, 13))
    assert loss == pytest.approx(published, rel=1e-11)


def test_constructor_has_the_published_shapes_and_refuses_other_cells(reference):
    words = {"<NULL>": 0, "a": 1, "b": 2}
    model = reference.CaptioningRNN(words, input_dim=5, wordvec_dim=7, hidden_dim=2, cell_type="lstm")
    assert {name: value.shape for name, value in model.params.items()} == {
        "W_embed": (3, 7), "W_proj": (5, 2), "b_proj": (2,), "Wx": (7, 8), "Wh": (2, 8), "b": (8,),
        "W_vocab": (2, 3), "b_vocab": (3,)}
    assert {value.dtype for value in model.params.values()} == {np.dtype(np.float32)}
    with pytest.raises(ValueError, match='Invalid cell_type "gru"'):
        reference.CaptioningRNN(words, cell_type="gru")


def test_bleu_is_nltk_corpus_bleu(reference, rng):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nltk.translate.bleu_score import corpus_bleu
    for _ in range(20):
        words = list("abcdef")
        references = [[list(rng.choice(words, rng.integers(4, 12))) for _ in range(rng.integers(1, 4))]
                      for _ in range(17)]
        hypotheses = [list(rng.choice(words, rng.integers(4, 12))) for _ in range(17)]
        hypotheses[3] = references[3][0]  # at least one run of four words is shared
        want = corpus_bleu(references, hypotheses)
        got = reference.bleu([[" ".join(truth) for truth in group] for group in references],
                             [" ".join(said) for said in hypotheses])
        assert got == pytest.approx(want, rel=1e-12)


def test_bleu_of_degenerate_corpora_is_zero(reference):
    assert reference.bleu([["a b c d"]], [""]) == 0.0
    assert reference.bleu([["a b c d"]], ["a b c"]) == 0.0
    assert reference.bleu([], []) == 0.0


@pytest.mark.parametrize("rule, optimiser, config", [
    (sgd, torch.optim.SGD, {"learning_rate": 0.1}),
    (adam, torch.optim.Adam, {"learning_rate": 0.03}),
    (adam, torch.optim.Adam, {"learning_rate": 0.03, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3})])
def test_update_rules_are_torch_optimisers(rng, rule, optimiser, config):
    w, config = rng.normal(size=(D, H)), dict(config)
    leaf, = leaves(w)
    names = {"lr": config["learning_rate"]}
    if "beta1" in config:
        names |= {"betas": (config["beta1"], config["beta2"]), "eps": config["epsilon"]}
    torch_rule = optimiser([leaf], **names)
    for _ in range(7):
        dw = rng.normal(size=w.shape)
        leaf.grad = torch.tensor(dw)
        torch_rule.step()
        w, config = rule(w, dw, config)
    close(w, leaf)


def test_the_points_of_the_introduction_are_those_of_the_checks(a1):
    """The table at the top of the notebook: points by section, and 100 in all."""
    table = re.findall(r"^\| (\d?) ?\| .* \| (\d+) \|$", a1.cells[0].source, re.MULTILINE)
    section, points = "", {}
    for cell in a1.cells:
        for heading in re.findall(r"^## (\d)\. ", cell.source, re.MULTILINE):
            section = heading
        if cell.role == "check":
            points[section] = points.get(section, 0) + a1.plan.points_of(cell.name)
    points[""] = sum(question.points for question in a1.questions)
    assert {number: float(value) for number, value in table} == points
    assert sum(points.values()) == a1.max_points == 100
