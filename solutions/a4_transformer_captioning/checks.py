"""What must be true of assignment 4.

Letters: N batch, T target time, S source, R regions, E width of a token, F width inside the feed-forward network,
D width of a feature vector, V vocabulary.

Weights are drawn by the course's names and put into the student's and the reference's modules alike; NAMES leads from
the names that other people use to the course's.
"""

import numpy as np
import torch

from autograder.examine import (
    beside,
    boundaries,
    cost,
    depends,
    equivariant,
    influences,
    installed,
    invariant,
    mean_of,
    part,
    permuted,
    points,
    random_weights,
    reached,
    require,
    returns,
    same,
    same_gradients,
    strided,
    twins,
)

part("layer_norm", forbids=["torch.nn.LayerNorm", "torch.nn.functional.layer_norm", "torch.native_layer_norm"])
part("feed_forward")
part("encoder_layer", builds_on=["layer_norm", "feed_forward"],
     forbids=["torch.nn.TransformerEncoderLayer", "torch.nn.TransformerEncoder", "torch.nn.MultiheadAttention"])
part("decoder_layer", builds_on=["layer_norm", "feed_forward"],
     forbids=["torch.nn.TransformerDecoderLayer", "torch.nn.TransformerDecoder", "torch.nn.MultiheadAttention"])
part("embedding")
part("captioner", builds_on=["layer_norm", "feed_forward", "decoder_layer", "embedding"])
part("loss")
part("sample", builds_on=["layer_norm", "feed_forward", "decoder_layer", "embedding", "captioner"])
part("cache", builds_on=["layer_norm", "feed_forward", "decoder_layer", "embedding", "captioner", "sample"])
part("beam", builds_on=["layer_norm", "feed_forward", "decoder_layer", "embedding", "captioner"])


# ---- modules with equal weights ----------------------------------------------------------------------------

# Other names that people give to the same layer (CS231n 2021-24, PyTorch's own), and ours.
NAMES = [(r"^(.*\.)?(word_|token_)?embed(ding|dings)?\.weight$", "words.embedding.weight"),
         (r"^(.*\.)?(word_|token_)?embed(ding|dings)?\.weight$", "embedding.weight"),
         (r"^(.*\.)?(visual_projection|projection)\.", "picture.projection."),
         (r"^(.*\.)?(visual_projection|projection|linear|proj)\.", "projection."),
         (r"^(.*\.)?(output|out|head|fc_out)\.", "output."),
         (r"^(.*\.)?layers\.(\d+)\.", r"transformer.layers.\2."),
         (r"\bmultihead_attn\.", "cross_attn."),
         (r"\b(?:ffn\.)?(?:linear|fc)_?([12])\.", r"ffn.fc\1."), (r"\b(?:linear|fc)_?([12])\.", r"fc\1."),
         (r"\bffn\.0\.", "ffn.fc1."), (r"\bffn\.[23]\.", "ffn.fc2."),
         (r"\bnorm1\.", "norm_self."), (r"\bnorm2\.", "norm_cross."), (r"\bnorm[23]\.", "norm_ffn."),
         (r"\b(gamma|scale)$", "weight"), (r"\b(beta|shift)$", "bias")]
AXES = {"x": "N T E", "src": "N S E", "tgt": "N T E", "memory": "N S E"}


def array(value):
    """A tensor, with or without a gradient, or an array, as an array."""
    return np.asarray(value.detach() if hasattr(value, "detach") else value)


def tensor(rng, *shape, scale=1.0):
    return torch.from_numpy(scale * rng.normal(size=shape))


def both(student, reference, rng, build, **options):
    """build(student) and build(reference) with equal random weights, and these weights by our names."""
    return twins(student, reference, build, rng, names=NAMES, **options)


def own(module, rng):
    """A module of the student's with random weights."""
    return installed(module, random_weights(module, rng))


def changed_word(captions, place):
    """Captions (N, T), integers below 7, with another word at one place."""
    captions = captions.clone()
    captions[:, place] = (captions[:, place] - 3 + 1) % 4 + 3
    return captions


# ---- layer normalisation ----------------------------------------------------------------------------------

def norms(student, reference, rng, E, **options):
    return both(student, reference, rng, lambda owner: owner.LayerNorm(E, **options))


@points("layer_norm", 1)
def test_norm_by_hand(student):
    """the worked example: the tokens (0, 6) and (100, 106), with weight 2 and bias (0, 10); and (6, 0)"""
    weights = {"weight": torch.tensor([2.0, 2.0]), "bias": torch.tensor([0.0, 10.0])}
    module = installed(student.LayerNorm(2), weights, NAMES)
    y = returns(module(torch.tensor([[[0.0, 6.0], [100.0, 106.0]]], dtype=torch.float64)), "y")
    same(y, [[[-2.0, 12.0], [-2.0, 12.0]]], "y", axes="N T E", rel_error=1e-5)
    y = returns(module(torch.tensor([[[6.0, 0.0], [106.0, 100.0]]], dtype=torch.float64)), "y")
    same(y, [[[2.0, 8.0], [2.0, 8.0]]], "y", axes="N T E", rel_error=1e-5)


@points("layer_norm", 2)
def test_norm_value(student, reference, rng):
    """the tokens of a random batch of sentences equal the reference, also with another `eps`"""
    x = tensor(rng, 3, 5, 7) * 2 + 1
    for options in ({}, {"eps": 0.1}):
        one, other, _ = norms(student, reference, rng, 7, **options)
        same(returns(one(x), "y"), other(x), "y", axes="N T E")


@points("layer_norm", 1)
def test_norm_gradient(student, reference, rng):
    """gradients flow to the tokens, through the mean and the variance, and to weight and bias"""
    one, other, _ = norms(student, reference, rng, 5)
    same_gradients(one, other, (tensor(rng, 2, 3, 5),), tensor(rng, 2, 3, 5), "x", names=NAMES, axes=AXES)


### BEGIN HIDDEN TESTS
@points("layer_norm", 1.5)
def test_norm_of_small_tokens(student, reference, rng):
    """tokens of little or no variance are right, so that `eps` and its place matter"""
    one, other, _ = norms(student, reference, rng, 5)
    x = tensor(rng, 3, 5, scale=3e-3)
    x[1] = 4.0
    same(returns(one(x), "y"), other(x), "y", axes="N E", rel_error=1e-7)


