"""A student's code and words as HTML: escaped, coloured, cut to a length that a page can hold."""

import re
from functools import lru_cache

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.render import clean

MAX_CODE = 20_000  # characters of one part's code
MAX_LINE = 2_000  # a longer line is not coloured: it is no code that somebody wrote


def code(text: str) -> Markup:
    """Python in <span>s with pygments' short class names, prefixed with "c-"."""
    text = clean(text, len(text))
    rest = len(text) - MAX_CODE
    text = text if rest <= 0 else f"{text[:MAX_CODE]}\n# ... {rest} more characters are left out here"
    if max(map(len, text.splitlines()), default=0) > MAX_LINE:
        return escape(text)
    return Markup(highlight(text, _lexer(), _formatter()))


def words(text: str, limit: int = 2000) -> Markup:
    """A sentence of at most so many characters, its `names` in code type."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(clean(text, limit)))))


@lru_cache(1)
def _lexer() -> PythonLexer:
    return PythonLexer(stripnl=True, ensurenl=False)


@lru_cache(1)
def _formatter() -> HtmlFormatter:
    return HtmlFormatter(nowrap=True, classprefix="c-")
