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


### BEGIN HIDDEN TESTS
@points("split_heads", 1)
def test_split_other_sizes(student, reference, rng):
    """the heads equal the reference for all sizes from 1 on, and for whole numbers"""
    def split(N, T, H, d):
        x = normal(rng, N, T, H * d)
        same(returns(student.split_heads(x, H), "heads"), reference.split_heads(x, H), "heads", axes="N H T d")

    boundaries(split, N=3, T=5, H=7, d=3)
    for x in forms(torch.arange(70.0).reshape(1, 5, 14), whole=True):
        same(returns(student.split_heads(x, 2), "heads"), reference.split_heads(x, 2), "heads", axes="N H T d")


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


### BEGIN HIDDEN TESTS
@points("merge_heads", 1)
def test_merge_other_sizes(student, reference, rng):
    """the result equals the reference for all sizes from 1 on, and for whole numbers"""
    def merge(N, H, T, d):
        heads = normal(rng, N, H, T, d)
        same(returns(student.merge_heads(heads), "x"), reference.merge_heads(heads), "x", axes="N T E")

    boundaries(merge, N=3, H=11, T=5, d=2)
    for heads in forms(torch.arange(30.0).reshape(1, 2, 5, 3), whole=True):
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


### BEGIN HIDDEN TESTS
@points("multi_head_attention", 4)
def test_attention_other_sizes(student, reference, rng):
    """the output equals the reference, with more queries than keys and other heads"""
    inputs = qkv(rng, N=3, S=11, T=2, E=35)
    mha, want = layers(student, reference, rng, E=35, H=5)
    same(returns(mha(*inputs), "out"), want(*inputs), "out", axes="N S E")


@points("multi_head_attention", 3)
def test_attention_of_small_and_equal_sizes(student, reference, rng):
    """the output equals the reference for all sizes from 1 on: one head, heads of width 1, one query, one key"""
    def attend(N, S, T, H, d):
        inputs = qkv(rng, N, S, T, H * d)
        mha, want = layers(student, reference, rng, H * d, H)
        same(returns(mha(*inputs), "out"), want(*inputs), "out", axes="N S E")

    boundaries(attend, N=3, S=5, T=7, H=2, d=3)


@points("multi_head_attention", 2)
def test_attention_rows_are_independent(student, rng):
    """a sentence alone gives what it gives in a batch, and a query alone what it gives among others"""
    query, key, value = qkv(rng, N=3, S=5, T=7, E=22)
    mha = layer(student, rng, E=22, H=2)
    out = depends(lambda value: mha(query, key, value), value)
    require(out.ndim == 3, "`out` has three axes", f"its shape is {out.shape}")
    same(mha(query[1:2, 3:4], key[1:2], value[1:2]), out[1:2, 3:4], "out", axes="N S E")


@points("multi_head_attention", 2)
def test_attention_does_not_know_the_order_of_keys(student, rng):
    """keys and values in another order give the same output"""
    query, key, _ = qkv(rng, N=2, S=3, T=5, E=14)
    mha = layer(student, rng, E=14, H=7)
    invariant(lambda words: mha(query, words, words), key, permuted([3, 0, 4, 2, 1], axis=1), axes="N S E")
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@points("attention_masks", 1)
def test_mask_of_small_and_equal_sizes(student, rng):
    """each query depends on the words that it may see, and on no other, for all sizes from 1 on"""
    def masked(N, T, H, d):
        looks_where_it_may(layer(student, rng, H * d, H), rng, H * d, random_mask(rng, T, T), N=N)

    boundaries(masked, N=3, T=5, H=2, d=3)


@points("attention_masks", 1)
def test_mask_other_sizes(student, rng):
    """each query gets what it would get if the hidden words were not there at all, with more queries than keys"""
    (query, words, _), mask = qkv(rng, N=3, S=7, T=5, E=22), random_mask(rng, S=7, T=5)
    mha = layer(student, rng, E=22, H=11)
    out = depends(lambda words: mha(query, words, words, attn_mask=mask), words)
    for s in range(7):
        alone = mha(query[:, s : s + 1], words[:, mask[s]], words[:, mask[s]])
        same(returns(alone, "out"), out[:, s : s + 1], f"out of query {s}", axes="N S E")


@points("attention_masks", 1)
def test_mask_stops_gradients(student, rng):
    """no gradient arrives at a word that is hidden from all, and some at every other"""
    inputs, cotangent, seen = qkv(rng, N=2, S=5, T=5, E=14), normal(rng, 2, 5, 14), [0, 3, 4]
    mask = torch.tensor([[t in seen for t in range(5)]] * 5)
    _, gradients, _ = student.vjp(layer(student, rng, E=14, H=2), inputs, cotangent, {"attn_mask": mask})
    for name, got in zip(("key", "value"), gradients[1:]):
        got = np.zeros((2, 5, 14)) if got is None else np.asarray(got)
        same(np.abs(got).max(axis=(0, 2)) > 1e-12, np.isin(range(5), seen), f"which words get a gradient of `{name}`",
             axes="T")


