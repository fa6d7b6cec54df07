"""What must be true of assignment 3.

Letters: N batch, S queries, T keys, E width, H heads, d width of a head (E = H d).
"""

import numpy as np
import torch

from autograder.examine import (
    ALL,
    beside,
    boundaries,
    depends,
    forms,
    influences,
    installed,
    invariant,
    part,
    permuted,
    points,
    random_weights,
    require,
    returns,
    same,
    same_gradients,
    share_of,
    twins,
)

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
    """the worked example: two words of width 4, two heads; and the same with 8 more in each place"""
    x = torch.arange(8.0).reshape(1, 2, 4)
    heads = torch.tensor([[[[0.0, 1], [4, 5]], [[2, 3], [6, 7]]]])
    same(returns(student.split_heads(x, 2), "heads"), heads, "heads", axes="N H T d")
    same(returns(student.split_heads(x + 8, 2), "heads"), heads + 8, "heads", axes="N H T d")


@points("split_heads", 1)
def test_split_value(student, reference, rng):
    """the heads equal the reference for a random batch"""
    x = normal(rng, 3, 5, 14)
    same(returns(student.split_heads(x, 2), "heads"), reference.split_heads(x, 2), "heads", axes="N H T d")


@points("merge_heads", 1)
def test_merge_by_hand(student):
    """the worked example, backwards; and the same with 8 more in each place"""
    heads = torch.tensor([[[[0.0, 1.0], [4.0, 5.0]], [[2.0, 3.0], [6.0, 7.0]]]])
    x = torch.tensor([[[0.0, 1, 2, 3], [4, 5, 6, 7]]])
    same(returns(student.merge_heads(heads), "x"), x, "x", axes="N T E")
    same(returns(student.merge_heads(heads + 8), "x"), x + 8, "x", axes="N T E")


@points("merge_heads", 1)
def test_merge_value(student, reference, rng):
    """the result equals the reference for a random batch"""
    heads = normal(rng, 3, 2, 5, 7)
    same(returns(student.merge_heads(heads), "x"), reference.merge_heads(heads), "x", axes="N T E")


# ---- multi-head attention --------------------------------------------------------------------------------

LINEAR = ("key", "query", "value", "proj")
NAMES = tuple(f"{name}.{kind}" for name in LINEAR for kind in ("weight", "bias"))

# Other names that people give to the four (the paper's, PyTorch's, other libraries'): docs/students.md says so.
OTHER_NAMES = [(rf"(?i)^((w|to|fc|linear)_?)?({theirs})(_?(proj|projection|linear|fc|layer))?\.", f"{ours}.")
               for ours, theirs in (("query", "q|query|queries"), ("key", "k|keys?"), ("value", "v|values?"),
                                    ("proj", "o|out|output|proj|fc|linear"))]


def layers(student, reference, rng, E, H):
    """A layer of the student's and one of the reference's with equal weights: float64, eval mode."""
    one, other, _ = twins(student, reference, lambda owner: owner.MultiHeadAttention(E, H, dropout=0.0), rng,
                          names=OTHER_NAMES)
    return one, other


def layer(student, rng, E, H):
    """A layer of the student's with random weights."""
    mha = student.MultiHeadAttention(E, H, dropout=0.0)
    return installed(mha, random_weights(mha, rng))


def weighted(student, weights, H, dropout=0.0, train=False):
    """A layer of the student's with these weights."""
    mha = student.MultiHeadAttention(weights["proj.bias"].shape[0], H, dropout=dropout)
    return installed(mha, weights, OTHER_NAMES, train=train)


def square(rng, E):
    """Random weights of the four linear layers, by name."""
    return {name: normal(rng, E, E) / E**0.5 if name.endswith("weight") else normal(rng, E) for name in NAMES}


def qkv(rng, N, S, T, E):
    """query (N, S, E), key (N, T, E), value (N, T, E): numbers that make some scores large and some small."""
    return 1.5 * normal(rng, N, S, E), 1.5 * normal(rng, N, T, E), normal(rng, N, T, E)


@points("multi_head_attention", 2)
def test_attention_by_hand(student):
    """the worked example: two heads of width 1, one query, two words; and values that are twice as large"""
    weights = {name: torch.eye(2).double() if name.endswith("weight") else torch.zeros(2).double()
               for name in NAMES}
    words = torch.tensor([[[np.log(3.0), 5.0], [0.0, -1.0]]], dtype=torch.float64)
    mha, query, want = weighted(student, weights, 2), torch.tensor([[[1.0, 0.0]]]).double(), [0.75 * np.log(3.0), 2.0]
    for times in (1, 2):
        same(returns(mha(query, words, times * words), "out"), [[[times * each for each in want]]], "out", axes="N S E")


