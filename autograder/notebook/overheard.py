"""What a student's code says while it is examined: prints, warnings, displayed pictures.

It is kept out of the output of `check`, where hundreds of calls would bury the result (and where nbgrader takes any
text on stderr for a failure), but it is not lost: a print is how people look into their functions. The answer
shows it folded.
"""

import builtins
import contextlib
import io
import sys
from collections.abc import Callable, Iterator

from autograder.lab.kernel import shell

LIMIT = 20_000  # characters: an endless loop that prints must not fill the memory


class Overheard:
    """Listens to code in this process. place: a readable name for a file name of the student's code."""

    def __init__(self, place: Callable[[str], str]):
        self._place, self._text, self._open = place, _Capped(), False
        self._shell = shell()
        self._displays = _Displays(self._text) if self._shell else None

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Takes what is written, warned of and displayed meanwhile."""
        before = sys.stdout, sys.stderr, getattr(self._shell, "display_pub", None)
        asking = builtins.input
        try:
            self._open = True
            sys.stdout = sys.stderr = self._text
            builtins.input = _refuse  # a debugger asks by it, too
            if self._shell:
                self._shell.display_pub = self._displays
            yield
        finally:
            sys.stdout, sys.stderr, display_pub = before
            builtins.input = asking
            if self._shell:
                self._shell.display_pub = display_pub
            self._open = False

    def warn(self, message, category, filename: str, line: int, *rest) -> None:
        """In the place of warnings.showwarning: of the machinery's own warnings nothing is said."""
        if self._open:
            self._text.write(f"{category.__name__}: {message} ({self._place(filename)}, line {line})\n")

    def take(self) -> str:
        """What was said since the last call; of a line that was overwritten in place, what it said last."""
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")).strip("\n")


class _Capped(io.StringIO):
    def write(self, text: str) -> int:
        if self.tell() < LIMIT:
            super().write(text[:LIMIT])
        return len(text)


def _refuse(*prompt) -> str:
    raise RuntimeError("nobody answers while `check` runs: take out `input()`, or the breakpoint")


class _Displays:
    """In the place of IPython's display publisher: notes the text of what is displayed."""

    def __init__(self, text: io.StringIO):
        self._text, self.is_publishing = text, False

    def publish(self, data: dict, *args, **options) -> None:
        self._text.write(f"{data.get('text/plain', '')}\n")

    def clear_output(self, wait: bool = False) -> None:
        pass
