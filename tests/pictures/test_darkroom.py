"""Pictures are decoded in a room, measured before that, and come out small, whatever they are."""

import base64
import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from autograder.pictures.darkroom import developed
from autograder.pictures.shrink import BOX, MOST, shrunk
from autograder.room import RoomServer
from tests.pictures.make import claiming, picture, saved

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server():
    with RoomServer() as server:
        yield server


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=["WEBP"])
    image.load()
    return image


def test_a_photo_of_seven_megabytes_is_shown_small(server):
    photo = picture(3800, 2850, "JPEG", quality=90)
    assert len(photo) > 7_000_000
    small = picture(50, 20)
    made = developed(server, {"photo": photo, "small": small})
    assert [each.refused for each in made.values()] == ["", ""]
    image = opened(base64.b64decode(made["photo"].data))
    assert image.width == BOX[0] and image.width * 3 == image.height * 4 and len(made["photo"].data) < MOST * 4 / 3
    assert opened(base64.b64decode(made["small"].data)).size == (50, 20)


def test_every_kind_and_mode_is_shown():
    red = Image.new("RGB", (30, 20), (200, 30, 30))
    transparent = Image.new("RGBA", (30, 20), (0, 0, 0, 0))
    for content in (saved(red, "PNG"), saved(red, "JPEG"), saved(red, "GIF"), saved(red, "WEBP"), saved(red, "BMP"),
                    saved(red.convert("P")), saved(red.convert("1")), saved(red.convert("CMYK"), "JPEG"),
                    saved(Image.new("I;16", (30, 20), 40_000)), saved(Image.new("LA", (30, 20)))):
        data, why = shrunk(content)
        assert why == "" and opened(data).size == (30, 20)
    on_paper = opened(shrunk(saved(transparent))[0]).convert("RGB").getpixel((5, 5))
    assert min(on_paper) > 250  # ink on a transparent page can be read on a dark one, too


def test_what_a_camera_wrote_turns_the_picture_and_is_left_out():
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera at home"  # turned by a quarter; its maker
    data, _ = shrunk(saved(Image.new("RGB", (40, 20)), "JPEG", exif=exif))
    assert opened(data).size == (20, 40) and b"a camera" not in data and not opened(data).getexif()


@pytest.mark.parametrize("content, why", [
    (claiming(60_000, 60_000), "it has 60000 x 60000 pixels, and at most 120 million are shown"),
    (claiming(2_000_000, 1), "it has 2000000 x 1 pixels"), (claiming(12_000, 12_000), "it has 12000 x 12000 pixels"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "it is no picture that can be opened"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is no picture"), (b"", "it is no picture"),
    (b"\x89PNG\r\n\x1a\n", "it is no picture"), (b"\0" * 5000, "it is no picture")])
def test_it_is_measured_before_it_is_decoded(server, content, why):
    made = developed(server, {"x": content})["x"]
    assert made.data == "" and made.refused.startswith(why)


def test_the_trusted_process_decodes_nothing():
    """It does not even load the library that would."""
    code = ("import sys\nfrom autograder.pictures.darkroom import developed\nfrom autograder.room import RoomServer\n"
            "from tests.pictures.make import claiming\nfor name in [*sys.modules]:\n"
            "    if name.partition('.')[0] == 'PIL': del sys.modules[name]\n"
            "with RoomServer() as server: print(developed(server, {'x': claiming(8, 8)}))\n"
            "assert not [name for name in sys.modules if name.startswith('PIL')]")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "refused=''" in done.stdout, done.stdout + done.stderr


def test_a_bomb_hurts_its_room_alone(server, monkeypatch):
    """Some kilobytes that unpack to a hundred megabytes; pictures that take for ever; the others are shown."""
    bomb = claiming(6_000, 6_000, b"\0" * (6_000 * 3 + 1) * 6_000)
    assert len(bomb) < 1_000_000
    made = developed(server, {"bomb": bomb, "small": picture()})
    assert made["small"].data and (made["bomb"].data or made["bomb"].refused)
    monkeypatch.setattr("autograder.pictures.darkroom.SECONDS", 0.001)
    late = developed(server, {name: picture(900, 900) for name in "abcde"})
    assert [each.refused for each in late.values()] == ["opening it took more than 0.001 s"] * 3 + [
        "those before it took too long to open"] * 2
