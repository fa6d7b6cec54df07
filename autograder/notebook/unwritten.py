"""A cell that needs a function not written yet says so in a line, in the place of a page of traceback.

The same for a cell that needs what such a cell would have made.
"""

import contextlib
import linecache
import symtable
import traceback
from types import FrameType, TracebackType

from autograder.lab.kernel import in_kernel, shell

_waiting: dict[str, str] = {}  # name that a cell would have made -> the function that the cell waits for


def explain_stubs() -> None:
    """From now on this kernel does so. Whoever has an exception handler of their own keeps it."""
    if in_kernel() and not shell().custom_exceptions:
        shell().set_custom_exc((NotImplementedError, NameError), _show)


def _show(ipython, kind: type, error: Exception, trace: TracebackType, tb_offset: int | None = None) -> None:
    frames = [frame for frame, _ in traceback.walk_tb(trace) if not _of_ipython(frame)]
    said = _sentence(error, frames)
    if said:
        error._render_traceback_ = lambda: [said]  # IPython's own way to ask an exception how it is shown
    ipython.showtraceback((kind, error, trace), tb_offset=tb_offset)


def _sentence(error: Exception, frames: list[FrameType]) -> str:
    if not frames:
        return ""
    if isinstance(error, NotImplementedError) and _in_cell(frames[-1]) and len(frames) > 1:
        function = frames[-1].f_code.co_qualname
        _waiting.update(dict.fromkeys(_made_by(frames[0]), function))
        return f"not yet: this cell needs `{function}`, which is still to be written"
    if type(error) is NameError and error.name in _waiting:
        function = _waiting[error.name]
        _waiting.update(dict.fromkeys(_made_by(frames[0]), function))
        return f"not yet: `{error.name}` is made by a cell above that needs `{function}`; run that one first"
    return ""


def _in_cell(frame: FrameType) -> bool:
    return frame.f_code.co_filename in getattr(shell().compile, "_filename_map", {})


def _of_ipython(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__", "").startswith("IPython.")


def _made_by(frame: FrameType) -> list[str]:
    """The names to which a cell that did not come to its end would have given a value."""
    source = "".join(linecache.getlines(frame.f_code.co_filename))
    with contextlib.suppress(SyntaxError):
        table = symtable.symtable(source, "cell", "exec")
        names = [symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned()]
        return [name for name in names if name not in shell().user_ns]
    return []
