"""How a cell is run, wherever a notebook is examined: in a room, by `autograder check`, and in a student's own kernel.

An import at the top level that fails, for whatever reason, costs the names that it would have bound and nothing else:
the cell goes on. Whoever uses such a name later meets a NameError there. Imports inside functions, classes and `try`
are the student's own affair. A function that is not written yet says so (autograder.room.unfinished).
"""

import __future__

import ast
import inspect
import linecache
import sys
import time
import types
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from autograder.room.unfinished import mark_unfinished

_HANDLER = "try:\n    pass\nexcept Exception:\n    __import__({module!r}, fromlist=['forgive']).forgive({said!r})"
_FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names[-2:])
_forgiven: list[str] = []
_futures: dict[int, int] = {}  # id of a namespace -> flags of `from __future__ import`


def run(source: str, name: str, names: dict[str, Any], asked: Collection[str] = ()) -> list[str]:
    """Executes a cell in the namespace `names`; `name` is what its frames are called; asked: the functions that its
    student is to write. Sentences on imports that failed, also of cells before it that did not come to their end."""
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    code = compiled(source, name, asked, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | _futures.get(id(names), 0))
    _futures[id(names)] = code.co_flags & _FUTURE  # as in a kernel, they hold for the cells that follow
    if code.co_flags & inspect.CO_COROUTINE:
        _await(eval(code, names))
    else:
        exec(code, names)
    return taken(name)


def taken(name: str) -> list[str]:
    """The sentences on imports that have failed since this was last asked, with the name of the cell before them."""
    said = [f"{name} {sentence}" for sentence in _forgiven]
    _forgiven.clear()
    return said


def forgive(statement: str) -> None:
    """Notes the failure of an import that is being handled."""
    error = sys.exc_info()[1]
    if isinstance(error, ModuleNotFoundError) and error.name:
        _forgiven.append(f"imports `{error.name.partition('.')[0]}`, which is not installed here")
    else:
        _forgiven.append(f"goes on without `{statement}`: {type(error).__name__}: {str(error)[:200]}")


class Prepared(ast.NodeTransformer):
    """Changes the tree of a cell: imports at the top level are wrapped, name by name, and functions that are not
    written raise. It is also what IPython calls an AST transformer. asked: see `mark_unfinished`."""

    def __init__(self, asked: Callable[[], Collection[str]]):
        self._asked = asked

    def visit_Module(self, node: ast.Module) -> ast.AST:
        mark_unfinished(node, self._asked)
        return self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        return [self._wrapped(ast.Import([alias]), node) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt | list[ast.stmt]:
        if node.module == "__future__":
            return node
        return [self._wrapped(ast.ImportFrom(node.module, [alias], node.level), node) for alias in node.names]

    def visit_Try(self, node: ast.stmt) -> ast.stmt:
        return node

    visit_TryStar = visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_Try

    @staticmethod
    def _wrapped(statement: ast.stmt, original: ast.stmt) -> ast.stmt:
        wrapped, = ast.parse(_HANDLER.format(module=__name__, said=ast.unparse(statement))).body
        wrapped.body = [statement]
        for node in ast.walk(wrapped):
            if "lineno" in node._attributes:
                ast.copy_location(node, original)
        return wrapped


def compiled(source: str, name: str, asked: Collection[str] = (), flags: int = 0) -> types.CodeType:
    """The code of a cell or a module, prepared as above."""
    if not asked and "import" not in source:
        return compile(source, name, "exec", flags, dont_inherit=True)
    tree = compile(source, name, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
    return compile(Prepared(lambda: asked).visit(tree), name, "exec", flags, dont_inherit=True)


def _await(cell: Coroutine) -> None:
    """Runs a cell that awaits at its top level, as a notebook's kernel does; with timers and tasks, but no sockets:
    a room has none."""
    import asyncio

    class Loop(asyncio.BaseEventLoop):
        class _selector:
            @staticmethod
            def select(seconds: float | None) -> list:
                time.sleep(1.0 if seconds is None else seconds)
                return []

        def _process_events(self, events: list) -> None:
            pass

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(cell)
