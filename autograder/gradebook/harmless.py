"""Makes a student's Markdown and plots harmless: formgrader shows them to a teacher who is logged in, where a script
could grade, and a picture from elsewhere could ask for an address of the hub.

nbconvert passes HTML, `javascript:` links and addresses of pictures on, and gives up on a page whose picture is
missing. A zero-width space in the right place makes plain text of each; unlike `&lt;` it is not seen in code and
formulas.
"""

import base64
import binascii
import re
from collections.abc import Container

from autograder.pictures import OWN

BREAK = "\N{ZERO WIDTH SPACE}"
MAX_PLOTS = 16_000_000  # characters (base64) in one cell
MAX_PIXELS = 16_000_000  # of a plot: a small file can unpack to a picture that stops a browser
PLOT = "a plot in the submitted notebook"

TAG = re.compile(r"<(?=[A-Za-z/!?])")
PICTURE = re.compile(r"!(?=\[)")
LINK = re.compile(r"\](?=[(:])(?![(:]\s*https?://)")
ACTIVE = re.compile(r"\\(?=(?:class|cssId|data|href|includegraphics|require|style|url)\b)")  # what MathJax may obey
DRAWN = re.compile(r"(?:(?<=```)|(?<=~~~))(?=[ \t]*mermaid)", re.IGNORECASE)  # by a program of the page
KINDS = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")  # of a plot: the first that it has
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")


def markdown(text: str, pictures: Container[str] = ()) -> str:
    """`text` whose tags are text, whose links lead to the web, and that shows no picture but `pictures`, which are
    names of attachments."""
    pieces, at = [], 0
    for match in OWN.finditer(text):
        if match[2] in pictures:
            pieces += [_inert(text[at:match.start()]), f"![{_inert(match[1])}](attachment:{match[2]})"]
            at = match.end()
    return "".join([*pieces, _inert(text[at:])])


def _inert(text: str) -> str:
    for pattern in (TAG, PICTURE, LINK, ACTIVE):
        text = pattern.sub(lambda match: match[0] + BREAK, text)
    return DRAWN.sub(BREAK, text)


def plots(outputs) -> list[dict]:
    """The PNG pictures among a cell's outputs, as a notebook's outputs, and words for those that are not shown; nothing
    else that it may hold."""
    shown, left = [], MAX_PLOTS
    for output in outputs if isinstance(outputs, list) else []:
        bundle = output.get("data") if isinstance(output, dict) else None
        kind = next((kind for kind in KINDS if isinstance(bundle, dict) and kind in bundle), "")
        if kind:
            data = bundle[kind]
            data = "".join(map(str, data)) if isinstance(data, list) else data
            data = "".join(data.split()) if isinstance(data, str) else ""
            why = _why_not(data) or (f"the plots of a cell may have {MAX_PLOTS / 1e6:g} MB" if len(data) > left else "")
            left -= 0 if why else len(data)
            shown.append(_words(why) if why else _plot(data))
    return shown


def _plot(data: str) -> dict:
    return {"output_type": "display_data", "metadata": {"image/png": {"alt": PLOT}}, "data": {"image/png": data}}


def _words(why: str) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": f"[{PLOT} is not shown: {why}]\n"}


def _why_not(data: str) -> str:
    """Why the base64 of a file is not shown; "" for a PNG that says that it is not too large."""
    try:
        head = base64.b64decode(data[:40]) if BASE64.fullmatch(data) else b""
    except binascii.Error:
        head = b""
    if not head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "it is no PNG"
    width, height = (int.from_bytes(head[at:at + 4], "big") for at in (16, 20))
    return "" if 0 < width * height <= MAX_PIXELS else f"it has {width} x {height} pixels"
