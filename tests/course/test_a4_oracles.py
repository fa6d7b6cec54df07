"""The references of assignment 4 agree with independent authorities: PyTorch's own layers, enumeration, nltk."""

import itertools
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder.course import load_assignment
from autograder.course.execute import execute_reference
from autograder.lab.captioning import bleu, looks_at_named
from autograder.lab.truth import Thing

ROOT = Path(__file__).parents[2]
WORDS = {"<NULL>": 0, "<START>": 1, "<END>": 2, "red": 3, "blue": 4, "circle": 5}


@pytest.fixture(scope="module")
def a4():
    return execute_reference(load_assignment("a4_transformer_captioning", ROOT))


@pytest.fixture(autouse=True)
def float64():
    torch.manual_seed(4)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def shaken(module):
    """The module in eval mode, with every parameter away from its starting value."""
    for parameter in module.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return module.eval()


def close(got, want):
    torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-10)


def copied_attention(ours, theirs):
    """PyTorch keeps the three projections in one matrix."""
    ours.query.weight.data, ours.key.weight.data, ours.value.weight.data = theirs.in_proj_weight.data.chunk(3)
    ours.query.bias.data, ours.key.bias.data, ours.value.bias.data = theirs.in_proj_bias.data.chunk(3)
    ours.proj.load_state_dict(theirs.out_proj.state_dict())


def copied_layer(ours, theirs):
    copied_attention(ours.self_attn, theirs.self_attn)
    ours.ffn.fc1.load_state_dict(theirs.linear1.state_dict())
    ours.ffn.fc2.load_state_dict(theirs.linear2.state_dict())
    norms = [ours.norm_self, ours.norm_ffn]
    if hasattr(theirs, "multihead_attn"):
        copied_attention(ours.cross_attn, theirs.multihead_attn)
        norms.insert(1, ours.norm_cross)
    for number, norm in enumerate(norms, start=1):
        norm.load_state_dict(getattr(theirs, f"norm{number}").state_dict())
    return ours.eval()


def causal(T):
    return torch.ones(T, T, dtype=torch.bool).tril()


def test_layer_norm(a4):
    theirs = shaken(nn.LayerNorm(7))
    ours = a4.LayerNorm(7)
    ours.load_state_dict(theirs.state_dict())
    for scale in (1e-3, 1, 1e3):
        x = scale * torch.randn(3, 5, 7) + 1
        close(ours(x), theirs(x))


def test_layer_norm_gradient(a4):
    layer = shaken(a4.LayerNorm(5))
    assert torch.autograd.gradcheck(layer, torch.randn(2, 3, 5, requires_grad=True))


def test_feed_forward(a4):
    ours = shaken(a4.FeedForwardNetwork(5, 11))
    x = torch.randn(2, 3, 5)
    close(ours(x), nn.Sequential(ours.fc1, nn.ReLU(), ours.fc2)(x))


@pytest.mark.parametrize("norm_first", [False, True])
def test_encoder_layer(a4, norm_first):
    theirs = shaken(nn.TransformerEncoderLayer(12, 3, 20, batch_first=True, norm_first=norm_first))
    ours = copied_layer(a4.TransformerEncoderLayer(12, 3, 20, norm_first=norm_first), theirs)
    src, mask = torch.randn(2, 5, 12), causal(5) | (torch.rand(5, 5) < 0.3)
    close(ours(src), theirs(src))
    close(ours(src, mask), theirs(src, src_mask=~mask))


@pytest.mark.parametrize("norm_first", [False, True])
def test_decoder_layer(a4, norm_first):
    theirs = shaken(nn.TransformerDecoderLayer(12, 3, 20, batch_first=True, norm_first=norm_first))
    ours = copied_layer(a4.TransformerDecoderLayer(12, 3, 20, norm_first=norm_first), theirs)
    tgt, memory, mask = torch.randn(2, 5, 12), torch.randn(2, 7, 12), causal(5)
    close(ours(tgt, memory), theirs(tgt, memory))
    close(ours(tgt, memory, mask), theirs(tgt, memory, tgt_mask=~mask))


