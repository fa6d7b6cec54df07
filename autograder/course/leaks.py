"""Looks for lines of a solution in what students read: statements, docstrings, given and demo cells, visible checks."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from autograder.course import regions
from autograder.course.assignment import Assignment
from autograder.course.reading import Findings, read_text

LENGTH = 12  # characters without spaces; what is shorter, such as `return x`, may stand anywhere
DOES_SOMETHING = re.compile(r"[-+*/@(\[]")
SPACES = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.COMMENT)


def leaks(assignment: Assignment, findings: Findings) -> None:
    """Adds a finding for each line that students see and that holds a line of a solution, however it is spaced."""
    answers = dict(_answers(assignment))
    for path, number, line in _seen_by_students(assignment):
        bare = "".join(line.split())
        for answer, home in answers.items():
            if answer in bare:
                findings.add(f"{path}:{number}: what students read does not hold a line of a solution",
                             f"`{line.strip()}` is in the solution of line {home}",
                             "say it in other words, or rename a variable where the likeness is by chance")
                break


def _answers(assignment: Assignment) -> Iterator[tuple[str, int]]:
    """(a line of a solution without spaces and comment, its number in the file)."""
    for cell in assignment.cells:
        lines = cell.source.split("\n")
        for begin, end in regions.find(cell.source, regions.SOLUTION) if cell.is_code else []:
            for number in range(begin, end - 1):
                bare = _bare(lines[number])
                if len(bare) >= LENGTH and DOES_SOMETHING.search(bare) and not bare.endswith(":"):
                    yield bare, cell.line + number


def _bare(line: str) -> str:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(line.strip()).readline))
    except (tokenize.TokenError, SyntaxError):  # a line that goes on below
        return "".join(line.partition("#")[0].split())
    return "".join("".join(token.string.split()) for token in tokens if token.type not in SPACES)


def _seen_by_students(assignment: Assignment) -> Iterator[tuple[Path, int, str]]:
    for cell in assignment.cells:
        yield from _outside(cell.source, regions.SOLUTION, assignment.notebook, cell.line)
    yield from _outside(read_text(assignment.checks), regions.HIDDEN, assignment.checks, 1)


def _outside(source: str, kind: str, path: Path, first: int) -> Iterator[tuple[Path, int, str]]:
    inside = regions.find(source, kind)
    for number, line in enumerate(source.split("\n"), start=1):
        if not any(begin <= number <= end for begin, end in inside):
            yield path, first + number - 1, line
