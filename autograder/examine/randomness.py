"""What holds of random answers, with a stated rate of errors: how often a right answer may fail by chance."""

from statistics import NormalDist
from typing import Any

import numpy as np

from autograder.examine.compare import numeric, require

__all__ = ["ALL", "mean_of", "share_of"]

ALL = 1 - 1e-9  # a probability of dropping so large that all is dropped, and 1 - p, which people divide by, is not 0


def share_of(happened: Any, p: float, what: str, *, errors: float = 1e-9) -> None:
    """A share p of independent draws (bool, any shape) happened: at most one right answer in 1 / errors fails.

    The bound is that of a normal distribution, so p n and (1 - p) n should be 50 or more.
    """
    happened = numeric(happened, what).astype(bool)
    share, width = happened.mean(), _deviations(errors) * (p * (1 - p) / happened.size) ** 0.5
    least, most = max(p - width, 0), min(p + width, 1)
    require(least <= share <= most, f"{what}: about {p:.0%}, between {least:.1%} and {most:.1%}",
            f"{share:.1%} of {happened.size}")


def mean_of(draws: Any, want: Any, what: str, *, errors: float = 1e-9) -> None:
    """The mean over axis 0 of independent draws (50 or more) is `want`, for each of the other entries; and they vary.

    At most one right answer in 1 / errors fails, over all entries.
    """
    draws, want = numeric(draws, what), np.asarray(want)
    spread = draws.std(axis=0, ddof=1)
    require((spread > 0).any(), f"{what} is drawn anew each time", "all draws are equal")
    width = _deviations(errors / max(want.size, 1)) * spread / len(draws) ** 0.5
    off = np.abs(draws.mean(axis=0) - want) - width - 1e-9 * np.abs(want).max(initial=0.0)
    worst = np.unravel_index(np.argmax(off), np.shape(off))
    require(not (off > 0).any(), f"the mean of {len(draws)} draws of {what} is the value without chance",
            f"{draws.mean(axis=0)[worst]:.4g}, expected {want[worst]:.4g} give or take {np.asarray(width)[worst]:.2g}")


def _deviations(errors: float) -> float:
    """How many standard deviations a normal number exceeds, on either side, with this probability."""
    return -NormalDist().inv_cdf(errors / 2)
