"""What must be true of assignment 4.

Letters: N batch, T target time, S source, R regions, E width of a token, F width inside the feed-forward network,
D width of a feature vector, V vocabulary.

Weights are made from `rng` under the course's names and put into the student's and the reference's modules alike;
the names that a student's own module uses are asked of the module and translated.
"""

import re

import numpy as np
import torch

from autograder.examine import part, points, reached, require, returns, same

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


# ---- random weights, and how they get into a module -------------------------------------------------------

PARAMETER_NAMES = "lambda module: [name for name, _ in module.named_parameters()]"
INSTALL = "lambda module, weights: (module.double().eval().load_state_dict(weights, strict=False), None)[1]"

# Other names that people give to the same layer (CS231n 2021-24, PyTorch's own), and ours.
TRANSLATIONS = [(r"^(.*\.)?(word_|token_)?embed(ding|dings)?\.weight$", r"words.embedding.weight"),
                (r"^(.*\.)?(visual_projection|projection)\.", r"picture.projection."),
                (r"^(.*\.)?(output|out|head|fc_out)\.", r"output."),
                (r"^(.*\.)?layers\.(\d+)\.", r"transformer.layers.\2."),
                (r"\bmultihead_attn\.", "cross_attn."),
                (r"(?<!ffn\.)\b(linear|fc)([12])\.", r"ffn.fc\2."), (r"\bffn\.linear([12])\.", r"ffn.fc\1."),
                (r"\bffn\.0\.", "ffn.fc1."), (r"\bffn\.[23]\.", "ffn.fc2."),
                (r"\bnorm1\.", "norm_self."), (r"\bnorm3\.", "norm_ffn."),
                (r"\b(gamma|scale)$", "weight"), (r"\b(beta|shift)$", "bias")]


def translated(names, wanted):
    """From the name of each parameter in a module to its name in `wanted`, where that can be told."""
    second = "norm_ffn." if not any("norm3." in name for name in names) else "norm_cross."
    found = {}
    for name in names:
        known = re.sub(r"\bnorm2\.", second, name)
        for pattern, ours in TRANSLATIONS:
            if known not in wanted:
                known = re.sub(pattern, ours, known)
        found[name] = known if known in wanted else re.sub(r"^ffn\.(?=fc)", "", known)
    return found


def installed(owner, module, weights):
    """The module, in float64 and eval mode, with these weights (tensors by our names)."""
    names = owner.evaluate(PARAMETER_NAMES)(module)
    ours = translated(names, weights)
    missing = sorted(set(weights) - set(ours.values()))
    unknown = [name for name in names if ours[name] not in weights]
    require(not missing and not unknown, "the module has the parameters that its constructor made",
            f"missing: {', '.join(missing[:3]) or 'none'}; besides: {', '.join(unknown[:3]) or 'none'}")
    owner.evaluate(INSTALL)(module, {name: weights[ours[name]] for name in names})
    return module


def array(value):
    """A tensor, with or without a gradient, or an array, as an array."""
    return np.asarray(value.detach() if hasattr(value, "detach") else value)


def tensor(rng, *shape, scale=1.0):
    return torch.from_numpy(scale * rng.normal(size=shape))


def linear(rng, name, inputs, outputs):
    return {f"{name}.weight": tensor(rng, outputs, inputs, scale=inputs**-0.5),
            f"{name}.bias": tensor(rng, outputs, scale=0.5)}


def norm(rng, name, E):
    return {f"{name}weight": 1 + tensor(rng, E, scale=0.3), f"{name}bias": tensor(rng, E, scale=0.5)}


def feed_forward(rng, name, E, F):
    return linear(rng, f"{name}fc1", E, F) | linear(rng, f"{name}fc2", F, E)


def layer(rng, E, F, sublayers, prefix=""):
    """The weights of an encoder layer (sublayers "self") or a decoder layer ("self", "cross")."""
    weights = feed_forward(rng, f"{prefix}ffn.", E, F) | norm(rng, f"{prefix}norm_ffn.", E)
    for sublayer in sublayers:
        weights |= norm(rng, f"{prefix}norm_{sublayer}.", E)
        for name in ("query", "key", "value", "proj"):
            weights |= linear(rng, f"{prefix}{sublayer}_attn.{name}", E, E)
    return weights


