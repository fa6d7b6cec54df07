"""What lies in submitted/, which anybody may have written: plain files only, opened without following a link.

Nothing here believes a name or a kind: a notebook may be a link to a neighbour's work, a pipe that nobody writes to,
a device, or closed to whoever grades. Every reason not to read something is a SubmissionError of that student.
"""

import contextlib
import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from autograder.errors import SubmissionError

NOTEBOOK = re.compile(r".+\.ipynb(\.(txt|json))?", re.IGNORECASE | re.DOTALL)  # mail programs add the second ending
LEAVINGS = re.compile(r"\..*|__MACOSX|__pycache__", re.DOTALL)  # folders of tools
MAX_DEPTH, MAX_FILES = 4, 500  # of folders in a submission, and of files in all of them, that are looked at
MAX_BYTES = 64 << 20  # of one file
MAX_HASHED = 4 * MAX_BYTES  # bytes of one folder that its digest looks at; beyond them, at sizes
MAX_ID = 128  # characters: the width of nbgrader's column
MAX_NAME = 200  # bytes: of the 255 that a file's name may have, a report's own needs some
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def submissions(root: Path, assignment: str) -> dict[str, Path]:
    """Student -> folder, for everyone in whose folder something has this assignment's name, in the order of names. An
    id has its accents in one piece, as rosters have them, however a name is written (macOS takes them apart)."""
    found: dict[str, Path] = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(root / "submitted") as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
        for name in names:
            folder = root / "submitted" / name / assignment
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                with contextlib.suppress(PermissionError):  # who may look into it is told when it is read
                    folder.lstat()
                found[name if composed(name) in names else composed(name)] = folder
    return found


def composed(name: str) -> str:
    """The same name with its accents in one piece (NFC)."""
    return unicodedata.normalize("NFC", name)


def folder_of(top: Path, student: str) -> Path:
    """The folder of a student in `top`, however its name is written; where there is none, the one to make."""
    exact = top / student
    if exact.exists() or exact.is_symlink() or student.isascii() or not top.is_dir():
        return exact
    return next((path for path in top.iterdir() if composed(path.name) == composed(student)), exact)


def refusal(student: str) -> str:
    """Why a folder's name cannot be a student's id in reports and gradebooks, or ''."""
    try:
        size = len(student.encode())
    except UnicodeEncodeError:
        return "the name of its folder is no text in UTF-8"
    if student in ("", ".", "..") or any(letter in student for letter in "/\\\0"):
        return "the name of its folder has a slash, a backslash or a NUL in it"
    if len(student) > MAX_ID or size > MAX_NAME:
        return f"the name of its folder is longer than {MAX_ID} characters (or {MAX_NAME} bytes)"
    return ""


def names(folder: Path) -> list[str]:
    """What lies in a submission's folder, sorted. Raises SubmissionError."""
    with _opened(folder) as at:
        return sorted(os.listdir(at))


def is_notebook(name: str) -> bool:
    return NOTEBOOK.fullmatch(name) is not None


def is_module(name: str) -> bool:
    return name.endswith(".py")


