"""Pictures for tests: honest ones of any size and kind, and files that only claim to be one."""

import base64
import io
import struct
import zlib

import numpy as np
from PIL import Image


def picture(width: int = 40, height: int = 30, kind: str = "PNG", mode: str = "RGB", **options) -> bytes:
    """Noise of that size: as hard to compress as a photo can be."""
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))
    return saved(image.convert(mode), kind, **options)


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def claiming(width: int, height: int, pixels: bytes = b"\0" * 1000) -> bytes:
    """A PNG of some bytes that says it is of that size."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b""))


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()