def with_gradients(owner, module, weights, args, cotangent):
    """The outputs, the gradients of the arguments, and those of the parameters by our names."""
    out, inputs, found = owner.vjp(module, args, cotangent)
    ours = translated(list(found), weights)
    return out, inputs, {ours[name]: value for name, value in found.items()}


AXES = {"x": "N T E", "src": "N S E", "tgt": "N T E", "memory": "N S E"}


def same_gradients(student, reference, modules, weights, args, cotangent, names, parameters):
    """The gradients of named arguments and parameters equal the reference's."""
    _, got, got_weights = with_gradients(student, modules[0], weights, args, cotangent)
    _, want, want_weights = with_gradients(reference, modules[1], weights, args, cotangent)
    for name, one, other in zip(names, got, want):
        if other is not None:
            same(reached(one, name), other, f"the gradient of {name}", axes=AXES.get(name, ""))
    for name in parameters:
        if name.endswith("key.bias"):    # the softmax does not notice it: its gradient is nothing but noise
            continue
        same(reached(got_weights[name], name), want_weights[name], f"the gradient of {name}")


# ---- layer normalisation ----------------------------------------------------------------------------------

def norms(student, reference, rng, E, **options):
    """A layer norm of the student and one of the reference, with equal random weights, and these weights."""
    weights = norm(rng, "", E)
    both = [installed(owner, owner.LayerNorm(E, **options), weights) for owner in (student, reference)]
    return *both, weights


@points("layer_norm", 1)
def test_norm_by_hand(student):
    """the worked example: the tokens (0, 6) and (100, 106), with weight 2 and bias (0, 10)"""
    weights = {"weight": torch.tensor([2.0, 2.0]), "bias": torch.tensor([0.0, 10.0])}
    module = installed(student, student.LayerNorm(2), weights)
    y = returns(module(torch.tensor([[[0.0, 6.0], [100.0, 106.0]]], dtype=torch.float64)), "y")
    same(y, [[[-2.0, 12.0], [-2.0, 12.0]]], "y", axes="N T E", rel_error=1e-5)


@points("layer_norm", 2)
def test_norm_value(student, reference, rng):
    """the tokens of a random batch of sentences equal the reference"""
    one, other, _ = norms(student, reference, rng, 7)
    x = tensor(rng, 3, 5, 7) * 2 + 1
    same(returns(one(x), "y"), other(x), "y", axes="N T E")


@points("layer_norm", 1)
def test_norm_gradient(student, reference, rng):
    """gradients flow to the tokens, through the mean and the variance, and to weight and bias"""
    one, other, weights = norms(student, reference, rng, 5)
    x, dy = tensor(rng, 2, 3, 5), tensor(rng, 2, 3, 5)
    same_gradients(student, reference, (one, other), weights, (x,), dy, ["x"], ["weight", "bias"])


# ---- the feed-forward network -----------------------------------------------------------------------------

def networks(student, reference, rng, E, F, **options):
    weights = feed_forward(rng, "", E, F)
    both = [installed(owner, owner.FeedForwardNetwork(E, F, **options), weights) for owner in (student, reference)]
    return *both, weights


@points("feed_forward", 0.5)
def test_feed_forward_by_hand(student):
    """the worked example: 2 becomes 7, and -2 becomes 16"""
    weights = {"fc1.weight": torch.tensor([[1.0], [-1.0]]), "fc1.bias": torch.tensor([0.0, 1.0]),
               "fc2.weight": torch.tensor([[3.0, 5.0]]), "fc2.bias": torch.tensor([1.0])}
    module = installed(student, student.FeedForwardNetwork(1, 2), weights)
    out = returns(module(torch.tensor([[[2.0], [-2.0]]], dtype=torch.float64)), "out")
    same(out, [[[7.0], [16.0]]], "out", axes="N T E")


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
    one.train()
    out = returns(one(tensor(rng, 2, 3, 5)), "out")
    same(out, weights["fc2.bias"].expand(2, 3, 5), "out", axes="N T E")


# ---- an encoder layer -------------------------------------------------------------------------------------

