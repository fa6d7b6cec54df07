"""The world of the scenes: which objects there are, how they are told, how they are drawn.

Every number comes from `np.random.RandomState`, whose streams NumPy keeps frozen, and from arithmetic that
IEEE 754 fixes (no sin, no log, no normal noise): scenes, captions and pixels are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.lab.truth import COLOURS, LONGEST, SHAPES, WORDS, Scene, Thing, describe

SEED = 2014
GRID, CELL = 3, 16                     # cells along a side, pixels along a cell
SIDE = GRID * CELL                     # 48 pixels
CAPTIONS = 5                           # per picture, as in COCO
SPLITS = ("train", "val")
PAINT = {"red": (225, 45, 45), "green": (45, 185, 65), "blue": (60, 90, 235),
         "yellow": (235, 215, 55), "purple": (170, 70, 200), "white": (240, 240, 240)}
_ID = {word: index for index, word in enumerate(WORDS)}
_Y, _X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) + np.float32(0.5)     # pixel centres


def stream(split: str, use: int) -> np.random.RandomState:
    """An own random stream for each split and use, so that none disturbs another."""
    return np.random.RandomState([SEED, SPLITS.index(split), use])


def random_scene(rng: np.random.RandomState) -> Scene:
    """One to three objects in cells of their own, no two of the same colour and shape."""
    count = rng.randint(1, 4)
    cells = np.sort(rng.choice(GRID * GRID, count, replace=False))
    kinds = rng.choice(len(COLOURS) * len(SHAPES), count, replace=False)
    return tuple(Thing(int(cell), COLOURS[kind // len(SHAPES)], SHAPES[kind % len(SHAPES)])
                 for cell, kind in zip(cells, kinds))


def make_scenes(train: int, val: int) -> dict[str, list[Scene]]:
    """The scenes of both splits.  A val scene of two or three objects never occurs in train.

    Val comes first, so that it stays the same whatever the size of train; and a smaller train is the
    beginning of a larger one.
    """
    rng = stream("val", 0)
    held_out = [random_scene(rng) for _ in range(val)]
    taken = {scene for scene in held_out if len(scene) > 1}      # there are only 216 scenes of one object
    rng, seen = stream("train", 0), []
    while len(seen) < train:
        scene = random_scene(rng)
        if scene not in taken:
            seen.append(scene)
    return {"train": seen, "val": held_out}


def scene_array(scenes: list[Scene]) -> np.ndarray:
    """Scenes as int8 (N, 3 objects, [cell, colour, shape]); -1 where there is no object."""
    table = np.full((len(scenes), 3, 3), -1, np.int8)
    for row, scene in zip(table, scenes):
        for slot, thing in zip(row, scene):
            slot[:] = thing.cell, COLOURS.index(thing.colour), SHAPES.index(thing.shape)
    return table


def make_captions(scenes: list[Scene], split: str) -> tuple[np.ndarray, np.ndarray]:
    """Five captions a scene: word ids (5N, 15) int32 and the index of the picture (5N,) int32."""
    wordings = stream(split, 1).randint(2, size=(len(scenes), CAPTIONS))
    captions = np.full((len(scenes) * CAPTIONS, LONGEST), _ID["<NULL>"], np.int32)
    rows = iter(captions)
    for scene, chosen in zip(scenes, wordings):
        told = [["<START>", *words, "<END>"] for words in describe(scene)]
        for wording in chosen:
            next(rows)[:len(told[wording])] = [_ID[word] for word in told[wording]]
    return captions, np.repeat(np.arange(len(scenes), dtype=np.int32), CAPTIONS)


def coverage(shape: str, x: float, y: float, r: float) -> np.ndarray:
    """How much of each pixel, 0 to 1, the shape covers: (48, 48) float32, from its signed distance."""
    dx, dy = abs(_X - np.float32(x)), _Y - np.float32(y)
    r = np.float32(r)
    if shape == "circle":
        outside = np.sqrt(dx * dx + dy * dy) - r
    elif shape == "square":
        outside = np.maximum(dx, abs(dy)) - np.float32(0.88) * r
    elif shape == "cross":
        bar, dy = np.float32(0.34) * r, abs(dy)
        outside = np.minimum(np.maximum(dx - r, dy - bar), np.maximum(dx - bar, dy - r))
    else:
        outside = np.maximum(dy - np.float32(0.8) * r, np.float32(1.9) * dx - dy - r)
    return np.clip(np.float32(0.5) - outside, 0, 1)


def draw(scene: Scene, rng: np.random.RandomState) -> np.ndarray:
    """The picture of a scene, (48, 48, 3) uint8: place, size, tint, ground and grain vary."""
    picture = np.empty((SIDE, SIDE, 3), np.float32)
    picture[:] = rng.randint(20, 60, 3)
    for thing in scene:
        r = 5 + 2 * rng.rand()
        free = CELL / 2 - r - 0.2
        x = (thing.column + 0.5) * CELL + (2 * rng.rand() - 1) * free
        y = (thing.row + 0.5) * CELL + (2 * rng.rand() - 1) * free
        paint = np.clip(PAINT[thing.colour] + rng.randint(-12, 13, 3), 0, 255).astype(np.float32)
        covered = coverage(thing.shape, x, y, r)[..., None]
        picture = picture * (1 - covered) + paint * covered
    return np.clip(np.rint(picture) + rng.randint(-7, 8, picture.shape), 0, 255).astype(np.uint8)


def pictures(scenes: list[Scene], split: str) -> Iterator[np.ndarray]:
    """The pictures of a split, one after the other."""
    rng = stream(split, 2)
    for scene in scenes:
        yield draw(scene, rng)
