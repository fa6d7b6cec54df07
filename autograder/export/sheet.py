"""CSV out: quoted by the csv module, in UTF-8, and without cells that a spreadsheet would run.

There is no byte order mark: these files are read by programs, for most of which it would be part of the first column's
name. Excel shows letters beyond ASCII rightly through "Data, From Text/CSV".
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from autograder.render import clean
from autograder.report import write_whole

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # with what a spreadsheet takes for them
NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?%?|-+", re.ASCII)  # or the dash of an empty cell, as Moodle writes it


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
