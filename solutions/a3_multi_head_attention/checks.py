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


### BEGIN HIDDEN TESTS
@points("split_heads", 1)
def test_split_other_sizes(student, reference, rng):
    """the heads equal the reference for more heads than words, for heads of width 1, and for a single head"""
    x = normal(rng, 2, 3, 35)
    for H in (7, 35, 1):
        same(returns(student.split_heads(x, H), "heads"), reference.split_heads(x, H), "heads", axes="N H T d")


@points("split_heads", 1)
def test_split_keeps_words_apart(student, rng):
    """a change of one word changes every head at the place of that word, and nothing else"""
    x = normal(rng, 2, 5, 21)
    before = returns(student.split_heads(x, 3), "heads")
    x[1, 2] += 1.0
    moved = torch.zeros(2, 3, 5, 7)
    moved[1, :, 2] = 1.0
    same(returns(student.split_heads(x, 3), "heads") - before, moved, "the change of the heads", axes="N H T d")
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@points("merge_heads", 1)
def test_merge_other_sizes(student, reference, rng):
    """the result equals the reference for more heads than words, for heads of width 1, and for a single
    head"""
    for H, d in ((11, 2), (7, 1), (1, 7)):
        heads = normal(rng, 2, H, 3, d)
        same(returns(student.merge_heads(heads), "x"), reference.merge_heads(heads), "x", axes="N T E")


@points("merge_heads", 1)
def test_merge_undoes_split(student, reference, rng):
    """gluing what was cut gives back the vectors"""
    x = normal(rng, 2, 7, 15)
    same(returns(student.merge_heads(reference.split_heads(x, 5)), "x"), x, "x", axes="N T E", rel_error=1e-12)
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@points("multi_head_attention", 4)
def test_attention_other_sizes(student, reference, rng):
    """the output equals the reference, with more queries than keys and other heads"""
    inputs = qkv(rng, N=3, S=11, T=2, E=35)
    mha, want = both(student, reference, random_weights(rng, 35), H=5)
    same(returns(mha(*inputs), "out"), want(*inputs), "out", axes="N S E")


@points("multi_head_attention", 2)
def test_attention_of_one_head_and_of_thin_heads(student, reference, rng):
    """the output equals the reference for a single head, and for heads of width 1"""
    inputs, weights = qkv(rng, N=2, S=5, T=5, E=7), random_weights(rng, 7)
    for H in (1, 7):
        mha, want = both(student, reference, weights, H)
        same(returns(mha(*inputs), "out"), want(*inputs), "out", axes="N S E")


@points("multi_head_attention", 2)
def test_attention_rows_are_independent(student, rng):
    """a sentence alone gives what it gives in a batch, and a query alone what it gives among others"""
    query, key, value = qkv(rng, N=3, S=5, T=7, E=22)
    mha = attention(student, random_weights(rng, 22), H=2)
    out = returns(mha(query, key, value), "out")
    same(mha(query[1:2, 3:4], key[1:2], value[1:2]), out[1:2, 3:4], "out", axes="N S E")


@points("multi_head_attention", 2)
def test_attention_does_not_know_the_order_of_keys(student, rng):
    """keys and values in another order give the same output"""
    query, key, value = qkv(rng, N=2, S=3, T=5, E=14)
    mha, order = attention(student, random_weights(rng, 14), H=7), [3, 0, 4, 2, 1]
    out = returns(mha(query, key, value), "out")
    same(mha(query, key[:, order], value[:, order]), out, "out", axes="N S E")


@points("multi_head_attention", 2)
def test_attention_of_large_scores(student, reference, rng):
    """scores in the thousands give a finite and correct output"""
    query, key, value = qkv(rng, N=2, S=3, T=5, E=14)
    mha, want = both(student, reference, random_weights(rng, 14), H=2)
    same(mha(50 * query, 50 * key, value), want(50 * query, 50 * key, value), "out", axes="N S E")
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@points("attention_masks", 2)
def test_mask_other_sizes(student, rng):
    """each query gets what it would get without the hidden words, with more queries than keys"""
    inputs, mask = qkv(rng, N=3, S=7, T=5, E=22), random_mask(rng, S=7, T=5)
    mha = attention(student, random_weights(rng, 22), H=11)
    want = without_hidden_words(mha, *inputs, mask)
    same(returns(mha(*inputs, attn_mask=mask), "out"), want, "out", axes="N S E")


@points("attention_masks", 1)
def test_mask_of_other_numbers(student, rng):
    """in a mask of numbers, every number but 0 means `may attend`"""
    inputs, mask = qkv(rng, N=2, S=3, T=5, E=6), random_mask(rng, S=3, T=5)
    mask[:, 0] = True
    mha, numbers = attention(student, random_weights(rng, 6), H=2), torch.tensor([3.0, 1.0, -0.5, 2.0, 1.0])
    same(mha(*inputs, attn_mask=mask * numbers), without_hidden_words(mha, *inputs, mask), "out", axes="N S E")


