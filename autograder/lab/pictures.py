"""Pictures of scenes: their captions, their grid, where a model looked.  One call each; the result is matplotlib's
current figure (`plt.savefig(...)`).

Text and ground follow matplotlib's style, light or dark.  Nothing is said by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from autograder.errors import DataError
from autograder.lab.curves import GREEN, ORANGE
from autograder.lab.data import image_from_url, scene_of
from autograder.lab.devices import as_array
from autograder.lab.in_words import tell
from autograder.lab.truth import COLUMNS, ROWS, Scene, describe, words_of


def show_captions(images: Sequence, captions: Sequence, truths: Sequence[bool] | None = None,
                  columns: int = 4) -> None:
    """Pictures with their captions below.

    images: arrays (H, W, 3) or addresses (scenes:// or http://; a dead one leaves a blank card).
    captions: sentences, or lists of words.
    truths: whether each caption is true; written above its picture, in words.
    """
    captions = [_sentence(caption) for caption in captions]
    for index, axes in enumerate(_grid(len(captions), columns, (2.2, 2.9))):
        _show_image(axes, images[index])
        axes.set_xlabel(fill(captions[index], 26), fontsize=9)
        if truths is not None:
            verdict, colour = ("\u2713 true", GREEN) if truths[index] else ("\u2717 not true", ORANGE)
            axes.set_title(verdict, fontsize=9, fontweight="bold", color=colour, pad=4)
    verdicts = [""] * len(captions) if truths is None else [", true" if true else ", not true" for true in truths]
    tell(plt.gcf(), "pictures and their captions: " + "; ".join(map("".join, zip(captions, verdicts))))


def show_scene(image: np.ndarray | str, scene: Scene | None = None) -> None:
    """One scene, enlarged, with its grid, the names of rows and columns, and what may be said of it.

    image: an array (48, 48, 3) with its `scene`, or a scenes:// address alone.
    """
    if isinstance(image, str):
        image, scene = image_from_url(image), scene_of(image) if scene is None else scene
    figure, axes = plt.subplots(figsize=(4.2, 4.4), layout="constrained")
    axes.imshow(image, extent=(0, 3, 3, 0), interpolation="nearest")
    for line in (1, 2):
        axes.axhline(line, color="white", alpha=0.4, lw=0.8)
        axes.axvline(line, color="white", alpha=0.4, lw=0.8)
    axes.set_xticks([0.5, 1.5, 2.5], COLUMNS)
    axes.set_yticks([0.5, 1.5, 2.5], ROWS)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if scene:
        said = [_sentence(words) for words in describe(scene)]
        axes.set_xlabel("\n".join(fill(sentence, 48) for sentence in said), labelpad=8)
        tell(figure, "a scene: " + "; ".join(said))


def show_attention(image: np.ndarray | str, words: Sequence[str] | str, weights: np.ndarray,
                   columns: int = 7) -> None:
    """Where a model looked for each word: the region it looked at stays clear, the rest lies in fog.

    image: an array (H, W, 3) or an address.
    words: the T words said; what follows <END> is left out.
    weights: (T, R) with R = g * g regions in rows, or (heads, T, R): then one row of pictures for each head.
    Above each picture: the word, and the weight of the region with the largest, which is framed.
    """
    image = image_from_url(image) if isinstance(image, str) else np.asarray(image)
    words = words.split() if isinstance(words, str) else list(words)
    if "<END>" in words:
        words = words[:words.index("<END>") + 1]
    weights = as_array(weights, np.float64)
    heads = weights[None] if weights.ndim == 2 else weights
    side = math.isqrt(heads.shape[-1])
    if heads.ndim != 3 or heads.shape[1] < len(words) or side * side != heads.shape[-1]:
        raise ValueError(f"weights are (T, R) or (heads, T, R) with T >= {len(words)} words and R a square: "
                         f"got {weights.shape}")
    if len(heads) > 1:
        columns = len(words)                            # a row for each head
    said = []
    for index, axes in enumerate(_grid(len(heads) * len(words), columns, (1.25, 1.6))):
        head, step = divmod(index, len(words))
        look = heads[head, step].reshape(side, side)
        axes.imshow(_fog(image, look), extent=(0, side, side, 0), interpolation="nearest")
        y, x = np.unravel_index(look.argmax(), look.shape)
        axes.add_patch(plt.Rectangle((x, y), 1, 1, fill=False, color=ORANGE, lw=1.5))
        said.append(f"{f'head {head}, ' if len(heads) > 1 else ''}{words[step]}: row {y}, column {x}, {look.max():.0%}")
        axes.set_title(f"{words[step]}\n{look.max():.0%}", fontsize=9, linespacing=1.1, pad=3)
        _bare(axes)
        if len(heads) > 1 and step == 0:
            axes.set_ylabel(f"head {head}", fontsize=9)
    tell(plt.gcf(), f"the region looked at most for each word, of {side} x {side}: {'; '.join(said)}")


def _fog(image: np.ndarray, look: np.ndarray) -> np.ndarray:
    """The image, clear where `look` (g, g) is largest and paler where it is less: floats in 0..1."""
    clear = look / max(look.max(), 1e-12)
    rows, columns = (np.arange(size) * len(look) // size for size in image.shape[:2])
    clear = clear[rows][:, columns, None]
    return (image / 255) * (0.3 + 0.7 * clear) + 0.85 * 0.7 * (1 - clear)


def _grid(count: int, columns: int, cell: tuple[float, float]) -> list[Axes]:
    """A new figure of `count` cells, each of so many inches, in rows of about equal length."""
    rows = max(1, math.ceil(count / columns))
    columns = max(1, math.ceil(count / rows))
    figure, cells = plt.subplots(rows, columns, squeeze=False, layout="constrained",
                                 figsize=(cell[0] * columns, cell[1] * rows))
    for axes in cells.flat[count:]:
        axes.remove()
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.06)
    return list(cells.flat[:count])


def _show_image(axes: Axes, image: np.ndarray | str) -> None:
    if isinstance(image, str):
        try:
            image = image_from_url(image)
        except DataError:
            image = np.full((4, 4, 3), 128, np.uint8)
            axes.text(0.5, 0.5, "no picture\n(offline, or gone)", transform=axes.transAxes, ha="center",
                      va="center", fontsize=9, color="#f8f8f8")
    axes.imshow(image, interpolation="nearest")
    _bare(axes)


def _bare(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _sentence(caption: str | Sequence[str]) -> str:
    return " ".join(words_of(caption)).replace(" ,", ",")
