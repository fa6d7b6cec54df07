"""Which files beside a notebook are pictures that it may show: they travel with it."""

import contextlib
import stat
from pathlib import Path

from autograder import handed_in
from autograder.errors import SubmissionError

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
MOST_FOLDERS = 20  # that are looked into


def travels(name: str) -> bool:
    """Whether a file of that name goes with a notebook: it may be a picture of an answer."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def homes(folder: Path) -> list[Path]:
    """Where pictures may lie: beside the notebook, and in the folders there."""
    try:
        names = [name for name in handed_in.names(folder) if not name.startswith(".")]
    except SubmissionError:
        return []
    inner = [folder / name for name in names if stat.S_ISDIR((folder / name).lstat().st_mode)]
    return [folder, *inner[:MOST_FOLDERS]]


def beside(folder: Path) -> dict[str, tuple[Path, str]]:
    """{path in the folder: (its folder, its name)} of the pictures that were handed in as files; links are none."""
    found = {}
    for home in homes(folder):
        with contextlib.suppress(SubmissionError):
            found |= {(home / name).relative_to(folder).as_posix(): (home, name)
                      for name in handed_in.plain_files(home, SUFFIXES) if travels(name)}
    return found