def encoders(student, reference, rng, E, heads, F, **options):
    """An encoder layer of the student and one of the reference, with equal random weights, and these weights."""
    weights = layer(rng, E, F, ["self"])
    both = [installed(owner, owner.TransformerEncoderLayer(E, heads, dim_feedforward=F, **options), weights)
            for owner in (student, reference)]
    return *both, weights


def lopsided_mask(rng, T):
    """(T, T) bool: not symmetric, each row sees itself, no row sees everything."""
    mask = torch.from_numpy(rng.random(size=(T, T)) < 0.5)
    mask.fill_diagonal_(True)
    mask[torch.arange(T), (torch.arange(T) + 1) % T] = False
    mask[0, 2], mask[2, 0] = True, False
    return mask


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


# ---- a decoder layer --------------------------------------------------------------------------------------

def decoders(student, reference, rng, E, heads, F, **options):
    """A decoder layer of the student and one of the reference, with equal random weights, and these weights."""
    weights = layer(rng, E, F, ["self", "cross"])
    both = [installed(owner, owner.TransformerDecoderLayer(E, heads, dim_feedforward=F, **options), weights)
            for owner in (student, reference)]
    return *both, weights


def decoder(owner, rng, E, heads, F):
    """A decoder layer with random weights."""
    module = owner.TransformerDecoderLayer(E, heads, dim_feedforward=F)
    return installed(owner, module, layer(rng, E, F, ["self", "cross"]))


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
    """with a causal mask, a change of word 3 changes nothing before word 3"""
    module = decoder(student, rng, E=6, heads=3, F=7)
    tgt, memory = tensor(rng, 2, 7, 6), tensor(rng, 2, 5, 6)
    before = array(returns(module(tgt, memory, causal(7)), "out"))
    tgt[:, 3] += tensor(rng, 6)
    after = array(returns(module(tgt, memory, causal(7)), "out"))
    same(after[:, :3], before[:, :3], "out[:, :3]", axes="N T E", rel_error=1e-10)
    moved = np.abs(after - before).max(axis=(0, 2)) > 1e-6
    require(moved[3:].all(), "word 3 and those after it do change", f"only words {np.flatnonzero(moved).tolist()} do")


@points("decoder_layer", 1)
def test_decoder_dropout(student, reference, rng):
    """dropout acts on each sublayer before its residual: with a dropout of 1 only the norms are left"""
    one, _, weights = decoders(student, reference, rng, E=6, heads=3, F=7, dropout=1.0)
    one.train()
    want = tgt = tensor(rng, 2, 5, 6)
    for name in ("norm_self", "norm_cross", "norm_ffn"):
        want = torch.nn.functional.layer_norm(want, (6,), weights[f"{name}.weight"], weights[f"{name}.bias"])
    same(returns(one(tgt, tensor(rng, 2, 3, 6), causal(5)), "out"), want, "out", axes="N T E")


# ---- the ways in ------------------------------------------------------------------------------------------

def embeddings(student, reference, rng, V, E, **options):
    weights = {"embedding.weight": tensor(rng, V, E)}
    return [installed(owner, owner.WordEmbedding(V, E, **options), weights) for owner in (student, reference)]


def words_in(rng, V, N, T):
    """(N, T) word numbers, with a word that is repeated."""
    words = torch.from_numpy(rng.integers(V, size=(N, T)))
    words[:, 2] = words[:, 0]
    return words


@points("embedding", 1)
def test_words_by_hand(student):
    """the worked example: the word 7 twice, of width 2"""
    table = torch.zeros(8, 2)
    table[7] = 5.0
    module = installed(student, student.WordEmbedding(8, 2), {"embedding.weight": table})
    want = [[[5.0, 6.0], [5 + np.sin(1), 5 + np.cos(1)]]]
    same(returns(module(torch.tensor([[7, 7]])), "x"), want, "x", axes="N T E")


@points("embedding", 1)
def test_words_value(student, reference, rng):
    """random words, with their positions from 0 on, equal the reference"""
    one, other = embeddings(student, reference, rng, V=11, E=6)
    words = words_in(rng, 11, 3, 5)
    same(returns(one(words), "x"), other(words), "x", axes="N T E")


@points("embedding", 1)
def test_words_that_start_later(student, reference, rng):
    """words that start at position 3 get the positions from 3 on"""
    one, other = embeddings(student, reference, rng, V=11, E=6)
    words = words_in(rng, 11, 2, 5)
    same(returns(one(words, start=3), "x"), other(words, start=3), "x", axes="N T E")