@points("multi_head_attention", 4)
def test_attention_value(student, reference, rng):
    """the output equals the reference, with fewer queries than keys, and values that are not the keys"""
    inputs = qkv(rng, N=2, S=5, T=7, E=33)
    mha, want = layers(student, reference, rng, E=33, H=3)
    same(returns(mha(*inputs), "out"), want(*inputs), "out", axes="N S E")


@points("multi_head_attention", 3)
def test_attention_is_kept(student, reference, rng):
    """after a call, `self.attention` holds the weights of each head"""
    inputs = qkv(rng, N=2, S=5, T=3, E=14)
    mha, want = layers(student, reference, rng, E=14, H=7)
    mha(*inputs)
    want(*inputs)
    same(returns(mha.attention, "attention"), want.attention, "attention", axes="N H S T")


@points("multi_head_attention", 4)
def test_attention_gradients(student, reference, rng):
    """the gradients of the three inputs and of the weights equal the reference"""
    inputs, cotangent = qkv(rng, N=2, S=5, T=3, E=14), normal(rng, 2, 5, 14)
    same_gradients(*layers(student, reference, rng, E=14, H=2), inputs, cotangent, "query key value", names=OTHER_NAMES,
                   axes=dict.fromkeys(("query", "key", "value"), "N T E"))


@points("multi_head_attention", 2)
def test_attention_of_large_scores(student, reference, rng):
    """scores in the thousands give a finite and correct output"""
    query, key, value = qkv(rng, N=2, S=3, T=5, E=14)
    mha, want = layers(student, reference, rng, E=14, H=2)
    same(returns(mha(40 * query, 40 * key, value), "out"), want(40 * query, 40 * key, value), "out", axes="N S E")


# ---- masks and the future --------------------------------------------------------------------------------

# As many queries as keys, and properties in place of values, wherever that is no matter of masks: what is wrong with
# the attention itself costs the part above.

def random_mask(rng, S, T):
    """A bool mask (S, T) with holes, in which every query may attend to some key, but the first to the last
    key only."""
    mask = torch.from_numpy(rng.random(size=(S, T)) < 0.5)
    mask[range(S), rng.integers(T, size=S)] = True
    mask[0] = torch.arange(T) == T - 1
    return mask


def lower_triangle(T):
    return torch.from_numpy(np.arange(T)[:, None] >= np.arange(T))


def looks_where_it_may(mha, rng, E, mask, allowed=None, N=2):
    """Each query depends on the words that the mask lets it see, and on no other."""
    query, words, _ = qkv(rng, N, *mask.shape, E)
    influences(lambda words: mha(query, words, words, attn_mask=mask), words, mask if allowed is None else allowed,
               of="output of the query", on="word")


@points("attention_masks", 3)
def test_mask_of_truths(student, rng):
    """with a mask of True and False, each query depends on the words that it may see, and on no other"""
    looks_where_it_may(layer(student, rng, E=33, H=3), rng, 33, random_mask(rng, S=5, T=5))


@points("attention_masks", 2)
def test_mask_takes_no_weight_with_it(student, rng):
    """the weights of the words that are left sum to 1: where all words are equal, it does not matter what is hidden"""
    query, words, _ = qkv(rng, N=2, S=5, T=1, E=14)
    mha, mask = layer(student, rng, E=14, H=2), random_mask(rng, S=5, T=5)
    want = depends(lambda words: mha(query, words, words), words.expand(2, 5, 14).clone())
    same(returns(mha(query, *[words.expand(2, 5, 14)] * 2, attn_mask=mask), "out"), want, "out", axes="N S E")


@points("attention_masks", 2)
def test_mask_of_numbers(student, rng):
    """a mask of numbers, real or whole, does the same: every number but 0 means `may attend`"""
    mask, numbers = random_mask(rng, S=3, T=3), torch.tensor([3.0, 1.0, -0.5])
    mask[:, 1] = True
    mha = layer(student, rng, E=14, H=2)
    for each in (mask.float(), mask.double(), mask.long(), mask * numbers):
        looks_where_it_may(mha, rng, 14, each, allowed=mask)


@points("attention_masks", 3)
def test_mask_hides_the_future(student, rng):
    """with the causal mask, the output at each place depends on the words up to it, and on none after it"""
    mask, x = lower_triangle(7), normal(rng, 2, 7, 15)
    mha = layer(student, rng, E=15, H=5)
    influences(lambda x: mha(x, x, x, attn_mask=mask), x, mask, of="output", on="word")


# ---- dropout on the weights ------------------------------------------------------------------------------

