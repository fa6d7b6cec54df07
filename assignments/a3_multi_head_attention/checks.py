"""What must be true of assignment 3.

Letters: N batch, S queries, T keys, E width, H heads, d width of a head (E = H d).
"""

import numpy as np
import torch

from autograder.examine import meant, part, points, require, returns, same

part("split_heads")
part("merge_heads")
part("multi_head_attention", builds_on=["split_heads", "merge_heads"],
     forbids=["torch.nn.MultiheadAttention", "torch.nn.functional.multi_head_attention_forward"])
part("attention_masks", builds_on=["split_heads", "merge_heads"],
     forbids=["torch.nn.MultiheadAttention", "torch.nn.functional.multi_head_attention_forward"])
part("attention_dropout", builds_on=["split_heads", "merge_heads"],
     forbids=["torch.nn.MultiheadAttention", "torch.nn.functional.multi_head_attention_forward"])
part("self_and_cross", builds_on=["split_heads", "merge_heads", "multi_head_attention", "attention_masks"])
part("attention_grad", builds_on=["split_heads", "merge_heads", "multi_head_attention"])
part("head_importance")
part("prune_heads")
part("attention_cost")


# ---- cut into heads, and glue together -------------------------------------------------------------------

def normal(rng, *shape):
    """A float64 tensor of standard normal numbers."""
    return torch.from_numpy(rng.normal(size=shape))


@points("split_heads", 1)
def test_split_by_hand(student):
    """the worked example: two words of width 4, two heads"""
    x = torch.arange(8.0).reshape(1, 2, 4)
    heads = returns(student.split_heads(x, 2), "heads")
    same(heads, [[[[0, 1], [4, 5]], [[2, 3], [6, 7]]]], "heads", axes="N H T d")


@points("split_heads", 1)
def test_split_value(student, reference, rng):
    """the heads equal the reference for a random batch"""
    x = normal(rng, 3, 5, 14)
    same(returns(student.split_heads(x, 2), "heads"), reference.split_heads(x, 2), "heads", axes="N H T d")


@points("merge_heads", 1)
def test_merge_by_hand(student):
    """the worked example, backwards"""
    heads = torch.tensor([[[[0.0, 1.0], [4.0, 5.0]], [[2.0, 3.0], [6.0, 7.0]]]])
    same(returns(student.merge_heads(heads), "x"), [[[0, 1, 2, 3], [4, 5, 6, 7]]], "x", axes="N T E")


@points("merge_heads", 1)
def test_merge_value(student, reference, rng):
    """the result equals the reference for a random batch"""
    heads = normal(rng, 3, 2, 5, 7)
    same(returns(student.merge_heads(heads), "x"), reference.merge_heads(heads), "x", axes="N T E")


# ---- multi-head attention --------------------------------------------------------------------------------

LINEAR = ("key", "query", "value", "proj")
NAMES = tuple(f"{name}.{kind}" for name in LINEAR for kind in ("weight", "bias"))
# Other names that people give to the four (the paper's, PyTorch's, other libraries'): docs/students.md says so.
OTHER_NAMES = [(rf"^(?:(?:w|W|to|fc|linear)_?)?(?:{letters})(?:_?(?:proj|projection|linear|fc|layer))?\.", f"{name}.")
               for name, letters in (("query", "q|query"), ("key", "k|key"), ("value", "v|value"),
                                     ("proj", "o|out|output|proj"))]


def random_weights(rng, E):
    """Weights of the four linear layers, of a size that makes some scores large and some small."""
    return {name: 1.5 / E**0.5 * normal(rng, E, E) if name.endswith("weight") else normal(rng, E)
            for name in NAMES}


def attention(student, weights, H, dropout=0.0, training=False):
    """A module of the notebook's class with these weights: float64, and `eval` unless it is training."""
    mha = student.MultiHeadAttention(weights["proj.bias"].shape[0], H, dropout=dropout)
    mha.double()
    mha.train(training)
    own = mha.state_dict()
    ours = meant(list(own), NAMES, OTHER_NAMES)
    missing = [name for name in weights if name not in ours.values()]
    require(not missing, "the layer is made of four `nn.Linear` named `key`, `query`, `value` and `proj`",
            f"it has no {', '.join(missing)}; its weights are {', '.join(own) or 'none'}")
    mha.load_state_dict({name: weights[ours[name]] for name in own if ours[name] in weights}, strict=False)
    return mha


