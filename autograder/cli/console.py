"""What is printed for people: in colour on a terminal, plain stable lines when piped."""

import sys

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from autograder.render import MARKS, clean, difference_text, headline, in_brief, lines_for_student, number, verdict_word
from autograder.report import BROKEN, FAILED, PASSED, SKIPPED, PartResult

STYLES = {PASSED: "blue", FAILED: "red", SKIPPED: "dim", BROKEN: "magenta"}

for _stream in (sys.stdout, sys.stderr):
    if hasattr(_stream, "reconfigure"):
        _stream.reconfigure(errors="replace")  # a pipe on Windows may not know a tick

console = Console(highlight=False)
console.soft_wrap = not console.is_terminal


def is_waiting(result: PartResult) -> bool:
    """Whether there is nothing to say on a part yet but that it, or one before it, is to be written."""
    return not result.attempted or all(check.verdict == SKIPPED for check in result.checks)


def print_part(result: PartResult) -> None:
    """As `part_text`, with colours; a part that nothing can be said on yet is one line."""
    if is_waiting(result):
        first = result.checks[0]
        reason = next(iter(lines_for_student(first)[1:]), "")
        return console.print(Text(f"{headline(result)} · {verdict_word(first)}: {reason}", style="dim"))
    console.print(Text(headline(result), style="bold"))
    for check in in_brief(result):
        first, *rest = lines_for_student(check)
        mark = Text(f"{MARKS[check.verdict][0]} {verdict_word(check)}: ", style=STYLES[check.verdict])
        _indented(2, mark.append(first, style="default"))
        for line in [*rest, *difference_text(check.difference)]:
            _indented(6, Text(line, style="cyan" if line.startswith("hint: ") else ""))


def _indented(width: int, text: Text) -> None:
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, width), expand=False))  # a line that is too long goes on below itself
    else:
        console.print(Text(" " * width).append(text))


def total(results: list[PartResult]) -> str:
    points, most = sum(result.points for result in results), sum(result.max_points for result in results)
    return f"{number(points)} of {number(most)} points for the visible checks"


def plain(text: str) -> Text:
    """A sentence that may quote what a student wrote: no markup, no control characters."""
    return Text(clean(text))