def pictures(student, reference, rng, D, E):
    weights = linear(rng, "picture.projection", D, E)
    return [installed(owner, owner.PictureEmbedding(D, E), weights) for owner in (student, reference)]


@points("embedding", 1)
def test_picture_of_one_vector(student, reference, rng):
    """one vector for each picture becomes a memory of one token"""
    one, other = pictures(student, reference, rng, D=7, E=4)
    features = tensor(rng, 3, 7)
    same(returns(one(features), "memory"), other(features), "memory", axes="N R E")


@points("embedding", 1)
def test_picture_of_regions(student, reference, rng):
    """a grid of vectors becomes a memory of as many tokens"""
    one, other = pictures(student, reference, rng, D=7, E=4)
    features = tensor(rng, 3, 5, 7)
    same(returns(one(features), "memory"), other(features), "memory", axes="N R E")


# ---- the captioner ----------------------------------------------------------------------------------------

F_DEFAULT = 2048    # CS231n's captioner does not let one choose the width inside the feed-forward network


def vocabulary(V, null=0, start=1, end=2):
    """A dict from word to number with the special words at the given numbers."""
    special = {null: "<NULL>", start: "<START>", end: "<END>"}
    return {special.get(number, f"word{number}"): number for number in range(V)}


def captioner_weights(rng, V, D, E, layers):
    weights = {"words.embedding.weight": tensor(rng, V, E)}
    weights |= linear(rng, "picture.projection", D, E) | linear(rng, "output", E, V)
    for number in range(layers):
        weights |= layer(rng, E, F_DEFAULT, ["self", "cross"], prefix=f"transformer.layers.{number}.")
    return weights


def captioner(owner, words, weights, heads=2, layers=1, max_length=50):
    """The owner's captioner with these weights."""
    D, E = weights["picture.projection.weight"].shape[1], weights["words.embedding.weight"].shape[1]
    model = owner.CaptioningTransformer(words, input_dim=D, wordvec_dim=E, num_heads=heads, num_layers=layers,
                                        max_length=max_length)
    return installed(owner, model, weights)


def captioners(student, reference, rng, words, D, E, heads=2, layers=1, **options):
    weights = captioner_weights(rng, len(words), D, E, layers)
    return [captioner(owner, words, weights, heads, layers, **options) for owner in (student, reference)]


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
    one, other = captioners(student, reference, rng, words, D=5, E=6, heads=3, layers=2)
    features, captions = tensor(rng, 2, 11, 5), spoken(rng, words, N=2, T=5)
    same(returns(one(features, captions), "scores"), other(features, captions), "scores", axes="N T V")


@points("captioner", 2.5)
def test_captioner_with_one_vector(student, reference, rng):
    """the scores equal the reference for random captions and one feature vector for each picture"""
    words = vocabulary(7)
    one, other = captioners(student, reference, rng, words, D=5, E=4)
    features, captions = tensor(rng, 3, 5), spoken(rng, words, N=3, T=7)
    same(returns(one(features, captions), "scores"), other(features, captions), "scores", axes="N T V")


@points("captioner", 2)
def test_captioner_does_not_see_the_future(student, rng):
    """a change of word 3 changes no score before position 3, and all scores from there on"""
    words, weights = vocabulary(7), captioner_weights(rng, 7, 5, 4, layers=1)
    model, features = captioner(student, words, weights), tensor(rng, 2, 3, 5)
    captions = torch.from_numpy(rng.integers(3, 6, size=(2, 7)))
    before = array(returns(model(features, captions), "scores"))
    captions[:, 3] = 6
    after = array(returns(model(features, captions), "scores"))
    same(after[:, :3], before[:, :3], "scores[:, :3]", axes="N T V", rel_error=1e-10)
    moved = np.abs(after - before).max(axis=(0, 2)) > 1e-6
    require(moved[3:].all(), "the scores from position 3 on depend on word 3",
            f"only those at positions {np.flatnonzero(moved).tolist()} do")


