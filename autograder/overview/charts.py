"""Small pictures as inline SVG: sizes in per cent, so that they fit any page and their letters keep their size."""

from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from autograder.overview.figures import OUTCOMES

FLOOR, CEILING = 150.0, 18.0  # px: the feet of the columns, and the top of the highest
COLUMN = Markup('<rect class="column" x="{:.4g}%" y="{:.4g}" width="{:.4g}%" height="{:.4g}"/>')
MANY = 40  # students from which a column is 5 % wide, not 10 %


def histogram(shares: Sequence[float], middle: float) -> Markup:
    """How many of `shares` (each between 0 and 1) lie in each column; a line at `middle`."""
    counts = columns(shares)
    highest, width = max([*counts, 1]), 100 / len(counts)
    shapes = [Markup('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(FLOOR + .5)]
    labels = [Markup('<line class="middle" x1="{0:.4g}%" x2="{0:.4g}%" y1="4" y2="{1}"/>').format(100 * middle, FLOOR)]
    for index, count in enumerate(counts):
        if count:
            height = (FLOOR - CEILING) * count / highest
            shapes.append(COLUMN.format(
                width * (index + .08), FLOOR - height, width * .84, height))
            labels.append(Markup('<text x="{:.4g}%" y="{:.4g}" text-anchor="middle">{}</text>').format(
                width * (index + .5), FLOOR - height - 5, count))
    for tick in range(0, 101, 20):
        anchor = {0: "start", 100: "end"}.get(tick, "middle")
        labels.append(Markup('<text class="tick" x="{0}%" y="{1}" text-anchor="{2}">{0} %</text>').format(
            tick, FLOOR + 17, anchor))
    said = "; ".join(f"{index * width:.0f} to {(index + 1) * width:.0f} %: {count}"
                     for index, count in enumerate(counts) if count)
    return Markup('<svg class="histogram" width="100%" height="{}" role="img" aria-label="{}">{}</svg>').format(
        FLOOR + 22, f"Students by their share of the points. {said}.", Markup().join([*shapes, *labels]))


def columns(shares: Sequence[float]) -> list[int]:
    """The counts of 10 columns, of 20 for a large class; full points are in the last."""
    number = 20 if len(shares) >= MANY else 10
    counts = [0] * number
    for share in shares:
        counts[min(int(share * number), number - 1)] += 1
    return counts


def stacked(counts: Counter) -> Markup:
    """One bar, divided by outcome. It says the same in words."""
    total, at = sum(counts.values()) or 1, 0.0
    pieces = []
    for name in OUTCOMES:
        if width := 100 * counts[name] / total:
            pieces.append(Markup('<rect class="{}" x="{:.4g}%" width="{:.4g}%" height="100%"/>').format(
                name.replace(" ", "-"), at, width))
            at += width
    said = ", ".join(f"{counts[name]} {name}" for name in OUTCOMES if counts[name])
    return Markup('<svg class="stacked" width="100%" height="14" role="img" aria-label="{}">{}</svg>').format(
        said, Markup().join(pieces))


def bar(share: float, kind: str = "passed") -> Markup:
    """A bar for a number that stands beside it."""
    return Markup('<svg class="stacked" width="100%" height="8" aria-hidden="true"><rect class="rest" width="100%" '
                  'height="100%"/><rect class="{}" width="{:.4g}%" height="100%"/></svg>').format(kind, 100 * share)
