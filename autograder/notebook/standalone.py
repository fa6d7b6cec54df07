"""Examines a saved notebook outside Jupyter: what `autograder check NOTEBOOK` does."""

import contextlib
import io
import linecache
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from autograder.errors import DataError
from autograder.report import PartResult
from autograder.submission import runnable_cells


def check_notebook(notebook: Path, parts: tuple[str, ...] = ()) -> list[PartResult]:
    """The results of the visible checks of `parts` (all of them by default).

    Runs the notebook's own cells in this process; cells that fail are named on standard output, the rest go on.
    Raises SubmissionError or DataError for a notebook or a folder that is not an assignment's.
    """
    from autograder.examine.desks import LiveDesk
    from autograder.examine.open import handout_examiner
    from autograder.examine.style import Notebook, rule_out

    folder = notebook.absolute().parent
    for name in ("checks.py", "recorded.h5"):
        if not (folder / name).exists():
            raise DataError(f"{name} beside {notebook.name}", f"{folder} has none",
                            "keep the notebook in the handout's folder")
    namespace, cells = {"__name__": "__main__"}, runnable_cells(notebook)
    run_cells(cells, namespace, folder)
    with handout_examiner(folder) as examiner:
        known = [part.name for part in examiner.plan.parts]
        unknown = [part for part in parts if part not in known]
        if unknown:
            raise DataError(f"a part of {folder.name}", f"there is no `{unknown[0]}`", f"its parts: {', '.join(known)}")
        desk = LiveDesk(namespace, owns=lambda filename: filename.startswith("cell "))
        results = examiner.examine(desk, only=list(parts) or None)
        rule_out(results, examiner.plan, Notebook(cells, examiner.functions))
        return results


def run_cells(cells: list[tuple[str, str]], namespace: dict, folder: Path) -> None:
    """Runs cells one after the other, in their folder. One that fails is said, and does not stop the next."""
    with _inside(folder):
        for name, source in cells:
            linecache.cache[name] = (len(source), None, source.splitlines(True), name)
            try:
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    exec(compile(source, name, "exec"), namespace)
            except Exception as error:
                print(f"{name} raised {type(error).__name__}: {error}")


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before, path = os.getcwd(), list(sys.path)
    os.chdir(folder)
    os.environ.setdefault("MPLBACKEND", "Agg")
    try:
        yield
    finally:
        os.chdir(before)
        sys.path[:] = path