def test_dropout_is_that_of_pytorch_on_average(a4):
    """The mean over many noisy calls moves away from the quiet value as PyTorch's layer does."""
    theirs = shaken(nn.TransformerDecoderLayer(8, 2, 16, dropout=0.3, batch_first=True, norm_first=True))
    ours = copied_layer(a4.TransformerDecoderLayer(8, 2, 16, dropout=0.3, norm_first=True), theirs)
    tgt, memory = torch.randn(1, 3, 8).expand(4000, 3, 8), torch.randn(1, 5, 8).expand(4000, 5, 8)
    noisy = [layer.train()(tgt, memory).detach() for layer in (ours, theirs)]
    for moment in (lambda x: x.mean(0), lambda x: x.std(0)):
        got, want = (moment(x) for x in noisy)
        assert (got - want).abs().max() < 0.12 * noisy[1].std(0).max()


def test_word_embedding(a4):
    module = shaken(a4.WordEmbedding(11, 6, max_length=13))
    words = torch.randint(11, (2, 5))
    pe = torch.tensor([[(math.cos if j % 2 else math.sin)(t * 10000 ** (-(j - j % 2) / 6)) for j in range(6)] for t in range(13)])
    torch.testing.assert_close(module(words, start=3), F.embedding(words, module.embedding.weight) + pe[3:8], rtol=0, atol=1e-6)


def assembled(a4, model, theirs):
    """The same captioner put together from PyTorch's decoder: a function of features and captions."""
    for ours, layer in zip(model.transformer.layers, theirs.layers):
        copied_layer(ours, layer)

    def scores(features, captions):
        memory = F.linear(features if features.dim() == 3 else features[:, None], model.picture.projection.weight, model.picture.projection.bias)
        x = F.embedding(captions, model.words.embedding.weight) + model.words.positional_encoding.pe[0, :captions.shape[1]]
        mask = nn.Transformer.generate_square_subsequent_mask(captions.shape[1], dtype=torch.float64)
        return F.linear(theirs(x, memory, tgt_mask=mask), model.output.weight, model.output.bias)

    return scores


@pytest.fixture
def captioner(a4):
    """A random captioner of two layers, and the same one assembled from PyTorch's layers."""
    model = shaken(a4.CaptioningTransformer(WORDS, 5, 12, num_heads=3, num_layers=2, dim_feedforward=20).double())
    model.output.weight.data *= 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer = nn.TransformerDecoderLayer(12, 3, 20, batch_first=True)
        theirs = shaken(nn.TransformerDecoder(layer, 2))
    return model, assembled(a4, model, theirs)


@pytest.mark.parametrize("shape", [(3, 5), (3, 7, 5)])
def test_captioner(captioner, shape):
    model, scores = captioner
    features, captions = torch.randn(shape), torch.randint(len(WORDS), (3, 6))
    close(model(features, captions), scores(features, captions))


@torch.no_grad()
def test_teacher_forcing_loss(a4, captioner):
    """Word by word: minus the log-probability of each next word, as PyTorch's model gives it."""
    model, scores = captioner
    captions = torch.tensor([[1, 3, 5, 2, 0], [1, 4, 3, 5, 2], [1, 2, 0, 0, 0]])
    features, surprises = torch.randn(3, 7, 5), []
    for n, t in itertools.product(range(3), range(4)):
        if captions[n, t + 1] != 0:
            p = scores(features[n:n + 1], captions[n:n + 1, :t + 1])[0, -1].exp()
            surprises.append(-math.log(p[captions[n, t + 1]] / p.sum()))
    assert a4.teacher_forcing_loss(model, features, captions).item() == pytest.approx(np.mean(surprises), rel=1e-9)


def log_probability(scores, picture, words):
    """Of a whole caption, from the model assembled from PyTorch's layers: one step at a time."""
    total, past = 0.0, [1]
    for word in words:
        total += F.log_softmax(scores(picture, torch.tensor([past]))[0, -1], 0)[word].item()
        past.append(word)
    return total


@torch.no_grad()
def test_greedy_decoding_with_and_without_cache(a4, captioner):
    """Against a loop of our own that asks PyTorch's model about one beginning at a time."""
    model, scores = captioner
    features = 2 * torch.randn(5, 7, 5)
    want = torch.zeros(5, 8, dtype=torch.long)
    for n in range(5):
        past = [1]
        while len(past) <= 8 and past[-1] != 2:
            past.append(max(range(len(WORDS)), key=scores(features[n:n + 1], torch.tensor([past]))[0, -1].tolist().__getitem__))
        want[n, :len(past) - 1] = torch.tensor(past[1:])
    assert torch.equal(model.sample(features, 8), want)
    assert torch.equal(a4.cached_decode(model, features, 8), want)


