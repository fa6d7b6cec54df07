"""Who may read what grading writes: its owner; and the owner's group, where the course's folder is shared with it."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

HELD = ("reports", "gradebook.db", "autograded", "attempts", "removed", "feedback", "similar", "overview", "exports",
        "gradescope", "build")  # in a course: what names hidden checks, holds answers or grades


def mask(folder: Path) -> int:
    """The umask for files in a folder: a group keeps its rights where the folder's set-group-id bit says so, as in a
    course that several people grade."""
    with contextlib.suppress(OSError):
        if folder.stat().st_mode & stat.S_ISGID:
            return 0o007
    return 0o077


@contextlib.contextmanager
def for_owner(folder: Path) -> Iterator[None]:
    """What is written inside is for nobody else to read."""
    before = os.umask(mask(folder))
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def behind(folder: Path) -> Iterator[None]:
    """What is written inside is behind a closed folder, but has the usual rights itself: nbgrader copies it with them
    to where students read it."""
    denied = mask(folder.parent)
    with for_owner(folder.parent):
        folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) & ~denied)
    before = os.umask(0o002 if denied == 0o007 else 0o022)
    try:
        yield
    finally:
        os.umask(before)


def close_to_others(root: Path) -> int:
    """Sets the umask for what is written in a course, and takes away what others could read before. The umask as it
    was."""
    denied = mask(root)
    before = os.umask(denied)
    for name in HELD:
        with contextlib.suppress(OSError):
            mode = stat.S_IMODE((root / name).lstat().st_mode)
            if mode & denied and not (root / name).is_symlink():
                (root / name).chmod(mode & ~denied)
    return before
