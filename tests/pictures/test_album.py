"""The pictures of a text are found however they are written; text is never lost, and what is not shown is said."""

import os
import time

import pytest

from autograder.pictures import OWN, Album, beside, shown
from autograder.pictures.find import references
from autograder.report import Picture
from tests.pictures.make import base64_of, picture

SMALL = picture()
DATA = f"data:image/png;base64,{base64_of(SMALL)}"


@pytest.fixture
def folder(tmp_path):
    """What was handed in: pictures beside the notebook, with all the names that people give them."""
    (tmp_path / "figures").mkdir()
    for name in ("photo.jpg", "my photo.png", "plot (1).PNG", "figures/a.gif", "ü.webp"):
        (tmp_path / name).write_bytes(SMALL)
    return tmp_path


@pytest.mark.parametrize("text", [
    f"![image.png]({DATA})", f"![]({DATA} \"a title\")", f"![a]( {DATA} )", f"![a [b] c](<{DATA}>)",
    f"![][image1]\n\n[image1]: <{DATA}>", f"![A Plot]\n\n[a  plot]: {DATA} 'title'", f"![x][]\n\n[x]:\n{DATA}",
    f'<img alt="x" src="{DATA}" width="300">', f"<IMG src='{DATA}'/>", f"[![x]({DATA})](https://x.org)",
    "![](photo.jpg)", "![x](./photo.jpg \"t\")", "![x](my photo.png)", "![x](my%20photo.png)", "![x](<my photo.png>)",
    "![x](plot (1).PNG)", "![x](plot%20%281%29.PNG)", "![x](figures/a.gif)", "![x](figures\\a.gif)", "![x](elsewhere/photo.jpg)",
    "![x](u\u0308.webp)", "![x](PHOTO.JPG)", "![x](photo.jpg =300x200)", '<img src="photo.jpg">', "![x][f]\n\n[f]: photo.jpg",
    "![x](attachment:a.png)", "![x](attachment:Screenshot%20at%2010.00.png)", "![x](attachment:Screenshot at 10.00.png)",
    "![x](attachment:plot(1).png)", "![x](attachment:plot%281%29.png)", "![x](<attachment:a b.png>)",
    "![x][r]\n\n[r]: attachment:a.png", '<img src="attachment:a.png" width=20>', "![x](attachment:lines.png)"])
def test_a_picture_is_found_and_the_words_around_it_stay(folder, text):
    encoded = base64_of(SMALL)
    names = ["a.png", "Screenshot at 10.00.png", "plot(1).png", "a%20b.png"]
    attachments = {name: {"image/png": encoded} for name in names} | {
        "lines.png": {"image/jpeg": [f"{encoded[:76]}\n", encoded[76:]]}}
    album = Album(folder)
    read = album.read(f"words above\n\n{text}\n\nwords below", attachments)
    assert list(album.wanted.values()) == [SMALL] and album.unseen == []
    assert read.startswith("words above\n") and read.endswith("\nwords below")
    [(alt, name)] = OWN.findall(read)
    assert name in album.wanted and len(read) < 200
    assert shown(read, {name: Picture("data")}) == read


@pytest.mark.parametrize("text, why", [
    ("![x](gone.png)", "the picture gone.png is not shown: no such file lies beside the notebook"),
    ("![x](../photo.jpg)", None), ("![x](/etc/photo.jpg)", None),
    ("![x](attachment:gone.png)", "the cell that it was pasted into does not hold it"),
    ("![x](attachment:v.svg)", "SVG can hold programs"), ("![x](drawing.svg)", "only PNG, JPEG, GIF, WebP and BMP can be shown"),
    ("![x](IMG_1.HEIC)", "only PNG, JPEG, GIF, WebP and BMP can be shown"), ("![x](data:image/svg+xml;utf8,<svg/>)", None),
    ("![x](data:image/svg+xml;base64,PHN2Zy8+)", "SVG can hold programs"),
    ("![x](data:image/png;base64,AAA=AAA)", "its data are damaged"),
    ("![x](https://hub/logout)", "a picture from elsewhere (https://hub/logout) is not shown"),
    ("![x](//hub/logout)", "from elsewhere"), ("![x](HTTP://hub/x.png)", "from elsewhere"),
    ("![x][y]\n\n[y]: https://hub/x.png", "from elsewhere"), ('<img src="https://hub/x.png">', "from elsewhere"),
    ("![x](file:///etc/photo.jpg)", "from elsewhere"), ("![x](link.png)", "no such file"),
    ("![x](fifo.png)", "no such file"), ("![x](linked/photo.jpg)", None)])
