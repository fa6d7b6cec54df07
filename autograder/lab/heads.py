"""Looks at attention heads: their maps as pictures, what they cost in time and memory.

    show_heads(weights, ...)      one map for each head, of attention weights or of their gradients
    seconds(function)             how long a call takes
    kept_for_backward(function)   how many bytes a forward pass keeps until its backward pass
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import matplotlib.pyplot as plt
import numpy as np

from autograder.lab.devices import as_array
from autograder.lab.in_words import tell

__all__ = ["kept_for_backward", "seconds", "show_heads"]


def show_heads(maps, titles: Sequence[str] = (), *, queries: Sequence[str] = (), keys: Sequence[str] = (),
               columns: int = 4, title: str = "", signed: bool = False) -> None:
    """One picture for each head: a row for each query, a column for each key, dark where a value is large.

    maps: (H, S, T), or (S, T) for a single one; an array or a tensor.
    titles: what to write above each picture, "head 0", "head 1", ... if left out.
    queries, keys: labels of the rows (S) and columns (T), such as the words of a sentence; numbers if left out.
    signed: the values may be negative: blue below zero, white at zero, red above, on one scale for all pictures.
    """
    maps = as_array(maps, np.float64)
    maps = maps[None] if maps.ndim == 2 else maps
    if maps.ndim != 3:
        raise ValueError(f"maps are (H, S, T), or (S, T) for a single one: got shape {maps.shape}")
    titles = list(titles) or [f"head {head}" for head in range(len(maps))] * (len(maps) > 1)
    rows = math.ceil(len(maps) / columns)
    columns = math.ceil(len(maps) / rows)
    top = float(np.abs(maps).max(initial=1e-12))
    colours = {"cmap": "RdBu_r" if signed else "Blues", "vmin": -top if signed else 0.0, "vmax": top}
    figure, cells = plt.subplots(rows, columns, squeeze=False, layout="constrained", sharex=True, sharey=True,
                                 figsize=(2.1 * columns + 0.9, 2.3 * rows + 0.6 * bool(title)))
    figure.get_layout_engine().set(h_pad=0.08)
    for axes in cells.flat[len(maps):]:
        axes.remove()
    used = list(cells.flat[:len(maps)])
    for index, axes in enumerate(used):
        picture = axes.imshow(maps[index], interpolation="nearest", **colours)
        axes.set_title(titles[index] if titles else "", fontsize=9, pad=3)
        axes.set_xlabel("key" if index + columns >= len(maps) else "", fontsize=9)
        axes.set_ylabel("query" if index % columns == 0 else "", fontsize=9)
        axes.tick_params(length=0, labelsize=8, labelbottom=index + columns >= len(maps))
        _label(axes.set_xticks, keys, maps.shape[2])
        _label(axes.set_yticks, queries, maps.shape[1])
    figure.colorbar(picture, ax=used, shrink=0.8, pad=0.02)
    figure.suptitle(title, fontsize=11)
    tell(figure, "; ".join([title or "attention maps", *_in_words(maps, titles, queries, keys)]))
    plt.show()


def _in_words(maps: np.ndarray, titles: Sequence[str], queries: Sequence[str], keys: Sequence[str]) -> Iterator[str]:
    """Each map by the place where it is largest."""
    for index, each in enumerate(maps):
        query, key = np.unravel_index(each.argmax(), each.shape)
        yield (f"{titles[index] if titles else 'the map'}: largest, {each.max():.2g}, at query "
               f"{queries[query] if len(queries) else query}, key {keys[key] if len(keys) else key}")


def seconds(function: Callable[[], object], repeats: int = 3) -> float:
    """Wall-clock time of the fastest of `repeats` calls, in seconds, after one call to warm up."""
    def run() -> None:
        function()
        torch = sys.modules.get("torch")
        if torch and torch.cuda.is_initialized():
            torch.cuda.synchronize()                    # a GPU answers before it has finished

    run()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times)


def kept_for_backward(function: Callable[[], object]) -> int:
    """Bytes of all tensors that `function` leaves in memory for a later backward pass, each counted once.

    This is what limits the length of a sequence in training. Weights and inputs count too, where they are kept.
    """
    import torch

    kept: dict[int, int] = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()                          # shares the memory; the tensor itself would keep itself alive

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = function()                             # holding the result holds all that was kept
    total = sum(kept.values())
    del result
    return total


def _label(set_ticks: Callable, names: Sequence[str], count: int) -> None:
    """A tick for each name, or a few numbers."""
    if len(names):
        set_ticks(range(count), list(names))
    else:
        set_ticks(range(0, count, max(1, count // 5)))
