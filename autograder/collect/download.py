"""The files of a download: a folder or a zip, with the zips in it. Nothing is unpacked to disk, and no name that
stands in it is ever used as a path."""

import contextlib
import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import AutograderError

MAX_FILE = 128 << 20  # bytes of one file, unpacked
MAX_INSIDE = 512 << 20  # bytes read out of one submitted zip, the zips in it included
MAX_ENTRIES = 5000  # files in one submitted zip, the zips in it included
MAX_DEPTH = 3  # zips in zips
SYSTEM_FILES = re.compile(r"__MACOSX|\.ipynb_checkpoints|\.DS_Store|Thumbs\.db|desktop\.ini|\._.*|\.git")


@dataclass(frozen=True)
class File:
    """One file. parts: folders, zips and its name, from the outside in; refused: why it will not be read, if so;
    number: the larger, the later it was handed in, where the platform says so."""

    parts: tuple[str, ...]
    read: Callable[[], bytes] = bytes
    refused: str = ""
    number: int = 0

    @property
    def name(self) -> str:
        return self.parts[-1]


class Refused(Exception):
    """Why a file is not read: a sentence for the teacher."""


@dataclass
class _Budget:
    """What may still be read out of one submitted zip."""

    entries: int = field(default_factory=lambda: MAX_ENTRIES)
    size: int = field(default_factory=lambda: MAX_INSIDE)

    def spend(self, entries: int = 0, size: int = 0) -> None:
        self.entries -= entries
        self.size -= size
        if self.entries < 0:
            raise Refused(f"a zip of more than {MAX_ENTRIES} files")
        if self.size < 0:
            raise Refused(f"a zip that unpacks to more than {MAX_INSIDE >> 20} MB")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[list[File]]:
    """The files of a folder or zip, in the order of their names. They can be read as long as this is open.

    Raises AutograderError for what is neither.
    """
    if path.is_dir():
        yield [inner for file in _in_folder(path) for inner in _unfolded(file)]
        return
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise AutograderError(f"{path}: the folder or zip that you downloaded", str(error)) from None
    with archive:
        yield [inner for info in archive.infolist() if not info.is_dir()
               for inner in _unfolded(_entry((), info, lambda: archive))]


def _in_folder(root: Path) -> Iterator[File]:
    for folder, names, files in os.walk(root):
        for name in sorted(each for each in names if os.path.islink(os.path.join(folder, each))):
            yield File(_parts(root, folder, name), refused="a link, which is not followed")
        names.sort()
        for name in sorted(files):
            path, parts = Path(folder, name), _parts(root, folder, name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield File(parts, lambda path=path: _read_path(path))
            else:
                yield File(parts, refused="no plain file: a link or device, which is not followed")


def _parts(root: Path, folder: str, name: str) -> tuple[str, ...]:
    return (*Path(folder).relative_to(root).parts, name)


def _read_path(path: Path) -> bytes:
    if path.stat().st_size > MAX_FILE:
        raise Refused(f"larger than {MAX_FILE >> 20} MB")
    return path.read_bytes()


def _unfolded(file: File, depth: int = 0, budget: _Budget | None = None) -> Iterator[File]:
    """The file, or the files in it if it is a zip; nothing for the leavings of operating systems."""
    if any(SYSTEM_FILES.fullmatch(part) for part in file.parts):
        return
    if file.refused or not file.name.lower().endswith(".zip"):
        yield file
        return
    budget, found, inside = budget or _Budget(), [], _Inside(file)
    try:
        if depth >= MAX_DEPTH:
            raise Refused(f"a zip in a zip in a zip, deeper than {MAX_DEPTH}")
        with inside.kept() as archive:
            budget.spend(size=inside.size)
            entries = [info for info in archive.infolist() if not info.is_dir()]
            budget.spend(entries=len(entries))
            for info in entries:
                found += _unfolded(_entry(file.parts, info, inside.archive), depth + 1, budget)
    except Refused as reason:
        yield File(file.parts, refused=str(reason))
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as error:
        yield File(file.parts, refused=f"no zip that can be opened: {error}")
    else:
        yield from found


class _Inside:
    """A zip in a download. Its bytes are in memory only while its files are listed or one of them is read: once for
    all of a listing, however many zips are in it."""

    def __init__(self, file: File):
        self._file = file
        self._kept: zipfile.ZipFile | None = None
        self.size = 0

    def archive(self) -> zipfile.ZipFile:
        if self._kept is not None:
            return self._kept
        content = self._file.read()
        self.size = len(content)
        return zipfile.ZipFile(io.BytesIO(content))

    @contextlib.contextmanager
    def kept(self) -> Iterator[zipfile.ZipFile]:
        self._kept = self.archive()
        try:
            yield self._kept
        finally:
            self._kept = None


def _entry(parents: tuple[str, ...], info: zipfile.ZipInfo, archive: Callable[[], zipfile.ZipFile]) -> File:
    parts = (*parents, *(part for part in re.split(r"[/\\]", info.filename) if part not in ("", ".")))
    if parts == parents:
        parts = (*parents, "?")
    if stat.S_ISLNK(info.external_attr >> 16):
        return File(parts, refused="a link, which is not followed")
    if info.flag_bits & 1:
        return File(parts, refused="encrypted")
    return File(parts, lambda: _read_entry(info, archive()))


def _read_entry(info: zipfile.ZipInfo, archive: zipfile.ZipFile) -> bytes:
    """What an entry holds. Its header's size may lie, so that the bytes are counted."""
    try:
        with archive.open(info) as stream:
            content = stream.read(MAX_FILE + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, zlib.error) as error:
        raise Refused(f"damaged: {error}") from None
    if len(content) > MAX_FILE:
        raise Refused(f"larger than {MAX_FILE >> 20} MB")
    return content
