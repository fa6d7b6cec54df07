"""The assignment that a notebook belongs to, and its examiner, kept warm from check to check."""

import atexit
import contextlib
import os
from pathlib import Path

from autograder.errors import DataError
from autograder.examine.examiner import Examiner
from autograder.notebook import kept
from autograder.report import PartResult

_open: dict[Path, tuple[tuple, Examiner, contextlib.ExitStack]] = {}
_last: list[Path] = []


def warm_examiner(namespace: dict) -> Examiner:
    """The examiner of this notebook's assignment; a new one where one of its files has changed."""
    folder = _folder(namespace)
    stamp = tuple(path.stat().st_mtime_ns for path in sorted(folder.glob("*")) if path.suffix in (".py", ".h5"))
    if folder in _open and _open[folder][0] != stamp:
        forget(folder)
    if folder not in _open:
        with contextlib.ExitStack() as stack:
            examiner = stack.enter_context(_new_examiner(folder))
            _open[folder] = (stamp, examiner, stack.pop_all())
    return _open[folder][1]


def forget(*folders: Path) -> None:
    """Closes examiners (all by default): one that was interrupted may be in any state."""
    for folder in folders or list(_open):
        _open.pop(folder)[2].close()


atexit.register(forget)


def _new_examiner(folder: Path):
    from autograder.examine.open import course_examiner, handout_examiner

    if (folder / "recorded.h5").exists():
        return handout_examiner(folder)
    from autograder.course.assignment import load_assignment

    return course_examiner(load_assignment(folder.name, folder.parent.parent))


def remember(namespace: dict, results: list[PartResult]) -> None:
    """Keeps results for `autograder progress`, where it is plain which notebook they are of."""
    folder = _folder(namespace)
    named = folder / Path(_session(namespace)).name
    found = [named] if named.suffix == ".ipynb" and named.is_file() else list(folder.glob("*.ipynb"))
    if len(found) == 1:
        kept.keep(found[0], results, kept.KERNEL)


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