def true_attention(reference, weights, H, dropout=0.0):
    """The same of the reference's class."""
    mha = reference.MultiHeadAttention(weights["proj.bias"].shape[0], H, dropout=dropout)
    mha.double()
    mha.eval()
    mha.load_state_dict(weights)
    return mha


def both(student, reference, weights, H):
    return attention(student, weights, H), true_attention(reference, weights, H)


def qkv(rng, N, S, T, E):
    """query (N, S, E), key (N, T, E), value (N, T, E)."""
    return normal(rng, N, S, E), normal(rng, N, T, E), normal(rng, N, T, E)


def same_gradients(got, want):
    """Of the three inputs and the weights. (The bias of `key` adds the same to all scores of a query: no
    gradient.)"""
    (_, inputs, weights), (_, want_inputs, want_weights) = got, want
    ours = meant(list(weights), NAMES, OTHER_NAMES)
    weights = {ours[name]: gradient for name, gradient in weights.items()}
    for name, one, other in zip(("query", "key", "value"), inputs, want_inputs):
        same(torch.zeros_like(other) if one is None else one, other, f"the gradient of `{name}`", axes="N T E")
    for name in NAMES:
        if name != "key.bias":
            one, other = weights.get(name), want_weights[name]
            same(torch.zeros_like(other) if one is None else one, other, f"the gradient of `{name}`")


@points("multi_head_attention", 2)
def test_attention_by_hand(student):
    """the worked example: two heads of width 1, one query, two words"""
    weights = {name: torch.eye(2).double() if name.endswith("weight") else torch.zeros(2).double()
               for name in NAMES}
    words = torch.tensor([[[np.log(3.0), 5.0], [0.0, -1.0]]], dtype=torch.float64)
    out = attention(student, weights, 2)(torch.tensor([[[1.0, 0.0]]]).double(), words, words)
    same(returns(out, "out"), [[[0.75 * np.log(3.0), 2.0]]], "out", axes="N S E")


@points("multi_head_attention", 5)
def test_attention_value(student, reference, rng):
    """the output equals the reference, with fewer queries than keys, and values that are not the keys"""
    inputs = qkv(rng, N=2, S=5, T=7, E=33)
    mha, want = both(student, reference, random_weights(rng, 33), H=3)
    same(returns(mha(*inputs), "out"), want(*inputs), "out", axes="N S E")


@points("multi_head_attention", 3)
def test_attention_is_kept(student, reference, rng):
    """after a call, `self.attention` holds the weights of each head"""
    inputs = qkv(rng, N=2, S=5, T=3, E=14)
    mha, want = both(student, reference, random_weights(rng, 14), H=7)
    mha(*inputs)
    want(*inputs)
    same(returns(mha.attention, "attention"), want.attention, "attention", axes="N H S T")


@points("multi_head_attention", 4)
def test_attention_gradients(student, reference, rng):
    """the gradients of the three inputs and of the weights equal the reference"""
    inputs, cotangent = qkv(rng, N=2, S=5, T=3, E=14), normal(rng, 2, 5, 14)
    mha, want = both(student, reference, random_weights(rng, 14), H=2)
    same_gradients(student.vjp(mha, inputs, cotangent), reference.vjp(want, inputs, cotangent))


# ---- masks and the future --------------------------------------------------------------------------------

def random_mask(rng, S, T):
    """A bool mask (S, T) with holes, in which every query may attend to some key, but the first to the last
    key only."""
    mask = torch.from_numpy(rng.random(size=(S, T)) < 0.5)
    mask[range(S), rng.integers(T, size=S)] = True
    mask[0] = torch.arange(T) == T - 1
    return mask


def lower_triangle(T):
    return torch.from_numpy(np.arange(T)[:, None] >= np.arange(T))