@points("attention_masks", 2)
def test_mask_stops_gradients(student, rng):
    """the gradients are those without the hidden words, and none arrives at a word that is hidden from all"""
    (query, key, value), cotangent = qkv(rng, N=2, S=3, T=5, E=14), normal(rng, 2, 3, 14)
    mha, seen = attention(student, random_weights(rng, 14), H=2), [0, 3, 4]
    mask = torch.tensor([[t in seen for t in range(5)]] * 3)
    _, (_, dkey, dvalue), _ = student.vjp(mha, (query, key, value), cotangent, {"attn_mask": mask})
    _, wanted, _ = student.vjp(mha, (query, key[:, seen], value[:, seen]), cotangent)
    for name, got, part_of_it in (("key", dkey, wanted[1]), ("value", dvalue, wanted[2])):
        want = torch.zeros(2, 5, 14).double()
        want[:, seen] = 0.0 if part_of_it is None else part_of_it
        same(want * 0 if got is None else got, want, f"the gradient of `{name}`", axes="N T E")


@points("attention_masks", 1)
def test_mask_hides_anything(student, rng):
    """whatever stands at a hidden place, the output is the same"""
    (query, key, value), mask = qkv(rng, N=2, S=3, T=5, E=14), random_mask(rng, S=3, T=5)
    mask[:, 2] = False
    mask[:, 1] = True
    mha = attention(student, random_weights(rng, 14), H=2)
    before = returns(mha(query, key, value, attn_mask=mask), "out")
    key[:, 2], value[:, 2] = 100.0, -1000.0
    same(mha(query, key, value, attn_mask=mask), before, "out", axes="N S E")
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@points("attention_dropout", 1)
def test_dropout_keeps_the_mean(student, rng):
    """the weights that are left grow, so that the mean stays what it was"""
    before = met_the_values(student, rng, N=3, S=7, T=5, H=2, p=0.6, training=False).max()
    left = met_the_values(student, rng, N=3, S=7, T=5, H=2, p=0.6)
    left = left[left != 0]
    extremes = [left.min(initial=1e9), left.max(initial=0)]
    same(extremes, [before / 0.4] * 2, "the smallest and the largest weight left")


@points("attention_dropout", 0.5)
def test_dropout_comes_after_what_is_kept(student, rng):
    """in training, too, `self.attention` holds the weights before the dropout"""
    inputs, weights = qkv(rng, N=2, S=3, T=5, E=14), random_weights(rng, 14)
    mha = attention(student, weights, H=2, dropout=ALL)
    mha(*inputs)
    want = returns(mha.attention, "attention")
    require(bool((want != 0).any()), "`self.attention` holds weights in `eval` mode", "all of them are 0")
    mha.train()
    mha(*inputs)
    same(returns(mha.attention, "attention"), want, "attention", axes="N H S T")
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@points("self_and_cross", 1)
def test_attention_to_oneself(student, reference, rng):
    """cross-attention with the sentence itself as memory is self-attention, and causal=False hides nothing"""
    x = normal(rng, 3, 7, 10)
    mha, want = both(student, reference, random_weights(rng, 10), H=2)
    out = reference.self_attention(want, x)
    for name, got in (("cross_attention", student.cross_attention(mha, x, x)),
                      ("self_attention", student.self_attention(mha, x, causal=False))):
        same(returns(got, "out"), out, f"out of {name}", axes="N T E")


@points("self_and_cross", 1)
def test_who_sees_whom(student, rng):
    """in causal self-attention nothing reacts to a later word; in cross-attention every output to every
    memory entry"""
    x, memory = normal(rng, 2, 7, 10), normal(rng, 2, 7, 10)
    mha = attention(student, random_weights(rng, 10), H=5)
    causal, cross = student.self_attention(mha, x, causal=True), student.cross_attention(mha, x, memory)
    x2, memory2 = x.clone(), memory.clone()
    x2[:, 4] += 1.0
    memory2[:, 4] += 1.0
    later = (student.self_attention(mha, x2, causal=True) - causal).abs().amax(dim=(0, 2)) > 1e-9
    same(later.numpy(), np.arange(7) >= 4, "which outputs of causal self-attention react to word 4", axes="T")
    reacts = (student.cross_attention(mha, x, memory2) - cross).abs().amax(dim=(0, 2)) > 1e-9
    same(reacts.numpy(), np.full(7, True), "which outputs of cross-attention react to memory entry 4", axes="S")
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@points("attention_grad", 2)
def test_attention_grad_other_sizes(student, reference, rng):
    """the gradient equals the reference, for the distance to a target"""
    x, target = normal(rng, 3, 5, 14), normal(rng, 3, 5, 14)
    same_attention_gradient(student, reference, random_weights(rng, 14), 7, x,
                            lambda owner: owner.evaluate(TO_TARGET)(target))