def revealing(rng, N, T, H):
    """A layer whose output shows its weights: each query looks at all keys alike, each head's values are unit
    vectors, and out[n, s, h*T + t] is the weight of key t in head h, as it met the values. Returns the
    weights of the layer and (query, key, value). Keys and their layer are those of the values: a layer that takes
    the one for the other has its own part."""
    E = H * T
    weights = {name: torch.zeros(E, E) if name.endswith("weight") else torch.zeros(E) for name in NAMES}
    weights |= {f"{name}.weight": torch.eye(E) for name in ("key", "value", "proj")}
    value = torch.eye(T).repeat(1, H).expand(N, T, E).double()
    return {name: one.double() for name, one in weights.items()}, (normal(rng, N, T, E), value, value)


def met_the_values(student, rng, N, T, H, p, train=True):
    """The attention weights (N, S, H, T) as they met the values, all 1/T before the dropout; p: the
    probability."""
    weights, inputs = revealing(rng, N, T, H)
    out = returns(weighted(student, weights, H, dropout=p, train=train)(*inputs), "out")
    require(tuple(out.shape) == (N, T, H * T), f"the output has the shape of the queries, {(N, T, H * T)}",
            f"its shape is {tuple(out.shape)}")
    return out.detach().numpy().reshape(N, T, H, T)


@points("attention_dropout", 1.5)
def test_dropout_sleeps_in_eval_mode(student, rng):
    """in `eval` mode nothing is dropped, however large the probability"""
    (query, key, _), weights = qkv(rng, N=2, S=5, T=5, E=14), square(rng, 14)
    mha = weighted(student, weights, H=2)
    want = depends(lambda words: mha(query, words, words), key)
    same(weighted(student, weights, H=2, dropout=ALL)(query, key, key), want, "out", axes="N S E")


@points("attention_dropout", 1.5)
def test_dropout_of_everything(student, rng):
    """in training, with every weight dropped, the output is what it would be if all values were zero"""
    (query, key, value), weights = qkv(rng, N=2, S=5, T=5, E=14), square(rng, 14)
    weights |= {f"{name}.bias": torch.zeros(14).double() for name in ("value", "key")}
    mha = weighted(student, weights, H=2)
    depends(lambda value: mha(query, value, value), value)
    want = returns(mha(query, 0 * key, 0 * value), "out")
    out = returns(weighted(student, weights, H=2, dropout=ALL, train=True)(query, key, value), "out")
    same(out, want, "out", axes="N S E")


@points("attention_dropout", 1.5)
def test_dropout_drops_the_share_it_was_told(student, rng):
    """in training, about a share `dropout` of the weights is dropped"""
    share_of(met_the_values(student, rng, N=5, T=23, H=3, p=0.3) == 0, 0.3, "the attention weights that become 0")


@points("attention_dropout", 1.5)
def test_dropout_falls_on_weights(student, rng):
    """each sentence, query and head draws anew, and a dropped weight takes the whole value along"""
    weights, (query, key, value) = revealing(rng, N=3, T=13, H=1)
    mha = weighted(student, weights, H=1, dropout=0.5, train=True)
    out = returns(mha(query, torch.ones_like(key), torch.ones_like(value)), "out").detach().numpy()
    varies = [bool((np.ptp(out, axis=axis) > 1e-9).any()) for axis in range(out.ndim)]
    same(varies, [True, True, False], "whether it varies with the sentence, with the query, and within a head")
    heads = met_the_values(student, rng, N=3, T=13, H=2, p=0.5)
    same(bool((heads[:, :, 0] != heads[:, :, 1]).any()), True, "whether the heads draw apart")


@points("attention_dropout", 1)
def test_dropout_keeps_the_mean(student, rng):
    """the weights that are left grow, so that the mean stays what it was"""
    before = met_the_values(student, rng, N=3, T=7, H=2, p=0.6, train=False).max()
    left = met_the_values(student, rng, N=3, T=7, H=2, p=0.6)
    left = left[left != 0]
    extremes = [left.min(initial=1e9), left.max(initial=0)]
    same(extremes, [before / 0.4] * 2, "the smallest and the largest weight left")


@points("attention_dropout", 0.5)
def test_dropout_comes_after_what_is_kept(student, rng):
    """in training, too, `self.attention` holds the weights before the dropout"""
    (query, key, value), weights = qkv(rng, N=2, S=5, T=5, E=14), square(rng, 14)
    mha = weighted(student, weights, H=2, dropout=ALL)

    def kept(key):
        mha(query, key, value)
        return returns(mha.attention, "attention")

    want = depends(kept, key, "attention")
    mha.train()
    same(kept(key), want, "attention", axes="N H S T")


# ---- self-attention and cross-attention ------------------------------------------------------------------

