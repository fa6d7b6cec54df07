"""A written answer as HTML: Markdown as a notebook shows it, with the student's own pictures and no other.

Tags are text, links are words, formulas stand as they were typed (a page may not fetch MathJax). What is too long to be
read as Markdown is shown as plain text.
"""

from collections.abc import Mapping
from functools import lru_cache

from markupsafe import Markup, escape

from autograder.render import clean
from autograder.report import Picture

MAX_ANSWER = 100_000  # characters
MAX_MARKDOWN = 20_000


def answer_html(text: str, pictures: Mapping[str, Picture]) -> Markup:
    """The answer; `pictures` are what it calls `attachment:<name>`."""
    text = clean(text, len(text))
    rest = len(text) - MAX_ANSWER
    cut = Markup('<p class="aside">{} more characters are left out here.</p>').format(rest) if rest > 0 else ""
    text = text[:MAX_ANSWER]
    if len(text) > MAX_MARKDOWN:
        return Markup('<div class="typed">{}</div>{}').format(text, cut)
    return Markup(_parser().render(text, {"pictures": pictures})) + cut


@lru_cache(1)
def _parser():
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.use(dollarmath_plugin, allow_digits=False, double_inline=True)
    for name, rule in RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _heading_open(self, tokens, index, options, env) -> str:
    return "<h4>"


def _heading_close(self, tokens, index, options, env) -> str:
    return "</h4>\n"


def _link_open(self, tokens, index, options, env) -> str:
    return ""


def _link_close(self, tokens, index, options, env) -> str:
    """The address behind the link's words, unless it is these words."""
    start = next(place for place in range(index, -1, -1) if tokens[place].type == "link_open")  # links do not nest
    address = str(tokens[start].attrs["href"])
    words = "".join(token.content for token in tokens[start:index])
    return "" if address == words else f" ({escape(address)})"


def _image(self, tokens, index, options, env) -> str:
    token = tokens[index]
    source, words = str(token.attrs["src"]), token.content
    picture = env["pictures"].get(source.removeprefix("attachment:"))
    if picture is None or not picture.data:
        return str(escape(f"![{words}]({source})"))
    words = words or "a picture of this answer"
    return f'<img alt="{escape(words)}" src="data:image/webp;base64,{escape(picture.data)}">'


def _code(self, tokens, index, options, env) -> str:
    return f'<pre tabindex="0"><code>{escape(tokens[index].content)}</code></pre>\n'


def _math(self, tokens, index, options, env) -> str:
    return f'<code class="formula">${escape(tokens[index].content)}$</code>'


def _display(self, tokens, index, options, env) -> str:
    return f'<pre class="formula" tabindex="0"><code>$${escape(tokens[index].content.strip())}$$</code></pre>\n'


RULES = {"heading_open": _heading_open, "heading_close": _heading_close, "link_open": _link_open,
         "link_close": _link_close, "image": _image, "fence": _code, "code_block": _code, "math_inline": _math,
         "math_inline_double": _math, "math_block": _display}
