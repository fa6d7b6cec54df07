"""Code that runs in this very process: the reference, a known mistake, or a student's own notebook kernel."""

import contextlib
import io
import sys
from collections.abc import Callable
from typing import Any

from autograder.errors import StudentRaised
from autograder.examine.values import Opaque, copied
from autograder.room.evaluation import evaluated
from autograder.room.faults import fault_of
from autograder.room.gradients import vector_jacobian
from autograder.room.plain import copy_of, is_cache, kind_of


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
        """As what a room answers goes over (autograder.room.worker)."""
        if self.trusted:
            return copied(value, self._keep)
        if type(value) in (tuple, list):
            value = type(value)(self._keep(entry) if is_cache(entry) else entry for entry in value)
        return copied(value, self._keep, grad=False)

    def _import(self, value: Any) -> Any:
        return copied(value, self._kept)

    def _keep(self, value: Any) -> Opaque:
        if type(value) is Opaque:
            return value
        self._objects.append(value)
        return Opaque(len(self._objects) - 1, kind_of(value))

    def _kept(self, value: Any) -> Any:
        """The object of an Opaque; of a cache a copy, as of all plain data, because code may work in place."""
        if type(value) is not Opaque:
            return value
        found = self._object(value)
        return copy_of(found) if is_cache(found) and not self.trusted else found

    @contextlib.contextmanager
    def _guard(self):
        if self.trusted:
            yield
            return
        try:
            with contextlib.redirect_stdout(self.output), contextlib.redirect_stderr(self.output):
                yield
        except (Exception, SystemExit) as error:  # a student's exit is no verdict
            raise student_raised(error, self.owns) from None


def student_raised(error: BaseException, owns: Callable[[str], bool]) -> StudentRaised:
    """The fact that student code raised `error`, with the student's own frames only."""
    return StudentRaised(**fault_of(error, _Owned(owns), walls=False))


class _Owned:
    """The file names that `owns` says yes to."""

    def __init__(self, owns: Callable[[str], bool]):
        self._owns = owns

    def __contains__(self, filename: str) -> bool:
        return self._owns(filename)


def evaluation_names() -> dict[str, Any]:
    """The clean namespace of `evaluate`: np, and torch where it is loaded already."""
    names = {"np": sys.modules["numpy"]}
    if "torch" in sys.modules:
        names["torch"] = sys.modules["torch"]
    return names