@points("captioner", 1)
def test_captioner_looks_at_the_picture(student, rng):
    """another picture gives other scores, at every position; a picture alone gives what it gives in a batch"""
    words, weights = vocabulary(7), captioner_weights(rng, 7, 5, 4, layers=1)
    model, features, captions = captioner(student, words, weights), tensor(rng, 3, 5), spoken(rng, words, 3, 5)
    scores = array(returns(model(features, captions), "scores"))
    alone = array(returns(model(features[1:2], captions[1:2]), "scores"))
    same(alone, scores[1:2], "scores of one picture", axes="N T V", rel_error=1e-9)
    other = array(returns(model(features.flip(0), captions), "scores"))
    require(np.abs(other - scores)[0].max(axis=1).min() > 1e-6, "another picture gives other scores", "some are equal")


# ---- the loss ---------------------------------------------------------------------------------------------

# A model whose scores are read off tables, made beside the student's code. It can be taught by gradients.
TABLES = """lambda by_word, by_picture, words: (lambda model: (
    [setattr(model, name, value) for name, value in dict(
        word_to_idx=words, _null=words['<NULL>'], _start=words['<START>'], _end=words['<END>'],
        by_word=torch.nn.Parameter(by_word), by_picture=torch.nn.Parameter(by_picture)).items()], model)[1])(
    type('Tables', (torch.nn.Module,), {'forward': lambda self, features, captions:
        self.by_word[captions].cumsum(1) + (features @ self.by_picture)[:, None]})())"""


def tables(owner, rng, words, D):
    """A model that adds up the table rows of all words so far, and what it makes of features (N, D)."""
    V = len(words)
    return owner.evaluate(TABLES)(tensor(rng, V, V), tensor(rng, D, V), words)


def both_tables(student, reference, rng, words, D):
    weights = tensor(rng, len(words), len(words)), tensor(rng, D, len(words))
    return [owner.evaluate(TABLES)(*weights, words) for owner in (student, reference)]


def true_captions(rng, words, N, T):
    """(N, T+1): <START>, some words, <END>, then <NULL>; the first caption fills all places."""
    usual = [number for word, number in words.items() if not word.startswith("<")]
    captions = np.full((N, T + 1), words["<NULL>"])
    for row, length in enumerate([T - 1, *rng.integers(1, T - 1, size=N - 1)]):
        captions[row, : length + 2] = [words["<START>"], *rng.choice(usual, length), words["<END>"]]
    captions[0, 1] = usual[0]    # the word with the smallest number occurs: it is 0 where <NULL> is another
    return torch.from_numpy(captions)


def numbers(words, sentence):
    return [words[word] for word in sentence.split()]


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
    """the loss equals the reference for random captions of different lengths"""
    words = vocabulary(11)
    one, other = both_tables(student, reference, rng, words, D=3)
    features, captions = tensor(rng, 4, 3), true_captions(rng, words, N=4, T=6)
    same(returns(student.teacher_forcing_loss(one, features, captions), "loss"),
         reference.teacher_forcing_loss(other, features, captions), "loss")


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


def talkative(reference, rng, words, features, E, layers=1, ends=0.2):
    """Weights of a captioner that says many different words of these features, and never <START> or <NULL>.

    Small biases, loud attention, scores that shy away from the last word; and then all words are made equally likely
    on average, <END> so that it wins in a share `ends` of the places, by a look at the reference's scores.
    """
    weights = captioner_weights(rng, len(words), features.shape[-1], E, layers)
    for name, value in weights.items():
        loud = {"bias": 0.2, "embedding.weight": 0.5, "fc2.weight": 0.3, "self_attn.value.weight": 2.0,
                "cross_attn.value.weight": 3.0, "cross_attn.proj.weight": 3.0, "query.weight": 2.0}
        value *= next((factor for ending, factor in loud.items() if name.endswith(ending)), 1.0)
    rows = weights["output.weight"] - torch.nn.functional.normalize(weights["words.embedding.weight"], dim=1)
    weights["output.weight"] = 4 * torch.nn.functional.normalize(rows, dim=1)
    captions = spoken(rng, words, len(features), 7)
    scores = torch.as_tensor(array(captioner(reference, words, weights, layers=layers)(features, captions)))
    weights["output.bias"] -= scores.mean(dim=(0, 1))
    lead = (scores - scores.mean(dim=(0, 1)))[..., sorted(set(captions[:, 1:].flatten().tolist()))].amax(-1)
    end = (scores - scores.mean(dim=(0, 1)))[..., words["<END>"]]
    weights["output.bias"][words["<END>"]] += (lead - end).quantile(ends)
    weights["output.bias"][[words["<NULL>"], words["<START>"]]] = -50.0
    return weights


