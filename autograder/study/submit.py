"""Makes the zip to hand in, or hands in by nbgrader's exchange."""

import io
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

from autograder.errors import DataError
from autograder.report import write_whole
from autograder.study.handout import Handout
from autograder.study.look_over import album_of

NOT_HANDED_IN = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".autograder"]  # nbgrader's own list, and our memory


def make_zip(handout: Handout) -> Path:
    """handin/<assignment>.zip in the handout's folder: the notebook, under the name that it was handed out with,
    and beside it the student's own modules that it imports and the pictures that it shows."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(handout.notebook, handout.released[0])
        for name in sorted({*handout.submission().modules, *album_of(handout).files}):
            archive.write(handout.folder / name, name)
    home = handout.folder.parent
    target = (home.parent if home.name == "assignments" else home) / "handin" / f"{handout.name}.zip"
    write_whole(target, buffer.getvalue())
    return target


def submit_to_exchange(handout: Handout) -> str:
    """Runs `nbgrader submit`; what it said. Raises DataError where that does not work."""
    if find_spec("nbgrader") is None:
        raise DataError("`nbgrader submit`", "nbgrader is not installed here",
                        "leave --exchange away, and hand in the zip")
    if handout.notebook.name != handout.released[0]:
        raise DataError(f"the notebook {handout.released[0]}, the name by which it is collected",
                        f"{handout.notebook.name}", "rename it")
    done = subprocess.run([sys.executable, "-m", "nbgrader", "submit", handout.name,
                           f"--CourseDirectory.ignore={NOT_HANDED_IN}"], cwd=handout.folder.parent,
                          capture_output=True, text=True, errors="replace")
    said = (done.stdout + done.stderr).strip()
    if done.returncode:
        raise DataError(f"`nbgrader submit {handout.name}` in {handout.folder.parent}", said,
                        "`nbgrader list` there shows what the exchange knows; or leave --exchange away")
    return said
