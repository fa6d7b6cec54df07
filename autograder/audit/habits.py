"""Slips that array code is prone to: each gives the right answer for the shapes that one tries first.

A mutant calls one of these around a value of the reference. Values that are no arrays pass through unchanged.
"""

import ast
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

SLIPS = ("squeezed", "flattened", "narrowed", "all_like_the_first", "all_like_the_last", "last_axis_like_its_first")
_sizes: dict[int, Any] = {}  # where a size was asked for -> what it was the first time
_noticed: list[bool] = []  # whether a slip could be seen in what it was given


def _slip(change: Callable[[Any], Any], always: bool = False) -> Callable[[Any], Any]:
    """always: it shows only in some shapes, so that not to see it is no excuse."""
    @functools.wraps(change)
    def slip(value: Any) -> Any:
        if not hasattr(value, "dtype") or not getattr(value, "ndim", 0) or not len(value):
            return value
        new = change(value)
        _noticed.append(always or new.shape != value.shape or not np.array_equal(_numbers(new), _numbers(value)))
        return new

    return slip


@functools.partial(_slip, always=True)
def squeezed(value: Any) -> Any:
    """Axes of size 1 are lost, as by a `squeeze` without an axis."""
    return value.squeeze()


@_slip
def flattened(value: Any) -> Any:
    """One axis for all: a column then meets a row, and broadcasts."""
    return value.reshape(-1)


@_slip
def narrowed(value: Any) -> Any:
    """Half the precision, and less than half the range."""
    if "float" not in str(value.dtype):
        return value
    return value.half().to(value.dtype) if hasattr(value, "half") else value.astype(np.float16).astype(value.dtype)


@_slip
def all_like_the_first(value: Any) -> Any:
    """Every entry along the first axis is the first."""
    return value[:1] + 0 * value


@_slip
def all_like_the_last(value: Any) -> Any:
    return value[-1:] + 0 * value


@_slip
def last_axis_like_its_first(value: Any) -> Any:
    return value[..., :1] + 0 * value if value.ndim > 1 else value


def as_at_first(value: Any, place: int) -> Any:
    """A size that somebody has typed in: that of the first input, for ever."""
    _noticed.append(True)
    return _sizes.setdefault(place, value)


def without_first(values: Any) -> list:
    _noticed.append(True)
    return list(values)[1:]


def without_last(values: Any) -> list:
    _noticed.append(True)
    return list(values)[:-1]


def forget() -> None:
    """What mutants keep from call to call: another one begins."""
    _sizes.clear()
    _noticed.clear()


def made_a_difference() -> bool:
    """Whether the slip of a mutant changed anything that it was given: else it is none, such as a flat vector that was
    flattened, or a list that was squeezed."""
    return any(_noticed)


def slips(node: ast.AST) -> Iterator[ast.AST]:
    """The changed copies of one statement or size."""
    if isinstance(node, (ast.Assign, ast.Return)) and node.value is not None:
        for slip in SLIPS if _may_be_array(node.value) else ():
            yield _with_value(node, _call(slip, node.value))
    if isinstance(node, ast.Assign) and _is_shape(node.value) and isinstance(node.targets[0], ast.Tuple):
        for place in range(len(node.targets[0].elts)):
            yield _with_value(node, _one_frozen(node.value, place, len(node.targets[0].elts), node.lineno))
    if isinstance(node, ast.Subscript) and _is_shape(node.value) and isinstance(node.ctx, ast.Load):
        yield _call("as_at_first", node, ast.Constant(1000 * node.lineno + node.col_offset))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
        yield _call("as_at_first", node, ast.Constant(1000 * node.lineno + node.col_offset))
    if isinstance(node, ast.For):
        yield from (_with_iter(node, _call(name, node.iter)) for name in ("without_first", "without_last"))
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _has_new_axis(node.slice):
        yield node.value


def imported(source: str) -> str:
    """A mutated cell that finds these functions."""
    names = [name for name in ("as_at_first", "without_first", "without_last", *SLIPS) if f"{name}(" in source]
    return f"from autograder.audit.habits import {', '.join(names)}\n{source}" if names else source


def _numbers(value: Any) -> np.ndarray:
    return value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value)


def _may_be_array(value: ast.expr) -> bool:
    return isinstance(value, (ast.BinOp, ast.Call, ast.Subscript, ast.Name, ast.UnaryOp)) and not _is_shape(value)


def _is_shape(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "shape"


def _has_new_axis(index: ast.expr) -> bool:
    entries = index.elts if isinstance(index, ast.Tuple) else [index]
    plain = all(isinstance(each, ast.Slice) and each.lower is each.upper is each.step is None
                or isinstance(each, ast.Constant) and each.value is None for each in entries)
    return plain and any(isinstance(each, ast.Constant) for each in entries)


def _one_frozen(shape: ast.expr, place: int, count: int, line: int) -> ast.expr:
    """(x.shape[0], as_at_first(x.shape[1], ...), x.shape[2])"""
    sizes: list[ast.expr] = [ast.Subscript(shape, ast.Constant(each), ast.Load()) for each in range(count)]
    sizes[place] = _call("as_at_first", sizes[place], ast.Constant(1000 * line + place))
    return ast.Tuple(sizes, ast.Load())


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _with_value(node: ast.Assign | ast.Return, value: ast.expr) -> ast.AST:
    return ast.Return(value) if isinstance(node, ast.Return) else ast.Assign(node.targets, value, lineno=node.lineno)


def _with_iter(node: ast.For, values: ast.expr) -> ast.For:
    return ast.For(node.target, values, node.body, node.orelse, lineno=node.lineno)