@points("sample", 1)
def test_sample_by_hand(student):
    """the worked example: the toy captioner says `red circle`"""
    model = student.toy_captioner()
    want = [numbers(model.word_to_idx, "red circle <END> <NULL>")] * 2
    same_captions(student.greedy_decode(model, torch.zeros(2, 1), max_length=4), want, model.word_to_idx)


@points("sample", 2.5)
def test_sample_is_greedy(student, reference, rng):
    """each picture's caption is the word with the highest score, step by step, up to <END>"""
    words = vocabulary(11)
    features = tensor(rng, 11, 5, 7, scale=2.0)
    weights = talkative(reference, rng, words, features, E=10)
    one, other = (captioner(owner, words, weights) for owner in (student, reference))
    same_captions(one.sample(features, max_length=7), other.sample(features, max_length=7), words)


# ---- a cache ----------------------------------------------------------------------------------------------

def word_by_word(student, reference, rng, N, T, S, E, heads, F):
    """The student's decoder layer fed one word at a time, and the reference's in one go: (N, T, E) each."""
    one, other, _ = decoders(student, reference, rng, E=E, heads=heads, F=F)
    tgt, memory, cache, outs = tensor(rng, N, T, E), tensor(rng, N, S, E), None, []
    for t in range(T):
        out, cache = returns(student.decoder_step(one, tgt[:, t : t + 1], memory, cache), "out", "cache")
        outs.append(array(returns(out, "out")))
        require(outs[-1].shape == (N, 1, E), f"`out` has shape {(N, 1, E)} (N, 1, E)", f"its shape is {outs[-1].shape}")
    return np.concatenate(outs, axis=1), other(tgt, memory, causal(T))


@points("cache", 2)
def test_step_equals_the_masked_layer(student, reference, rng):
    """word by word, `decoder_step` gives what the masked layer gives for all words in one go"""
    got, want = word_by_word(student, reference, rng, N=2, T=5, S=3, E=6, heads=3, F=7)
    same(got, want, "out", axes="N T E")


@points("cache", 1.5)
def test_cached_captions(student, reference, rng):
    """with a cache, each picture gets its greedy caption"""
    words = vocabulary(11)
    features = tensor(rng, 11, 5, 7, scale=2.0)
    weights = talkative(reference, rng, words, features, E=10, layers=2)
    one, other = (captioner(owner, words, weights, layers=2) for owner in (student, reference))
    same_captions(student.cached_decode(one, features, max_length=5), other.sample(features, max_length=5), words)


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
    """the worked example: with a beam of 2 the toy captioner says `blue circle`"""
    model = student.toy_captioner()
    want = [numbers(model.word_to_idx, "blue circle <END> <NULL> <NULL>")] * 2, np.log([0.36, 0.36])
    same_beams(student.beam_search(model, torch.zeros(2, 1), beam_width=2, max_length=5), want, model.word_to_idx)


@points("beam", 1.5)
def test_beam_value(student, reference, rng):
    """captions and log-probabilities equal the reference for a beam of 3"""
    words = vocabulary(7)
    weights, features = undecided(rng, words, D=3), tensor(rng, 11, 3)
    one, other = (owner.evaluate(TABLES)(*weights, words) for owner in (student, reference))
    same_beams(student.beam_search(one, features, 3, 5), reference.beam_search(other, features, 3, 5), words)


@points("beam", 0.5)
def test_beam_of_one_is_greedy(student, reference, rng):
    """a beam of 1 is greedy"""
    words = vocabulary(7)
    weights, features = undecided(rng, words, D=3), tensor(rng, 5, 3)
    one, other = (owner.evaluate(TABLES)(*weights, words) for owner in (student, reference))
    captions, _ = returns(student.beam_search(one, features, beam_width=1, max_length=6), "captions", "log_probs")
    same_captions(captions, reference.greedy_decode(other, features, max_length=6), words)
