"""Which library names a notebook's functions use, found without running it.

Follows imports, aliases and the calls from function to function by name, over all cells. What only running it could
tell (strings that are executed, names that are computed) is not seen: nothing is claimed that is not written there.
"""

import ast
import builtins
import warnings
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

DEPTH = 30  # of aliases of aliases: enough for people, and an end for `a = b; b = a`
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
NAMED = (*DEFINITIONS, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)  # nodes that bind their `name`

Value = str | ast.AST | None  # a library's dotted name; a definition or expression; something unknown
Scope = dict[str, Value]


@dataclass(frozen=True, order=True)
class Use:
    """A place where a library's name is used. position: of the cell in the notebook."""

    position: int
    line: int
    cell: str = field(compare=False)
    path: str


@dataclass(frozen=True)
class _Bound:
    """What a global name stands for after a statement."""

    value: Value
    line: int
    position: int


class Names:
    """The global names of a notebook. cells: (name, source) in order; given: cells in which no use is reported."""

    def __init__(self, cells: list[tuple[str, str]], given: Collection[str] = ()):
        self._cells, self._given = [name for name, _ in cells], set(given)
        self._bound: dict[str, list[_Bound]] = defaultdict(list)
        self._patches: dict[str, list[_Bound]] = defaultdict(list)  # what is assigned to a global's attributes
        self._stars: set[str] = set()
        for position, (_, source) in enumerate(cells):
            for statement in _statements(source):
                self._bind(statement, position)

    def uses(self, roots: Collection[str], wanted: Callable[[str], bool], stop: Collection[str] = ()) -> list[Use]:
        """The uses of `wanted` library names in the code that the global names `roots` reach; not beyond `stop`."""
        todo, seen, found = list(roots), set(stop), []
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                for bound in self._meanings(name):
                    for path, line in self._read(bound, todo):
                        if wanted(path) and self._cells[bound.position] not in self._given:
                            found.append(Use(bound.position, line, self._cells[bound.position], path))
        return found

    def _meanings(self, name: str) -> Iterator[_Bound]:
        """The last binding of a name, those before it that it is made of (`f = faster(f)`), and its patches."""
        for bound in reversed(self._bound.get(name, ())):
            yield bound
            if not isinstance(bound.value, ast.AST) or name not in _mentions(bound.value):
                break
        yield from self._patches.get(name, ())

    def _bind(self, node: ast.stmt, position: int) -> None:
        def bind(name: str, value: Value) -> None:
            self._bound[name].append(_Bound(value, node.lineno, position))

        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for name, path in _imported(node):
                if name == "*":
                    self._stars.add(path)
                else:
                    bind(name, path)
        elif isinstance(node, DEFINITIONS):
            bind(node.name, node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for part, value in _pairs(target, node.value):
                    if isinstance(part, ast.Name):
                        bind(part.id, value)
                    elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                        self._patches[part.value.id].append(_Bound(value, node.lineno, position))
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.With, ast.AsyncWith)):
            for name in _stored(node):
                bind(name, None)
        elif isinstance(node, ast.Expr) and _is_call(node.value, "setattr", 3):
            owner, _, value = node.value.args
            if isinstance(owner, ast.Name):
                self._patches[owner.id].append(_Bound(value, node.lineno, position))

    def _read(self, bound: _Bound, todo: list[str]) -> Iterator[tuple[str, int]]:
        """(dotted name, line) of each library name in a binding; the globals that it mentions go to `todo`."""
        if not isinstance(bound.value, ast.AST):
            if bound.value:
                yield bound.value, bound.line
            return
        stack: list[tuple[ast.AST, tuple[Scope, ...]]] = [(bound.value, ())]
        while stack:
            node, scopes = stack.pop()
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                continue
            if path := self._path(node, scopes):
                yield path, node.lineno
            elif isinstance(node, ast.Name):
                if not any(node.id in scope for scope in scopes):
                    todo.append(node.id)
            else:
                stack += [(child, inner) for child, inner in _children(node, scopes) if child is not None]

    def _path(self, node: ast.AST, scopes: tuple[Scope, ...], depth: int = DEPTH) -> str | None:
        """The library name that an expression stands for, such as torch.nn.LayerNorm, or None."""
        if depth == 0:
            return None
        if isinstance(node, ast.Name):
            return self._look_up(node.id, scopes, depth) if isinstance(node.ctx, ast.Load) else None
        owner, name = _member(node)
        if owner is not None and name:
            path = self._path(owner, scopes, depth - 1)
            return f"{path}.{name}" if path else None
        return _imported_by_call(node)

    def _look_up(self, name: str, scopes: tuple[Scope, ...], depth: int) -> str | None:
        for scope in reversed(scopes):
            if name in scope:
                value = scope[name]
                break
        else:
            if name not in self._bound:
                return f"{next(iter(self._stars))}.{name}" if len(self._stars) == 1 and not _is_builtin(name) else None
            value, scopes = self._bound[name][-1].value, ()
        return self._path(value, scopes, depth - 1) if isinstance(value, ast.expr) else _text(value)


