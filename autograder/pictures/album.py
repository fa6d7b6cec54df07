"""Reads the pictures that a student's text shows: pasted into the cell, written into the text, or files beside the
notebook. What cannot be shown is said in its place; no address is ever asked for anything."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, unquote_to_bytes

from autograder import handed_in
from autograder.errors import SubmissionError
from autograder.pictures.beside import SUFFIXES, beside
from autograder.pictures.find import DATA, references
from autograder.report import Picture

MAX_FILE = 32 << 20  # bytes of one picture
MAX_ALL = 64 << 20  # bytes of all pictures of a notebook
MOST = 40  # pictures of a notebook
NOISE = 400  # characters of data, from which on nobody wants to read them
OWN = re.compile(r"!\[([^\[\]]*)\]\(attachment:(picture-[0-9a-f]{16})\)")
BRACKETS = re.compile(r"[][\\\n]+")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|\\\\")
NO_MORE = f"a notebook shows at most {MOST} pictures"


@dataclass(frozen=True)
class Unseen:
    """A picture that nobody will see. what: which one; why: a part of a sentence; do: what its owner can do."""

    what: str
    why: str
    do: str = "paste the picture itself into the cell"

    @property
    def sentence(self) -> str:
        return f"{self.what} is not shown: {self.why}"

    @property
    def advice(self) -> str:
        """For its owner, before it is handed in."""
        return f"a grader will not see {self.what}: {self.why} ({self.do})"

    def __str__(self) -> str:
        return f"[{self.sentence}]"


class Album:
    """The pictures of one notebook. folder: what was handed in with it. wanted: name -> a picture's bytes, as they were
    found; files: the paths of those that lie beside it; unseen: what could not be found or is none. known: names of
    pictures that are there already; given: `sources` of the course's own text, of which nobody has to be told."""

    def __init__(self, folder: Path, known: Container[str] = (), given: Container[str] = ()):
        self._folder, self._known, self._given = folder, known, given
        self.wanted: dict[str, bytes] = {}
        self.files: list[str] = []
        self.unseen: list[Unseen] = []
        self._left = MAX_ALL

    def read(self, text: str, attachments=None) -> str:
        """The text of a cell, each of its pictures as `![...](attachment:<name in wanted>)`, or words in its place.

        attachments: what the cell has under that name in its notebook, if it is what nbformat says.
        """
        found, definitions = references(text)
        pieces, at = [], 0
        inserts = sorted([(each.start, each.end, each) for each in found] + [(*span, None) for span in definitions],
                         key=lambda piece: piece[:2])
        for start, end, reference in inserts:
            pieces += [without_data(text[at:start]), self._shown(reference, attachments) if reference else ""]
            at = end
        return "".join([*pieces, without_data(text[at:])])

    def _shown(self, reference, attachments) -> str:
        content = self._content(reference.source, attachments)
        if isinstance(content, bytes):
            name = f"picture-{blake2b(content, digest_size=8).hexdigest()}"
            if self._takes(name, content):
                return f"![{BRACKETS.sub(' ', reference.alt)[:300].strip()}](attachment:{name})"
            content = Unseen(_named(reference.source), NO_MORE, "show fewer, or smaller ones")
        if reference.source not in self._given:
            self.unseen.append(content)
        return str(content)

    def _takes(self, name: str, content: bytes) -> bool:
        if name not in self.wanted and name not in self._known:
            if len(self.wanted) == MOST or len(content) > self._left:
                return False
            self._left -= len(content)
            self.wanted[name] = content
        return True

    def _content(self, source: str, attachments) -> bytes | Unseen:
        if source.lower().startswith("attachment:"):
            return _attached(source.partition(":")[2], attachments)
        if source.lower().startswith("data:"):
            return _embedded(source)
        if SCHEME.match(source):
            return Unseen(f"a picture from elsewhere ({_short(source)})", "only what was handed in is shown",
                          "paste the picture itself into the cell")
        return self._beside(source)

    def _beside(self, source: str) -> bytes | Unseen:
        """A file that was handed in with the notebook; no link, and nothing outside of its folder."""
        path = PurePosixPath(unquote(source.partition("?")[0]).replace("\\", "/"))
        if path.suffix.lower() not in SUFFIXES:
            return _unseen_kind(path.name, "only PNG, JPEG, GIF, WebP and BMP can be shown")

        def likeness(name: str) -> int:
            return 2 * (_same(name) == _same(str(path))) or _same(PurePosixPath(name).name) == _same(path.name)

        best = max(self._files, key=likeness, default="")
        if not likeness(best):
            return Unseen(_named(path.name), "no such file lies beside the notebook", "put it there")
        try:
            content = handed_in.read(self._folder, best, MAX_FILE)
        except SubmissionError as error:
            return Unseen(_named(path.name), error.found.partition("\n")[0], "put a smaller file there, and no link")
        self.files.append(best)
        return content

    @cached_property
    def _files(self) -> list[str]:
        return beside(self._folder)


