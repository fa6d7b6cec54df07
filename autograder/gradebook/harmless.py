"""Makes a student's Markdown harmless: formgrader shows it to a teacher who is logged in, where a script could grade.

nbconvert passes HTML and `javascript:` links on, and gives up on a page whose picture is missing. A zero-width space
in the right place makes plain text of each; unlike `&lt;` it is not seen in code and formulas.
"""

import json
import re

BREAK = "\N{ZERO WIDTH SPACE}"
MAX_PICTURES = 8_000_000  # characters (base64) in one cell

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