@points("attention_masks", 1)
def test_mask_hides_anything(student, rng):
    """whatever stands at a hidden place, the output is the same"""
    (query, key, value), mask = qkv(rng, N=2, S=5, T=5, E=14), random_mask(rng, S=5, T=5)
    mask[:, 2] = False
    mask[:, 1] = True
    mha = layer(student, rng, E=14, H=2)
    depends(lambda words: mha(query, words, words, attn_mask=mask), key)
    before = returns(mha(query, key, value, attn_mask=mask), "out")
    key[:, 2], value[:, 2] = 100.0, -1000.0
    same(mha(query, key, value, attn_mask=mask), before, "out", axes="N S E")
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@points("attention_dropout", 1.5)
def test_dropout_of_another_share(student, rng):
    """with another `dropout`, its share is dropped, and the weights that are left grow by as much"""
    weights = met_the_values(student, rng, N=7, T=19, H=2, p=0.8)
    share_of(weights == 0, 0.8, "the attention weights that become 0")
    before = met_the_values(student, rng, N=7, T=19, H=2, p=0.8, train=False).max()
    same(weights.max(), before / 0.2, "the largest weight left")
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@points("self_and_cross", 1)
def test_self_and_cross_of_small_and_equal_sizes(student, reference, rng):
    """both equal the reference for all sizes from 1 on, also where causal=False is said"""
    def attend(N, S, T, H, d):
        x, memory = normal(rng, N, S, H * d), normal(rng, N, T, H * d)
        mha, want = layers(student, reference, rng, H * d, H)
        for causal in (False, True):
            same(returns(student.self_attention(mha, x, causal=causal), "out"),
                 reference.self_attention(want, x, causal=causal), "out of self_attention", axes="N T E")
        same(returns(student.cross_attention(mha, x, memory), "out"), reference.cross_attention(want, x, memory),
             "out of cross_attention", axes="N S E")

    boundaries(attend, N=3, S=5, T=7, H=2, d=3)


@points("self_and_cross", 1)
def test_who_sees_whom(student, rng):
    """in causal self-attention a word depends on itself and those before it; in cross-attention on the whole memory"""
    x, memory = normal(rng, 2, 7, 10), normal(rng, 2, 5, 10)
    mha = layer(student, rng, E=10, H=5)
    influences(lambda x: student.self_attention(mha, x, causal=True), x, lower_triangle(7), of="output", on="word",
               what="out of self_attention")
    influences(lambda memory: student.cross_attention(mha, x, memory), memory, np.ones((7, 5)), of="output",
               on="entry of the memory", what="out of cross_attention")
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@points("attention_grad", 2)
def test_attention_grad_other_sizes(student, reference, rng):
    """the gradient equals the reference for all sizes from 1 on, for the distance to a target"""
    def slopes(N, T, H, d):
        same_attention_gradient(student, reference, rng, H, normal(rng, N, T, H * d), distance_to,
                                normal(rng, N, T, H * d))

    boundaries(slopes, N=3, T=5, H=7, d=2)


@points("attention_grad", 2)
def test_attention_grad_twice(student, reference, rng):
    """a second call with another sentence, longer than the first, gives the second gradient"""
    first, second = normal(rng, 2, 3, 10), normal(rng, 2, 5, 10)
    mha, want = layers(student, reference, rng, E=10, H=2)
    loss, true_loss = beside(student, squares), beside(reference, squares)
    student.attention_grad(mha, first, loss)
    got = returns(student.attention_grad(mha, second, loss), "gradient")
    same(got, reference.attention_grad(want, second, true_loss), "gradient", axes="N H T T")
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@points("head_importance", 2)
def test_importance_other_sizes(student, reference, rng):
    """the importance equals the reference for any number of examples and heads from 1 on"""
    def important(N, H):
        slopes = 0.3 * normal(rng, N, H)
        got = returns(student.head_importance(beside(student, curves, slopes), H), "importance")
        same(got, reference.head_importance(beside(reference, curves, slopes), H), "importance", axes="H")

    boundaries(important, N=3, H=7)


@points("head_importance", 1)
def test_importance_of_an_idle_head(student, rng):
    """a head that no loss depends on has importance 0, and a single example needs no mean"""
    slopes = torch.tensor([[-2.0, 0.0, 5.0]])
    got = returns(student.head_importance(beside(student, lines, slopes), 3), "importance")
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
    weights, keep = square(rng, 10), [0, 2, 3]
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
    weights, keep, x = square(rng, 21), [5, 0, 3], normal(rng, 2, 5, 21)
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
    """the pruned weights equal the reference where a single head, the last, is kept, and where all are; all sizes"""
    def pruned(H, d):
        weights = square(rng, H * d)
        for keep in ([H - 1], list(range(H))):
            same_pruned(student.prune_heads(weights, keep, H), reference.prune_heads(weights, keep, H))

    boundaries(pruned, H=11, d=3)
### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@points("attention_cost", 2)
def test_cost_other_sizes(student, reference):
    """both counts equal the reference, for few and for many words"""
    for T, E, H in ((5, 21, 3), (101, 14, 7), (7, 7, 1), (1, 6, 2)):
        same_cost(student, reference.attention_cost(T, E, H), T, E, H)
### END HIDDEN TESTS
