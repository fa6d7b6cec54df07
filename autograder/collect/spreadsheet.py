"""CSV as platforms and spreadsheets save it: UTF-8, UTF-16 or Windows-1252; commas, semicolons or tabs; `sep=;`."""

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import AutograderError

DELIMITERS = ",;\t"  # the country that a spreadsheet is set to decides
SEP = re.compile(r'"?sep=(?P<delimiter>[,;\t])"?[,;\t]*\r?\n', re.IGNORECASE)
EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .xls


@dataclass
class Table:
    """A header, rows as long as it, and what separated the cells."""

    header: list[str]
    rows: list[list[str]]
    delimiter: str = ","

    def column(self, name: str) -> int | None:
        """The place of a column, whatever the case of its letters."""
        names = [each.strip().casefold() for each in self.header]
        return names.index(name.casefold()) if name.casefold() in names else None


def read_table(path: Path, what: str) -> Table:
    """what: what the file should be, for the error's sentence. Raises AutograderError."""
    try:
        text = _decoded(path.read_bytes())
        if given := SEP.match(text):
            text, delimiter = text[given.end():], given["delimiter"]
        else:
            delimiter = max(DELIMITERS, key=lambda each: len(next(_rows(text, each), [])))
        rows = [row for row in _rows(text, delimiter) if any(cell.strip() for cell in row)]
    except (OSError, ValueError, csv.Error) as error:
        raise AutograderError(f"{what}: a CSV file", f"{path}: {getattr(error, 'strerror', None) or error}",
                              "in a spreadsheet: save as CSV UTF-8") from None
    if not rows:
        raise AutograderError(f"{what}: a CSV file", f"{path}: it is empty")
    width = len(rows[0])
    return Table(rows[0], [(row + [""] * width)[:width] for row in rows[1:]], delimiter)


def _rows(text: str, delimiter: str):
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _decoded(content: bytes) -> str:
    """Raises ValueError for what is no text."""
    if content.startswith(EXCEL):
        raise ValueError("it is Excel's own format")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    if b"\0" in content[:4]:  # UTF-16 without a mark: the first letters of a header are ASCII
        return content.decode("utf-16-be" if content[:1] == b"\0" else "utf-16-le")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")
