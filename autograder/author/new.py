"""Begins an assignment: a small one that works, to be changed bit by bit into one's own."""

import re
from pathlib import Path

from autograder.errors import CourseError

TEMPLATE = Path(__file__).with_name("template")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
NUMBER = re.compile(r"[A-Za-z]{0,3}\d+[_-]+(?=[A-Za-z])")  # the a1_ of a1_rnn_captioning
TAKEN = {"checks", "mistakes", "reference"}  # the names of the files beside the notebook, and of the notebook itself


def new(root: Path, name: str) -> list[Path]:
    """Makes solutions/<name>/ with its three files; the paths of these.

    Raises CourseError for a name that cannot be one, and where something of that name is there already.
    """
    if not NAME.match(name):
        raise CourseError("a name for an assignment: letters, digits, _ and -, 64 of them at most", f"found {name!r}",
                          "for example a5_softmax: students see it, and folders and web addresses are called so")
    for folder in (root / "solutions" / name, root / "assignments" / name):
        if folder.exists() or folder.is_symlink():
            raise CourseError(f"a new assignment `{name}`", f"{folder} is there already",
                              "choose another name; nothing was changed")
    folder = root / "solutions" / name
    folder.mkdir(parents=True)
    settings = root / "solutions" / "jupytext.toml"
    if not settings.exists():
        settings.write_bytes((TEMPLATE / settings.name).read_bytes())
    files = {f"{notebook_stem(name)}.py": "notebook.py", "checks.py": "checks.py", "mistakes.py": "mistakes.py"}
    for file, template in files.items():
        (folder / file).write_bytes((TEMPLATE / template).read_bytes())
    return [folder / file for file in files]


def notebook_stem(name: str) -> str:
    """The notebook's name: the assignment's, without its number where it begins with one."""
    stem = NUMBER.sub("", name, count=1) if NUMBER.match(name) else name
    return name if stem.lower() in TAKEN else stem
