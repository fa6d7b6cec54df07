"""What a check evaluates beside a student's code."""

import ast
import functools
from types import CodeType
from typing import Any


def evaluated(source: str, names: dict[str, Any]) -> Any:
    """The value of the last line of `source`, an expression; what stands above it, such as functions, is run first."""
    before, last = _compiled(source)
    exec(before, names)
    return eval(last, names)


@functools.lru_cache(maxsize=256)  # the checks of a part use the same few
def _compiled(source: str) -> tuple[CodeType, CodeType]:
    *before, last = ast.parse(source).body
    return (compile(ast.Module(before, []), "<check>", "exec", dont_inherit=True),
            compile(ast.Expression(last.value), "<check>", "eval", dont_inherit=True))
