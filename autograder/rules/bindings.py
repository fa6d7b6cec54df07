"""What statements bind: the names that imports, assignments, loops and functions give to values."""

import ast
import warnings
from collections.abc import Iterator

from autograder.rules import access

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
NAMED = (*DEFINITIONS, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)  # nodes that bind their `name`

Value = str | ast.AST | None  # a library's dotted name; a definition or expression; something unknown
Scope = dict[str, Value]


def statements(source: str) -> Iterator[ast.stmt]:
    """The statements of a cell that run when it does, also those inside `if`, `try` and loops. A cell that does not
    compile does not run. Of alternatives the usual one comes last: `except` before `try`, `else` before `if`.

    Raises TooEntangled for one that may compile elsewhere, but cannot be read here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stack = list(reversed(ast.parse(source).body))
    except (SyntaxError, ValueError):
        return
    except (RecursionError, MemoryError):
        raise access.TooEntangled from None
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, ast.Expr):
            stack += reversed(access.executed(node.value, lambda part: access.string(part, lambda name: None)))
        if not isinstance(node, DEFINITIONS):
            blocks = [getattr(node, name, []) for name in ("orelse", "body", "finalbody")]
            if isinstance(node, ast.Try):
                blocks = [*(handler.body for handler in node.handlers), node.body, node.orelse, node.finalbody]
            stack += reversed([statement for block in blocks for statement in block])


def locals_of(function: ast.AST, body: list[ast.AST]) -> Scope:
    """The names that a function binds: library names where it imports, an expression where one is assigned, once."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    scope: Scope = {argument.arg: None for argument in every if argument is not None}
    outer: set[str] = set()
    stack = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            scope.update((name, path) for name, path in imported(node) if name != "*")
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            outer.update(node.names)
        elif isinstance(node, NAMED) and node.name:
            scope[node.name] = None
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            before = scope.get(name)
            scope[name] = ast.Tuple([before, node.value]) if isinstance(before, ast.expr) else node.value
            stack.append(node.value)
            continue
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)) and isinstance(node.target, ast.Name):
            scope[node.target.id] = node.iter
            stack += [child for child in ast.iter_child_nodes(node) if child is not node.target]
            continue
        elif isinstance(node, ast.NamedExpr):
            scope[node.target.id] = node.value
            stack.append(node.value)
            continue
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            scope[node.id] = None
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            stack += ast.iter_child_nodes(node)
    return {name: value for name, value in scope.items() if name not in outer}


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Value]]:
    """(name, dotted name) of what an import statement binds; ("*", module) for a star."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield alias.asname or alias.name.partition(".")[0], alias.name if alias.asname else alias.name.split(".")[0]
        elif node.level:
            yield alias.asname or alias.name, None
        elif alias.name == "*":
            yield "*", node.module
        else:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def stored(node: ast.For | ast.With) -> Iterator[str]:
    """The names that the first line of a loop or a `with` binds."""
    targets = [node.target] if hasattr(node, "target") else [item.optional_vars for item in node.items]
    return (each.id for target in targets if target for each in ast.walk(target) if isinstance(each, ast.Name))


def assigned_outside(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """(name, value) of what a function assigns to names that it declares global."""
    declared = {name for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names}
    for each in ast.walk(node) if declared else ():
        if isinstance(each, ast.Assign):
            yield from ((target.id, each.value) for target in each.targets
                        if isinstance(target, ast.Name) and target.id in declared)


def root(node: ast.AST) -> list[str]:
    """[x] for `x.y.z`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return [node.id] if isinstance(node, ast.Name) else []


def pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """(target, value) of an assignment, one by one where both sides are written out."""
    if not isinstance(target, (ast.Tuple, ast.List)):
        yield target, value
        return
    written_out = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
    for number, each in enumerate(target.elts):
        yield each, value.elts[number] if written_out else value
