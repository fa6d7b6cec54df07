"""What an instructor gives to students: one assignment, the tools it needs, a README, and no solutions."""

import io
import zipfile
from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.errors import StaleRelease
from autograder.release.build import handed_out, verify
from autograder.release.carried import carried
from autograder.report import write_whole

TOOLS = ("setup.sh", "install.py", "pyproject.toml", "constraints.txt", "LICENSE")
LEFT_OUT = {"__pycache__", "data", ".ipynb_checkpoints"}
DATE = (2020, 1, 1, 0, 0, 0)  # the same handout gives the same zip


def handout_files(assignment: Assignment) -> dict[str, bytes]:
    """Path -> content of all that a student gets. Raises StaleRelease unless assignments/ is up to date."""
    if not assignment.handout.is_dir():
        raise StaleRelease(f"assignments/{assignment.name}", "it is not there yet",
                           f"run `autograder release {assignment.name}`")
    verify(assignment)
    paths = [assignment.root / name for name in TOOLS]
    paths += carried(assignment.root)
    paths += [path for path in sorted((assignment.root / "datasets").rglob("*"))
              if path.is_file() and LEFT_OUT.isdisjoint(path.relative_to(assignment.root).parts)]
    paths += handed_out(assignment.handout).values()
    files = {path.relative_to(assignment.root).as_posix(): path.read_bytes() for path in paths if path.exists()}
    return {"README.md": _readme(assignment).encode(), **files}


def write_handout(assignment: Assignment, archive: bool) -> Path:
    """Writes handouts/<name>.zip, or the folder handouts/<name>/."""
    files = handout_files(assignment)
    target = assignment.root / "handouts" / (f"{assignment.name}.zip" if archive else assignment.name)
    if archive:
        write_whole(target, zipped(files, assignment.name))
        return target
    for name, content in files.items():
        write_whole(target / name, content)
    (target / "setup.sh").chmod(0o755)
    return target


def zipped(files: dict[str, bytes], folder: str) -> bytes:
    """A zip with `files` in one folder. The same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", DATE)
            entry.external_attr = (0o755 if name.endswith(".sh") else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def _readme(assignment: Assignment) -> str:
    name, notebook = assignment.name, f"{assignment.notebook.stem}.ipynb"
    return f"""# {name}

Needs Python 3.11 or newer; a network for the first line only, and no GPU. On Linux and macOS:

    bash setup.sh                                  # once: installs what you need into .venv, and makes the data
    .venv/bin/jupyter lab assignments/{name}/{notebook}

On Windows:

    py install.py
    .venv\\Scripts\\jupyter lab assignments\\{name}\\{notebook}

On Colab or another machine that has Jupyter already: put the zip beside the notebook and run this in its first cell, as
often as you like. What is unpacked already stays as it is.

```python
import os, zipfile
if os.path.exists("{name}.zip"):
    with zipfile.ZipFile("{name}.zip") as handout:
        handout.extractall(members=[each for each in handout.namelist() if not os.path.exists(each)])
    %run {name}/install.py --here
    %cd {name}/assignments/{name}
```

Fill in the functions that say `raise NotImplementedError`, then run the check cell below each of them: it says
what is right, what differs and where. The same from a terminal (on Windows `.venv\\Scripts\\autograder`):

    .venv/bin/autograder check assignments/{name}/{notebook} --watch    # looks again whenever you save
    .venv/bin/autograder progress                  # points so far, and the next part
    .venv/bin/autograder hint PART                 # one thing more each time
    .venv/bin/autograder reset PART                # the empty function again; a copy is kept
    .venv/bin/autograder submit assignments/{name}/{notebook}    # looks it over, and makes the file to hand in
"""
