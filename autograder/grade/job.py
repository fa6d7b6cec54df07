"""What an executor is given to do."""

from dataclasses import dataclass
from pathlib import Path

from autograder.errors import AutograderError
from autograder.report import Report, load


@dataclass(frozen=True)
class Job:
    """One submission. earlier: where its last report lies, of which parts may still hold; None to do all anew."""

    folder: Path
    earlier: Path | None = None

    def before(self) -> Report | None:
        return saved_report(self.earlier) if self.earlier else None


def saved_report(path: Path) -> Report | None:
    """The report, or None if there is none that can be read."""
    try:
        return load(path)
    except (OSError, AutograderError, UnicodeDecodeError):
        return None
