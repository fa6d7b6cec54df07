"""The student's own modules beside a notebook: which of them its cells import, and what they say.

They belong to the answer: `check` imports them, `submit` puts them into the zip, `collect` keeps them, and the room
imports their text, as that student's code. Only what the notebook imports travels, directly or from module to module.
"""

import ast
import contextlib
import io
import re
import tokenize
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from autograder import handed_in
from autograder.course.reading import parsed
from autograder.errors import SubmissionError
from autograder.submission.python import DEFINITIONS

MODULE = re.compile(r"([^\W\d]\w*/)*[^\W\d]\w*\.py")  # a path that an import can lead to
COURSE = ("autograder", "checks", "mistakes", "reference")  # names that are not a student's to give
MAX_SIZE = 1 << 20  # bytes of all modules of a submission


def local_modules(folder: Path, cells: Iterable[tuple[str, str]]) -> dict[str, str]:
    """path -> text of the modules in a notebook's folder that its cells, (name, source), import."""
    sources = [source for _, source in cells]
    files = handed_in.plain_files(folder, handed_in.is_module)
    return needed(sources, {name: lambda name=name: handed_in.read(folder, name, MAX_SIZE) for name in files})


def needed(sources: Iterable[str], files: Mapping[str, Callable[[], bytes]]) -> dict[str, str]:
    """Of `files`, path -> how to read it, those that `sources` import, and those that these import: path -> text."""
    found: dict[str, str] = {}
    todo, size = list(sources), 0
    while todo:
        for name in imported(todo.pop()):
            for path in (path for path in files if path not in found and _is_of(path, name)):
                with contextlib.suppress(SubmissionError):  # one that cannot be read is not there
                    text = _text(files[path]())
                    size += len(text)
                    if size <= MAX_SIZE:
                        found[path] = text
                        todo.append(text)
    return dict(sorted(found.items()))


class Definitions:
    """The functions and classes of modules, by name: what other code uses of them."""

    def __init__(self, modules: Mapping[str, str]):
        self._texts: dict[str, str] = {}
        self._names: dict[str, set[str]] = {}  # name -> those that its definition mentions
        for path, text in modules.items():
            lines = text.split("\n")
            for node in getattr(parsed(text), "body", ()):
                if isinstance(node, DEFINITIONS):
                    self._texts[node.name] = f"# {path}\n" + "\n".join(lines[node.lineno - 1:node.end_lineno])
                    self._names[node.name] = _mentioned(node)

    def used(self, code: str) -> list[str]:
        """The definitions that a text uses, directly or not, each below the path of its file."""
        found: set[str] = set()
        new = _mentioned(parsed(code) or ast.Module([], []))
        while new := new & self._texts.keys() - found:
            found |= new
            new = set().union(*(self._names[name] for name in new))
        return [self._texts[name] for name in self._texts if name in found]


def _mentioned(tree: ast.AST) -> set[str]:
    return {getattr(node, key) for node in ast.walk(tree) for key in ("id", "attr", "name")
            if isinstance(getattr(node, key, None), str)}


def imported(source: str) -> set[str]:
    """The packages that a text imports anywhere in it, by their first names."""
    tree = parsed(source) if "import" in source else None
    names = set()
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
        elif isinstance(node, ast.Call) and _named(node.func) in ("import_module", "__import__"):
            names.update(each.value for each in node.args[:1] if isinstance(each, ast.Constant)
                         and isinstance(each.value, str))
    return {unicodedata.normalize("NFKC", name.partition(".")[0]) for name in names}


def _named(function: ast.expr) -> str:
    return getattr(function, "attr", None) or getattr(function, "id", "")


def _is_of(path: str, name: str) -> bool:
    """Whether a file is the module of that name, or one of the package."""
    return name not in COURSE and (path == f"{name}.py" or path.startswith(f"{name}/")) and bool(MODULE.fullmatch(path))


def _text(content: bytes) -> str:
    """A module's text, in the encoding that it names."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding).replace("\r\n", "\n")
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return content.decode("utf-8", "replace")
