"""Decodes one picture and makes a small one of it: the work of libraries in C on a stranger's bytes.

It runs where that can hurt nobody: in a room, which is sent this file, or on the machine of whoever owns the picture.
"""

import io
import math

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
MAX_PIXELS = 120_000_000
MAX_SIDE = 160_000
BOX = 1000, 1600  # pixels, at most: as wide as formgrader's column, as high as a written page needs
MOST = 400_000  # bytes of what is shown


def shrunk(data) -> tuple[bytes, str]:
    """(a WebP that fits into BOX and has at most MOST bytes, "") of a file's bytes, or (b"", why there is none).

    What it is not shown with: transparency (white is behind it), frames after the first, and all that a camera wrote.
    """
    from PIL import Image, ImageFile, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # a limit of our own stands below
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        image = Image.open(io.BytesIO(bytes(data)), formats=FORMATS)
    except Exception:
        return b"", "it is no picture that can be opened (PNG, JPEG, GIF, WebP and BMP can)"
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        return b"", f"it has {width} x {height} pixels, and at most {MAX_PIXELS // 1_000_000} million are shown"
    try:
        image.draft("RGB", (2 * BOX[0], 2 * BOX[1]))  # a JPEG is decoded at the size that is needed
        image = ImageOps.exif_transpose(_in_colours(image))
        image.thumbnail(BOX)
        return _saved(image), ""
    except Exception as error:
        return b"", f"it is damaged ({type(error).__name__})"


def _in_colours(image):
    """With colours that can be mixed when it is made smaller: no palette, and 16 bits and more in the range used."""
    if image.mode in ("1", "P"):
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode.startswith(("I", "F")):
        low, high = image.convert("F").getextrema()
        scale = 255 / (high - low) if math.isfinite(high - low) and high > low else 0.0
        flat = image.convert("F").point(lambda value: value * scale - low * scale).convert("L")
        flat.info = image.info
        return flat
    return image


def _saved(image) -> bytes:
    """Less and less of it, until it is small enough."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image)
        image = paper
    image, quality = image.convert("RGB"), 82
    while True:
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality, method=4)
        if buffer.tell() <= MOST or max(image.size) < 200:
            return buffer.getvalue()
        quality = 60
        image.thumbnail((image.width * 3 // 4, image.height * 3 // 4))
