"""Which statements of a notebook decide about a part: what is written for it, and all that this code mentions.

By name, without running anything, and rather too many than too few: a statement counts for a part as soon as it
binds a name that the part's checks, or a statement that counts for it, mention. One that does more than bind names
counts for every part.
"""

import ast
import hashlib
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.course.plan import Plan

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
DEFINED = re.compile(r"^(?:async +def|def|class)\s+(\w+)|^(\w+)\s*=[^=]", re.MULTILINE)  # in what does not compile


@dataclass(frozen=True)
class _Code:
    """A statement at the top level, or a cell that does not compile: the names it binds and those it mentions;
    does_more: than binding names."""

    text: str
    binds: frozenset[str]
    mentions: frozenset[str]
    does_more: bool = False


def part_keys(cells: list[tuple[str, str]], plan: Plan, checks: str) -> dict[str, str]:
    """For each part a digest of what decides about it: checks and statements. cells: (name, source) in order."""
    codes = _without_repeated_imports([code for _, source in cells for code in _read(source)])
    roots = _mentioned_by_checks(plan, checks)
    keys = {}
    for part in plan.parts:
        names = set(roots[part.name]).union(*(roots[name] for name in _all_prerequisites(plan, part.name)))
        counting = _closure(codes, names)
        texts = [checks, *(codes[index].text for index in sorted(counting))]
        keys[part.name] = hashlib.blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=8).hexdigest()
    return keys


def _closure(codes: list[_Code], names: set[str]) -> set[int]:
    counting, grown = {index for index, code in enumerate(codes) if code.does_more}, True
    while grown:
        grown = False
        for index, code in enumerate(codes):
            if not code.binds.isdisjoint(names) and (index not in counting or not code.mentions <= names):
                counting.add(index)
                names |= code.mentions
                grown = True
    return counting


def _without_repeated_imports(codes: list[_Code]) -> list[_Code]:
    seen: set[str] = set()
    kept = []
    for code in codes:
        if not (code.text.startswith("Import") and code.text in seen):
            kept.append(code)
        seen.add(code.text)
    return kept


def _read(source: str) -> Iterator[_Code]:
    tree = _parsed(source)
    if tree is None:
        binds = {name for match in DEFINED.findall(source) for name in match if name}
        yield _Code(source, frozenset(binds), frozenset(re.findall(r"[^\W\d]\w*", source)), does_more=not binds)
        return
    for node in tree.body:
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            binds = _bound_by(node)
            yield _Code(ast.dump(node), frozenset(binds), frozenset(_mentions(node)), does_more=not binds)


def _bound_by(node: ast.stmt) -> set[str]:
    """The names that a statement binds; none for one that may do anything."""
    if isinstance(node, DEFINITIONS):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)) and all(alias.name != "*" for alias in node.names):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return {name for target in targets for name in _mentions(target)}  # Model.loss = ... binds both
    return set()


def _mentioned_by_checks(plan: Plan, checks: str) -> dict[str, set[str]]:
    """For each part the names that its checks mention, themselves or in the helpers of checks.py."""
    bodies = {node.name: _mentions(node) for node in ast.parse(checks).body if isinstance(node, DEFINITIONS)}
    mentioned = {}
    for part in plan.parts:
        names, todo = {part.name}, [check.name for check in plan.checks_of(part.name)]
        while todo:
            new = bodies.get(todo.pop(), set()) - names
            names |= new
            todo += [name for name in new if name in bodies]
        mentioned[part.name] = names
    return mentioned


def _all_prerequisites(plan: Plan, part: str) -> set[str]:
    found: set[str] = set()
    todo = [part]
    while todo:
        new = set(plan.part(todo.pop()).prerequisites) - found
        found |= new
        todo += new
    return found


def waiting_for(plan: Plan, part: str) -> list[str]:
    """The parts that build on a part or wait for it, directly or not."""
    return [each.name for each in plan.parts if part in _all_prerequisites(plan, each.name)]


def _mentions(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            names.add(node.value)  # getattr(student, "name")
    return names


def _parsed(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
