"""Pictures in words, for readers who do not see them: the alternative text of what a notebook shows.

Jupyter has no place for it beside a PNG, so that a picture with words is shown as HTML, too: `<img alt="...">`.
"""

from html import escape

from matplotlib.figure import Figure

from autograder.lab.kernel import in_kernel, shell

LONGEST = 1000  # characters: more is no alternative to looking


def tell(figure: Figure, words: str) -> None:
    """From now on, whoever shows this figure in a notebook shows these words with it."""
    figure.in_words = words if len(words) <= LONGEST else f"{words[:LONGEST]} ..."
    if in_kernel():
        shell().display_formatter.formatters["text/html"].for_type(Figure, _html)


def image_tag(png: str, words: str, width: int | None = None) -> str:
    """A picture (base64 of a PNG) with its words. width: in pixels, its own if left out."""
    size = f' width="{width}"' if width else ""
    return f'<img src="data:image/png;base64,{png}" alt="{escape(words)}"{size}>'


def _html(figure: Figure) -> str | None:
    from IPython.core.pylabtools import print_figure

    words = getattr(figure, "in_words", "")
    return image_tag(print_figure(figure, "png", base64=True), words) if words else None
