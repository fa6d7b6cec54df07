"""Where attention lies on a scene: the regions of a cell, and the weight on what is being named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.lab.data import scene_of
from autograder.lab.truth import SHAPES, Scene, words_of

__all__ = ["attention_mass", "cell_regions"]

CELLS = 3                                                   # a scene has 3 x 3 cells


def cell_regions(cell: int, side: int = 6) -> list[int]:
    """The regions, of a map of side * side in rows, that lie in a cell (0 to 8, in rows) of the scene."""
    wide = side // CELLS
    row, column = divmod(cell, CELLS)
    return [(row * wide + down) * side + column * wide + right for down in range(wide) for right in range(wide)]


def attention_mass(captions: np.ndarray, weights: np.ndarray, scenes: Sequence[Scene | str],
                   idx_to_word: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """How much attention lies on an object at the moment its shape is said.

    captions (M, T): word numbers; weights (M, T, R): where the model looked for each word, R = side * side;
    scenes: M scenes, or their addresses.

    Returns (mass, hits), one entry for each named object that the scene really shows: the sum of the weights
    in its cell, and whether the largest weight lies there. Looking everywhere alike gives a mass of 1/9.
    """
    side = int(np.sqrt(weights.shape[-1]))
    mass, hits = [], []
    for caption, looks, scene in zip(captions, weights, scenes):
        cells = {thing.kind: thing.cell for thing in (scene_of(scene) if isinstance(scene, str) else scene)}
        words = words_of(caption, idx_to_word)
        for step, (colour, shape) in enumerate(zip(words, words[1:]), start=1):
            if shape in SHAPES and (colour, shape) in cells:
                regions = cell_regions(cells[colour, shape], side)
                mass.append(looks[step, regions].sum())
                hits.append(looks[step].argmax() in regions)
    return np.array(mass), np.array(hits)