def without_hidden_words(mha, query, key, value, mask):
    """The output (N, S, E) of the student's own layer when each query is asked alone, and is given only what
    it may see."""
    rows = [mha(query[:, s:s + 1], key[:, mask[s]], value[:, mask[s]]) for s in range(len(mask))]
    return torch.cat([returns(row, "out") for row in rows], dim=1)


@points("attention_masks", 3)
def test_mask_of_truths(student, rng):
    """with a mask of True and False, each query gets what it would get if the hidden words were not there at
    all"""
    inputs, mask = qkv(rng, N=2, S=5, T=7, E=33), random_mask(rng, S=5, T=7)
    mha = attention(student, random_weights(rng, 33), H=3)
    want = without_hidden_words(mha, *inputs, mask)
    same(returns(mha(*inputs, attn_mask=mask), "out"), want, "out", axes="N S E")


@points("attention_masks", 2)
def test_mask_of_numbers(student, rng):
    """a mask of ones and zeros, real or whole numbers, does the same"""
    inputs, mask = qkv(rng, N=2, S=3, T=5, E=14), random_mask(rng, S=3, T=5)
    mha = attention(student, random_weights(rng, 14), H=2)
    want = without_hidden_words(mha, *inputs, mask)
    for kind in (torch.float32, torch.float64, torch.int64):
        same(returns(mha(*inputs, attn_mask=mask.to(kind)), "out"), want, "out", axes="N S E")


@points("attention_masks", 3)
def test_mask_hides_the_future(student, rng):
    """with the causal mask, a change of the word at place 3 changes no output before place 3, and all from
    there on"""
    x, mask = normal(rng, 2, 7, 15), torch.from_numpy(np.tri(7) > 0)
    mha = attention(student, random_weights(rng, 15), H=5)
    before = returns(mha(x, x, x, attn_mask=mask), "out")
    x[:, 3] += 1.0
    after = returns(mha(x, x, x, attn_mask=mask), "out")
    same(after[:, :3], before[:, :3], "the output before place 3", axes="N T E", rel_error=1e-12)
    moved = (after - before).abs().amax(dim=(0, 2)).detach().numpy() > 1e-9
    require(moved[3:].all(), "the outputs from place 3 on depend on the word at place 3",
            f"the outputs at places {np.flatnonzero(moved).tolist()} of 0 to 6 change")


# ---- dropout on the weights ------------------------------------------------------------------------------

ALL = 1 - 1e-9    # a probability so large that every weight is dropped, and yet 1 - p is not 0


def revealing(rng, N, S, T, H):
    """A layer whose output shows its weights: each query looks at all keys alike, each head's values are unit
    vectors, and out[n, s, h*T + t] is the weight of key t in head h, as it met the values. Returns the
    weights of the layer and (query, key, value)."""
    E = H * T
    weights = {name: torch.zeros(E, E) if name.endswith("weight") else torch.zeros(E) for name in NAMES}
    weights |= {"value.weight": torch.eye(E), "proj.weight": torch.eye(E)}
    value = torch.eye(T).repeat(1, H).expand(N, T, E).double()
    return {name: one.double() for name, one in weights.items()}, (normal(rng, N, S, E), value, value)


def met_the_values(student, rng, N, S, T, H, p, training=True):
    """The attention weights (N, S, H, T) as they met the values, all 1/T before the dropout; p: the
    probability."""
    weights, inputs = revealing(rng, N, S, T, H)
    out = returns(attention(student, weights, H, dropout=p, training=training)(*inputs), "out")
    require(tuple(out.shape) == (N, S, H * T), f"the output has the shape of the queries, {(N, S, H * T)}",
            f"its shape is {tuple(out.shape)}")
    return out.detach().numpy().reshape(N, S, H, T)


def attends(out, N, S, E):
    """`out` of a layer in `eval` mode, if it is another for each sentence and query: dropout on the weights shows
    only where the weights matter."""
    out = returns(out, "out")
    require(tuple(out.shape) == (N, S, E), f"the output has the shape of the queries, {(N, S, E)}",
            f"its shape is {tuple(out.shape)}")
    spread = np.ptp(out.detach().numpy(), axis=(0, 1)).max()
    require(spread > 1e-9, "the output of random sentences and queries varies with them",
            f"its values differ by {spread:.2g} at most")
    return out


