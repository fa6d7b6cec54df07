"""Which files beside a notebook are pictures that it may show: they travel with it."""

from pathlib import Path

from autograder import handed_in
from autograder.errors import SubmissionError

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")


def travels(name: str) -> bool:
    """Whether a file of that name goes with a notebook: it may be a picture of an answer."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def beside(folder: Path) -> list[str]:
    """The paths in a folder of the pictures that were handed in as files; links are none."""
    try:
        return list(handed_in.plain_files(folder, travels))
    except SubmissionError:
        return []