@torch.no_grad()
def test_decoder_step_is_a_row_of_the_masked_layer(a4):
    theirs = shaken(nn.TransformerDecoderLayer(12, 3, 20, batch_first=True))
    ours = copied_layer(a4.TransformerDecoderLayer(12, 3, 20), theirs)
    tgt, memory, cache, rows = torch.randn(2, 6, 12), torch.randn(2, 7, 12), None, []
    for t in range(6):
        row, cache = a4.decoder_step(ours, tgt[:, t:t + 1], memory, cache)
        rows.append(row)
    close(torch.cat(rows, 1), theirs(tgt, memory, tgt_mask=~causal(6)))


def captions_of(length):
    """Every caption of at most `length` words: cut at <END>, or of full length."""
    for words in itertools.product(range(len(WORDS)), repeat=length):
        ends = words.index(2) + 1 if 2 in words else length
        if all(word == 0 for word in words[ends:]):
            yield words[:ends]


@torch.no_grad()
def test_wide_beam_is_the_best_of_all_captions(a4, captioner):
    model, scores = captioner
    features = torch.randn(2, 3, 5)
    captions, log_probs = a4.beam_search(model, features, beam_width=6**3, max_length=3)
    for n in range(2):
        best, words = max((log_probability(scores, features[n:n + 1], words), words) for words in captions_of(3))
        assert log_probs[n].item() == pytest.approx(best, rel=1e-6)
        assert captions[n].tolist() == [*words, 0, 0][:3]


@torch.no_grad()
def test_beam_search_step_by_step(a4, captioner):
    """A beam of 2 against a second implementation, which keeps probabilities in a dict from words to log p."""
    model, scores = captioner
    features = torch.randn(4, 3, 5)
    captions, log_probs = a4.beam_search(model, features, beam_width=2, max_length=4)
    for n in range(4):
        beam = {(): 0.0}
        for _ in range(4):
            grown = {words: p for words, p in beam.items() if 2 in words}
            for words in beam.keys() - grown.keys():
                grown |= {(*words, w): log_probability(scores, features[n:n + 1], (*words, w)) for w in range(len(WORDS))}
            beam = dict(sorted(grown.items(), key=lambda item: -item[1])[:2])
        words, p = max(beam.items(), key=lambda item: item[1])
        assert log_probs[n].item() == pytest.approx(p, rel=1e-6)
        assert captions[n].tolist() == [*words, 0, 0, 0, 0][:4]


def test_toy_by_hand(a4):
    toy = a4.toy_captioner()
    red, blue, circle, end = (toy.word_to_idx[word] for word in ("red", "blue", "circle", "<END>"))
    assert a4.greedy_decode(toy, torch.zeros(1, 1), 3).tolist() == [[red, circle, end]]
    captions, log_probs = a4.beam_search(toy, torch.zeros(1, 1), 2, 3)
    assert captions.tolist() == [[blue, circle, end]] and log_probs[0].item() == pytest.approx(math.log(0.36), rel=1e-6)
    loss = a4.teacher_forcing_loss(toy, torch.zeros(1, 1), torch.tensor([[1, red, circle, end]]))
    assert loss.item() == pytest.approx(0.3695, abs=1e-4)


def test_bleu_is_that_of_nltk():
    from nltk.translate.bleu_score import corpus_bleu

    rng = np.random.default_rng(0)
    vocabulary = np.array(["a", "red", "circle", "above", "square"])
    references = [[" ".join(rng.choice(vocabulary, rng.integers(5, 13))) for _ in range(rng.integers(1, 4))] for _ in range(30)]
    hypotheses = [" ".join(group[0].split()[:rng.integers(4, 11)]) for group in references]
    want = corpus_bleu([[text.split() for text in group] for group in references], [text.split() for text in hypotheses])
    assert bleu(references, hypotheses) == pytest.approx(want, rel=1e-12)
    assert bleu([["a b c d"]], ["e f g h"]) == 0.0


def test_looks_at_named():
    scene = (Thing(0, "red", "circle"), Thing(8, "blue", "square"))
    words = ["a", "red", "circle", "is", "above", "a", "blue", "square"]
    weights = np.full((1, 9, 36), 1 / 36)
    assert looks_at_named([words], [scene], weights) == pytest.approx(1 / 9)
    weights[0, 2] = weights[0, 7] = 0
    weights[0, 2, [0, 1, 6, 7]] = 0.25        # the regions of cell 0
    weights[0, 7, [28, 29, 34, 35]] = 0.125   # half of the look on cell 8
    assert looks_at_named([words], [scene], weights) == pytest.approx(0.75)
    assert math.isnan(looks_at_named([words], [scene], weights, only=[False]))