@points("attention_dropout", 2)
def test_dropout_sleeps_in_eval_mode(student, rng):
    """in `eval` mode nothing is dropped, however large the probability"""
    inputs, weights = qkv(rng, N=2, S=3, T=5, E=14), random_weights(rng, 14)
    want = attends(attention(student, weights, H=2, dropout=0.0)(*inputs), N=2, S=3, E=14)
    same(attention(student, weights, H=2, dropout=ALL)(*inputs), want, "out", axes="N S E")


@points("attention_dropout", 2)
def test_dropout_of_everything(student, rng):
    """in training, with every weight dropped, the output is what it would be if all values were zero"""
    (query, key, value), weights = qkv(rng, N=2, S=3, T=5, E=14), random_weights(rng, 14)
    weights["value.bias"] = torch.zeros(14).double()
    attends(attention(student, weights, H=2)(query, key, value), N=2, S=3, E=14)
    want = returns(attention(student, weights, H=2)(query, key, 0 * value), "out")
    out = returns(attention(student, weights, H=2, dropout=ALL, training=True)(query, key, value), "out")
    same(out, want, "out", axes="N S E")


@points("attention_dropout", 2)
def test_dropout_drops_the_share_it_was_told(student, rng):
    """in training, about a share `dropout` of the weights is dropped"""
    share = (met_the_values(student, rng, N=5, S=23, T=19, H=3, p=0.3) == 0).mean()    # of 6555 weights
    require(abs(share - 0.3) < 0.04, "with dropout=0.3, about 30 % of the attention weights become 0",
            f"{share:.1%} are 0")    # seven standard deviations: no correct answer fails by chance


@points("attention_dropout", 1.5)
def test_dropout_falls_on_weights(student, rng):
    """each sentence, query and head draws anew, and a dropped weight takes the whole value along"""
    weights, (query, key, value) = revealing(rng, N=3, S=11, T=13, H=1)
    mha = attention(student, weights, H=1, dropout=0.5, training=True)
    out = returns(mha(query, torch.ones_like(key), torch.ones_like(value)), "out").detach().numpy()
    varies = [bool((np.ptp(out, axis=axis) > 1e-9).any()) for axis in range(out.ndim)]
    same(varies, [True, True, False], "whether it varies with the sentence, with the query, and within a head")
    heads = met_the_values(student, rng, N=3, S=11, T=13, H=2, p=0.5)
    same(bool((heads[:, :, 0] != heads[:, :, 1]).any()), True, "whether the heads draw apart")


# ---- self-attention and cross-attention ------------------------------------------------------------------

@points("self_and_cross", 2)
def test_self_attention_value(student, reference, rng):
    """self-attention equals the reference: each word sees all words"""
    x = normal(rng, 2, 5, 21)
    mha, want = both(student, reference, random_weights(rng, 21), H=3)
    same(returns(student.self_attention(mha, x), "out"), reference.self_attention(want, x), "out", axes="N T E")


@points("self_and_cross", 2)
def test_causal_self_attention_value(student, reference, rng):
    """causal self-attention equals the reference: each word sees itself and the words before it"""
    x = normal(rng, 2, 5, 21)
    mha, want = both(student, reference, random_weights(rng, 21), H=3)
    out = returns(student.self_attention(mha, x, causal=True), "out")
    same(out, reference.self_attention(want, x, causal=True), "out", axes="N T E")


@points("self_and_cross", 2)
def test_cross_attention_value(student, reference, rng):
    """cross-attention equals the reference: the words look at a memory of another length"""
    x, memory = normal(rng, 2, 5, 14), normal(rng, 2, 3, 14)
    mha, want = both(student, reference, random_weights(rng, 14), H=7)
    out = returns(student.cross_attention(mha, x, memory), "out")
    same(out, reference.cross_attention(want, x, memory), "out", axes="N S E")


