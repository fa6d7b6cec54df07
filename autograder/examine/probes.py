"""`beside`: a function of the check's own, a probe, is run where the student's code runs.

What goes over is its source, so a probe uses its arguments, `np`, `torch`, Python's own library, and what its file
defines at the left edge: other functions, and plain data.
"""

import functools
import inspect
import symtable
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

from autograder.errors import CourseError
from autograder.examine.face import Face, Handle

__all__ = ["beside", "face_of"]

GIVEN = ("np", "torch")
PLAIN = (bool, int, float, str, tuple, list, dict, type(None))


def beside(owner: Any, probe: Callable, *args: Any) -> Any:
    """What `probe(*args)` returns, run beside the owner's code.

    owner: `student`, `reference`, or anything that came from one of them, such as a module. Data go over as copies,
    handles as what they stand for. Hooks, modes and gradients of modules among the arguments are put back afterwards.
    """
    return face_of(owner).evaluate(_source(probe, True))(*args)


def settled(owner: Any, change: Callable, *args: Any) -> Any:
    """Like `beside`, for what shall leave its mark."""
    return face_of(owner).evaluate(_source(change, False))(*args)


def face_of(owner: Any) -> Face:
    """The notebook that `owner` is, or comes from."""
    return Face(owner._backend) if type(owner) is Handle else owner


@functools.cache
def _source(probe: Callable, tidy: bool) -> str:
    needed: dict[str, str] = {}
    _gather(probe, needed)
    if not tidy:
        return "\n".join([*needed.values(), probe.__name__])
    _gather(_put_back, needed)
    return "\n".join([*needed.values(), f"lambda *args: _put_back({probe.__name__}, args)"])


def _gather(function: FunctionType, needed: dict[str, str]) -> None:
    """Adds the source of a function, and of what it uses, to `needed`."""
    if function.__closure__:
        raise CourseError(f"a probe stands at the left edge of its file: `{function.__name__}`",
                          "it uses what another function defines")
    source = needed[function.__name__] = textwrap.dedent(inspect.getsource(function))
    for name in _globals(symtable.symtable(source, function.__name__, "exec")):
        value = function.__globals__.get(name)
        if name in needed or name in GIVEN or name not in function.__globals__:
            continue
        if isinstance(value, FunctionType):
            _gather(value, needed)
        elif isinstance(value, PLAIN):
            needed[name] = f"{name} = {value!r}"
        elif isinstance(value, ModuleType) and value.__name__ in sys.stdlib_module_names:
            needed[name] = f"import {value.__name__} as {name}"
        else:
            raise CourseError(f"a probe uses its arguments, np, torch, and functions and plain data of its own file: "
                              f"`{function.__name__}`", f"it uses `{name}`, of type {type(value).__name__}",
                              "import it inside the probe, or give it as an argument")


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    """The names that functions of a source look up outside."""
    if table.get_type() == "function":
        yield from (symbol.get_name() for symbol in table.get_symbols() if symbol.is_global())
    for child in table.get_children():
        yield from _globals(child)


def _put_back(probe, args):
    """Runs a probe; afterwards its modules have the hooks, modes and gradients that they had before."""
    kind = sys.modules["torch"].nn.Module if "torch" in sys.modules else ()
    modules = {module for arg in args if isinstance(arg, kind) for module in arg.modules()}
    hooks = [(kept, dict(kept)) for module in modules for name, kept in vars(module).items() if name.endswith("_hooks")]
    modes = [(module, module.training) for module in modules]
    slopes = [(one, one.grad, one.requires_grad) for module in modules for one in module.parameters(recurse=False)]
    try:
        return probe(*args)
    finally:
        for kept, before in hooks:
            kept.clear()
            kept.update(before)
        for module, mode in modes:
            module.training = mode
        for one, slope, learns in slopes:
            one.grad = slope
            one.requires_grad_(learns)