@points("self_and_cross", 2)
def test_self_attention_value(student, reference, rng):
    """self-attention equals the reference: each word sees all words"""
    x = normal(rng, 2, 5, 21)
    mha, want = layers(student, reference, rng, E=21, H=3)
    same(returns(student.self_attention(mha, x), "out"), reference.self_attention(want, x), "out", axes="N T E")


@points("self_and_cross", 2)
def test_causal_self_attention_value(student, reference, rng):
    """causal self-attention equals the reference: each word sees itself and the words before it"""
    x = normal(rng, 2, 5, 21)
    mha, want = layers(student, reference, rng, E=21, H=3)
    out = returns(student.self_attention(mha, x, causal=True), "out")
    same(out, reference.self_attention(want, x, causal=True), "out", axes="N T E")


@points("self_and_cross", 2)
def test_cross_attention_value(student, reference, rng):
    """cross-attention equals the reference: the words look at a memory of another length"""
    x, memory = normal(rng, 2, 5, 14), normal(rng, 2, 3, 14)
    mha, want = layers(student, reference, rng, E=14, H=7)
    out = returns(student.cross_attention(mha, x, memory), "out")
    same(out, reference.cross_attention(want, x, memory), "out", axes="N S E")


# ---- the gradient of an attention map --------------------------------------------------------------------

def squares():
    return lambda out: (out**2).sum()


def plain_sum():
    return lambda out: out.sum()


def distance_to(target):
    return lambda out: ((out - target) ** 2).mean()


def same_attention_gradient(student, reference, rng, H, x, loss, *given):
    """loss: a probe that makes the loss function beside an owner's code."""
    mha, want = layers(student, reference, rng, x.shape[2], H)
    got = returns(student.attention_grad(mha, x, beside(student, loss, *given)), "gradient")
    same(got, reference.attention_grad(want, x, beside(reference, loss, *given)), "gradient", axes="N H T T")


@points("attention_grad", 3)
def test_attention_grad_value(student, reference, rng):
    """the gradient equals the reference, for the sum of the squared outputs"""
    same_attention_gradient(student, reference, rng, 3, normal(rng, 2, 5, 21), squares)


@points("attention_grad", 2)
def test_attention_grad_of_a_sum(student, reference, rng):
    """for the sum of all outputs, each weight's gradient tells what its value adds to that sum"""
    x, weights, ones = normal(rng, 2, 7, 6), square(rng, 6), torch.ones(6).double()
    mha = weighted(student, weights, H=2)
    got = returns(student.attention_grad(mha, x, beside(student, plain_sum)), "gradient")
    values = x @ weights["value.weight"].T + weights["value.bias"]                       # (N, T, E)
    adds = (values * (ones @ weights["proj.weight"])).reshape(2, 7, 2, 3).sum(dim=3)     # (N, T, H)
    same(got, adds.permute(0, 2, 1)[:, :, None].expand(2, 2, 7, 7), "gradient", axes="N H T T")


# ---- importance and pruning ------------------------------------------------------------------------------

def lines(slopes):
    return lambda gates: slopes @ gates.to(slopes)


def curves(slopes):
    return lambda gates: torch.tanh(slopes @ gates.to(slopes) ** 3)


@points("head_importance", 1.5)
def test_importance_by_hand(student):
    """the worked example: two examples, two heads; and losses that are twice as steep"""
    for times in (1, 2):
        losses = beside(student, lines, times * torch.tensor([[1.0, -2.0], [-3.0, 2.0]]))
        same(returns(student.head_importance(losses, 2), "importance"), [2.0 * times] * 2, "importance", axes="H")


@points("head_importance", 2.5)
def test_importance_value(student, reference, rng):
    """the importance equals the reference, for losses that are not linear"""
    slopes = 0.4 * normal(rng, 5, 3)
    got = returns(student.head_importance(beside(student, curves, slopes), 3), "importance")
    same(got, reference.head_importance(beside(reference, curves, slopes), 3), "importance", axes="H")


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
    weights, keep = square(rng, 10), [0, 2, 3]
    same_pruned(student.prune_heads(weights, keep, 5), reference.prune_heads(weights, keep, 5))


# ---- cost ------------------------------------------------------------------------------------------------

def same_cost(student, want, T, E, H):
    multiplications, weights = returns(student.attention_cost(T, E, H), "multiplications", "weights")
    same(multiplications, want[0], "multiplications")
    same(weights, want[1], "weights")


@points("attention_cost", 1)
def test_cost_by_hand(student):
    """the worked example: five words of width 6, three heads; and a single word of width 2, one head"""
    same_cost(student, (1020, 75), 5, 6, 3)
    same_cost(student, (20, 1), 1, 2, 1)
