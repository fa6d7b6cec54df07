"""Features of the pictures, in NumPy alone: what VGG-16 gives for COCO, a frozen random network gives here.

Two layers of random filters are enough: a linear reading of one cell's features names its object almost
without error (see README.md), so no trained weights have to be shipped.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

SEED = 7
GRID, CHANNELS = 6, 96                 # the feature map: 6 x 6 regions, 4 to a cell of the scene
COMPONENTS = 256                       # of the global features after PCA
CHUNK = 8                              # pictures at a time: what fits into the cache


def random_filters(rng: np.random.RandomState, outputs: int, inputs: int, side: int) -> np.ndarray:
    """Filters of unit length, half their mean removed, as (side * side * inputs, outputs) float32."""
    filters = rng.randn(outputs, side, side, inputs).reshape(outputs, -1)
    filters -= 0.5 * filters.mean(1, keepdims=True)
    filters *= 1.4 / np.sqrt((filters ** 2).sum(1, keepdims=True))
    return np.ascontiguousarray(filters.T, np.float32)


def convolve(x: np.ndarray, filters: np.ndarray, side: int) -> np.ndarray:
    """'Same' convolution of x (N, H, W, C) with filters (side * side * C, K): (N, H, W, K)."""
    edge = side // 2
    x = np.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    windows = sliding_window_view(x, (side, side), (1, 2))                # (N, H, W, C, side, side)
    windows = windows.transpose(0, 1, 2, 4, 5, 3)                         # rows of pixels: contiguous runs
    n, h, w = windows.shape[:3]
    return (windows.reshape(n * h * w, -1) @ filters).reshape(n, h, w, -1)


def feature_maps(images: np.ndarray) -> Iterator[np.ndarray]:
    """Images (N, 48, 48, 3) uint8 in chunks to maps (n, 6, 6, 96) float32."""
    rng = np.random.RandomState(SEED)
    first, second = random_filters(rng, 48, 3, 5), random_filters(rng, CHANNELS, 48, 3)
    for start in range(0, len(images), CHUNK):
        x = images[start:start + CHUNK].astype(np.float32) / np.float32(127.5) - 1
        x = convolve(x, first, 5)                                         # (n, 48, 48, 48)
        x = x.reshape(-1, 12, 4, 48, 48).max(2)                           # maximum over 4 x 4 pixels,
        x = x.reshape(-1, 12, 12, 4, 48).max(3)                           # the rows first: (n, 12, 12, 48)
        x = np.maximum(x - np.float32(0.1), 0)
        x = np.maximum(convolve(x, second, 3) - np.float32(0.1), 0)       # (n, 12, 12, 96)
        yield x.reshape(-1, GRID, 2, GRID, 2, CHANNELS).mean((2, 4))      # (n, 6, 6, 96)


def positions() -> np.ndarray:
    """Where each region lies: (36, 12) float32, sines and cosines of its x and y at three frequencies."""
    y, x = (np.mgrid[0:GRID, 0:GRID].reshape(2, -1) + 0.5) / GRID
    waves = [wave(turns * np.pi * axis)
             for axis in (x, y) for turns in (1, 2, 4) for wave in (np.sin, np.cos)]
    return np.stack(waves, 1).astype(np.float32)


def standardise(maps: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Maps to zero mean and unit spread per channel of train, as regions (N, 36, 96)."""
    mean, spread = maps["train"].mean((0, 1, 2)), maps["train"].std((0, 1, 2)) + 1e-6
    return {split: ((x - mean) / spread).reshape(len(x), GRID * GRID, CHANNELS).astype(np.float32)
            for split, x in maps.items()}


def with_positions(regions: np.ndarray) -> np.ndarray:
    """Regions (N, 36, 96) to (N, 36, 108) float16; the last 12 channels say where a region lies."""
    where = np.broadcast_to(positions(), (*regions.shape[:2], 12))
    return np.concatenate([regions, where], 2).astype(np.float16)


def pooled(regions: np.ndarray) -> np.ndarray:
    """The mean over each cell's 2 x 2 regions, all nine cells in one row: (N, 864) float32."""
    return regions.reshape(-1, 3, 2, 3, 2, CHANNELS).mean((2, 4)).reshape(len(regions), -1)


def whitened(rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rows (N, 864) on the first 256 principal components of train, nearly whitened: (N, 256) float32.

    A twentieth of the mean variance is added to each component's, so that weak ones are not blown up.
    """
    mean = rows["train"].mean(0, dtype=np.float64)
    centred = rows["train"] - mean
    covariance = centred.T @ centred / len(centred)
    variance, axes = np.linalg.eigh(covariance)                           # ascending
    variance, axes = variance[::-1][:COMPONENTS], axes[:, ::-1][:, :COMPONENTS]
    largest = np.abs(axes).argmax(0)                                      # an axis has no sign of its own:
    axes = axes * np.sign(axes[largest, np.arange(COMPONENTS)])           # its largest entry is positive
    scale = np.sqrt(np.maximum(variance, 0) + 0.05 * covariance.trace() / len(covariance))
    # Rounded to a thousandth: the number of BLAS threads must not be seen in the last bit.
    return {split: ((x - mean) @ axes / scale).round(3).astype(np.float32) for split, x in rows.items()}


def probe(regions: dict[str, np.ndarray], scenes: dict[str, np.ndarray]) -> float:
    """How often a least-squares reading of a val cell's four regions names its object (or none), 0 to 1."""
    def cells(split: str) -> tuple[np.ndarray, np.ndarray]:
        x = regions[split][..., :CHANNELS].astype(np.float32).reshape(-1, 3, 2, 3, 2, CHANNELS)
        x = x.transpose(0, 1, 3, 2, 4, 5).reshape(len(x) * 9, -1)
        kinds = np.zeros((len(scenes[split]), 9), int)                    # 0: no object
        picture, slot = np.nonzero(scenes[split][..., 0] >= 0)
        cell, colour, shape = scenes[split][picture, slot].astype(int).T
        kinds[picture, cell] = 1 + 4 * colour + shape
        return np.hstack([x, np.ones((len(x), 1), np.float32)]), kinds.ravel()

    (x, kinds), (held_out, answers) = cells("train"), cells("val")
    x, held_out = x.astype(np.float64), held_out.astype(np.float64)
    ridge = np.eye(x.shape[1]) * len(x) * 1e-4
    reading = np.linalg.solve(x.T @ x + ridge, x.T @ np.eye(25)[kinds])
    return float(((held_out @ reading).argmax(1) == answers).mean())
