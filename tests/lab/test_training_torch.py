"""The training loop for captioners in PyTorch, and the measure of where they look."""

import numpy as np
import pytest

from autograder.lab.attention import attention_mass, cell_regions
from autograder.lab.data import load_coco_data, load_spatial_features
from autograder.lab.truth import WORDS, Thing

torch = pytest.importorskip("torch")
training = pytest.importorskip("autograder.lab.training_torch")


class Parrot(torch.nn.Module):
    """Learns which word follows which, whatever the picture shows."""

    def __init__(self, with_weights=False):
        super().__init__()
        self.next_word = torch.nn.Embedding(len(WORDS), len(WORDS))
        self.with_weights = with_weights

    def forward(self, features, captions):
        scores = self.next_word(captions)
        weights = torch.full((*captions.shape, features.shape[1]), 1 / features.shape[1])
        return (scores, weights) if self.with_weights else scores

    def sample(self, features, max_length=15):
        words, said = torch.full((len(features),), 1), []
        for _ in range(max_length):
            words = self.next_word(words).argmax(1)
            said.append(words)
        captions = torch.stack(said, 1)
        weights = torch.full((*captions.shape, features.shape[1]), 1 / features.shape[1])
        return (captions, weights) if self.with_weights else captions.numpy()


@pytest.fixture
def data(scenes_folder):
    data = load_coco_data(scenes_folder)
    for split in ("train", "val"):
        data[f"{split}_features"] = load_spatial_features(split, scenes_folder)
    return data


@pytest.mark.parametrize("with_weights", [False, True])
def test_a_model_learns(data, with_weights, capsys):
    torch.manual_seed(0)
    model = Parrot(with_weights)
    losses = training.train_captioner(model, data, iterations=80, batch_size=16, learning_rate=0.3, verbose=False)
    assert len(losses) == 80
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:5])
    assert not model.training
    assert capsys.readouterr() == ("", "")


def test_the_same_seed_gives_the_same_losses(data):
    runs = []
    for _ in range(2):
        torch.manual_seed(0)
        runs.append(training.train_captioner(Parrot(), data, iterations=5, verbose=False))
    assert runs[0] == runs[1]


def test_progress_goes_to_stdout(data, capsys):
    training.train_captioner(Parrot(), data, iterations=2, label="parrot")
    out, err = capsys.readouterr()
    assert "parrot" in out and not err


def test_a_loss_of_ones_own(data):
    seen = []

    def loss(scores, words):
        seen.append((scores.shape, words.shape))
        return scores.square().mean()

    training.train_captioner(Parrot(), data, iterations=1, batch_size=7, loss=loss, verbose=False)
    assert seen == [((7, 14, len(WORDS)), (7, 14))]


def test_padding_does_not_count():
    scores = torch.zeros(1, 2, 4)
    scores[0, 1, 0] = 9.0
    assert training.caption_loss(scores, torch.tensor([[3, 0]])).item() == pytest.approx(np.log(4))


def test_threads_are_given_back(data):
    before = torch.get_num_threads()
    training.train_captioner(Parrot(), data, iterations=1, verbose=False)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("with_weights", [False, True])
def test_what_is_said_is_judged(data, with_weights, capsys):
    spoken = training.say(Parrot(with_weights), data, count=9, max_length=6, batch_size=4)
    assert spoken.captions.shape == (9, 6)
    assert len(spoken.sentences) == len(spoken.true) == len(spoken.objects) == 9
    assert (spoken.weights.shape == (9, 6, 36)) if with_weights else spoken.weights is None
    training.truth_table({"parrot": spoken, "the truth": spoken})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[2].startswith("the truth  ")


def test_a_picture_of_a_kind_that_is_missing_makes_no_noise(data, capsys):
    spoken = training.say(Parrot(), data, count=1, max_length=2)
    training.truth_table({"parrot": spoken})
    assert capsys.readouterr().out.count(" -") == 2


def test_regions_of_a_cell():
    assert cell_regions(0) == [0, 1, 6, 7]
    assert cell_regions(5) == [16, 17, 22, 23]
    assert cell_regions(4, side=3) == [4]
    assert sorted(region for cell in range(9) for region in cell_regions(cell)) == list(range(36))


def test_mass_on_the_named_object():
    scene = (Thing(2, "red", "cross"), Thing(6, "red", "circle"))
    words = ["a", "red", "circle", "is", "below", "a", "red", "cross", "<END>"]
    captions = np.array([[WORDS.index(word) for word in words]])
    weights = np.zeros((1, len(words), 9))
    weights[0, 2, [6, 1]] = 0.75, 0.25                      # at "circle": mostly on it
    weights[0, 7, [2, 3]] = 0.25, 0.75                      # at "cross": mostly elsewhere
    mass, hits = attention_mass(captions, weights, [scene], WORDS)
    assert mass.tolist() == [0.75, 0.25]
    assert hits.tolist() == [True, False]


def test_an_object_that_is_not_there_is_not_counted():
    captions = np.array([[WORDS.index(word) for word in ["a", "blue", "cross", "<END>"]]])
    mass, hits = attention_mass(captions, np.full((1, 4, 36), 1 / 36), [(Thing(2, "red", "cross"),)], WORDS)
    assert len(mass) == len(hits) == 0
