"""The assignment that a notebook belongs to, and its examiner, kept warm from check to check."""

import atexit
import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from autograder.course.source import GIVEN
from autograder.errors import DataError
from autograder.examine.examiner import Examiner
from autograder.notebook import kept
from autograder.notebook.places import bare
from autograder.report import PartResult

RECORDED = "recorded.h5"
_last: list[Path] = []


@dataclass
class Opened:
    """An examiner, the sources of its notebook's given cells, the same without blanks, and the state of its files.
    folder: where they lie."""

    examiner: Examiner
    folder: Path
    sources: list[str]
    given: frozenset[str]
    stamp: tuple[int, ...]
    stack: contextlib.ExitStack


_open: dict[Path, Opened] = {}


def warm(namespace: dict) -> Opened:
    """The examiner of this notebook's assignment; a new one where one of its files has changed."""
    folder = _folder(namespace)
    files = [path for path in sorted(folder.glob("*")) if path.suffix in (".py", ".h5")]
    if any(path.name == RECORDED for path in files):  # a student's copy: the other modules in it are the student's own
        files = [path for path in files if path.name in ("checks.py", RECORDED)]
    stamp = tuple(path.stat().st_mtime_ns for path in files)
    if folder in _open and _open[folder].stamp != stamp:
        forget(folder)
    if folder not in _open:
        with contextlib.ExitStack() as stack:
            examiner, given = _made(folder, stack)
            _open[folder] = Opened(examiner, folder, given, frozenset(map(bare, given)), stamp, stack.pop_all())
    return _open[folder]


def forget(*folders: Path) -> None:
    """Closes examiners (all by default): one that was interrupted may be in any state."""
    for folder in folders or list(_open):
        _open.pop(folder).stack.close()


atexit.register(forget)


def _made(folder: Path, stack: contextlib.ExitStack) -> tuple[Examiner, list[str]]:
    """The examiner, and the texts of the given cells."""
    from autograder.examine.open import course_examiner, handout_examiner
    from autograder.submission import released_slots, slots_of

    if (folder / RECORDED).exists():
        from autograder.examine.recorded import read_notebook

        slots = released_slots(json.loads(read_notebook(folder / RECORDED)[1])["cells"])
        examiner = handout_examiner(folder)
    else:
        from autograder.course.assignment import load_assignment

        assignment = load_assignment(folder.name, folder.parent.parent)
        slots, examiner = slots_of(assignment), course_examiner(assignment)
    return stack.enter_context(examiner), [slot.text for slot in slots if slot.role == GIVEN]


def remember(namespace: dict, results: list[PartResult]) -> None:
    """Keeps results for `autograder progress`, where it is plain which notebook they are of."""
    if notebook := notebook_of(namespace):
        kept.keep(notebook, results, kept.KERNEL)


def notebook_of(namespace: dict) -> Path | None:
    """The file of this notebook, where it is plain which one that is."""
    folder = _folder(namespace)
    named = folder / Path(_session(namespace)).name
    found = [named] if named.suffix == ".ipynb" and named.is_file() else list(folder.glob("*.ipynb"))
    return found[0] if len(found) == 1 else None


def _session(namespace: dict) -> str:
    """The notebook's path as VS Code or Jupyter tells it, or ''."""
    return namespace.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or ""


def _folder(namespace: dict) -> Path:
    """The folder of this notebook: where its checks.py lies. The last one found serves a notebook that has moved on
    with os.chdir."""
    for folder in dict.fromkeys((Path(_session(namespace)).parent.absolute(), Path.cwd(), *_last)):
        if (folder / "checks.py").exists():
            _last[:] = [folder]
            return folder
    raise DataError("the assignment's checks.py beside this notebook", f"there is none in {Path.cwd()}",
                    "start Jupyter in the handout, or change to the assignment's folder with os.chdir")
