"""Where a student's line stands: a cell of this kernel, as `In [7]`, or a file of their own."""

import linecache
import os
import re
import sysconfig
from pathlib import Path

import autograder
from autograder.lab.kernel import shell
from autograder.report import FAILED, PartResult

LIBRARIES = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")}
                  | {str(Path(autograder.__file__).parent) + os.sep})
TYPED = ("<stdin>", "<python-input", "<ipython-input", "<timed exec>")  # code that came without a file
NUMBERED = re.compile(r"ipython-input-(\d+)-")  # a cell of an older IPython, such as Colab's
SHOWN = 3  # lines of a failing call, the innermost


class Places:
    """Names files as people see them. A cell's file name is IPython's own business; it knows which cell it was."""

    def __init__(self):
        self._cells: dict[str, int] = getattr(getattr(shell(), "compile", None), "_filename_map", {})
        self._files: dict[str, str] = {}

    def owns(self, filename: str) -> bool:
        """Whether the student wrote it: a cell or a file of their own, not a library or this package."""
        if filename in self._cells or filename.startswith(TYPED):
            return True
        return not (filename.startswith(("<", *LIBRARIES)) or "site-packages" in filename)

    def name(self, filename: str) -> str:
        numbered = NUMBERED.search(filename)
        if filename in self._cells:
            name = f"In [{self._cells[filename]}]"
        elif numbered:
            name = f"In [{numbered[1]}]"
        elif filename.startswith("<"):
            name = filename.strip("<>")
        else:
            name = os.path.basename(filename)
        self._files[name] = filename
        return name

    def text(self, name: str, line: int) -> str:
        """The text of a line, stripped; '' where it is not known."""
        filename = self._files.get(name, name)
        linecache.checkcache(filename)  # a module may have been edited since
        return linecache.getline(filename, line).strip()

    def quote(self, result: PartResult) -> None:
        """Adds the student's own lines to what is said of an exception, the outermost first."""
        for check in result.checks:
            if check.verdict == FAILED and check.attempted:
                places = dict.fromkeys((name, line) for name, line, _ in check.where[-SHOWN:])  # once in a recursion
                lines = [f"{name}, line {line}: {text}" for name, line in places if (text := self.text(name, line))]
                if lines:
                    name, line, _ = check.where[-1]
                    check.found = "\n".join([check.found.removesuffix(f" ({name}, line {line})"), *lines])
