"""CSV in and out: quoted by the csv module, in UTF-8, and without cells that a spreadsheet would run.

There is no byte order mark: these files are read by programs, for most of which it would be part of the first column's
name. Excel shows letters beyond ASCII rightly through "Data, From Text/CSV".
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.errors import AutograderError
from autograder.render import clean
from autograder.report import write_whole

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # with what a spreadsheet takes for them
NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?%?", re.ASCII)


@dataclass
class Sheet:
    """A CSV file: its header, its rows, each as long as the header, and what separated the cells."""

    header: list[str]
    rows: list[list[str]]
    delimiter: str = ","

    def column(self, name: str) -> int | None:
        """The place of a column, whatever the case of its letters."""
        names = [each.strip().casefold() for each in self.header]
        return names.index(name.casefold()) if name.casefold() in names else None


class Verbatim(str):
    """Text of the staff, which goes through as it is."""


def cell(value) -> str:
    """A value as text. What a spreadsheet would compute gets an apostrophe in front; a negative number does not."""
    if value is None:
        return ""
    if isinstance(value, (int, float, datetime, Verbatim)):
        return str(value)
    text = clean(value, limit=len(value))
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) and not NUMBER.fullmatch(text.strip()) else text


def write_sheet(path: Path, rows: Iterable[Sequence], delimiter: str = ",") -> Path:
    """Writes rows of values whole or not at all, and gives the path."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerows([cell(value) for value in row] for row in rows)
    write_whole(path, buffer.getvalue().encode("utf-8", "replace"))
    return path


def read_sheet(path: Path, what: str) -> Sheet:
    """`what` it should be, for the error's sentence. Commas or semicolons, with or without a byte order mark."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AutograderError(f"{what}: a CSV file in UTF-8", f"{path}: {error}") from None
    if not rows:
        raise AutograderError(f"{what}: a CSV file", f"{path} is empty")
    width = len(rows[0])
    return Sheet(rows[0], [(row + [""] * width)[:width] for row in rows[1:]], delimiter)