def _statements(source: str) -> Iterator[ast.stmt]:
    """The statements of a cell that run when it does, also those inside `if`, `try` and loops. A cell that does not
    compile does not run. Of alternatives the usual one comes last: `except` before `try`, `else` before `if`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stack = list(reversed(ast.parse(source).body))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, DEFINITIONS):
            blocks = [getattr(node, name, []) for name in ("orelse", "body", "finalbody")]
            if isinstance(node, ast.Try):
                blocks = [*(handler.body for handler in node.handlers), node.body, node.orelse, node.finalbody]
            stack += reversed([statement for block in blocks for statement in block])


def _children(node: ast.AST, scopes: tuple[Scope, ...]) -> Iterator[tuple[ast.AST | None, tuple[Scope, ...]]]:
    """What is evaluated inside a node, each with its scopes. Annotations and the types of isinstance are not."""
    if isinstance(node, FUNCTIONS):
        outside = [*getattr(node, "decorator_list", ()), *node.args.defaults, *node.args.kw_defaults]
        inside = [node.body] if isinstance(node, ast.Lambda) else node.body
        local = (*scopes, _locals(node, inside))
        yield from ((child, scopes) for child in outside)
        yield from ((child, local) for child in inside)
    elif isinstance(node, ast.AnnAssign):
        yield from ((child, scopes) for child in (node.target, node.value))
    elif _is_call(node, "isinstance", 2) or _is_call(node, "issubclass", 2):
        yield node.args[0], scopes
    else:
        yield from ((child, scopes) for child in ast.iter_child_nodes(node))


def _locals(function: ast.AST, body: list[ast.AST]) -> Scope:
    """The names that a function binds: library names where it imports, an expression where one is assigned, once."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    scope: Scope = {argument.arg: None for argument in every if argument is not None}
    outer: set[str] = set()
    stack = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            scope.update((name, path) for name, path in _imported(node) if name != "*")
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            outer.update(node.names)
        elif isinstance(node, NAMED) and node.name:
            scope[node.name] = None
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            scope[name] = None if name in scope else node.value
            stack.append(node.value)
            continue
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            scope[node.id] = None
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            stack += ast.iter_child_nodes(node)
    return {name: value for name, value in scope.items() if name not in outer}


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Value]]:
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


def _stored(node: ast.For | ast.With) -> Iterator[str]:
    """The names that the first line of a loop or a `with` binds."""
    targets = [node.target] if hasattr(node, "target") else [item.optional_vars for item in node.items]
    return (each.id for target in targets if target for each in ast.walk(target) if isinstance(each, ast.Name))


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """(target, value) of an assignment, one by one where both sides are written out."""
    if not isinstance(target, (ast.Tuple, ast.List)):
        yield target, value
        return
    written_out = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
    for number, each in enumerate(target.elts):
        yield each, value.elts[number] if written_out else value


def _member(node: ast.AST) -> tuple[ast.expr | None, str]:
    """Owner and name of `owner.name`, `getattr(owner, "name")`, `owner.__dict__["name"]` or `vars(owner)["name"]`."""
    if isinstance(node, ast.Attribute):
        return node.value, node.attr
    if _is_call(node, "getattr", 2):
        return node.args[0], _string(node.args[1])
    if isinstance(node, ast.Subscript):
        if isinstance(node.value, ast.Attribute) and node.value.attr == "__dict__":
            return node.value.value, _string(node.slice)
        if _is_call(node.value, "vars", 1):
            return node.value.args[0], _string(node.slice)
    return None, ""


def _imported_by_call(node: ast.AST) -> str | None:
    """The module of `__import__("x")` or `importlib.import_module("x")`."""
    if isinstance(node, ast.Call) and node.args:
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if function in ("import_module", "__import__"):
            module = _string(node.args[0])
            return (module if function == "import_module" else module.partition(".")[0]) or None
    return None


def _is_call(node: ast.AST, name: str, least: int) -> bool:
    return (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
            and len(node.args) >= least)


def _mentions(value: ast.AST) -> set[str]:
    """The names in an expression, or in the decorators of a definition: not in its body, where they are recursion."""
    is_definition = isinstance(value, DEFINITIONS)
    inside = [*value.decorator_list, *getattr(value, "bases", ())] if is_definition else [value]
    return {node.id for each in inside for node in ast.walk(each) if isinstance(node, ast.Name)}


def _string(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _is_builtin(name: str) -> bool:
    return hasattr(builtins, name)
