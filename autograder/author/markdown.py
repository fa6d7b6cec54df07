"""Markdown of a notebook as HTML that stands alone: formulas become pictures, because no page may fetch MathJax."""

import base64
import io
import re
from html import escape

MATH = re.compile(r"\$\$(?P<display>.+?)\$\$|(?<![\\$])\$(?P<inline>[^$\n]+?)\$", re.DOTALL)
CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
SIZE = 12  # points
# TeX that matplotlib does not read, in its own words.
OTHER_WORDS = ((re.compile(r"\\[bB]igg?[lrm]?(?![a-z])"), ""), (re.compile(r"\\[dt]frac"), r"\\frac"),
               (re.compile(r"\\frac(\w)"), r"\\frac{\1}"), (re.compile(r"(\\frac\{[^{}]*\})(\w)"), r"\1{\2}"),
               (re.compile(r"\\sqrt\s*(\w)"), r"\\sqrt{\1}"), (re.compile(r"\\!|\\displaystyle"), ""))


def to_html(text: str) -> str:
    """HTML of notebook Markdown. It is the author's own text: nothing is taken out of it."""
    import mistune

    pictures: list[str] = []

    def keep(match: re.Match) -> str:
        pictures.append(formula(match["display"] or match["inline"], bool(match["display"])))
        return f"formula{len(pictures) - 1}end"

    pieces = CODE.split(text)  # every other piece is code, in which a dollar is a dollar
    pieces[::2] = [MATH.sub(keep, piece) for piece in pieces[::2]]
    page = mistune.create_markdown(escape=False, plugins=["table", "strikethrough"])("".join(pieces))
    return re.sub(r"formula(\d+)end", lambda match: pictures[int(match[1])], page)


def formula(tex: str, display: bool = False) -> str:
    """A formula as an SVG picture whose alternative text is its TeX; as that text where it cannot be drawn."""
    from matplotlib import mathtext, rc_context
    from matplotlib.font_manager import FontProperties

    tex = " ".join(tex.split())
    readable = tex
    for pattern, word in OTHER_WORDS:
        readable = pattern.sub(word, readable)
    buffer, font = io.BytesIO(), FontProperties(size=SIZE)
    try:
        with rc_context({"savefig.transparent": True}):
            depth = mathtext.math_to_image(f"${readable}$", buffer, dpi=72, format="svg", prop=font)
    except ValueError:
        return f'<code class="formula">{escape(tex)}</code>'
    picture = base64.b64encode(buffer.getvalue()).decode()
    image = (f'<img class="formula" alt="{escape(tex)}" style="vertical-align:-{depth:.1f}pt" '
             f'src="data:image/svg+xml;base64,{picture}">')
    return f'<span class="display">{image}</span>' if display else image