@points("layer_norm", 1)
def test_norm_with_other_axes_and_eps(student, reference, rng):
    """two or four axes, another `eps`, all sizes from 1 on, and tokens in any order in memory are right, too"""
    def check(N, T, R, E):
        one, other, _ = norms(student, reference, rng, E, eps=0.1)
        for shape, axes in (((N, E), "N E"), ((N, T, R, E), "N T R E")):
            x = tensor(rng, *shape)
            same(returns(one(x), "y"), other(x), "y", axes=axes)
            same(returns(strided(one, x), "y"), other(x), "y", axes=axes)

    boundaries(check, N=3, T=5, R=7, E=11)


def uses_the_library(module, x):
    """Whether PyTorch's layer norm is among the operations that lead to the output."""
    todo, seen = [module(x).grad_fn], set()
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo += [before for before, _ in node.next_functions]
    return any("LayerNorm" in type(node).__name__ for node in seen)


@points("layer_norm", 0.5)
def test_norm_is_written_out(student, reference, rng):
    """the formula is written out, without PyTorch's own layer norm"""
    one, other, _ = norms(student, reference, rng, 5)
    x = tensor(rng, 2, 3, 5)
    same(returns(one(x), "y"), other(x), "y", axes="N T E")
    used = beside(student, uses_the_library, one, x)
    require(not used, "the formula is written out", "`nn.LayerNorm` or `F.layer_norm` did the work")
### END HIDDEN TESTS


# ---- the feed-forward network -----------------------------------------------------------------------------

def networks(student, reference, rng, E, F, **options):
    return both(student, reference, rng, lambda owner: owner.FeedForwardNetwork(E, F, **options))


@points("feed_forward", 0.5)
def test_feed_forward_by_hand(student):
    """the worked example: 2 becomes 7, and -2 becomes 16; and 1 becomes 4, and -1 becomes 11"""
    weights = {"fc1.weight": torch.tensor([[1.0], [-1.0]]), "fc1.bias": torch.tensor([0.0, 1.0]),
               "fc2.weight": torch.tensor([[3.0, 5.0]]), "fc2.bias": torch.tensor([1.0])}
    module = installed(student.FeedForwardNetwork(1, 2), weights, NAMES)
    for x, want in (([[[2.0], [-2.0]]], [[[7.0], [16.0]]]), ([[[1.0], [-1.0]]], [[[4.0], [11.0]]])):
        same(returns(module(torch.tensor(x, dtype=torch.float64)), "out"), want, "out", axes="N T E")


@points("feed_forward", 1)
def test_feed_forward_value(student, reference, rng):
    """the tokens of a random batch equal the reference"""
    one, other, _ = networks(student, reference, rng, E=5, F=11)
    x = tensor(rng, 2, 3, 5)
    same(returns(one(x), "out"), other(x), "out", axes="N T E")


@points("feed_forward", 0.5)
def test_feed_forward_dropout(student, reference, rng):
    """while training, dropout acts between the two maps: with a dropout of 1 only the last bias is left"""
    one, _, weights = networks(student, reference, rng, E=5, F=11, dropout=1.0)
    x = tensor(rng, 2, 3, 5)
    depends(one, x)
    one.train()
    same(returns(one(x), "out"), weights["fc2.bias"].expand(2, 3, 5), "out", axes="N T E")


### BEGIN HIDDEN TESTS
@points("feed_forward", 1)
def test_feed_forward_other_sizes(student, reference, rng):
    """the tokens equal the reference for all sizes from 1 on and for large inputs, in any order in memory"""
    def check(N, T, E, F):
        one, other, _ = networks(student, reference, rng, E, F)
        x = tensor(rng, N, T, E, scale=4.0)
        same(returns(one(x), "out"), other(x), "out", axes="N T E")
        same(returns(strided(one, x), "out"), other(x), "out", axes="N T E")

    boundaries(check, N=5, T=7, E=13, F=3)


@points("feed_forward", 0.5)
def test_feed_forward_gradient(student, reference, rng):
    """gradients flow to the tokens and to both maps"""
    one, other, _ = networks(student, reference, rng, E=5, F=7)
    same_gradients(one, other, (tensor(rng, 2, 3, 5),), tensor(rng, 2, 3, 5), "x", names=NAMES, axes=AXES)


@points("feed_forward", 0.5)
def test_feed_forward_dropout_scale(student, reference, rng):
    """dropout keeps the expected size: what is not dropped is scaled up"""
    one, _, _ = networks(student, reference, rng, E=2, F=4999, dropout=0.25)
    x = tensor(rng, 1, 1, 2)
    quiet = depends(one, x)[0, 0]
    one.train()
    mean_of(array(one(x.expand(61, 2, 2)))[:, 0], quiet, "the output with dropout")
### END HIDDEN TESTS


# ---- an encoder layer -------------------------------------------------------------------------------------

def encoders(student, reference, rng, E, heads, F, **options):
    return both(student, reference, rng,
                lambda owner: owner.TransformerEncoderLayer(E, heads, dim_feedforward=F, **options))


def lopsided_mask(rng, T):
    """(T, T) bool: each row sees itself; from T = 3 on it is not symmetric, and no row sees everything."""
    mask = torch.from_numpy(rng.random(size=(T, T)) < 0.5)
    mask.fill_diagonal_(True)
    if T > 2:
        mask[torch.arange(T), (torch.arange(T) + 1) % T] = False
        mask[0, 2], mask[2, 0] = True, False
    return mask


def passes_through(module, x, *others):
    """While training with a dropout of 1, pre-norm gives back what went in; in eval mode it does not."""
    quiet = array(returns(module(x, *others), "out"))
    adds = quiet.shape == x.shape and np.abs(quiet - array(x)).max() > 1e-6
    require(adds, "in eval mode the sublayers add something", "the output is the input, or has another shape")
    module.train()
    same(returns(module(x, *others), "out"), x, "out", axes="N T E")


@points("encoder_layer", 2)
def test_encoder_post_norm(student, reference, rng):
    """post-norm, the default: the layer equals the reference on a random batch"""
    one, other, _ = encoders(student, reference, rng, E=6, heads=3, F=11)
    src = tensor(rng, 2, 5, 6)
    same(returns(one(src), "out"), other(src), "out", axes="N S E")


@points("encoder_layer", 1.5)
def test_encoder_pre_norm(student, reference, rng):
    """pre-norm: the layer equals the reference on a random batch"""
    one, other, _ = encoders(student, reference, rng, E=6, heads=3, F=11, norm_first=True)
    src = tensor(rng, 2, 5, 6)
    same(returns(one(src), "out"), other(src), "out", axes="N S E")


