"""Pictures in words, for who does not see them."""

import re
from html import unescape

import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograder.lab import pictures
from autograder.lab.curves import BLUE, GREEN, ORANGE, PINK, plot_curves, plot_losses
from autograder.lab.diagrams import show_unrolled
from autograder.lab.grids import show_masks, show_positions
from autograder.lab.heads import show_heads
from autograder.lab.in_words import GROUND, INKS, LONGEST, image_tag, tell
from autograder.lab.truth import Thing
from tests.browser import browser_page
from tests.contrast import contrast

IMAGE = np.zeros((48, 48, 3), np.uint8)
SCENE = (Thing(0, "red", "circle"),)


@pytest.mark.parametrize("show, words", [
    (lambda: plot_losses({"RNN": [2.0] * 20 + [1.0] * 20}), "loss curve, RNN: 40 iterations, the loss goes from 2 to 1"),
    (lambda: plot_curves({"a": [1, 3, 2]}, xlabel="d", ylabel="y"), "curves, y, over d; a: from 1 to 2, at least 1, at most 3"),
    (lambda: show_masks({"causal": np.tri(3)}), "causal: 100 110 111"),
    (lambda: show_positions(np.eye(10), places=[2]), "the row of place 2 has the largest dot product with place 2"),
    (lambda: show_heads(np.eye(2)[None, ::-1], keys=["a", "dog"]), "the map: largest, 1, at query 0, key dog"),
    (lambda: show_unrolled(["a", "dog"]), "for each of the words a, dog"),
    (lambda: pictures.show_captions([IMAGE], ["a red dog"], truths=[False]), "a red dog, not true"),
    (lambda: pictures.show_scene(IMAGE, SCENE), "a scene: "),
    (lambda: pictures.show_attention(IMAGE, "dog", np.eye(9)[[5]]), "of 3 x 3: dog: row 1, column 2, 100%"),
])
def test_each_picture_says_what_it_shows(show, words, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    show()
    assert words in plt.gcf().in_words


def test_a_notebook_shows_them_as_alternative_text(kernel):
    shown = kernel.run("import matplotlib.pyplot as plt\nfrom autograder.lab import plot_losses\n"
                       "plot_losses({'a < \"b\"': [1.0]})\nplt.title('more')\nplt.show()\nplt.plot([1])\nplt.show()")
    told, bare = (content["data"] for content in shown.of("display_data"))
    alt = re.fullmatch(r'<img src="data:image/svg\+xml;base64,[^"]+" alt="([^"]+)" style="max-width:100%">', told["text/html"])[1]
    assert unescape(alt).startswith('loss curve, a < "b": 1 iterations') and "image/png" in told
    assert "text/html" not in bare and "image/png" in bare      # a figure of the student's own is shown as ever


def test_words_do_not_go_on_for_ever():
    figure = plt.figure()
    tell(figure, "x" * 5000)
    assert len(figure.in_words) < LONGEST + 10


@pytest.mark.parametrize("page", [1, 2], ids=["light", "dark"])
def test_letters_stand_out_from_the_ground_of_either_theme(page):
    assert min(contrast(colours[page], GROUND[page]) for colours in INKS) >= 4.5
    assert {BLUE.lower(), ORANGE.lower(), GREEN.lower(), PINK.lower(), "#000000"} == {colours[0] for colours in INKS}


def test_a_picture_follows_the_theme_of_its_page(tmp_path):
    figure, axes = plt.subplots(figsize=(2, 2))
    axes.imshow(np.full((2, 2, 3), 255, np.uint8))
    axes.set(title="a title", xticks=[], yticks=[])
    grounds = {}
    for theme in ("light", "dark"):
        (tmp_path / "page.html").write_text(f'<body style="margin:0;color-scheme:{theme}">{image_tag(figure, "a picture")}')
        with browser_page(viewport={"width": 250, "height": 250}) as page:
            page.goto((tmp_path / "page.html").as_uri())
            page.screenshot(path=tmp_path / "page.png")
        shown = plt.imread(tmp_path / "page.png")[..., :3]
        grounds[theme] = shown[2, 2].max()
        assert shown[:30].std() > 0.05  # letters can be seen
        assert shown[100, 100].min() > 0.95  # white in a picture is white on every page
    assert grounds["light"] > 0.95 and grounds["dark"] < 0.1
