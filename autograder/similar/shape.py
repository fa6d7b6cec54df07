"""The shape of a piece of code: what is left when names, comments, layout and the order of functions are taken away."""

import ast
import re
import warnings

MAX_TOKENS = 4000
TOKEN = re.compile(r"\w+|[^\w\s]")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def shape(code: str, handout: str = "") -> list[str]:
    """The tokens of the statements that a student wrote: those of the handout do not count, nor do signatures and
    docstrings. Own names are all `n`, own attributes `a`, texts `s`; functions are in the order of their lengths."""
    try:
        given = {statement for unit in _unit_texts(handout) for statement in unit}
        units = [[statement for statement in unit if statement not in given] for unit in _unit_texts(code)]
        tokens = sorted((TOKEN.findall("\n".join(unit)) for unit in units), key=lambda unit: (len(unit), unit))
        return [token for unit in tokens for token in unit][:MAX_TOKENS]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        left = {line.strip() for line in handout.splitlines()}
        lines = [line for line in code.splitlines() if line.strip() not in left]
        return TOKEN.findall(re.sub(r"#.*", "", "\n".join(lines)))[:MAX_TOKENS]


def line_shapes(code: str) -> list[str]:
    """For each line of a piece of code its shape, to see which lines of two pieces are the same; "" says nothing."""
    try:
        own = own_names(_parsed(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        own = set()
    lines = []
    for line in code.splitlines():
        tokens = ["n" if token in own else token for token in TOKEN.findall(re.sub(r"#.*", "", line))]
        lines.append(" ".join(tokens) if len(tokens) > 2 else "")
    return lines


def _unit_texts(code: str) -> list[list[str]]:
    """The statements of each unit, with names, attributes and texts taken away."""
    tree = _parsed(code)
    renamed = _Renamed(own_names(tree), _own_attributes(tree))
    return [[ast.unparse(renamed.visit(statement)) for statement in unit] for unit in _units(tree)]


def own_names(tree: ast.AST) -> set[str]:
    """The names that a piece of code binds itself: variables, arguments, functions."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(node.name)
    return names


def _own_attributes(tree: ast.AST) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}


def _parsed(code: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(code)


def _units(tree: ast.Module) -> list[list[ast.stmt]]:
    """The statements of each function and method, and those outside of them; without docstrings and imports."""
    units, waiting = [[]], [*tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ClassDef):
            waiting += node.body
        elif isinstance(node, DEFINITIONS):
            units.append([each for each in node.body if not _is_text(each)])
        elif not isinstance(node, (ast.Import, ast.ImportFrom)) and not _is_text(node):
            units[0].insert(0, node)
    return units


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


class _Renamed(ast.NodeTransformer):
    """Own names, own attributes and texts without what makes them somebody's own."""

    def __init__(self, names: set[str], attributes: set[str]):
        self.names, self.attributes = names, attributes

    def visit_Name(self, node):
        return ast.Name("n" if node.id in self.names else node.id, node.ctx)

    def visit_arg(self, node):
        return ast.arg("n")

    def visit_Attribute(self, node):
        self.generic_visit(node)
        return ast.Attribute(node.value, "a" if node.attr in self.attributes else node.attr, node.ctx)

    def visit_Constant(self, node):
        return ast.Name("s", ast.Load()) if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node):
        return ast.Name("s", ast.Load())

    def visit_AnnAssign(self, node):
        self.generic_visit(node)
        return ast.Assign([node.target], node.value, lineno=0) if node.value else ast.Pass()

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.name, node.returns = "n", None
        node.body = [each for each in node.body if not _is_text(each)] or [ast.Pass()]
        return node
