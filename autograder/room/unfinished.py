"""Functions that are not written yet and do not say so: CS231n's own stubs return None.

    def rnn_step_forward(x, prev_h, Wx, Wh, b):
        next_h, cache = None, None
        return next_h, cache

They are made to raise NotImplementedError, as the stubs of a handout do. Only functions that a course asks for: what
another one returns is the student's own affair.
"""

import ast
from collections.abc import Callable, Collection, Iterator

EMPTY_CALLS = ("empty", "empty_like")  # torch.empty(N, T): nothing has been put in
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def mark_unfinished(tree: ast.Module, asked: Callable[[], Collection[str]]) -> None:
    """Changes the functions in a cell that are not written. asked: the names of those that a course asks for, methods
    as "Class.method"; it is called where there is a function that looks so."""
    found = [(name, function) for name, function in _functions(tree) if is_unfinished(function)]
    wanted = asked() if found else ()
    for _, function in (each for each in found if each[0] in wanted):
        place = 1 if ast.get_docstring(function) is not None else 0
        stub, = ast.parse('raise NotImplementedError("write your code here")').body
        for node in ast.walk(stub):
            if "lineno" in node._attributes:
                ast.copy_location(node, function.body[min(place, len(function.body) - 1)])
        function.body.insert(place, stub)


def is_unfinished(function: ast.FunctionDef) -> bool:
    """Whether it does nothing but return what is empty, whatever it is called with: None, and names that are bound to
    nothing else."""
    inside = list(_inside(function))
    if any(_has_an_effect(node) for node in inside):
        return False
    body = [node for node in function.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    if all(isinstance(node, ast.Pass) for node in body):
        return True
    returned = [node.value for node in inside if isinstance(node, ast.Return) and node.value is not None]
    empty = _empty_names(inside)
    return bool(returned) and all(_is_empty(value, empty) for value in returned)


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{each.name}", each) for each in node.body if isinstance(each, ast.FunctionDef))


def _inside(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of its body, but of no function within it."""
    todo = list(function.body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, DEFINITIONS):
            todo += ast.iter_child_nodes(node)


def _has_an_effect(node: ast.AST) -> bool:
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        return not isinstance(node.ctx, ast.Load)
    if isinstance(node, DEFINITIONS):
        return any(isinstance(each, ast.Nonlocal) for each in ast.walk(node))
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    return isinstance(node, (ast.Yield, ast.YieldFrom))


def _empty_names(inside: list[ast.AST]) -> set[str]:
    """The names that are bound to empty values only, and used for nothing but to be returned."""
    pairs = [pair for node in inside if isinstance(node, ast.Assign) for target in node.targets
             for pair in _pairs(target, node.value)]
    empty = {target.id for target, value in pairs if isinstance(target, ast.Name) and _is_empty(value, set())}
    filled = {target.id for target, value in pairs if isinstance(target, ast.Name) and not _is_empty(value, set())}
    bound = [target for target, _ in pairs]
    returned = {node for each in inside if isinstance(each, ast.Return) and each.value for node in ast.walk(each.value)}
    used = {node.id for node in inside if isinstance(node, ast.Name) and node not in returned and node not in bound}
    return empty - filled - used


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if not isinstance(target, (ast.Tuple, ast.List)):
        return [(target, value)]
    if isinstance(value, (ast.Tuple, ast.List)) and len(target.elts) == len(value.elts):
        return [pair for each in zip(target.elts, value.elts) for pair in _pairs(*each)]
    return [(each, value) for each in target.elts]


def _is_empty(value: ast.expr, names: Collection[str]) -> bool:
    if isinstance(value, ast.Constant):
        return value.value is None or value.value == 0
    if isinstance(value, (ast.Tuple, ast.List)):
        return all(_is_empty(each, names) for each in value.elts)
    if isinstance(value, ast.Dict):
        return not value.keys
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        return value.func.attr in EMPTY_CALLS
    return isinstance(value, ast.Name) and value.id in names
