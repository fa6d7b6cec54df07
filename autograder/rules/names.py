"""Which library names a notebook's functions use, found without running it.

Follows imports, aliases and the calls from function to function by name, over all cells. What only running it could
tell (strings that are executed, names that are computed) is not seen: nothing is claimed that is not written there.
"""

import ast
import builtins
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from autograder.rules import access, bindings
from autograder.rules.bindings import DEFINITIONS, FUNCTIONS, Scope, Value

STEPS = 60  # from alias to alias: enough for people, and an end for `a = b; b = a`
EXECUTED = 50  # texts that are executed: an end for `s = "exec(s)"; exec(s)`
MAX_STEPS = 500_000  # in all: some seconds, and a hundred times what long notebooks take
STORES = ("append", "add", "insert", "extend", "update", "setdefault")


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
    """The global names of a notebook. cells: (name, source) in order; given: cells in which no use is reported;
    local: the modules whose text is among the cells.

    Raises TooEntangled, here or later, for one that cannot be read to its end.
    """

    def __init__(self, cells: list[tuple[str, str]], given: Collection[str] = (), local: Collection[str] = ()):
        self._cells, self._given, self._local = [name for name, _ in cells], set(given), set(local)
        self._bound: dict[str, list[_Bound]] = defaultdict(list)
        self._patches: dict[str, list[_Bound]] = defaultdict(list)  # what is assigned to a global's attributes
        self._stars: set[str] = set()
        self._executions = 0
        self._left = MAX_STEPS
        for position, (_, source) in enumerate(cells):
            for statement in bindings.statements(source):
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
                        if self._is_local(path):
                            todo.append(path.rpartition(".")[2])
                        elif wanted(path) and self._cells[bound.position] not in self._given:
                            found.append(Use(bound.position, line, self._cells[bound.position], path))
        return found

    def _is_local(self, path: Value) -> bool:
        return isinstance(path, str) and path.partition(".")[0] in self._local

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
            for name, path in bindings.imported(node):
                if name == "*":
                    self._stars |= {path} if not self._is_local(path) else set()
                elif not (self._is_local(path) and path.endswith(f".{name}")):  # else its own text binds it
                    bind(name, path)
        elif isinstance(node, DEFINITIONS):
            bind(node.name, node)
            for name, value in bindings.assigned_outside(node):
                bind(name, value)
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for part, value in bindings.pairs(target, node.value):
                    if isinstance(part, ast.Name):
                        bind(part.id, value)
                    elif name := access.global_name(part, self._folder(())):
                        bind(name, value)
                    elif isinstance(part, (ast.Attribute, ast.Subscript)) and isinstance(part.value, ast.Name):
                        self._patches[part.value.id].append(_Bound(value, node.lineno, position))
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.With, ast.AsyncWith)):
            for name in bindings.stored(node):
                bind(name, getattr(node, "iter", None))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and access.called(node.value) in STORES:
            owner = getattr(node.value.func, "value", None)
            if isinstance(owner, ast.Name):
                self._patches[owner.id] += [_Bound(value, node.lineno, position) for value in node.value.args]
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
                todo += bindings.root(node)  # something may have been assigned to it
            if path and next(access.alternatives(node), None) is None:
                continue
            if isinstance(node, ast.Name):
                if not any(node.id in scope for scope in scopes):
                    todo.append(node.id)
            else:
                todo += filter(None, [access.global_name(node, self._folder(scopes))])
                stack += [(each, scopes) for each in self._executed(node, scopes)]
                stack += [(child, inner) for child, inner in _children(node, scopes) if child is not None]

    def _path(self, node: ast.AST, scopes: tuple[Scope, ...], left: list[int] | None = None) -> str | None:
        """The library name that an expression stands for, such as torch.nn.LayerNorm, or None."""
        self._spend()
        left = [STEPS] if left is None else left
        left[0] -= 1
        if left[0] < 0:
            return None
        if isinstance(node, ast.Name):
            return self._look_up(node.id, scopes, left) if isinstance(node.ctx, ast.Load) else None
        fold = self._folder(scopes)
        owner, name = access.member(node, fold)
        if owner is not None and name:
            path = self._path(owner, scopes, left)
            return f"{path}.{name}" if path else None
        if name := access.global_name(node, fold):
            return self._look_up(name, (), left)
        paths = (self._path(each, scopes, left) for each in access.alternatives(node))
        return access.imported(node, fold) or next(filter(None, paths), None)

    def _look_up(self, name: str, scopes: tuple[Scope, ...], left: list[int]) -> str | None:
        value, scopes = self._value(name, scopes)
        if value is None and name not in self._bound and not any(name in scope for scope in scopes):
            return f"{next(iter(self._stars))}.{name}" if len(self._stars) == 1 and not _is_builtin(name) else None
        return self._path(value, scopes, left) if isinstance(value, ast.expr) else _text(value)

    def _value(self, name: str, scopes: tuple[Scope, ...]) -> tuple[Value, tuple[Scope, ...]]:
        """What a name stands for, and the scopes in which that was written."""
        for scope in reversed(scopes):
            if name in scope:
                return scope[name], scopes
        return (self._bound[name][-1].value if name in self._bound else None), ()

    def _executed(self, node: ast.AST, scopes: tuple[Scope, ...]) -> list[ast.stmt]:
        found = access.executed(node, self._folder(scopes)) if self._executions < EXECUTED else []
        self._executions += bool(found)
        return found

    def _folder(self, scopes: tuple[Scope, ...]) -> access.Fold:
        def value_of(name: ast.Name) -> ast.AST | None:
            value, _ = self._value(name.id, scopes)
            return value if isinstance(value, ast.expr) else None

        return lambda node: access.string(node, value_of, self._spend)

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise access.TooEntangled


def _children(node: ast.AST, scopes: tuple[Scope, ...]) -> Iterator[tuple[ast.AST | None, tuple[Scope, ...]]]:
    """What is evaluated inside a node, each with its scopes. Annotations and the types of isinstance are not."""
    if isinstance(node, FUNCTIONS):
        outside = [*getattr(node, "decorator_list", ()), *node.args.defaults, *node.args.kw_defaults]
        inside = [node.body] if isinstance(node, ast.Lambda) else node.body
        local = (*scopes, bindings.locals_of(node, inside))
        yield from ((child, scopes) for child in outside)
        yield from ((child, local) for child in inside)
    elif isinstance(node, ast.AnnAssign):
        yield from ((child, scopes) for child in (node.target, node.value))
    elif _is_call(node, "isinstance", 2) or _is_call(node, "issubclass", 2):
        yield node.args[0], scopes
    else:
        yield from ((child, scopes) for child in ast.iter_child_nodes(node))


def _is_call(node: ast.AST, name: str, least: int) -> bool:
    return (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
            and len(node.args) >= least)


def _mentions(value: ast.AST) -> set[str]:
    """The names in an expression, or in the decorators of a definition: not in its body, where they are recursion."""
    is_definition = isinstance(value, DEFINITIONS)
    inside = [*value.decorator_list, *getattr(value, "bases", ())] if is_definition else [value]
    return {node.id for each in inside for node in ast.walk(each) if isinstance(node, ast.Name)}


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _is_builtin(name: str) -> bool:
    return hasattr(builtins, name)
