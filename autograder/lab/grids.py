"""Small tables of numbers as pictures: masks, positional encodings.  One call each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from autograder.lab.curves import BLUE, GREEN, ORANGE
from autograder.lab.devices import as_array
from autograder.lab.in_words import tell

__all__ = ["show_masks", "show_positions"]


def show_masks(masks: Mapping[str, np.ndarray], words: Sequence[str] = (), title: str = "") -> None:
    """Attention masks by name: a row for each query, a column for each key; a full square may be looked at.

    masks: (T, S) each, bool or 0/1, arrays or tensors; of a batch (N, ..., T, S) the last entry is shown.
    words: labels of rows and columns, such as the words of a sentence; numbers if left out.
    """
    figure, cells = plt.subplots(1, len(masks), squeeze=False, layout="compressed",
                                 figsize=(2.8 * len(masks), 4.0 if len(words) else 3.6))
    said = []
    for axes, (name, mask) in zip(cells.flat, masks.items()):
        mask = as_array(mask).astype(bool)
        mask = mask.reshape(-1, *mask.shape[-2:])[-1] if mask.ndim > 2 else mask
        if mask.ndim != 2:
            raise ValueError(f"a mask is (T, S), or (N, ..., T, S) for a batch: {name!r} has shape {mask.shape}")
        axes.pcolormesh(np.where(mask, 1.0, np.nan), cmap=ListedColormap([BLUE]), edgecolor="white", linewidth=1)
        for row, column in np.argwhere(~mask):
            axes.plot(column + 0.5, row + 0.5, "x", color="gray", ms=4, mew=0.8)
        said.append(f"{name}: {' '.join(''.join('01'[entry] for entry in row) for row in mask.astype(int))}")
        _frame(axes, mask.shape, words)
        axes.set(title=name, xlabel="key", aspect="equal")
    cells.flat[0].set_ylabel("query")
    figure.suptitle(title or "full: may be looked at    x: may not", fontsize=9)
    tell(figure, "; ".join(["attention masks, a group of digits for each query, 1 where it may look", *said]))
    plt.show()


def show_positions(table: np.ndarray, places: Sequence[int] = ()) -> None:
    """A table of positional encodings (T, D), and how alike its rows are: dot products with a few of them.

    places: the rows to compare with the others, three by default.
    """
    table = as_array(table)
    if table.ndim != 2:
        raise ValueError(f"a table of positions is (T, D): got shape {table.shape}")
    places = places or [len(table) * part // 10 for part in (2, 5, 8)]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    picture = left.imshow(table, aspect="auto", cmap="PuOr", interpolation="nearest")
    left.set(title="the table: a row for each place", xlabel="column", ylabel="place t")
    figure.colorbar(picture, ax=left)
    for place, colour, dash in zip(places, (BLUE, ORANGE, GREEN), ("-", "--", "-.")):
        right.plot(table @ table[place], dash, color=colour, label=f"with place {place}")
        right.plot(place, table[place] @ table[place], "o", color=colour)
    right.set(title="dot products of rows: near places are alike", xlabel="place t")
    right.spines[["top", "right"]].set_visible(False)
    right.margins(y=0.2)
    right.legend(frameon=False, ncols=len(places), fontsize=8, handlelength=2, loc="upper center")
    tell(figure, "; ".join([f"a table of positions, {len(table)} places and {table.shape[1]} columns",
                            *(f"the row of place {place} has the largest dot product with place "
                              f"{(table @ table[place]).argmax()}" for place in places)]))
    plt.show()


def _frame(axes: Axes, shape: tuple[int, int], words: Sequence[str]) -> None:
    """Rows downwards, a label in the middle of each row and column."""
    rows, columns = shape
    labels = list(words)
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    axes.set_xticks(np.arange(columns) + 0.5, labels[:columns] or range(columns), rotation=90 if labels else 0)
    axes.set_yticks(np.arange(rows) + 0.5, labels[:rows] or range(rows))
    axes.tick_params(length=0, labelsize=8)
