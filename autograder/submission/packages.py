"""Packages that a notebook needs and the course does not count on: they may be here, and missing where it is graded.

The course counts on what this kit is installed with, on what comes with that, and on what its own cells import.
"""

import ast
import contextlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from functools import cache

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autograder.course.reading import parsed
from autograder.submission.modules import imported

KIT = "autograder-course-kit"
EXTRAS = ("notebook", "torch", "grade")  # what a grader's machine has


def unexpected(texts: Iterable[tuple[str, str]], given: Iterable[str], local: Iterable[str] = ()) -> dict[str, str]:
    """package -> where it is first needed, of those that are here and that the course does not count on.

    texts: (name, source) of cells and modules; given: sources of the course's own; local: paths of the student's
    modules. An import that nothing uses needs nothing: where it fails it costs nothing.
    """
    own = {path.partition("/")[0].removesuffix(".py") for path in local}
    expected = own | set(sys.stdlib_module_names) | {"autograder"}
    expected |= {name for source in given for name in imported(source)}
    texts = list(texts)
    names = {name for _, source in texts for name in imported(source)} - expected
    if not names or not (counted := _counted_on()):
        return {}
    names = {name for name in names if name not in counted and _is_here(name)}
    mentioned = {name for _, source in texts for name in _mentioned(source)} if names else set()
    found: dict[str, str] = {}
    for where, source in texts if names else ():
        for name in sorted(_needed(source, mentioned) & names):
            found.setdefault(name, where)
    return found


def sentences(found: dict[str, str]) -> list[str]:
    return [f"{where} imports `{name}`, which this course does not count on: a grader may lack it, and what needs it "
            "would fail" for name, where in found.items()]


def _needed(source: str, mentioned: set[str]) -> set[str]:
    """The packages whose imports in it are executed late, or are used."""
    tree = parsed(source)
    top = {id(node) for node in tree.body} if tree else set()
    needed = set()
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            bound = {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            if id(node) not in top or "*" in bound or bound & mentioned:
                needed |= imported(ast.unparse(node))
    return needed


def _mentioned(source: str) -> Iterator[str]:
    tree = parsed(source)
    return (node.id for node in ast.walk(tree) if isinstance(node, ast.Name)) if tree else iter(())


def _is_here(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


@cache
def _counted_on() -> frozenset[str]:
    """The modules of the kit's distributions; none where it was not installed as one."""
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = [Requirement(f"{KIT}[{','.join(EXTRAS)}]")]
    while todo:
        asked = todo.pop()
        key = canonicalize_name(asked.name), frozenset(asked.extras)
        if key not in seen:
            seen.add(key)
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                found = map(Requirement, importlib.metadata.requires(asked.name) or ())
                todo += [each for each in found if _applies(each, asked.extras)]
    names = {name for name, _ in seen}
    modules = importlib.metadata.packages_distributions()
    return frozenset(module for module, owners in modules.items() if names & set(map(canonicalize_name, owners)))


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ["", *extras])
