"""The instructor's page of an assignment, from figures: one HTML file that needs no network.

It names hidden checks, so it is for the staff. Its one script sorts the table of students, and is the only one that
the page's policy lets run: whatever a student called themselves stays text.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from statistics import median
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.feedback.code import words
from autograder.feedback.page import breakable
from autograder.overview import charts
from autograder.overview.attention import Concern
from autograder.overview.figures import OUTCOMES, ClassFigures, Standing, outcome
from autograder.render import clean, number

MAX_TEXT = 600  # characters of one case's detail
MOST = 10  # mistakes, checks and slow submissions that are listed


@dataclass(frozen=True)
class Links:
    """Where one can go from the page. feedback: student -> the parts of a path; similar: is there that page?"""

    feedback: dict[str, list[str]] = field(default_factory=dict)
    similar: bool = False

    def to(self, student: str) -> str:
        """A relative address, or ""."""
        return "/".join(quote(part, safe=".", errors="replace") for part in self.feedback.get(student, []))


@dataclass(frozen=True)
class Row:
    """A student in the table. counts: of their checks, in the order of OUTCOMES."""

    standing: Standing
    link: str
    counts: list[int]


def render_page(figures: ClassFigures, concerns: Sequence[Concern] = (), links: Links | None = None) -> str:
    """The HTML of the page."""
    links = links or Links()
    seconds = sorted(figures.standings, key=lambda standing: -standing.report.seconds)
    middle = sorted(figures.shares)
    script = resources.files("autograder.overview").joinpath("sort.js").read_text(encoding="utf-8")
    return _environment().get_template("page.html.j2").render(
        figures=figures, concerns=concerns, links=links, rows=[_row(each, links) for each in figures.standings],
        outcomes=OUTCOMES, histogram=charts.histogram(middle, median(middle)), hardest=figures.hardest(MOST),
        mistakes=figures.mistakes[:MOST], slowest=seconds[:MOST], median_seconds=median(figures.seconds),
        script=script, script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode())


def _row(standing: Standing, links: Links) -> Row:
    outcomes = [outcome(check) for part in standing.report.parts for check in part.checks]
    return Row(standing, links.to(standing.student), [outcomes.count(name) for name in OUTCOMES])


def readable(name: str) -> str:
    """A name of ours, such as a1_rnn_captioning, as words."""
    return clean(name, 200).replace("_", " ")


def span(seconds: float) -> str:
    """A time as people say it: 0.42 s, 35 s, 4 min 10 s, 2 h 5 min."""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _finalize(value):
    """Whatever a template prints that is not HTML of ours yet: no control characters, no endless text."""
    return clean(value, MAX_TEXT) if type(value) is str else value


@lru_cache(1)
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("autograder.overview", ""), autoescape=True, finalize=_finalize,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=number, words=words, breakable=breakable, readable=readable, span=span,
                               percent=lambda share: f"{100 * share:.0f} %")
    environment.globals.update(stacked=charts.stacked, bar=charts.bar)
    return environment