@points("encoder_layer", 1)
def test_encoder_mask(student, reference, rng):
    """with a mask, each token sees only what the mask allows"""
    one, other, _ = encoders(student, reference, rng, E=6, heads=3, F=7)
    src, mask = tensor(rng, 2, 5, 6), lopsided_mask(rng, 5)
    same(returns(one(src, mask), "out"), other(src, mask), "out", axes="N S E")


@points("encoder_layer", 0.5)
def test_encoder_dropout(student, reference, rng):
    """dropout acts on each sublayer before its residual: with a dropout of 1 only the norms are left"""
    one, _, weights = encoders(student, reference, rng, E=6, heads=3, F=7, dropout=1.0)
    one.train()
    src = tensor(rng, 2, 5, 6)
    want = torch.nn.functional.layer_norm(src, (6,), weights["norm_self.weight"], weights["norm_self.bias"])
    want = torch.nn.functional.layer_norm(want, (6,), weights["norm_ffn.weight"], weights["norm_ffn.bias"])
    same(returns(one(src), "out"), want, "out", axes="N S E")


### BEGIN HIDDEN TESTS
@points("encoder_layer", 1)
def test_encoder_other_sizes(student, reference, rng):
    """both kinds equal the reference for all sizes from 1 on and large tokens, with a mask of zeros and ones"""
    def check(N, S, H, d, F):
        for norm_first in (False, True):
            one, other, _ = encoders(student, reference, rng, E=H * d, heads=H, F=F, norm_first=norm_first)
            src, mask = tensor(rng, N, S, H * d, scale=3.0), lopsided_mask(rng, S).double()
            same(returns(one(src, src_mask=mask), "out"), other(src, src_mask=mask), "out", axes="N S E")

    boundaries(check, N=3, S=7, H=5, d=2, F=3)


@points("encoder_layer", 1)
def test_encoder_does_not_mind_the_order(student, rng):
    """without a mask, tokens in another order give the same results in that order"""
    module = own(student.TransformerEncoderLayer(6, 2, dim_feedforward=5), rng)
    equivariant(module, tensor(rng, 2, 7, 6), permuted(rng.permutation(7), axis=1), axes="N S E")


@points("encoder_layer", 1)
def test_encoder_gradients(student, reference, rng):
    """gradients flow through both residual connections, to the tokens and to every weight"""
    for norm_first in (False, True):
        one, other, _ = encoders(student, reference, rng, E=6, heads=2, F=5, norm_first=norm_first)
        same_gradients(one, other, (tensor(rng, 2, 3, 6),), tensor(rng, 2, 3, 6), "src", names=NAMES, axes=AXES)


@points("encoder_layer", 1)
def test_encoder_dropout_pre_norm(student, reference, rng):
    """pre-norm, while training: with a dropout of 1 the tokens pass through unchanged"""
    one, _, _ = encoders(student, reference, rng, E=6, heads=3, F=7, dropout=1.0, norm_first=True)
    passes_through(one, tensor(rng, 2, 5, 6))
### END HIDDEN TESTS


# ---- a decoder layer --------------------------------------------------------------------------------------

def decoders(student, reference, rng, E, heads, F, **options):
    return both(student, reference, rng,
                lambda owner: owner.TransformerDecoderLayer(E, heads, dim_feedforward=F, **options))


def decoder(student, rng):
    """A decoder layer of the student's with random weights, of width 6."""
    return own(student.TransformerDecoderLayer(6, 3, dim_feedforward=7), rng)


def causal(T):
    return torch.ones(T, T, dtype=torch.bool).tril()


@points("decoder_layer", 3)
def test_decoder_post_norm(student, reference, rng):
    """post-norm, the default: the layer equals the reference on a random batch with a causal mask"""
    one, other, _ = decoders(student, reference, rng, E=6, heads=3, F=11)
    tgt, memory = tensor(rng, 2, 5, 6), tensor(rng, 2, 7, 6)
    same(returns(one(tgt, memory, causal(5)), "out"), other(tgt, memory, causal(5)), "out", axes="N T E")


@points("decoder_layer", 2)
def test_decoder_pre_norm(student, reference, rng):
    """pre-norm: the layer equals the reference on a random batch with a causal mask"""
    one, other, _ = decoders(student, reference, rng, E=6, heads=3, F=11, norm_first=True)
    tgt, memory = tensor(rng, 2, 5, 6), tensor(rng, 2, 7, 6)
    same(returns(one(tgt, memory, causal(5)), "out"), other(tgt, memory, causal(5)), "out", axes="N T E")


@points("decoder_layer", 1.5)
def test_decoder_does_not_see_the_future(student, rng):
    """with a causal mask, each word depends on the words up to itself, and on none after it"""
    module, tgt, memory = decoder(student, rng), tensor(rng, 2, 7, 6), tensor(rng, 2, 5, 6)
    influences(lambda tgt: module(tgt, memory, causal(7)), tgt, np.tri(7), of="output", on="word")


@points("decoder_layer", 1.5)
def test_decoder_without_a_mask(student, reference, rng):
    """without a mask each word sees all words; one region is enough as a memory"""
    one, other, _ = decoders(student, reference, rng, E=6, heads=2, F=5)
    tgt, memory = tensor(rng, 3, 5, 6), tensor(rng, 3, 1, 6)
    same(returns(one(tgt, memory), "out"), other(tgt, memory), "out", axes="N T E")


@points("decoder_layer", 1)
def test_decoder_dropout(student, reference, rng):
    """dropout acts on each sublayer before its residual: with a dropout of 1 only the norms are left"""
    one, _, weights = decoders(student, reference, rng, E=6, heads=3, F=7, dropout=1.0)
    one.train()
    want = tgt = tensor(rng, 2, 5, 6)
    for name in ("norm_self", "norm_cross", "norm_ffn"):
        want = torch.nn.functional.layer_norm(want, (6,), weights[f"{name}.weight"], weights[f"{name}.bias"])
    same(returns(one(tgt, tensor(rng, 2, 3, 6), causal(5)), "out"), want, "out", axes="N T E")


