"""Finds the notebook that counts in a submitted folder."""

from pathlib import Path

from autograder import handed_in
from autograder.errors import SubmissionError


def find_notebook(folder: Path, stem: str) -> tuple[Path, list[str]]:
    """The submitted notebook and notes on its name. Raises SubmissionError if there is none, or a choice of several."""
    expected, found = f"{stem}.ipynb", handed_in.plain_files(folder, ".ipynb")
    if expected in found:
        return folder / expected, []
    there = handed_in.names(folder)
    if len(found) == 1 and expected not in there:
        return folder / next(iter(found)), [f"the notebook is called {next(iter(found))}, expected {expected}"]
    odd = f"{expected} is no plain file but a folder, a link or a device; " if expected in there else ""
    raise SubmissionError(f"the notebook {expected}", f"{odd}the folder holds {', '.join(there[:8]) or 'nothing'}")