# ---- the gradient of an attention map --------------------------------------------------------------------

SQUARES = "lambda out: (out ** 2).sum()"
TO_TARGET = "lambda target: lambda out: ((out - target) ** 2).mean()"


def same_attention_gradient(student, reference, weights, H, x, loss_of):
    """loss_of: makes the loss function beside an owner's code."""
    mha, want = both(student, reference, weights, H)
    got = returns(student.attention_grad(mha, x, loss_of(student)), "gradient")
    same(got, reference.attention_grad(want, x, loss_of(reference)), "gradient", axes="N H T T")


@points("attention_grad", 3)
def test_attention_grad_value(student, reference, rng):
    """the gradient equals the reference, for the sum of the squared outputs"""
    x = normal(rng, 2, 5, 21)
    same_attention_gradient(student, reference, random_weights(rng, 21), 3, x,
                            lambda owner: owner.evaluate(SQUARES))


@points("attention_grad", 2)
def test_attention_grad_of_a_sum(student, reference, rng):
    """for the sum of all outputs, each weight's gradient tells what its value adds to that sum"""
    x, weights, ones = normal(rng, 2, 7, 6), random_weights(rng, 6), torch.ones(6).double()
    mha = attention(student, weights, H=2)
    got = returns(student.attention_grad(mha, x, student.evaluate("lambda out: out.sum()")), "gradient")
    values = x @ weights["value.weight"].T + weights["value.bias"]                       # (N, T, E)
    adds = (values * (ones @ weights["proj.weight"])).reshape(2, 7, 2, 3).sum(dim=3)     # (N, T, H)
    same(got, adds.permute(0, 2, 1)[:, :, None].expand(2, 2, 7, 7), "gradient", axes="N H T T")


# ---- importance and pruning ------------------------------------------------------------------------------

LINES = "lambda slopes: lambda gates: slopes @ gates.to(slopes)"
CURVES = "lambda slopes: lambda gates: torch.tanh(slopes @ gates.to(slopes) ** 3)"


@points("head_importance", 1.5)
def test_importance_by_hand(student):
    """the worked example: two examples, two heads"""
    losses = student.evaluate(LINES)(torch.tensor([[1.0, -2.0], [-3.0, 2.0]]))
    same(returns(student.head_importance(losses, 2), "importance"), [2.0, 2.0], "importance", axes="H")


@points("head_importance", 2.5)
def test_importance_value(student, reference, rng):
    """the importance equals the reference, for losses that are not linear"""
    slopes = 0.4 * normal(rng, 5, 3)
    got = returns(student.head_importance(student.evaluate(CURVES)(slopes), 3), "importance")
    same(got, reference.head_importance(reference.evaluate(CURVES)(slopes), 3), "importance", axes="H")


AXES = {"weight": "out in", "bias": "out"}


def has_the_names(got):
    require(isinstance(got, dict), "`prune_heads` returns a dict from name to weights",
            f"it is a {type(got).__name__}")
    missing = [name for name in NAMES if name not in got]
    require(not missing, "the result has all names of the weights that went in", f"missing: {', '.join(missing)}")


def same_pruned(got, want):
    """Every weight, under its own name."""
    has_the_names(got)
    for name in NAMES:
        same(got[name], want[name], name, axes=AXES[name.partition(".")[2]])


@points("prune_heads", 3)
def test_pruned_weights(student, reference, rng):
    """the pruned weights equal the reference: three heads of five"""
    weights, keep = random_weights(rng, 10), [0, 2, 3]
    same_pruned(student.prune_heads(weights, keep, 5), reference.prune_heads(weights, keep, 5))


# ---- cost ------------------------------------------------------------------------------------------------

def same_cost(student, want, T, E, H):
    multiplications, weights = returns(student.attention_cost(T, E, H), "multiplications", "weights")
    same(multiplications, want[0], "multiplications")
    same(weights, want[1], "weights")


@points("attention_cost", 1)
def test_cost_by_hand(student):
    """the worked example: five words of width 6, three heads"""
    same_cost(student, (1020, 75), 5, 6, 3)
