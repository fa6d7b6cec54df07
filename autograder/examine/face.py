"""`student` and `reference` as a check sees them: attributes that can be read, set and called.

Both stand for a backend with five operations (get, set, call, vjp, evaluate), wherever its code really runs.
"""

import operator
from typing import Any, Protocol

from autograder.errors import StudentRaised
from autograder.examine.shapes import given
from autograder.room.wire import Opaque

__all__ = ["Backend", "Face", "Handle"]


class Backend(Protocol):
    """Where code runs: the room, this process, or a recording. All raise StudentFault for what the code does."""

    def get(self, owner: Opaque | None, name: str) -> Any: ...
    def set(self, owner: Opaque | None, name: str, value: Any) -> None: ...
    def call(self, function: Opaque, args: tuple, kwargs: dict) -> Any: ...
    def vjp(self, function: Opaque, args: tuple, kwargs: dict, cotangent: Any) -> Any: ...
    def evaluate(self, source: str) -> Any: ...


class Face:
    """A notebook: `face.name` is what the notebook defines under that name."""

    def __init__(self, backend: Backend):
        self._backend = backend
        self._handles: dict[str, Handle] = {}  # a check calls the same few functions many times

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self._handles:
            value = wrap(self._backend, self._backend.get(None, name))
            if type(value) is not Handle:
                return value
            self._handles[name] = value
        return self._handles[name]

    def vjp(self, function: "Handle", args: tuple, cotangent: Any, kwargs: dict | None = None) -> Any:
        """(outputs, [gradient of each argument or None], {parameter: gradient}) of sum(outputs * cotangent)."""
        try:
            out = self._backend.vjp(unwrap(function), unwrap(tuple(args)), unwrap(kwargs or {}), cotangent)
        except StudentRaised as raised:
            raised.given = given(args, kwargs or {})
            raise
        return wrap(self._backend, out)

    def evaluate(self, source: str) -> Any:
        """An expression of the check's own, such as a loss function, made beside the notebook's code."""
        return wrap(self._backend, self._backend.evaluate(source))


class Handle:
    """Something that is not plain data (a function, a model, a cache): it can be used, and passed in again."""

    __slots__ = ("_backend", "_opaque")

    def __init__(self, backend: Backend, opaque: Opaque):
        object.__setattr__(self, "_backend", backend)
        object.__setattr__(self, "_opaque", opaque)

    @property
    def _type(self) -> str:
        return self._opaque.type

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return wrap(self._backend, self._backend.get(self._opaque, name))

    def __setattr__(self, name: str, value: Any) -> None:
        self._backend.set(self._opaque, name, unwrap(value))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return wrap(self._backend, self._backend.call(self._opaque, unwrap(args), unwrap(kwargs)))
        except StudentRaised as raised:
            raised.given = given(args, kwargs)
            raise

    def __repr__(self) -> str:
        return f"<{self._type}>"


def wrap(backend: Backend, value: Any) -> Any:
    """`value` with a Handle for each Opaque in it."""
    return _mapped(value, Opaque, lambda opaque: Handle(backend, opaque))


def unwrap(value: Any) -> Any:
    """`value` with the Opaque of each Handle in it."""
    return _mapped(value, Handle, lambda handle: handle._opaque)


def _mapped(value: Any, kind: type, change) -> Any:
    """Changes what is of that kind, also inside; what holds none of it stays the very same object."""
    if type(value) is kind:
        return change(value)
    if type(value) in (tuple, list):
        entries = [_mapped(entry, kind, change) for entry in value]
        return value if all(map(operator.is_, entries, value)) else type(value)(entries)
    if type(value) is dict:
        entries = [_mapped(entry, kind, change) for entry in value.values()]
        return value if all(map(operator.is_, entries, value.values())) else dict(zip(value, entries))
    return value