def shown(text: str, pictures: Mapping[str, Picture]) -> str:
    """What `Album.read` gave, with words in place of pictures that could not be made."""
    def worded(match: re.Match) -> str:
        picture = pictures.get(match[2], Picture(refused="the submission has changed since it was graded"))
        return str(Unseen(f"the picture {match[1]}".strip(), picture.refused)) if picture.refused else match[0]

    return OWN.sub(worded, text)


def without_data(text: str) -> str:
    """The text without data that nobody can read, and how much was left out."""
    return DATA.sub(lambda match: match[0] if len(match[0]) < NOISE
                    else f"{match[0][:40]}... [{_size(len(match[0]))} of data are left out]", text)


def _attached(name: str, attachments) -> bytes | Unseen:
    """A picture that was pasted into its cell: some editors write its name as it is, others with %20."""
    known = attachments if isinstance(attachments, dict) else {}
    bundle = next((known[key] for key in known if _same(key) == _same(name)), None)
    kinds = bundle if isinstance(bundle, dict) else {}
    data = next((kinds[kind] for kind in kinds if kind.startswith("image/") and not kind.startswith("image/svg")), None)
    if data is None:
        return _unseen_kind(name, "SVG can hold programs") if kinds else Unseen(
            _named(name), "the cell that it was pasted into does not hold it", "paste it again")
    return _decoded("".join(map(str, data)) if isinstance(data, list) else str(data), name)


def _embedded(source: str) -> bytes | Unseen:
    kind, _, data = source[5:].partition(",")
    if "svg" in kind.lower():
        return _unseen_kind("", "SVG can hold programs")
    return _decoded(unquote(data), "") if "base64" in kind.lower() else unquote_to_bytes(data[:MAX_FILE])


def _decoded(data: str, name: str) -> bytes | Unseen:
    data = re.sub(r"\s+", "", data).replace("-", "+").replace("_", "/")
    if len(data) * 3 // 4 > MAX_FILE:
        return _too_large(name)
    try:
        return base64.b64decode(data + "=" * (-len(data) % 4), validate=True)
    except (binascii.Error, ValueError):
        return Unseen(_named(name), "its data are damaged", "paste it again")


def _unseen_kind(name: str, why: str) -> Unseen:
    return Unseen(_named(name), why, "save it as PNG or JPEG")


def _too_large(name: str) -> Unseen:
    return Unseen(_named(name), f"it is larger than {_size(MAX_FILE)}", "save a smaller one")


def _named(source: str) -> str:
    name = "" if source.lower().startswith("data:") else _short(unquote(source.removeprefix("attachment:")))
    return f"the picture {name}" if name else "a picture"


def _short(text: str) -> str:
    """A name as words in a text: no Markdown, no line."""
    text = " ".join(re.sub(r"[][`<>!|\\*_]+", " ", text).split())
    return text if len(text) <= 120 else f"{text[:120]} ..."


def _same(name: str) -> str:
    """Equal for names that somebody takes for the same: macOS and Windows do not tell them all apart."""
    return unicodedata.normalize("NFC", unquote(name.strip())).casefold()


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1_000_000 else f"{max(1, count // 1000)} kB"
