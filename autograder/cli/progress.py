"""The progress bar of long work: on standard error, and only where a person looks at it."""

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


def progress_bar() -> Progress:
    """A bar with what is being done, how far it is and how long it has taken; gone when done."""
    return Progress(TextColumn("{task.description:24}", markup=False), BarColumn(), MofNCompleteColumn(),
                    TimeElapsedColumn(), console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