@points("decoder_layer", 1.5)
def test_decoder_gradients(student, reference, rng):
    """gradients flow to the words, to the memory and to every weight"""
    one, other, _ = decoders(student, reference, rng, E=6, heads=2, F=5)
    args, dout = (tensor(rng, 2, 3, 6), tensor(rng, 2, 5, 6), causal(3)), tensor(rng, 2, 3, 6)
    same_gradients(one, other, args, dout, "tgt memory", names=NAMES, axes=AXES)


### BEGIN HIDDEN TESTS
def same_decoder(student, reference, rng, H, **options):
    """The layer equals the reference with a lopsided mask of zeros and ones, for all sizes from 1 on."""
    def check(N, T, S, d, F):
        one, other, _ = decoders(student, reference, rng, E=H * d, heads=H, F=F, **options)
        tgt, memory = tensor(rng, N, T, H * d, scale=3.0), tensor(rng, N, S, H * d)
        mask = lopsided_mask(rng, T).double()
        same(returns(one(tgt, memory, tgt_mask=mask), "out"), other(tgt, memory, tgt_mask=mask), "out", axes="N T E")

    boundaries(check, N=3, T=7, S=5, d=2, F=3)


@points("decoder_layer", 2)
def test_decoder_other_sizes(student, reference, rng):
    """post-norm equals the reference for all sizes from 1 on, with a lopsided mask of zeros and ones"""
    same_decoder(student, reference, rng, H=5)


@points("decoder_layer", 1.5)
def test_decoder_other_sizes_pre_norm(student, reference, rng):
    """pre-norm equals the reference for all sizes from 1 on, with a lopsided mask of zeros and ones"""
    same_decoder(student, reference, rng, H=2, norm_first=True)


@points("decoder_layer", 1.5)
def test_decoder_gradients_pre_norm(student, reference, rng):
    """pre-norm: gradients flow to the words, to the memory and to every weight"""
    one, other, _ = decoders(student, reference, rng, E=6, heads=2, F=5, norm_first=True)
    args, dout = (tensor(rng, 2, 3, 6), tensor(rng, 2, 5, 6), causal(3)), tensor(rng, 2, 3, 6)
    same_gradients(one, other, args, dout, "tgt memory", names=NAMES, axes=AXES)


@points("decoder_layer", 0.5)
def test_decoder_memory_has_no_order(student, rng):
    """the tokens of the memory may come in any order"""
    module, tgt, memory = decoder(student, rng), tensor(rng, 2, 3, 6), tensor(rng, 2, 7, 6)
    invariant(lambda memory: module(tgt, memory, causal(3)), memory, permuted(rng.permutation(7), axis=1),
              axes="N T E")


@points("decoder_layer", 1)
def test_decoder_dropout_pre_norm(student, reference, rng):
    """pre-norm, while training: with a dropout of 1 the words pass through unchanged"""
    one, _, _ = decoders(student, reference, rng, E=6, heads=3, F=7, dropout=1.0, norm_first=True)
    passes_through(one, tensor(rng, 2, 5, 6), tensor(rng, 2, 3, 6), causal(5))
### END HIDDEN TESTS


# ---- the ways in ------------------------------------------------------------------------------------------

def embeddings(student, reference, rng, V, E, **options):
    return both(student, reference, rng, lambda owner: owner.WordEmbedding(V, E, **options))


def words_in(rng, V, N, T):
    """(N, T) word numbers, with a word that is repeated."""
    words = torch.from_numpy(rng.integers(V, size=(N, T)))
    words[:, -1] = words[:, 0]
    return words


@points("embedding", 1)
def test_words_by_hand(student):
    """the worked example: the word 7 twice, of width 2; and the word 6 after it"""
    table = torch.zeros(8, 2)
    table[7], table[6] = 5.0, 1.0
    module = installed(student.WordEmbedding(8, 2), {"embedding.weight": table}, NAMES)
    for second, value in ((7, 5.0), (6, 1.0)):
        want = [[[5.0, 6.0], [value + np.sin(1), value + np.cos(1)]]]
        same(returns(module(torch.tensor([[7, second]])), "x"), want, "x", axes="N T E")


@points("embedding", 1)
def test_words_value(student, reference, rng):
    """random words, with their positions from 0 on, equal the reference"""
    one, other, _ = embeddings(student, reference, rng, V=11, E=6)
    words = words_in(rng, 11, 3, 5)
    same(returns(one(words), "x"), other(words), "x", axes="N T E")


@points("embedding", 1)
def test_words_that_start_later(student, reference, rng):
    """words that start at position 3 get the positions from 3 on"""
    one, other, _ = embeddings(student, reference, rng, V=11, E=6)
    words = words_in(rng, 11, 2, 5)
    same(returns(one(words, start=3), "x"), other(words, start=3), "x", axes="N T E")


@points("embedding", 0.5)
def test_words_dropout(student, reference, rng):
    """dropout comes last: with a dropout of 1 nothing is left while training, and everything in eval mode"""
    one, other, _ = embeddings(student, reference, rng, V=7, E=4, dropout=1.0)
    words = words_in(rng, 7, 2, 5)
    same(returns(one(words), "x"), other(words), "x", axes="N T E")
    one.train()
    same(returns(one(words), "x"), np.zeros((2, 5, 4)), "x", axes="N T E")


def pictures(student, reference, rng, D, E):
    return both(student, reference, rng, lambda owner: owner.PictureEmbedding(D, E))


@points("embedding", 1)
def test_picture_of_one_vector(student, reference, rng):
    """one vector for each picture becomes a memory of one token"""
    one, other, _ = pictures(student, reference, rng, D=7, E=4)
    features = tensor(rng, 3, 7)
    same(returns(one(features), "memory"), other(features), "memory", axes="N R E")


@points("embedding", 1)
def test_picture_of_regions(student, reference, rng):
    """a grid of vectors becomes a memory of as many tokens"""
    one, other, _ = pictures(student, reference, rng, D=7, E=4)
    features = tensor(rng, 3, 5, 7)
    same(returns(one(features), "memory"), other(features), "memory", axes="N R E")


### BEGIN HIDDEN TESTS
@points("embedding", 1)
def test_words_other_sizes(student, reference, rng):
    """words equal the reference for all sizes from 1 on, also the last position that there is"""
    def check(N, T, V, d):
        one, other, _ = embeddings(student, reference, rng, V, E=2 * d, max_length=T + 10)
        words = words_in(rng, V, N, T)
        for start in (0, 10):
            same(returns(one(words, start), "x"), other(words, start), "x", axes="N T E")

    boundaries(check, N=7, T=3, V=5, d=5)


