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
MAX_PLOT = 16_000_000  # pixels of a plot: a small file can unpack to a picture that stops a browser
MAX_PIXELS = 200_000_000  # of all plots of a notebook
MAX_BYTES = 32_000_000  # of them, as base64
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


class Plots:
    """The plots of one notebook, as far as a browser can show them."""

    def __init__(self):
        self._bytes, self._pixels = MAX_BYTES, MAX_PIXELS

    def of(self, outputs) -> list[dict]:
        """The PNG pictures among a cell's outputs, as a notebook's outputs, and words for those that are not shown;
        nothing else that it may hold."""
        outputs = outputs if isinstance(outputs, list) else []
        bundles = [output.get("data") for output in outputs if isinstance(output, dict)]
        return [self._shown(bundle[kind]) for bundle in bundles if isinstance(bundle, dict)
                for kind in [next((kind for kind in KINDS if kind in bundle), "")] if kind]

    def _shown(self, data) -> dict:
        data = "".join(map(str, data)) if isinstance(data, list) else data
        data = "".join(data.split()) if isinstance(data, str) else ""
        size = _size(data)
        if size is None:
            return _words("it is no PNG")
        pixels = size[0] * size[1]
        if not 0 < pixels <= MAX_PLOT:
            return _words(f"it has {size[0]} x {size[1]} pixels")
        if pixels > self._pixels or len(data) > self._bytes:
            return _words("those before it are more than a browser can show")
        self._bytes, self._pixels = self._bytes - len(data), self._pixels - pixels
        return _plot(data)


def _plot(data: str) -> dict:
    return {"output_type": "display_data", "metadata": {"image/png": {"alt": PLOT}}, "data": {"image/png": data}}


def _words(why: str) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": f"[{PLOT} is not shown: {why}]\n"}


def _size(data: str) -> tuple[int, int] | None:
    """Width and height that a PNG in base64 says it has; None for anything else."""
    try:
        head = base64.b64decode(data[:40]) if BASE64.fullmatch(data) else b""
    except binascii.Error:
        return None
    is_png = head.startswith(b"\x89PNG\r\n\x1a\n")
    return (int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")) if is_png else None
