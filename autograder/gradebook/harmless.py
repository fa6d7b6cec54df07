"""Makes a student's Markdown and plots harmless: formgrader shows them to a teacher who is logged in, where a script
could grade.

nbconvert passes HTML and `javascript:` links on, and gives up on a page whose picture is missing. A zero-width space
in the right place makes plain text of each; unlike `&lt;` it is not seen in code and formulas.
"""

import base64
import binascii
import json
import re

BREAK = "\N{ZERO WIDTH SPACE}"
MAX_PICTURES = 8_000_000  # characters (base64) in one cell
MAX_SIDE = 8_000  # pixels of a plot: a small file can unpack to a picture that stops a browser

PLOT = "a plot in the submitted notebook"

TAG = re.compile(r"<(?=[A-Za-z/!?])")
LINK = re.compile(r"\](?=[(:])")
WEB = re.compile(r"\][(:]\s*https?://")
PICTURE = re.compile(r"\]\(attachment:([\w.-]+)\)", re.ASCII)
NAME, BASE64 = re.compile(r"[\w.-]+", re.ASCII), re.compile(r"[A-Za-z0-9+/=\s]*")


def markdown(text: str, pictures: dict) -> str:
    """`text` whose tags are text, and whose links lead to the web or to one of the `pictures`."""
    def broken_unless_safe(link: re.Match) -> str:
        picture = PICTURE.match(text, link.start())
        safe = WEB.match(text, link.start()) or picture and picture[1] in pictures
        return link[0] if safe else link[0] + BREAK

    return TAG.sub("<" + BREAK, LINK.sub(broken_unless_safe, text))


def attachments(found) -> dict:
    """The pictures pasted into a cell, as far as they are what nbformat says: {name: {"image/png": base64}}."""
    if not isinstance(found, dict) or len(json.dumps(found)) > MAX_PICTURES:
        return {}
    return {name: {kind: data} for name, bundle in found.items() if NAME.fullmatch(name) and isinstance(bundle, dict)
            for kind, data in bundle.items()
            if kind in ("image/png", "image/jpeg") and isinstance(data, str) and BASE64.fullmatch(data)}


def plots(outputs) -> list[dict]:
    """The PNG pictures among a cell's outputs, as a notebook's outputs; nothing else that it may hold."""
    found = [output.get("data", {}).get("image/png") for output in outputs if isinstance(output, dict)
             and isinstance(output.get("data", {}), dict)] if isinstance(outputs, list) else []
    pictures = ["".join(data.split()) for data in found if isinstance(data, str) and _is_png(data)]
    if sum(map(len, pictures)) > MAX_PICTURES:
        return []
    return [{"output_type": "display_data", "metadata": {"image/png": {"alt": PLOT}}, "data": {"image/png": data}}
            for data in pictures]


def _is_png(data: str) -> bool:
    """Whether this is the base64 of a PNG file that says that it is not too large."""
    try:
        head = base64.b64decode("".join(data[:64].split())[:40]) if BASE64.fullmatch(data) else b""
    except binascii.Error:
        return False
    sides = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    return head.startswith(b"\x89PNG\r\n\x1a\n") and all(0 < side <= MAX_SIDE for side in sides)
