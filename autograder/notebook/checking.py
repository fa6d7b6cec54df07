"""`check("part")` in a notebook: runs the part's visible checks on what the notebook defines, and shows the result."""

import atexit
import contextlib
import os
import sys
import warnings
from pathlib import Path

from autograder.errors import DataError
from autograder.render import part_html, part_text
from autograder.report import PartResult


def check(part: str) -> "Answer":
    """Examines one part of this notebook. The last value of the check cell: its points, shown as a table."""
    namespace = sys._getframe(1).f_globals
    examiner, names = _examiner(_folder(namespace))
    if part not in names:
        raise DataError(f"the part `{part}`", f"this assignment has {', '.join(names)}")
    from autograder.examine.desks import LiveDesk
    from autograder.examine.style import Notebook, rule_out

    result, = examiner.examine(LiveDesk(namespace, owns=_is_cell), only=[part])
    _name_cells(result)
    if examiner.plan.part(part).forbids:
        rule_out([result], examiner.plan, Notebook(_history(namespace), examiner.functions))
    return Answer(result)


class Answer:
    """One part's result. As text it is the points, because nbgrader reads the last value of a check cell."""

    def __init__(self, result: PartResult):
        self.result = result

    def _repr_html_(self) -> str:
        return part_html(self.result)

    def __repr__(self) -> str:
        return repr(float(self.result.points)) if _in_kernel() else part_text(self.result)


_open: dict[Path, tuple] = {}
_stack = contextlib.ExitStack()
atexit.register(_stack.close)


def _examiner(folder: Path):
    """The examiner of the assignment in `folder`, kept warm until one of its files changes."""
    stamp = tuple(path.stat().st_mtime_ns for path in sorted(folder.glob("*")) if path.suffix in (".py", ".h5"))
    if folder not in _open or _open[folder][0] != stamp:
        examiner = _stack.enter_context(_new_examiner(folder))
        _open[folder] = (stamp, examiner, [part.name for part in examiner.plan.parts])
    return _open[folder][1:]


def _new_examiner(folder: Path):
    from autograder.examine.open import course_examiner, handout_examiner

    if (folder / "recorded.h5").exists():
        return handout_examiner(folder)
    from autograder.course.assignment import load_assignment

    return course_examiner(load_assignment(folder.name, folder.parent.parent))


def _folder(namespace: dict) -> Path:
    """The folder of this notebook: where its checks.py lies."""
    notebook = namespace.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or ""
    for folder in dict.fromkeys((Path.cwd(), Path(notebook).parent.absolute())):
        if (folder / "checks.py").exists():
            return folder
    raise DataError("the assignment's checks.py beside this notebook", f"there is none in {Path.cwd()}",
                    "start Jupyter in the handout, or change to the assignment's folder with os.chdir")


def _in_kernel() -> bool:
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def _is_cell(filename: str) -> bool:
    """Whether a traceback's file is a notebook cell (or a script the student runs), not a library."""
    return "site-packages" not in filename and f"{os.sep}autograder{os.sep}" not in filename


def _history(namespace: dict) -> list[tuple[str, str]]:
    """The cells that this kernel has run, in that order; none where there is no IPython that ran them."""
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    if getattr(shell, "user_ns", None) is not namespace:
        return []
    from autograder.submission import plain_python

    ran = getattr(getattr(shell, "history_manager", None), "input_hist_raw", [])
    with warnings.catch_warnings():  # of odd escapes in strings: to nbgrader, anything on stderr is a failure
        warnings.simplefilter("ignore")
        return [(f"In [{number}]", plain_python(source)) for number, source in enumerate(ran) if source]


def _name_cells(result: PartResult) -> None:
    """Says `In [7]` where a message says a kernel's file name of that cell."""
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    counts = getattr(getattr(shell, "compile", None), "_filename_map", {})
    for each in result.checks:
        for filename, *_ in each.where:
            if filename in counts:
                each.found = each.found.replace(filename, f"In [{counts[filename]}]")
