"""What an answer costs, counted and not timed. It is counted beside the student's code: evidence, and no proof."""

import inspect
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from autograder.examine.face import Handle
from autograder.examine.probes import beside

__all__ = ["Cost", "calls_of", "cost"]


class Cost(NamedTuple):
    """out: what the function returned; multiplications: in its matrix products and convolutions; largest: how many
    numbers the largest tensor holds that it made on the way."""

    out: Any
    multiplications: int
    largest: int


def cost(function: Handle, *args: Any) -> Cost:
    """Calls a function of tensors, or a module, and counts. Compare `out` as well: a wrong answer may be cheap."""
    return Cost(*beside(function, _counted, function, list(args)))


def calls_of(counted: Handle, function: Callable, *args: Any) -> tuple[Any, int]:
    """What `function(*args)` returns, and how often it calls `counted`, a function of the notebook or a module."""
    out, count = beside(counted, _calls, counted, function, list(args))
    return out, count


def _counted(function, args):
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import FlopCounterMode

    class Largest(TorchDispatchMode):
        seen = 0

        def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
            made = operation(*args, **(kwargs or {}))
            for one in made if isinstance(made, (tuple, list)) else (made,):
                if isinstance(one, torch.Tensor):  # one that was only expanded holds fewer numbers than its shape says
                    Largest.seen = max(Largest.seen, min(one.numel(), len(one.untyped_storage()) // one.element_size()))
            return made

    with FlopCounterMode(display=False) as products, Largest():
        out = function(*args)
    return [out, products.get_total_flops() // 2, Largest.seen]


def _calls(counted, function, args):
    kind = sys.modules["torch"].nn.Module if "torch" in sys.modules else ()
    called = type(counted).forward if isinstance(counted, kind) else counted
    code, before, count = inspect.unwrap(called).__code__, sys.getprofile(), []

    def watch(frame, event, arg):
        if event == "call" and frame.f_code is code and (not isinstance(counted, kind)
                                                         or frame.f_locals.get(code.co_varnames[0]) is counted):
            count.append(1)

    sys.setprofile(watch)
    try:
        out = function(*args)
    finally:
        sys.setprofile(before)
    return [out, len(count)]
