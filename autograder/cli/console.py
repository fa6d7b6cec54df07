"""What is printed for people: in colour on a terminal, plain stable lines when piped."""

import sys

from rich.console import Console
from rich.text import Text

from autograder.render import MARKS, clean, difference_text, headline, lines_for_student, number, verdict_word
from autograder.report import BROKEN, FAILED, PASSED, SKIPPED, PartResult

STYLES = {PASSED: "blue", FAILED: "red", SKIPPED: "dim", BROKEN: "magenta"}

for _stream in (sys.stdout, sys.stderr):
    if hasattr(_stream, "reconfigure"):
        _stream.reconfigure(errors="replace")  # a pipe on Windows may not know a tick

console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def part_lines(result: PartResult) -> Text:
    """A part for a terminal: `part_text`, but a part that nothing is written for yet is one line."""
    if not result.attempted or all(check.verdict == SKIPPED for check in result.checks):
        first = result.checks[0]
        reason = lines_for_student(first)[1:2] or [""]
        return Text(f"{headline(result)} · {verdict_word(first)}: {clean(reason[0])}", style="dim")
    text = Text(headline(result), style="bold")
    for check in result.checks:
        first, *rest = lines_for_student(check)
        mark = f"\n  {MARKS[check.verdict][0]} {verdict_word(check)}: "
        text.append(mark, style=f"not bold {STYLES[check.verdict]}").append(first, style="not bold")
        for line in [*rest, *difference_text(check.difference)]:
            text.append(f"\n      {line}", style="not bold cyan" if line.startswith("hint: ") else "not bold")
    return text


def total(results: list[PartResult]) -> str:
    points, most = sum(result.points for result in results), sum(result.max_points for result in results)
    return f"{number(points)} of {number(most)} points for the visible checks"


def plain(text: str) -> Text:
    """A sentence that may quote what a student wrote: no markup, no control characters."""
    return Text(clean(text))
