"""Code that runs in this very process: the reference, a known mistake, or a student's own notebook kernel."""

import contextlib
import io
import sys
import traceback
from collections.abc import Callable
from typing import Any

from autograder.errors import StudentRaised
from autograder.examine.values import Opaque, copied
from autograder.room.evaluation import evaluated
from autograder.room.gradients import vector_jacobian


class NamespaceBackend:
    """The five operations on a dictionary of names.

    trusted: the course's own code, whose exceptions are the course's bugs and pass through unchanged;
    otherwise they become StudentRaised, and what the code prints is kept out of the way in `output`.
    owns: tells by file name whether a traceback's frame belongs to the student.
    """

    def __init__(self, namespace: dict[str, Any], trusted: bool = False,
                 owns: Callable[[str], bool] = lambda filename: True):
        self.namespace, self.trusted, self.owns = namespace, trusted, owns
        self.output = io.StringIO()
        self._objects: list[Any] = []

    def get(self, owner: Opaque | None, name: str) -> Any:
        with self._guard():
            if owner is not None:
                return self._export(getattr(self._object(owner), name))
            if name not in self.namespace:
                raise NameError(f"name '{name}' is not defined")
            return self._export(self.namespace[name])

    def set(self, owner: Opaque | None, name: str, value: Any) -> None:
        with self._guard():
            value = self._import(value)
            if owner is None:
                self.namespace[name] = value
            else:
                setattr(self._object(owner), name, value)

    def call(self, function: Opaque, args: tuple, kwargs: dict) -> Any:
        with self._guard():
            return self._export(self._object(function)(*self._import(args), **self._import(kwargs)))

    def vjp(self, function: Opaque, args: tuple, kwargs: dict, cotangent: Any) -> Any:
        with self._guard():
            target, args = self._object(function), self._import(args)
            return self._export(vector_jacobian(target, args, self._import(kwargs), cotangent))

    def evaluate(self, source: str) -> Any:
        with self._guard():
            return self._export(evaluated(source, evaluation_names()))

    def _object(self, opaque: Opaque) -> Any:
        return self._objects[opaque.id]

    def _export(self, value: Any) -> Any:
        return copied(value, self._keep)

    def _import(self, value: Any) -> Any:
        return copied(value, lambda other: self._object(other) if type(other) is Opaque else other)

    def _keep(self, value: Any) -> Opaque:
        self._objects.append(value)
        return Opaque(len(self._objects) - 1, type(value).__name__)

    @contextlib.contextmanager
    def _guard(self):
        if self.trusted:
            yield
            return
        try:
            with contextlib.redirect_stdout(self.output), contextlib.redirect_stderr(self.output):
                yield
        except Exception as error:
            raise student_raised(error, self.owns) from None


def student_raised(error: Exception, owns: Callable[[str], bool]) -> StudentRaised:
    """The fact that student code raised `error`, with the student's own frames only."""
    walked = ((frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__))
    frames = [(code.co_filename, line, code.co_qualname) for code, line in walked if owns(code.co_filename)]
    unwritten = frames[-1][2] if isinstance(error, NotImplementedError) and frames else ""
    return StudentRaised(type(error).__name__, str(error)[:500], frames, unwritten)


def evaluation_names() -> dict[str, Any]:
    """The clean namespace of `evaluate`: np, and torch where it is loaded already."""
    names = {"np": sys.modules["numpy"]}
    if "torch" in sys.modules:
        names["torch"] = sys.modules["torch"]
    return names