def plain_files(folder: Path, wanted: Callable[[str], bool]) -> dict[str, os.stat_result]:
    """The plain files whose names are `wanted`, by their paths: also those in folders, but in none that is hidden or a
    tool's own. Raises SubmissionError where the folder itself cannot be read."""
    found: dict[str, os.stat_result] = {}

    def look(at: int | Path, above: str, depth: int) -> None:
        folders = []
        for name in sorted(os.listdir(at)):
            with contextlib.suppress(OSError):
                status = os.stat(_below(at, name), dir_fd=_where(at), follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and wanted(name) and len(found) < MAX_FILES:
                    found[above + name] = status
                elif stat.S_ISDIR(status.st_mode) and not LEAVINGS.fullmatch(name):
                    folders.append(name)
        for name in folders if depth < MAX_DEPTH else ():
            with contextlib.suppress(OSError), _entered(at, name) as inner:
                look(inner, f"{above}{name}/", depth + 1)

    with _opened(folder) as at:
        look(at, "", 0)
    return found


def read(folder: Path, name: str, most: int = MAX_BYTES) -> bytes:
    """The content of a plain file of a submission, or of a folder in it. Raises SubmissionError."""
    *folders, name = name.split("/")
    with contextlib.ExitStack() as stack:
        at = stack.enter_context(_opened(folder))
        for each in folders:
            try:
                at = stack.enter_context(_entered(at, each))
            except OSError as error:
                raise _unreadable(each, error) from None
        file = stack.enter_context(_file(at, folder, name))
        if os.fstat(file).st_size > most:
            raise SubmissionError(f"a file of at most {most >> 20} MB",
                                  f"{name} has {os.fstat(file).st_size >> 20} MB",
                                  "clear the notebook's outputs in Jupyter and save it again")
        return b"".join(_pieces(file, most))


def beginning(folder: Path, name: str, size: int) -> bytes:
    """The first bytes of a plain file; none of one that is not there, or no plain file."""
    try:
        with _opened(folder) as at, _file(at, folder, name) as file:
            return b"".join(_pieces(file, size))
    except SubmissionError:
        return b""


def digest(folder: Path, wanted: Callable[[str], bool]) -> bytes:
    """Of the names and contents of the plain files whose names are `wanted`, and of what keeps them from being read."""
    found, left = hashlib.blake2b(digest_size=32), MAX_HASHED

    def add(*pieces: bytes) -> None:
        for piece in pieces:
            found.update(len(piece).to_bytes(8, "big") + piece)

    try:
        files = plain_files(folder, wanted)
    except SubmissionError as error:
        return str(error).encode("utf-8", "replace")
    for name, status in files.items():
        add(os.fsencode(name), status.st_size.to_bytes(8, "big"))
        if status.st_size > min(MAX_BYTES, left):
            continue
        left -= status.st_size
        try:
            add(read(folder, name))
        except SubmissionError as error:
            add(str(error).encode("utf-8", "replace"))
    return found.digest()


def shared(folders: Iterable[tuple[str, Path]]) -> dict[str, str]:
    """Student -> another one in whose folder the very same notebook lies (a hard link), where nothing tells whose it
    is."""
    owners: dict[tuple[int, int], str] = {}
    found: dict[str, str] = {}
    for student, folder in folders:
        with contextlib.suppress(SubmissionError, OSError):
            for status in plain_files(folder, is_notebook).values():
                if status.st_nlink > 1 and not _is_foreign(status, folder):
                    other = owners.setdefault((status.st_dev, status.st_ino), student)
                    if other != student:
                        found[student], found[other] = other, student
    return found


def _is_foreign(status: os.stat_result, folder: Path) -> bool:
    """Whether a file that has several names belongs to somebody else than the folder."""
    return status.st_nlink > 1 and status.st_uid != folder.lstat().st_uid


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int | Path]:
    """The folder <student>/<assignment>: neither of the two may be a link. Where the system cannot open a file below an
    open folder, its path."""
    if os.open not in os.supports_dir_fd:
        if os.path.islink(folder) or os.path.islink(folder.parent) or not os.path.isdir(folder):
            raise SubmissionError("a folder of a submission", f"{folder.name} is not a folder")
        yield folder
        return
    with contextlib.ExitStack() as stack:
        def enter(path: Path | str, flags: int, at: int | None = None) -> int:
            opened = os.open(path, flags, dir_fd=at)
            stack.callback(os.close, opened)
            return opened

        try:
            student = enter(folder.parent.name, _FOLDER | _NO_LINK, enter(folder.parent.parent, _FOLDER))
            opened = enter(folder.name, _FOLDER | _NO_LINK, student)
        except OSError as error:
            linked = os.path.islink(folder) or os.path.islink(folder.parent)
            raise _unreadable(f"the folder {folder.name}", error, linked) from None
        yield opened


@contextlib.contextmanager
def _file(at: int | Path, folder: Path, name: str) -> Iterator[int]:
    """An open plain file. A pipe or a device is not opened at all."""
    where, path = _where(at), _below(at, name)
    try:
        status = os.stat(path, dir_fd=where, follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):
            raise SubmissionError(f"{name}, a plain file", "it is a folder, a link or a device, which is not followed")
        file = os.open(path, _FILE | _NO_LINK, dir_fd=where)
    except OSError as error:
        raise _unreadable(name, error) from None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or _is_foreign(status, folder):
            raise SubmissionError(f"{name}, a plain file of its own", "it is a link to a file of somebody else")
        yield file
    finally:
        os.close(file)


@contextlib.contextmanager
def _entered(at: int | Path, name: str) -> Iterator[int | Path]:
    """A folder in an open one; no link. Raises OSError."""
    if not isinstance(at, int):
        yield at / name
        return
    inner = os.open(name, _FOLDER | _NO_LINK, dir_fd=at)
    try:
        yield inner
    finally:
        os.close(inner)


def _below(at: int | Path, name: str) -> str | Path:
    return name if isinstance(at, int) else at / name


def _where(at: int | Path) -> int | None:
    return at if isinstance(at, int) else None


def _pieces(file: int, most: int) -> Iterator[bytes]:
    """At most so many bytes: a file may grow while it is read."""
    while most > 0 and (piece := os.read(file, min(most, 1 << 20))):
        most -= len(piece)
        yield piece


def _unreadable(what: str, error: OSError, linked: bool = False) -> SubmissionError:
    if linked:
        return SubmissionError(what, "it is a link, which is not followed", "put the files themselves there")
    if isinstance(error, FileNotFoundError):
        return SubmissionError(what, "it is not there")
    if isinstance(error, NotADirectoryError):
        return SubmissionError(what, "it is not a folder")
    hint = "open it to whoever grades (chmod u+rwX)" if isinstance(error, PermissionError) else ""
    return SubmissionError(f"{what}, which can be read", str(error.strerror or error), hint)
