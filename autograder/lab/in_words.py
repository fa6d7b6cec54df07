"""Pictures that everybody can use: with words for readers who do not see them, and in the dark for those who read so.

Jupyter has no place for words beside a PNG, so that a picture with words is shown as HTML, too: `<img alt="...">`. It
is an SVG there whose inks and ground follow the page's theme; photographs in it stay as they are. The PNG beside it is
what pages of graded notebooks show.
"""

from base64 import b64encode
from html import escape

from matplotlib import rc_context
from matplotlib.figure import Figure

from autograder.lab.kernel import in_kernel, shell

LONGEST = 1000  # characters: more is no alternative to looking
GROUND = "#ffffff", "#ffffff", "#111111"
# As drawn, on a light page, on a dark one: letters in them stand out from the ground by 4.5 (WCAG 2).
INKS = (("#000000", "#000000", "#e0e0e0"), ("#0072b2", "#0072b2", "#4aa3df"), ("#d55e00", "#b85100", "#ff8c42"),
        ("#009e73", "#007a59", "#2fc19b"), ("#cc79a7", "#a4477c", "#e29cc3"))


def tell(figure: Figure, words: str) -> None:
    """From now on, whoever shows this figure in a notebook shows these words with it."""
    figure.in_words = words if len(words) <= LONGEST else f"{words[:LONGEST]} ..."
    if in_kernel():
        shell().display_formatter.formatters["text/html"].for_type(Figure, _html)


def image_tag(figure: Figure, words: str) -> str:
    """The figure with its words."""
    data = b64encode(drawn(figure).encode()).decode()
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(words)}" style="max-width:100%">'


def drawn(figure: Figure) -> str:
    """The figure as an SVG. What is white in it is the page's ground; black, and the colours of lines, are its inks."""
    from IPython.core.pylabtools import print_figure

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "figure"}):
        svg = print_figure(figure, "svg", metadata={"Date": None})
    svg = svg.replace(f"fill: {GROUND[0]}", "fill: var(--ground)")
    for number, (colour, _, _) in enumerate(INKS):
        svg = svg.replace(colour, f"var(--ink{number})")
    rules = f"svg{{{_values(1)};fill:var(--ink0)}}@media(prefers-color-scheme:dark){{svg{{{_values(2)}}}}}"
    return svg.replace("</style>", f"{rules}</style>", 1)


def _values(page: int) -> str:
    inks = (f"--ink{number}:{colours[page]}" for number, colours in enumerate(INKS))
    return ";".join([f"--ground:{GROUND[page]}", *inks])


def _html(figure: Figure) -> str | None:
    words = getattr(figure, "in_words", "")
    return image_tag(figure, words) if words else None
