"""Small wrong variants of a reference: one operator, constant, argument or statement of a solution changed, or one slip
that array code is prone to (habits.py).

A mutant that no check notices shows what the checks cannot see. One that computes the same is equivalent: its
assignment's mistakes.py says so, with the reason, in EQUIVALENT = {"function: old -> new": "reason"}; a change that
reads the same in two places of a function is numbered: "... (#2)".
"""

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from autograder.audit.habits import imported, slips
from autograder.course import regions
from autograder.course.source import Cell

OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
             ast.FloorDiv: ast.Div, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.And: ast.Or, ast.Or: ast.And}
COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
               ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}


@dataclass(frozen=True)
class Mutant:
    """`source` is the whole cell with one change; `name` says which: "function: old -> new"; `line` of the notebook's
    file says where."""

    cell: str
    function: str
    name: str
    source: str
    line: int

    @property
    def is_slip(self) -> bool:
        return self.source.startswith("from autograder.audit.habits import")


def mutants(cell: Cell) -> list[Mutant]:
    """Every mutant of the solution regions of a cell, in the order of the source; no two compute the same text."""
    tree = ast.parse(cell.source)
    spans = regions.find(cell.source, regions.SOLUTION)
    found: dict[str, Mutant] = {}
    names: Counter[str] = Counter()
    for function, scope in _functions(tree):
        for node in ast.walk(function):
            if not any(begin < getattr(node, "lineno", 0) < end for begin, end in spans):
                continue
            for new in _variants(node):
                source = imported(ast.unparse(_replaced(tree, node, new)))
                if source not in found:
                    name = f"{scope}: {_text(node)} -> {_text(new)}"
                    names[name] += 1
                    number = f" (#{names[name]})" if names[name] > 1 else ""
                    found[source] = Mutant(cell.name, scope, name + number, source, cell.line + node.lineno - 1)
    found.pop(ast.unparse(tree), None)
    return list(found.values())


def _functions(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef, str]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node, node.name
        elif isinstance(node, ast.ClassDef):
            yield from ((each, f"{node.name}.{each.name}") for each in node.body if isinstance(each, ast.FunctionDef))


def _variants(node: ast.AST) -> Iterator[ast.AST]:
    """The changed copies of one node."""
    for kind, make in _MAKERS:
        if isinstance(node, kind):
            yield from make(node)
    yield from slips(node)


def _binary(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in OPERATORS:
        yield _with(node, op=OPERATORS[type(node.op)]())
    if isinstance(node.op, (ast.MatMult, ast.Sub, ast.Div)):
        yield _with(node, left=node.right, right=node.left)


def _logical(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _with(node, op=OPERATORS[type(node.op)]())


def _comparison(node: ast.Compare) -> Iterator[ast.AST]:
    yield _with(node, ops=[COMPARISONS[type(node.ops[0])](), *node.ops[1:]])


def _unary(node: ast.UnaryOp) -> Iterator[ast.AST]:
    yield node.operand


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 2 if value else 1.0)


def _call(node: ast.Call) -> Iterator[ast.AST]:
    if len(node.args) >= 2:
        yield _with(node, args=[node.args[1], node.args[0], *node.args[2:]])
    if len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred):
        yield node.args[0]
    for index in range(len(node.keywords)):
        yield _with(node, keywords=node.keywords[:index] + node.keywords[index + 1:])


def _attribute(node: ast.Attribute) -> Iterator[ast.AST]:
    if node.attr == "T":
        yield node.value


def _tuple(node: ast.Tuple) -> Iterator[ast.AST]:
    if isinstance(node.ctx, ast.Load) and len(node.elts) >= 2:
        yield _with(node, elts=[node.elts[1], node.elts[0], *node.elts[2:]])


def _added(node: ast.AugAssign) -> Iterator[ast.AST]:
    target = copy.deepcopy(node.target)
    yield ast.Assign([target], node.value, lineno=node.lineno)
    if type(node.op) in OPERATORS:
        yield _with(node, op=OPERATORS[type(node.op)]())
    yield ast.Pass()


def _statement(node: ast.Expr) -> Iterator[ast.AST]:
    if isinstance(node.value, ast.Call):
        yield ast.Pass()


def _assigned_element(node: ast.Assign) -> Iterator[ast.AST]:
    if isinstance(node.targets[0], (ast.Subscript, ast.Attribute)):
        yield ast.Pass()


def _condition(node: ast.If) -> Iterator[ast.AST]:
    yield _with(node, test=ast.Constant(True))
    yield _with(node, test=ast.Constant(False))


_MAKERS: list[tuple[type, Callable]] = [
    (ast.BinOp, _binary), (ast.BoolOp, _logical), (ast.Compare, _comparison), (ast.UnaryOp, _unary),
    (ast.Constant, _constant), (ast.Call, _call), (ast.Attribute, _attribute), (ast.Tuple, _tuple),
    (ast.AugAssign, _added), (ast.Expr, _statement), (ast.Assign, _assigned_element), (ast.If, _condition)]


def _with(node: ast.AST, **changes) -> ast.AST:
    new = copy.copy(node)
    for name, value in changes.items():
        setattr(new, name, value)
    return new


class _Replacer(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST):
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _replaced(tree: ast.Module, old: ast.AST, new: ast.AST) -> ast.Module:
    """A copy of `tree` with one node replaced; the original stays as it is."""
    memo: dict = {}
    copied = copy.deepcopy(tree, memo)
    return ast.fix_missing_locations(_Replacer(memo[id(old)], copy.deepcopy(new)).visit(copied))


def _text(node: ast.AST) -> str:
    """One line of source for a node, shortened in the middle of long ones."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 100 else f"{text[:60]} ... {text[-35:]}"
