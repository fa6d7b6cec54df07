"""What a student's copy carries of this package: the modules that its notebooks and commands can reach."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "autograder"
COMMANDS = f"{PACKAGE}.cli"
# Where a student comes in: the rooms whole, because notebooks import what they like of them.
ROOMS = ("notebook", "lab", "study")
ENTRIES = (f"{PACKAGE}.__main__", f"{COMMANDS}.student_verbs", f"{COMMANDS}.study_verbs")


def carried(root: Path) -> list[Path]:
    """The files of `root`/autograder that a student needs, in the order of their names; what lies beside a module that
    is no module itself (a style sheet, a template) goes with it."""
    modules = {_name(path.relative_to(root)): path for path in (root / PACKAGE).rglob("*.py")}
    todo = [name for name in modules if name in ENTRIES or name.split(".")[1:2] and name.split(".")[1] in ROOMS]
    needed: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in needed:
            needed.add(name)
            reached = {each for found in _imported(name, modules[name]) for each in _with_parents(found)}
            todo += reached & modules.keys()
    folders = {modules[name].parent for name in needed if modules[name].name != "__init__.py"}
    beside = {path for folder in folders for path in folder.iterdir() if path.suffix not in ("", ".py", ".pyc")}
    return sorted({modules[name] for name in needed} | beside)


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(name: str, path: Path) -> Iterator[str]:
    """What a module imports, anywhere in it. The command line imports each verb where it is called: not followed."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if name == COMMANDS else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))
