"""Reads the file of a notebook, of any format that Jupyter ever wrote, into cells of today's."""

import json
from pathlib import Path

from autograder import handed_in
from autograder.errors import SubmissionError
from autograder.handed_in import MAX_BYTES

MAX_CELLS = 10_000
MAX_ENTRIES = 4_000_000  # lists, objects and what is in them: each takes some hundred bytes of memory once it is read
OLD_TEXTS = ("input", "source", "rendered")  # of a cell of the formats 1 to 3


def submitted_cells(path: Path) -> list[dict]:
    """The same as raw_cells, of a notebook in submitted/, which anybody may have put there."""
    return as_notebook(handed_in.read(path.parent, path.name), path.name)["cells"]


def raw_cells(path: Path) -> list[dict]:
    """The cells of a notebook file as they stand in it. Raises SubmissionError for a file that is not a notebook."""
    return read_notebook(path)["cells"]


def read_notebook(path: Path) -> dict:
    """The notebook in format 4. Raises SubmissionError for a file that is not a notebook."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SubmissionError(f"a notebook of at most {MAX_BYTES >> 20} MB",
                                  f"{path.name} has {path.stat().st_size >> 20} MB",
                                  "clear its outputs in Jupyter and save it again")
        return as_notebook(path.read_bytes(), path.name)
    except OSError as error:
        raise SubmissionError(f"{path.name}, a file that can be read", str(error.strerror or error)) from None


def as_notebook(content: bytes, name: str) -> dict:
    """The same of a file's bytes; `name` is how it is called in an error."""
    if (entries := sum(map(content.count, (b"[", b"{", b",")))) > MAX_ENTRIES:
        raise SubmissionError(f"{name}, a notebook of at most {MAX_ENTRIES} entries", f"it has about {entries}",
                              "clear its outputs in Jupyter and save it again")
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SubmissionError(f"{name} in UTF-8", f"byte {error.start} is not",
                              "open it in Jupyter and save it again") from None
    except (ValueError, RecursionError) as error:
        raise SubmissionError(f"{name}, a Jupyter notebook", f"it is not JSON: {error}",
                              "submit the .ipynb file itself, as Jupyter saves it") from None
    return _checked(_upgraded(notebook, name), name)


def _upgraded(notebook, name: str) -> dict:
    """An old notebook (format 1 to 3) in today's format."""
    version = notebook.get("nbformat") if isinstance(notebook, dict) else None
    if not isinstance(version, int):
        raise SubmissionError(f"{name}, a Jupyter notebook", "it is JSON, but has no `nbformat`")
    if version >= 4:
        return notebook
    import nbformat

    try:
        _complete(notebook)
        return nbformat.convert(nbformat.from_dict(notebook), 4)
    except Exception as error:
        raise SubmissionError(f"{name}, a notebook of format 4",
                              f"its format {version} cannot be converted: {error}",
                              "open it in Jupyter and save it again") from None


def _complete(notebook: dict) -> None:
    """What the conversion takes for granted and files lack: texts in one piece, outputs, metadata."""
    sheets = [notebook] if "cells" in notebook else notebook.get("worksheets", [])
    for cell in (cell for sheet in sheets for cell in sheet["cells"]):
        for key in OLD_TEXTS:
            if isinstance(cell.get(key), list):
                cell[key] = "".join(map(str, cell[key]))
        for output in cell.setdefault("outputs", []) if cell.get("cell_type") == "code" else []:
            output |= {key: "".join(map(str, value)) for key, value in output.items()
                       if isinstance(value, list) and key != "traceback"}
    notebook.setdefault("metadata", {})
    notebook.setdefault("nbformat_minor", 0)


def _checked(notebook: dict, name: str) -> dict:
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise SubmissionError(f"{name}, a Jupyter notebook with a list of cells", "it has none")
    if len(cells) > MAX_CELLS:
        raise SubmissionError(f"{name}, a notebook of at most {MAX_CELLS} cells", f"it has {len(cells)}")
    return notebook


def source_of(raw: dict) -> str:
    """The text of a raw cell, whatever it holds."""
    source = raw.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def metadata_of(raw: dict) -> dict:
    return raw["metadata"] if isinstance(raw.get("metadata"), dict) else {}


def grade_id_of(raw: dict) -> str:
    """nbgrader's name of a raw cell, or an empty string."""
    nbgrader = metadata_of(raw).get("nbgrader")
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return name if isinstance(name, str) else ""
