"""What lies in an assignment's folder besides its three files: figures, small data, modules that its notebook imports.

It is handed out as it is, at the same place beside the notebook, and it is there when a notebook is graded.
"""

from pathlib import Path

from autograder.errors import CourseError

MAX_SIZE = 8 << 20  # bytes of all of them: they go to each student, and into each room
AT_HOME = ("_", ".")  # what begins a name, of a file or of a folder, that is not handed out
LEFTOVERS = (".pyc", ".pyo", ".orig", ".rej", "~")
TAKEN = ("recorded.h5", "autograder.py", "reference.py")


def support_files(folder: Path, own: set[str]) -> dict[str, bytes]:
    """Path in `folder` -> content. own: the names of the three files, and of what is made of them.

    Raises CourseError for a notebook, whose source is the .py, for a name that is taken, and for too much.
    """
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if name.as_posix() in own or path.is_dir() or path.name.endswith(LEFTOVERS) or _stays(name):
            continue
        if path.suffix == ".ipynb" or name.as_posix() in TAKEN:
            raise CourseError(f"{path}: a file to be handed out beside the notebook",
                              "a notebook is made of the .py" if path.suffix == ".ipynb" else "the name is taken",
                              "take it out, or begin its name with _: then it stays here")
        found[name.as_posix()] = path.read_bytes()
    size = sum(map(len, found.values()))
    if size > MAX_SIZE:
        largest = max(found, key=lambda name: len(found[name]))
        raise CourseError(f"{folder}: files to hand out of {MAX_SIZE >> 20} MB together, at most",
                          f"they have {size / 2**20:.1f} MB; the largest is {largest}",
                          "a data set belongs in datasets/; what begins with _ stays here")
    return found


def _stays(name: Path) -> bool:
    return any(part.startswith(AT_HOME) and part != "__init__.py" for part in name.parts)
