"""Finds the notebook that counts in a submitted folder."""

from pathlib import Path

from autograder.errors import SubmissionError


def find_notebook(folder: Path, stem: str) -> tuple[Path, list[str]]:
    """The submitted notebook and notes on its name. Raises SubmissionError if there is none, or a choice of several."""
    expected = folder / f"{stem}.ipynb"
    if expected.is_file():
        return expected, []
    if not folder.is_dir():
        raise SubmissionError(f"a folder with {expected.name}", f"{folder.name} is not a folder")
    found = sorted(path for path in folder.glob("*.ipynb") if path.is_file())
    if len(found) == 1:
        return found[0], [f"the notebook is called {found[0].name}, expected {expected.name}"]
    names = ", ".join(path.name for path in sorted(folder.iterdir())[:8]) or "nothing"
    raise SubmissionError(f"the notebook {expected.name}", f"the folder holds {names}")
