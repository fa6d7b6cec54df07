"""Masks, positions and the unrolled network as pictures: what is drawn is what was given."""

import matplotlib
import numpy as np
import pytest
import torch

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from autograder.lab.diagrams import show_unrolled
from autograder.lab.grids import show_masks, show_positions


@pytest.fixture(autouse=True)
def drawn_here(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    yield
    plt.close("all")


def crosses(axes) -> set[tuple[int, int]]:
    """(row, column) of each cross."""
    return {(int(line.get_ydata()[0]), int(line.get_xdata()[0])) for line in axes.lines}


@pytest.mark.parametrize("kind", [np.tril, lambda ones: np.tril(ones).astype(float), lambda ones: torch.tril(torch.tensor(ones))])
def test_what_is_forbidden_has_a_cross(kind):
    mask = kind(np.ones((3, 3), bool))
    show_masks({"causal": mask}, ["a", "red", "circle"])
    axes, = plt.gcf().axes
    assert crosses(axes) == {(0, 1), (0, 2), (1, 2)}
    full = np.ma.filled(axes.collections[0].get_array(), np.nan).reshape(3, 3)
    assert (full == 1).tolist() == np.tril(np.ones((3, 3), bool)).tolist()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "red", "circle"]
    assert axes.get_ylim() == (3, 0) and axes.get_title() == "causal"   # the first query is above


def test_of_a_batch_the_last_is_shown():
    masks = np.stack([np.zeros((1, 2, 3)), np.ones((1, 2, 3))])
    show_masks({"both": masks, "one": masks[0]})
    assert [len(crosses(axes)) for axes in plt.gcf().axes] == [0, 6]
    with pytest.raises(ValueError, match="a mask is"):
        show_masks({"flat": np.ones(3)})


def test_positions_show_the_table_and_how_alike_its_rows_are():
    table = np.random.default_rng(0).normal(size=(20, 6))
    show_positions(torch.from_numpy(table), places=(3, 7))
    left, right, _ = plt.gcf().axes
    np.testing.assert_array_equal(left.images[0].get_array(), table)
    np.testing.assert_allclose(right.lines[0].get_ydata(), table @ table[3])
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["with place 3", "with place 7"]
    with pytest.raises(ValueError, match="is .T, D."):
        show_positions(np.ones(3))


def test_an_unrolled_network_names_words_and_shapes():
    show_unrolled(["a", "red", "circle"], title="three steps")
    said = " ".join(text.get_text() for text in plt.gcf().axes[0].texts)
    assert said.count("Wx, Wh, b") == 3 and "x[:, 2]  (N, D)\ncircle" in said and "h[:, 0]\n(N, H)" in said