def test_what_is_not_shown_is_said_in_its_place(folder, tmp_path_factory, text, why):
    away = tmp_path_factory.mktemp("neighbour")
    (away / "secret.png").write_bytes(b"a neighbour's")
    (away / "photo.jpg").write_bytes(b"a neighbour's")
    (folder / "link.png").symlink_to(away / "secret.png")
    (folder / "linked").symlink_to(away)
    os.mkfifo(folder / "fifo.png")
    album = Album(folder)
    read = album.read(f"above {text} below", {"v.svg": {"image/svg+xml": "<svg/>"}, "broken": 7})
    assert read.startswith("above ") and b"a neighbour's" not in album.wanted.values()
    if why is not None:
        assert why in read and not album.wanted and len(album.unseen) == 1
        assert "https" in read or "](" not in read


def test_words_below_a_megabyte_of_data_are_not_lost(folder):
    data = "A" * 800_000
    for text in (f"![x](data:image/png;base64,{data}) below", f"[a link](data:image/png;base64,{data}) below",
                 f"data:text/html,{data} below", f"[unused]: <data:image/png;base64,{data}>\nbelow"):
        read = Album(folder).read(text)
        assert read.endswith("below") and len(read) < 200
    assert "[800 kB of data are left out]" in read
    short = "[x](data:image/png;base64,AAAA)"
    assert Album(folder).read(short) == short


def test_code_that_shows_how_pictures_are_written_stays_code(folder):
    for text in ("```\n![x](photo.jpg)\n```", "~~~md\n![x](photo.jpg)\n~~~", "`![x](photo.jpg)`", "``![x](photo.jpg)``",
                 "no picture: ! [x](photo.jpg)", "![x]", "![x][y]", "![]()", "<img alt=x>", "```\n![x](photo.jpg)"):
        album = Album(folder)
        assert album.read(text) == text and not album.wanted
    album = Album(folder)
    album.read("```\n![x](photo.jpg)\n```\n![y](photo.jpg) `![z](photo.jpg)`")
    assert len(album.wanted) == 1


def test_a_notebook_cannot_show_pictures_without_end(folder):
    album = Album(folder)
    read = album.read("".join(f"![x](data:image/png;base64,{base64_of(bytes([number]) * 30)})" for number in range(50)))
    assert len(album.wanted) == 40 and read.count("a notebook shows at most 40 pictures") == 10
    again = Album(folder, known=album.wanted)
    assert again.read("".join(f"![]({DATA})" for _ in range(3))).count("](attachment:picture-") == 3


def test_pictures_travel_and_links_do_not(folder):
    (folder / ".hidden.png").write_bytes(SMALL)
    (folder / "notes.txt").write_text("x")
    (folder / "link.png").symlink_to(folder / "photo.jpg")
    assert sorted(beside(folder)) == ["figures/a.gif", "my photo.png", "photo.jpg", "plot (1).PNG", "ü.webp"]


@pytest.mark.parametrize("piece", ["![", "![](", "`", "```\n", "<img ", "<img src=x alt=", "[a]: x\n", "![x]", "![[", "![\\",
                                   "![](" + "a" * 1990, "[a]: " + " " * 2900 + "\n![a]", "![](data:image/png;base64,", "~~~~\n~~~\n"])
def test_a_text_that_is_made_to_be_slow_is_not(piece):
    text = piece * (1_000_000 // len(piece))
    began = time.perf_counter()
    references(f"{text}\n![x](y)")
    assert time.perf_counter() - began < 5