@points("embedding", 0.5)
def test_words_bit_by_bit(student, reference, rng):
    """one word at a time, with its `start`, gives what all words give in one go"""
    one, other, _ = embeddings(student, reference, rng, V=7, E=4)
    words = words_in(rng, 7, 2, 5)
    bits = [array(returns(one(words[:, t : t + 1], start=t), "x")) for t in range(5)]
    same(np.concatenate(bits, axis=1), other(words), "x", axes="N T E")


@points("embedding", 0.5)
def test_words_gradient(student, reference, rng):
    """the gradient reaches the rows of the words that occur"""
    one, other, _ = embeddings(student, reference, rng, V=7, E=4)
    same_gradients(one, other, (words_in(rng, 5, 3, 5),), tensor(rng, 3, 5, 4), names=NAMES,
                   axes={"embedding.weight": "V E"})


@points("embedding", 0.5)
def test_picture_other_sizes(student, reference, rng):
    """memories equal the reference for all sizes from 1 on"""
    def check(N, R, D, E):
        one, other, _ = pictures(student, reference, rng, D, E)
        for features in (tensor(rng, N, D), tensor(rng, N, R, D)):
            same(returns(one(features), "memory"), other(features), "memory", axes="N R E")

    boundaries(check, N=5, R=11, D=3, E=10)
### END HIDDEN TESTS


# ---- the captioner ----------------------------------------------------------------------------------------

def vocabulary(V, null=0, start=1, end=2):
    """A dict from word to number with the special words at the given numbers."""
    special = {null: "<NULL>", start: "<START>", end: "<END>"}
    return {special.get(number, f"word{number}"): number for number in range(V)}


def maker(words, D, E, heads=2, layers=1, max_length=50):
    """Makes an owner's captioner. (CS231n's does not let one choose the width inside the feed-forward network.)"""
    return lambda owner: owner.CaptioningTransformer(words, input_dim=D, wordvec_dim=E, num_heads=heads,
                                                     num_layers=layers, max_length=max_length)


def captioners(student, reference, rng, words, D, E, **options):
    return both(student, reference, rng, maker(words, D, E, **options))


def spoken(rng, words, N, T):
    """(N, T) beginnings of captions: <START> and words, no <NULL> (what is said about it is nobody's business)."""
    usual = [number for word, number in words.items() if not word.startswith("<")]
    captions = rng.choice(usual, size=(N, T))
    captions[:, 0] = words["<START>"]
    return torch.from_numpy(captions)


@points("captioner", 3.5)
def test_captioner_with_regions(student, reference, rng):
    """the scores equal the reference for random captions and a grid of regions, with two layers"""
    words = vocabulary(7)
    one, other, _ = captioners(student, reference, rng, words, D=5, E=6, heads=3, layers=2)
    features, captions = tensor(rng, 2, 11, 5), spoken(rng, words, N=2, T=5)
    same(returns(one(features, captions), "scores"), other(features, captions), "scores", axes="N T V")


@points("captioner", 2.5)
def test_captioner_with_one_vector(student, reference, rng):
    """the scores equal the reference for random captions and one feature vector for each picture"""
    words = vocabulary(7)
    one, other, _ = captioners(student, reference, rng, words, D=5, E=4)
    features, captions = tensor(rng, 3, 5), spoken(rng, words, N=3, T=7)
    same(returns(one(features, captions), "scores"), other(features, captions), "scores", axes="N T V")


@points("captioner", 2)
def test_captioner_does_not_see_the_future(student, rng):
    """the scores at each place depend on the words up to it, and on none after it"""
    model, features = own(maker(vocabulary(7), 5, 4)(student), rng), tensor(rng, 2, 3, 5)
    captions = torch.from_numpy(rng.integers(3, 7, size=(2, 6)))
    influences(lambda captions: model(features, captions), captions, np.tri(6), what="scores", of="scores", on="word",
               nudge=changed_word)


@points("captioner", 1)
def test_captioner_looks_at_the_picture(student, rng):
    """the scores depend on the picture, at every place; a picture alone gives what it gives in a batch"""
    words = vocabulary(7)
    model, features, captions = own(maker(words, 5, 4)(student), rng), tensor(rng, 3, 5), spoken(rng, words, 3, 5)
    influences(lambda features: model(features, captions), features, np.eye(3), what="scores", at=0, of="scores",
               on="picture")
    influences(lambda features: model(features, captions), features, np.ones((5, 3)), what="scores", at=0, to=1,
               of="scores", on="picture")


### BEGIN HIDDEN TESTS
@points("captioner", 2.5)
def test_captioner_other_sizes(student, reference, rng):
    """the scores equal the reference for all sizes from 1 on, other special words and captions of full length"""
    words = vocabulary(13, null=5, start=3, end=8)

    def check(N, R, T, D, d):
        one, other, _ = captioners(student, reference, rng, words, D, E=2 * d, max_length=max(T, 2))
        features, captions = tensor(rng, N, R, D), spoken(rng, words, N, T)
        same(returns(one(features, captions), "scores"), other(features, captions), "scores", axes="N T V")

    boundaries(check, N=3, R=7, T=11, D=3, d=5)


@points("captioner", 2)
def test_captioner_one_vector_two_layers(student, reference, rng):
    """the scores equal the reference for one vector and two layers"""
    words = vocabulary(5)
    one, other, _ = captioners(student, reference, rng, words, D=7, E=6, heads=3, layers=2)
    features, captions = tensor(rng, 5, 7), spoken(rng, words, N=5, T=3)
    same(returns(one(features, captions), "scores"), other(features, captions), "scores", axes="N T V")


@points("captioner", 1.5)
def test_captioner_gradients(student, reference, rng):
    """gradients flow to the features and to the first and the last weights of the model"""
    words = vocabulary(5)
    one, other, _ = captioners(student, reference, rng, words, D=3, E=4)
    args, dscores = (tensor(rng, 2, 7, 3), spoken(rng, words, 2, 6)), tensor(rng, 2, 6, 5)
    same_gradients(one, other, args, dscores, "features", names=NAMES, parameters=[
        "words.embedding.weight", "picture.projection.weight", "output.bias",
        "transformer.layers.0.cross_attn.value.weight", "transformer.layers.0.self_attn.query.weight"])