@points("attention_grad", 2)
def test_attention_grad_twice(student, reference, rng):
    """a second call with another sentence, longer than the first, gives the second gradient"""
    first, second, weights = normal(rng, 2, 3, 10), normal(rng, 2, 5, 10), random_weights(rng, 10)
    mha, want = both(student, reference, weights, 2)
    loss, true_loss = student.evaluate(SQUARES), reference.evaluate(SQUARES)
    student.attention_grad(mha, first, loss)
    got = returns(student.attention_grad(mha, second, loss), "gradient")
    same(got, reference.attention_grad(want, second, true_loss), "gradient", axes="N H T T")
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@points("head_importance", 2)
def test_importance_other_sizes(student, reference, rng):
    """the importance equals the reference, for more heads than examples"""
    slopes = 0.3 * normal(rng, 3, 7)
    got = returns(student.head_importance(student.evaluate(CURVES)(slopes), 7), "importance")
    same(got, reference.head_importance(reference.evaluate(CURVES)(slopes), 7), "importance", axes="H")


@points("head_importance", 1)
def test_importance_of_an_idle_head(student, rng):
    """a head that no loss depends on has importance 0, and a single example needs no mean"""
    slopes = torch.tensor([[-2.0, 0.0, 5.0]])
    got = returns(student.head_importance(student.evaluate(LINES)(slopes), 3), "importance")
    same(got, [2.0, 0.0, 5.0], "importance", axes="H")
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
def by_head(weights, H, x):
    """Self-attention written apart from the notebook: the heads one by one, each with its own slices. NumPy,
    (N, T, E)."""
    weights, x = {name: weight.numpy() for name, weight in weights.items()}, x.numpy()
    d, out = len(weights["query.bias"]) // H, weights["proj.bias"]
    for h in range(H):
        rows = slice(h * d, (h + 1) * d)
        q, k, v = (x @ weights[f"{name}.weight"][rows].T + weights[f"{name}.bias"][rows]
                   for name in ("query", "key", "value"))
        scores = np.exp(np.einsum("nsd,ntd->nst", q, k) / d**0.5)
        out = out + scores / scores.sum(axis=2, keepdims=True) @ v @ weights["proj.weight"][:, rows].T
    return out


@points("prune_heads", 2.5)
def test_pruned_layer_computes_the_same(student, rng):
    """the pruned layer computes what the whole one computes with the other heads' gates closed, in whatever
    order the heads are named"""
    weights, keep, x = random_weights(rng, 21), [5, 0, 3], normal(rng, 2, 5, 21)
    pruned = student.prune_heads(weights, keep, 7)
    has_the_names(pruned)
    for name in NAMES:
        rows, columns = 21 if name.startswith("proj") else 9, 9 if name.startswith("proj") else 21
        want = (rows, columns) if name.endswith("weight") else (rows,)
        shape = tuple(pruned[name].shape)
        require(shape == want, f"`{name}` has shape {want} for three heads of seven", f"its shape is {shape}")
    open_gates = torch.tensor([float(h in keep) for h in range(7)]).repeat_interleave(3)
    closed = weights | {"proj.weight": weights["proj.weight"] * open_gates}
    same(by_head(pruned, 3, x), by_head(closed, 7, x), "the output of the pruned layer", axes="N T E")


@points("prune_heads", 1.5)
def test_pruned_to_one_head_and_to_all(student, reference, rng):
    """the pruned weights equal the reference where a single head, the last, is kept, and where all are"""
    weights = random_weights(rng, 22)
    for keep in ([10], list(range(11))):
        same_pruned(student.prune_heads(weights, keep, 11), reference.prune_heads(weights, keep, 11))
### END HIDDEN TESTS


# ---- cost ------------------------------------------------------------------------------------------------

def same_cost(student, want, T, E, H):
    multiplications, weights = returns(student.attention_cost(T, E, H), "multiplications", "weights")
    same(multiplications, want[0], "multiplications")
    same(weights, want[1], "weights")


@points("attention_cost", 1)
def test_cost_by_hand(student):
    """the worked example: five words of width 6, three heads"""
    same_cost(student, (1020, 75), 5, 6, 3)


### BEGIN HIDDEN TESTS
@points("attention_cost", 2)
def test_cost_other_sizes(student, reference):
    """both counts equal the reference, for few and for many words"""
    for T, E, H in ((5, 21, 3), (101, 14, 7), (7, 7, 1), (1, 6, 2)):
        same_cost(student, reference.attention_cost(T, E, H), T, E, H)
### END HIDDEN TESTS
