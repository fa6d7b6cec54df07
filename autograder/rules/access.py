"""The ways in which Python code can name something without writing `owner.name`, read from its source.

What is known of strings that are put together (`"Layer" + "Norm"`) comes from folding constants; nothing is run.
"""

import ast
from collections.abc import Callable, Iterator

Fold = Callable[[ast.AST], str]  # the string that an expression stands for, or ''

STEPS, MAX_TEXT = 100, 20_000  # an end for `a = b + b; b = c + c; ...`
NAMESPACES = ("globals", "locals")
IMPORTS = ("import_module", "__import__", "resolve_name")


def member(node: ast.AST, fold: Fold) -> tuple[ast.expr | None, str]:
    """Owner and (dotted) name of `owner.name`, `getattr(owner, "name")`, `vars(owner)["name"]`,
    `attrgetter("name")(owner)` and their relatives; (None, "") for anything else."""
    if isinstance(node, ast.Attribute):
        return node.value, node.attr
    if isinstance(node, ast.Subscript):
        return _owner_of_dict(node.value), fold(node.slice)
    if not isinstance(node, ast.Call):
        return None, ""
    name, args = called(node), node.args
    if name in ("getattr", "getitem", "__getattribute__") and len(args) >= 2:
        return (_owner_of_dict(args[0]) if name == "getitem" else args[0]), fold(args[1])
    if name in ("__getattribute__", "get", "pop") and args and isinstance(node.func, ast.Attribute):
        owner = node.func.value
        return (owner if name == "__getattribute__" else _owner_of_dict(owner)), fold(args[0])
    made = node.func
    if isinstance(made, ast.Call) and called(made) in ("attrgetter", "methodcaller") and args and made.args:
        return args[0], fold(made.args[0])
    return None, ""


def _owner_of_dict(node: ast.AST) -> ast.expr | None:
    if isinstance(node, ast.Attribute) and node.attr == "__dict__":
        return node.value
    return node.args[0] if isinstance(node, ast.Call) and called(node) == "vars" and node.args else None


def imported(node: ast.AST, fold: Fold) -> str | None:
    """The dotted name of `__import__("x")`, `importlib.import_module("x")` or `sys.modules["x"]`."""
    if isinstance(node, ast.Call) and node.args and called(node) in IMPORTS:
        module = fold(node.args[0]).replace(":", ".")
        return (module.partition(".")[0] if called(node) == "__import__" else module) or None
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "modules":
        return fold(node.slice) or None
    return None


def global_name(node: ast.AST, fold: Fold) -> str:
    """x for `globals()["x"]`, or ''."""
    is_item = isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call)
    return fold(node.slice) if is_item and called(node.value) in NAMESPACES else ""


def alternatives(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions that one may turn out to be: both sides of `if` and `or`, the entries of what is indexed."""
    if isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    elif isinstance(node, ast.BoolOp):
        yield from node.values
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        yield from node.elts
    elif isinstance(node, (ast.NamedExpr, ast.Subscript, ast.Starred)):
        yield node.value


class TooEntangled(Exception):
    """A notebook cannot be read to its end: it is too large, too deep, or refers to itself in too many ways."""


def string(node: ast.AST, value_of: Callable[[ast.Name], ast.AST | None],
           spend: Callable[[], None] = lambda: None) -> str:
    """The text of an expression made of constants, cut off at MAX_TEXT, or ''. value_of: what a name was assigned,
    where that is known; spend: called for each step."""
    left = STEPS

    def fold(part: ast.AST | None) -> str:
        return whole(part)[:MAX_TEXT]

    def whole(part: ast.AST | None) -> str:
        nonlocal left
        spend()
        left -= 1
        if part is None or left < 0:
            return ""
        if isinstance(part, ast.Constant):
            return part.value if isinstance(part.value, str) else ""
        if isinstance(part, ast.Name):
            return fold(value_of(part))
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add):
            return fold(part.left) + fold(part.right)
        if isinstance(part, ast.JoinedStr):
            return "".join(map(fold, part.values[:STEPS]))
        if isinstance(part, ast.FormattedValue):
            return fold(part.value)
        if isinstance(part, ast.Subscript) and isinstance(getattr(part.slice, "step", None), ast.UnaryOp):
            return fold(part.value)[::-1]  # [::-1]
        if isinstance(part, ast.Call) and called(part) == "join" and part.args and isinstance(part.func, ast.Attribute):
            return fold(part.func.value).join(map(fold, getattr(part.args[0], "elts", ())[:STEPS]))
        return ""

    return fold(node)


def executed(node: ast.AST, fold: Fold) -> list[ast.stmt]:
    """The statements of `exec("...")` and `eval("...")`, where the text is known, as if they stood on that line."""
    if isinstance(node, ast.Call) and node.args and called(node) in ("exec", "eval"):
        try:
            body = ast.parse(fold(node.args[0])).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return []
        for each in (inner for statement in body for inner in ast.walk(statement) if hasattr(inner, "lineno")):
            each.lineno = node.lineno
        return body
    return []


def called(node: ast.Call) -> str:
    """The last name of what is called: x for `x(...)` and `y.x(...)`."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