@points("captioner", 1)
def test_captioner_regions_have_no_order(student, rng):
    """the regions of a picture may come in any order"""
    words = vocabulary(7)
    model, captions = own(maker(words, 5, 4)(student), rng), spoken(rng, words, 2, 5)
    invariant(lambda features: model(features, captions), tensor(rng, 2, 11, 5),
              permuted(rng.permutation(11), axis=1), "scores", axes="N T V")


@points("captioner", 1)
def test_captioner_scores_of_a_beginning(student, rng):
    """the scores of a beginning of a caption are the first scores of the whole caption"""
    words = vocabulary(7)
    model, features, captions = own(maker(words, 5, 4)(student), rng), tensor(rng, 2, 3, 5), spoken(rng, words, 2, 6)
    whole = depends(lambda features: model(features, captions), features, "scores")
    for T in (1, 4):
        same(returns(model(features, captions[:, :T]), "scores"), whole[:, :T], "scores", axes="N T V", rel_error=1e-9)
### END HIDDEN TESTS


# ---- the loss ---------------------------------------------------------------------------------------------

def table_model(by_word, by_picture, words):
    """A model, made beside the student's code, that adds up the table rows of all words so far, and what it makes of
    features (N, D). It can be taught by gradients."""
    class Tables(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.word_to_idx = words
            self._null, self._start, self._end = words["<NULL>"], words["<START>"], words["<END>"]
            self.by_word, self.by_picture = torch.nn.Parameter(by_word), torch.nn.Parameter(by_picture)

        def forward(self, features, captions):
            return self.by_word[captions].cumsum(1) + (features @ self.by_picture)[:, None]

    return Tables()


def both_tables(student, reference, by_word, by_picture, words):
    return [beside(owner, table_model, by_word, by_picture, words) for owner in (student, reference)]


def random_tables(student, reference, rng, words, D, scale=1.0):
    V = len(words)
    return both_tables(student, reference, tensor(rng, V, V, scale=scale), tensor(rng, D, V, scale=scale), words)


def true_captions(rng, words, N, T):
    """(N, T+1): <START>, some words, <END>, then <NULL>; the first caption fills all places."""
    usual = [number for word, number in words.items() if not word.startswith("<")]
    captions = np.full((N, T + 1), words["<NULL>"])
    for row, length in enumerate([T - 1, *rng.integers(0, T, size=N - 1)]):
        captions[row, : length + 2] = [words["<START>"], *rng.choice(usual, length), words["<END>"]]
    if T > 1:
        captions[0, 1] = usual[0]    # the word with the smallest number occurs: it is 0 where <NULL> is another
    return torch.from_numpy(captions)


def numbers(words, sentence):
    return [words[word] for word in sentence.split()]


def same_loss(student, reference, rng, words, N, T, D=2, scale=1.0):
    one, other = random_tables(student, reference, rng, words, D, scale)
    features, captions = tensor(rng, N, D), true_captions(rng, words, N, T)
    same(returns(student.teacher_forcing_loss(one, features, captions), "loss"),
         reference.teacher_forcing_loss(other, features, captions), "loss")


@points("loss", 1)
def test_loss_by_hand(student):
    """the worked example: `red circle` as the toy captioner sees it"""
    model = student.toy_captioner()
    captions = torch.tensor([numbers(model.word_to_idx, "<START> red circle <END> <NULL>"),
                             numbers(model.word_to_idx, "<START> blue square <END> <NULL>")])
    loss = returns(student.teacher_forcing_loss(model, torch.zeros(1, 1), captions[:1]), "loss")
    same(loss, -np.log(0.6 * 0.55) / 3, "loss")
    both = returns(student.teacher_forcing_loss(model, torch.zeros(2, 1), captions), "loss")
    same(both, -np.log(0.6 * 0.55 * 0.4 * 0.1) / 6, "loss")


@points("loss", 2)
def test_loss_value(student, reference, rng):
    """the loss equals the reference for random captions of different lengths, also where <NULL> is not word 0"""
    for words in (vocabulary(11), vocabulary(7, null=5, start=3, end=6)):
        same_loss(student, reference, rng, words, N=4, T=6, D=3)


@points("loss", 1)
def test_loss_of_large_scores(student, reference, rng):
    """scores in the thousands give a finite and correct loss"""
    same_loss(student, reference, rng, vocabulary(7), N=3, T=5, scale=1000.0)


def gradients_of(loss, model, features, captions):
    loss(model, features, captions).backward()
    return [model.by_word.grad, model.by_picture.grad]


@points("loss", 1)
def test_loss_gradient(student, reference, rng):
    """the loss can be trained on: its gradients equal the reference's"""
    words = vocabulary(5)
    one, other = random_tables(student, reference, rng, words, D=3)
    features, captions = tensor(rng, 3, 3), true_captions(rng, words, N=3, T=5)
    got, want = (beside(owner, gradients_of, owner.teacher_forcing_loss, model, features, captions)
                 for owner, model in ((student, one), (reference, other)))
    same(reached(got[0], "the words' scores"), want[0], "the gradient of the words' scores", axes="V V")
    same(reached(got[1], "the pictures' scores"), want[1], "the gradient of the pictures' scores", axes="D V")


### BEGIN HIDDEN TESTS
@points("loss", 2)
def test_loss_other_sizes(student, reference, rng):
    """the loss equals the reference for any number of captions and words from 1 on, and other special words"""
    words = vocabulary(7, null=5, start=3, end=6)
    boundaries(lambda N, T: same_loss(student, reference, rng, words, N, T), N=5, T=7)


@points("loss", 1)
def test_loss_ignores_more_padding(student, reference, rng):
    """three more columns of <NULL> do not change the loss"""
    words = vocabulary(7)
    one, other = random_tables(student, reference, rng, words, D=2)
    features, captions = tensor(rng, 3, 2), true_captions(rng, words, N=3, T=5)
    padded = torch.nn.functional.pad(captions, (0, 3), value=words["<NULL>"])
    same(returns(student.teacher_forcing_loss(one, features, padded), "loss"),
         reference.teacher_forcing_loss(other, features, captions), "loss")
### END HIDDEN TESTS


# ---- speaking ---------------------------------------------------------------------------------------------

def up_to_end(captions, words):
    """The captions with <NULL> after the first <END>: what is said after the end does not matter."""
    ends = captions == words["<END>"]
    return np.where(np.cumsum(ends, axis=1) - ends > 0, words["<NULL>"], captions)


def same_captions(got, want, words):
    """Captions (N, T) equal up to their first <END>."""
    want = array(want)
    got = array(returns(got, "captions"))
    require(got.shape == want.shape, f"`captions` has shape {want.shape} (N, max_length)", f"its shape is {got.shape}")
    same(up_to_end(got, words), up_to_end(want, words), "captions", axes="N T")


def talkative(student, reference, rng, words, features, E, layers=1, ends=0.2):
    """Captioners that say many different words of these features, and never <START> or <NULL>.

    Small biases, loud attention, scores that shy away from the last word; and then all words are made equally likely
    on average, <END> so that it wins in a share `ends` of the places, by a look at the reference's scores.
    """
    make = maker(words, features.shape[-1], E, layers=layers)
    weights = random_weights(make(reference), rng)
    for name, value in weights.items():
        loud = {"bias": 0.2, "embedding.weight": 0.5, "fc2.weight": 0.3, "self_attn.value.weight": 2.0,
                "cross_attn.value.weight": 3.0, "cross_attn.proj.weight": 3.0, "query.weight": 2.0}
        value *= next((factor for ending, factor in loud.items() if name.endswith(ending)), 1.0)
    rows = weights["output.weight"] - torch.nn.functional.normalize(weights["words.embedding.weight"], dim=1)
    weights["output.weight"] = 4 * torch.nn.functional.normalize(rows, dim=1)
    captions = spoken(rng, words, len(features), 7)
    scores = torch.as_tensor(array(installed(make(reference), weights)(features, captions)))
    weights["output.bias"] -= scores.mean(dim=(0, 1))
    lead = (scores - scores.mean(dim=(0, 1)))[..., sorted(set(captions[:, 1:].flatten().tolist()))].amax(-1)
    end = (scores - scores.mean(dim=(0, 1)))[..., words["<END>"]]
    weights["output.bias"][words["<END>"]] += (lead - end).quantile(ends)
    weights["output.bias"][[words["<NULL>"], words["<START>"]]] = -50.0
    return installed(make(student), weights, NAMES), installed(make(reference), weights)


def endless(student, reference, rng, words, layers=1):
    """Captioners that never say a special word."""
    make = maker(words, D=3, E=4, layers=layers)
    weights = random_weights(make(reference), rng)
    weights["output.bias"][[words["<NULL>"], words["<START>"], words["<END>"]]] -= 50.0
    return installed(make(student), weights, NAMES), installed(make(reference), weights)


@points("sample", 1)
def test_sample_by_hand(student):
    """the worked example: the toy captioner says `red circle`, in four slots or in three"""
    model = student.toy_captioner()
    for sentence in ("red circle <END> <NULL>", "red circle <END>"):
        want = [numbers(model.word_to_idx, sentence)] * 2
        same_captions(student.greedy_decode(model, torch.zeros(2, 1), max_length=len(want[0])), want, model.word_to_idx)


@points("sample", 2)
def test_sample_is_greedy(student, reference, rng):
    """each picture's caption is the word with the highest score, step by step, up to <END>"""
    words, features = vocabulary(11), tensor(rng, 11, 5, 7, scale=2.0)
    one, other = talkative(student, reference, rng, words, features, E=10)
    same_captions(one.sample(features, max_length=7), other.sample(features, max_length=7), words)


@points("sample", 1)
def test_sample_is_blank_after_the_end(student, reference, rng):
    """after <END> there is only <NULL>"""
    words, features = vocabulary(5), tensor(rng, 7, 3, scale=2.0)
    one, other = talkative(student, reference, rng, words, features, E=10, ends=0.4)
    same(returns(one.sample(features, 6), "captions"), other.sample(features, 6), "captions", axes="N T")


### BEGIN HIDDEN TESTS
@points("sample", 1.5)
def test_sample_with_other_special_words(student, reference, rng):
    """captions are right for one vector, and where <NULL>, <START> and <END> have other numbers"""
    words, features = vocabulary(13, null=5, start=9, end=3), tensor(rng, 11, 11, scale=2.0)
    one, other = talkative(student, reference, rng, words, features, E=10)
    same_captions(one.sample(features, max_length=9), other.sample(features, max_length=9), words)


@points("sample", 1)
def test_sample_of_small_sizes(student, reference, rng):
    """captions are right for any number of pictures, regions and words from 1 on"""
    words = vocabulary(7)
    one, other = endless(student, reference, rng, words)

    def check(N, R, T):
        features = tensor(rng, N, R, 3)
        same_captions(one.sample(features, T), other.sample(features, T), words)

    boundaries(check, N=3, R=5, T=4)


@points("sample", 0.5)
def test_sample_length(student, reference, rng):
    """a caption has 30 slots by default, and words in all of them where nothing ends it"""
    words = vocabulary(5)
    captions = array(returns(endless(student, reference, rng, words)[0].sample(tensor(rng, 2, 3)), "captions"))
    require(captions.shape == (2, 30), "`captions` has shape (2, 30)", f"its shape is {captions.shape}")
    said = captions > words["<END>"]
    require(said.all(), "a caption without <END> fills its 30 slots with words", f"words in {said.sum()} of 60 slots")
### END HIDDEN TESTS


# ---- a cache ----------------------------------------------------------------------------------------------

def word_by_word(student, reference, rng, N, T, S, H, d, F):
    """The student's decoder layer fed one word at a time gives what the reference's gives in one go."""
    one, other, _ = decoders(student, reference, rng, E=H * d, heads=H, F=F)
    tgt, memory, cache, outs = tensor(rng, N, T, H * d), tensor(rng, N, S, H * d), None, []
    for t in range(T):
        out, cache = returns(student.decoder_step(one, tgt[:, t : t + 1], memory, cache), "out", "cache")
        outs.append(array(returns(out, "out")))
        require(outs[-1].shape == (N, 1, H * d), f"`out` has shape {(N, 1, H * d)} (N, 1, E)",
                f"its shape is {outs[-1].shape}")
    same(np.concatenate(outs, axis=1), other(tgt, memory, causal(T)), "out", axes="N T E")


def same_with_a_cache(student, one, other, features, T, words):
    same_captions(student.cached_decode(one, features, max_length=T), other.sample(features, max_length=T), words)


@points("cache", 2)
def test_step_equals_the_masked_layer(student, reference, rng):
    """word by word, `decoder_step` gives what the masked layer gives for all words in one go"""
    word_by_word(student, reference, rng, N=2, T=5, S=3, H=3, d=2, F=7)


@points("cache", 1.5)
def test_cached_captions(student, reference, rng):
    """with a cache, each picture gets its greedy caption"""
    words, features = vocabulary(11), tensor(rng, 11, 5, 7, scale=2.0)
    one, other = talkative(student, reference, rng, words, features, E=10, layers=2)
    same_with_a_cache(student, one, other, features, 5, words)


### BEGIN HIDDEN TESTS
@points("cache", 1.5)
def test_step_other_sizes(student, reference, rng):
    """word by word, `decoder_step` gives what the masked layer gives for all sizes from 1 on"""
    def check(N, T, S, H, d):
        word_by_word(student, reference, rng, N, T, S, H, d, F=3)

    boundaries(check, N=3, T=5, S=7, H=2, d=5)


@points("cache", 1)
def test_cached_captions_with_other_special_words(student, reference, rng):
    """with a cache, captions are right for other sizes, other special words, and a single picture"""
    words, features = vocabulary(13, null=5, start=9, end=3), tensor(rng, 11, 3, 11, scale=2.0)
    one, other = talkative(student, reference, rng, words, features, E=10, layers=2)
    same_with_a_cache(student, one, other, features, 9, words)
    same_with_a_cache(student, one, other, features[:1, :1], 1, words)
    one, other = talkative(student, reference, rng, words, features, E=10, layers=1)
    same_with_a_cache(student, one, other, features[:2], 4, words)


@points("cache", 1)
def test_cached_decoding_is_cheap(student, reference, rng):
    """the captions are right, and each word goes through the layers once"""
    words, features = vocabulary(7), tensor(rng, 2, 3)
    one, other = endless(student, reference, rng, words)
    found, needed = cost(student.cached_decode, one, features, 11), cost(reference.cached_decode, other, features, 11)
    same_captions(found.out, needed.out, words)
    share = found.multiplications / needed.multiplications
    require(0.7 < share < 1.5, "each word goes through the layers once: 2 captions of 11 words are 22 tokens",
            f"the work done is that of {22 * share:.0f} tokens")
### END HIDDEN TESTS


# ---- beam search ------------------------------------------------------------------------------------------

def same_beams(got, want, words):
    """Captions and log-probabilities equal."""
    captions, log_probs = returns(got, "captions", "log_probs")
    same(log_probs, want[1], "log_probs", axes="N")
    same_captions(captions, want[0], words)


def undecided(rng, words, D):
    """A table model that hesitates, seldom repeats itself, and ends soon or late: its two tables."""
    by_word = tensor(rng, len(words), len(words), scale=0.5)
    by_word.diagonal().sub_(1.0)
    by_word[:, [words["<NULL>"], words["<START>"]]] -= 9.0
    by_word[:, words["<END>"]] += 0.7       # an end becomes likelier with each word
    by_word[words["<START>"], words["<END>"]] -= 4.0
    return by_word, tensor(rng, D, len(words), scale=0.5)


@points("beam", 1)
def test_beam_by_hand(student):
    """the worked example: the toy captioner says `blue circle` with a beam of 2, `red circle` with a beam of 1"""
    model = student.toy_captioner()
    for width, sentence, p in ((2, "blue circle <END>", 0.36), (1, "red circle <END>", 0.33)):
        want = [numbers(model.word_to_idx, f"{sentence} <NULL> <NULL>")] * 2, np.log([p, p])
        got = student.beam_search(model, torch.zeros(2, 1), beam_width=width, max_length=5)
        same_beams(got, want, model.word_to_idx)


@points("beam", 1.5)
def test_beam_value(student, reference, rng):
    """captions and log-probabilities equal the reference for a beam of 3"""
    words = vocabulary(7)
    one, other = both_tables(student, reference, *undecided(rng, words, D=3), words)
    features = tensor(rng, 11, 3)
    same_beams(student.beam_search(one, features, 3, 5), reference.beam_search(other, features, 3, 5), words)


@points("beam", 0.5)
def test_beam_of_one_is_greedy(student, reference, rng):
    """a beam of 1 is greedy"""
    words = vocabulary(7)
    one, other = both_tables(student, reference, *undecided(rng, words, D=3), words)
    features = tensor(rng, 5, 3)
    captions, _ = returns(student.beam_search(one, features, beam_width=1, max_length=6), "captions", "log_probs")
    same_captions(captions, reference.greedy_decode(other, features, max_length=6), words)


### BEGIN HIDDEN TESTS
@points("beam", 1.5)
def test_beam_other_sizes(student, reference, rng):
    """captions and log-probabilities equal the reference for all sizes from 1 on, and other special words"""
    words = vocabulary(8, null=5, start=7, end=3)
    one, other = both_tables(student, reference, *undecided(rng, words, D=2), words)

    def check(N, B, T):
        features = tensor(rng, N, 2)
        same_beams(student.beam_search(one, features, B, T), reference.beam_search(other, features, B, T), words)

    boundaries(check, N=11, B=2, T=7)


@points("beam", 0.5)
def test_beam_with_the_captioner(student, reference, rng):
    """the captioner's captions and log-probabilities equal the reference"""
    words, features = vocabulary(5), tensor(rng, 2, 7, 3)
    one, other, _ = captioners(student, reference, rng, words, D=3, E=4)
    same_beams(student.beam_search(one, features, 2, 4), reference.beam_search(other, features, 2, 4), words)


@points("beam", 1)
def test_wide_beam_finds_the_best(student, rng):
    """a beam wide enough for all captions finds the most probable one"""
    words = vocabulary(4)
    by_word, by_picture = tensor(rng, 4, 4, scale=0.5), tensor(rng, 2, 4)
    model, features = beside(student, table_model, by_word, by_picture, words), tensor(rng, 2, 2)
    want = np.array([best_of_all(by_word, row @ by_picture, words, 3) for row in features])
    _, log_probs = returns(student.beam_search(model, features, beam_width=64, max_length=3), "captions", "log_probs")
    same(log_probs, want, "log_probs", axes="N")


def best_of_all(by_word, bias, words, length, past=None, total=None):
    """The log-probability of the most probable caption of at most `length` words, by trying all."""
    past = [words["<START>"]] if past is None else past
    total = bias + by_word[past[-1]] if total is None else total + by_word[past[-1]]
    if length == 0 or past[-1] == words["<END>"]:
        return 0.0
    return max(log_p + best_of_all(by_word, bias, words, length - 1, [*past, word], total)
               for word, log_p in enumerate(total.log_softmax(0).tolist()))
### END HIDDEN TESTS
