"""Curves for notebooks, one call each: losses, also while they are made, and measurements of any kind.

The colours are from Okabe and Ito's set, told apart by colour-blind readers, and stand out on white and on black;
each line has a dash and a name of its own as well.
"""

from __future__ import annotations

import io
import sys
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from autograder.lab.in_words import image_tag, tell
from autograder.lab.kernel import in_kernel
from autograder.lab.threads import one_thread

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
_LINES = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PINK, ":"))


def progress(iterable: Iterable, what: str = "", **options) -> Iterable:
    """`iterable` with a progress bar labelled `what`; `options` are tqdm's.  Nothing goes to stderr.

    It says how long the rest will take on this machine. What is computed meanwhile is computed by one thread.
    """
    from tqdm import tqdm

    class Bar(tqdm):
        def __iter__(self):
            with one_thread():
                yield from super().__iter__()

    return Bar(iterable, desc=what or None, **{"file": _Line() if in_kernel() else sys.stdout, **options})


class _Line:
    """A file that shows the line written last as one output of the cell, for tqdm.

    It stays above a picture that is drawn meanwhile, and a saved notebook shows how it ended: tqdm's widget stands
    at 0% there, and text that overwrites itself goes on below the picture.
    """

    encoding = "utf-8"

    def __init__(self):
        self._display = None

    def write(self, text: str) -> int:
        from IPython.display import display
        if line := text.strip():
            shown = {"text/plain": line}
            if self._display is None:
                self._display = display(shown, raw=True, display_id=True)
            else:
                self._display.update(shown, raw=True)
        return len(text)

    def flush(self) -> None:
        pass


def plot_losses(losses: Sequence[float] | Mapping[str, Sequence[float]], title: str = "",
                log: bool = False) -> None:
    """Training curves: the losses of one run, or of several by name.

    The thin line shows each value, the thick one the mean over the last fiftieth of the run.
    """
    runs = losses if isinstance(losses, Mapping) else {title: losses}
    figure, axes = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    _draw_losses(axes, losses if isinstance(losses, Mapping) else {"": losses}, title, log)
    tell(figure, "; ".join(_loss_in_words(name, run) for name, run in runs.items()))


def plot_curves(curves: Mapping[str, Sequence[float]], x: Sequence[float] | None = None, *, xlabel: str = "",
                ylabel: str = "", title: str = "", log: str = "", markers: bool = False) -> None:
    """Lines by name, each with its own colour and dash, over `x` (0, 1, 2, ... if left out).

    log: which axes are logarithmic: "x", "y" or "xy". markers: a dot at each value, where there are few of them.
    """
    figure, axes = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    tell(figure, "; ".join([f"curves, {title or ylabel}, over {xlabel}",
                            *(f"{name}: from {values[0]:.3g} to {values[-1]:.3g}, at least {min(values):.3g}, at most "
                              f"{max(values):.3g}" for name, values in curves.items() if len(values))]))
    for index, (name, values) in enumerate(curves.items()):
        colour, dash = _LINES[index % len(_LINES)]
        axes.plot(range(len(values)) if x is None else x, values, dash, color=colour, lw=2, label=name,
                  marker="o" if markers else None)
    for axis in log:
        getattr(axes, f"set_{axis}scale")("log")
    if markers and x is not None:
        axes.set_xticks(x, [f"{value:g}" for value in x])
        axes.tick_params(axis="x", which="minor", length=0)
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    _plain(axes)
    axes.legend(frameon=False, handlelength=3.5)


class LossCurve:
    """A training curve that grows while the loop runs.

        curve = LossCurve("vanilla RNN")
        for step in progress(range(1000)):
            ...
            curve.add(loss)
        curve.close()

    In a notebook the picture is redrawn in place, at a pace that takes a tenth of the time at most;
    elsewhere it is drawn once, by `close`.  `curve.losses` holds every value.
    """

    def __init__(self, title: str = "", log: bool = False):
        self.title, self.log, self.losses = title, log, []
        self._display, self._due = None, time.monotonic() + 0.5
        self._live = in_kernel()

    def add(self, loss: float) -> None:
        self.losses.append(float(loss))
        if self._live and time.monotonic() >= self._due:
            began = time.monotonic()
            self._redraw()
            self._due = time.monotonic() + max(0.5, 10 * (time.monotonic() - began))

    def close(self) -> None:
        """Draw the whole curve a last time."""
        if self._live:
            self._redraw()
        else:
            plot_losses(self.losses, self.title, self.log)

    def _redraw(self) -> None:
        from IPython.display import display
        figure, drawn = Figure(figsize=(6.4, 3.4), layout="constrained"), io.BytesIO()
        _draw_losses(figure.subplots(), {"": self.losses}, self.title, self.log)
        figure.savefig(drawn, format="png", dpi=100)        # unknown to pyplot: not shown a second time
        png, words = b64encode(drawn.getvalue()).decode(), _loss_in_words(self.title, self.losses)
        shown = {"image/png": png, "text/html": image_tag(figure, words), "text/plain": words}
        if self._display is None:
            self._display = display(shown, raw=True, display_id=True)
        else:
            self._display.update(shown, raw=True)


def _loss_in_words(name: str, losses: Sequence[float]) -> str:
    if not len(losses):
        return f"loss curve, {name}: empty"
    first, last = (np.mean(part) for part in (losses[:20], losses[-20:]))
    return (f"loss curve, {name}: {len(losses)} iterations, "
            f"the loss goes from {first:.3g} to {last:.3g} (means of 20)")


def _draw_losses(axes: Axes, runs: Mapping[str, Sequence[float]], title: str, log: bool) -> None:
    for index, (name, losses) in enumerate(runs.items()):
        colour, dash = _LINES[index % len(_LINES)]
        losses = np.asarray(losses, np.float64)
        width = max(1, len(losses) // 50)
        axes.plot(losses, color=colour, lw=0.6, alpha=0.35, rasterized=True)
        axes.plot(*_running_mean(losses, width), dash, color=colour, lw=2, label=name or None)
    if log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set(xlabel="iteration", ylabel="loss", title=title)
    _plain(axes)
    if any(runs):
        axes.legend(frameon=False, handlelength=3.5)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)


def _running_mean(values: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Steps, and the mean of the `width` values up to each; only where there are that many."""
    sums = np.cumsum(np.concatenate([[0.0], values]))
    return np.arange(width - 1, len(values)), (sums[width:] - sums[:-width]) / width
