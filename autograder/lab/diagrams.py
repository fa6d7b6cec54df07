"""Drawings of how a network is wired.  One call each."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from autograder.lab.curves import BLUE, ORANGE
from autograder.lab.in_words import tell

__all__ = ["show_unrolled"]


def show_unrolled(words: Sequence[str], title: str = "") -> None:
    """A recurrent network along a sentence: one step for each word, the same weights in all, and the shapes.

    Below each step its input x[:, t] (N, D), above it h[:, t] (N, H), the memory that the next step starts from.
    """
    figure, axes = plt.subplots(figsize=(1.2 + 1.7 * len(words), 2.9), layout="constrained")
    axes.text(0, 1, "h0\n(N, H)", ha="center", va="center", color=BLUE)
    for t, word in enumerate(words):
        x = 1.5 * (t + 1)
        _arrow(axes, (x - (1.2 if t == 0 else 1.0), 1), (x - 0.5, 1), BLUE)
        _arrow(axes, (x, 0.15), (x, 0.6), ORANGE)
        _arrow(axes, (x, 1.4), (x, 1.85), BLUE)
        axes.text(x, 1, "step\nWx, Wh, b", ha="center", va="center", fontsize=9,
                  bbox={"boxstyle": "round,pad=0.5", "facecolor": "none", "edgecolor": "gray"})
        axes.text(x, 0, f"x[:, {t}]  (N, D)\n{word}", ha="center", va="top", fontsize=9, color=ORANGE)
        axes.text(x, 1.95, f"h[:, {t}]\n(N, H)", ha="center", va="bottom", fontsize=9, color=BLUE)
    axes.set(xlim=(-0.5, 1.5 * len(words) + 0.8), ylim=(-0.55, 2.6), title=title)
    axes.axis("off")
    tell(figure, f"{title or 'a recurrent network'}: h0, then one step with the same Wx, Wh, b for each of the words "
                 f"{', '.join(words)}; each takes x[:, t] (N, D) and the memory before it, and gives h[:, t] (N, H)")
    plt.show()


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.5})
