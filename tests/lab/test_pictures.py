"""autograder.lab.pictures: what is drawn says what it should, in words and in colours one can see."""

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from autograder.lab import pictures
from autograder.lab.data import load_coco_data


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def drawn() -> list:
    figure = plt.gcf()
    figure.canvas.draw()
    return figure.axes


def test_captions_lie_below_and_verdicts_are_words():
    images = np.zeros((3, 48, 48, 3), np.uint8)
    captions = ["<START> a red circle , a blue square and a green cross <END>", ["a", "cat"], "b <END> rest"]
    pictures.show_captions(images, captions, truths=[True, False, np.True_])
    axes = drawn()
    assert [a.get_xlabel().replace("\n", " ") for a in axes] == \
        ["a red circle, a blue square and a green cross", "a cat", "b"]
    assert [a.get_title() for a in axes] == ["\u2713 true", "\u2717 not true", "\u2713 true"]


def test_captions_are_not_cut_off():
    long = "there is a " + "yellow triangle and a " * 3
    pictures.show_captions(np.zeros((6, 8, 8, 3), np.uint8), [long] * 6, [False] * 6)
    axes, figure = drawn(), plt.gcf()
    for label in (text for a in axes for text in (a.xaxis.label, a.title)):
        box = label.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1


def test_a_picture_that_does_not_answer_leaves_a_card(scenes_folder):
    url = load_coco_data(scenes_folder)["val_urls"][0]
    pictures.show_captions([url, "http://127.0.0.1:9/gone.jpg"], ["one", "two"])
    there, gone = drawn()
    assert there.images[0].get_array().shape == (48, 48, 3) and not there.texts
    assert "no picture" in gone.texts[0].get_text()


@pytest.mark.parametrize("count, rows", [(1, 1), (4, 1), (5, 2), (9, 3)])
def test_rows_are_of_about_equal_length(count, rows):
    pictures.show_captions(np.zeros((count, 4, 4, 3), np.uint8), ["a"] * count)
    assert len(drawn()) == count and plt.gcf().axes[0].get_subplotspec().get_gridspec().nrows == rows


def test_a_scene_is_drawn_with_its_grid_and_references(scenes_folder):
    url = load_coco_data(scenes_folder)["val_urls"][0]
    pictures.show_scene(url)
    axes, = drawn()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["left", "center", "right"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["top", "middle", "bottom"]
    assert "there is" in axes.get_xlabel()
    pictures.show_scene(np.zeros((48, 48, 3), np.uint8))    # without its scene: the picture alone


def test_attention_names_the_word_and_the_largest_weight():
    weights = np.full((5, 36), 0.3 / 35)
    weights[:, 13] = 0.7
    pictures.show_attention(np.zeros((48, 48, 3), np.uint8), "a red circle <END> more", weights)
    axes = drawn()
    assert [a.get_title() for a in axes] == ["a\n70%", "red\n70%", "circle\n70%", "<END>\n70%"]
    assert axes[0].patches[0].get_xy() == (1, 2)            # region 13 of 6 x 6: second column, third row


def test_attention_of_heads_has_a_row_for_each():
    weights = np.random.default_rng(0).dirichlet(np.ones(9), (2, 3))
    pictures.show_attention(np.zeros((48, 48, 3), np.uint8), ["a", "b", "c"], weights)
    axes = drawn()
    assert len(axes) == 6 and [axes[0].get_ylabel(), axes[3].get_ylabel()] == ["head 0", "head 1"]


def test_attention_leaves_the_region_clear_and_the_rest_in_fog():
    image = np.zeros((4, 4, 3), np.uint8)
    fog = pictures._fog(image, np.array([[0.0, 0.8], [0.2, 0.0]]))
    assert fog.shape == (4, 4, 3) and (fog[:2, 2:] == 0).all() and (fog[:2, :2] > 0.5).all()
    assert (fog[2:, :2] < fog[2:, 2:]).all() and fog.max() <= 1


@pytest.mark.parametrize("shape", [(5, 35), (1, 36), (2, 1, 36), (36,), (1, 1, 5, 36)])
def test_attention_refuses_weights_that_are_no_map(shape):
    with pytest.raises(ValueError, match="weights are"):
        pictures.show_attention(np.zeros((48, 48, 3), np.uint8), ["a", "b"], np.ones(shape))
