"""Points for nothing: answers that took no thought, in place of what a part asks to be written, and what they earn.

Each is made of what the reference returns for the same arguments, so that types and shapes are right. Whole students,
who gave such an answer everywhere, are tried as well as single parts. What is earned with a reason stands in
mistakes.py: FREE = {"test_name: zeros": "why"}.
"""

import functools
import inspect
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

import numpy as np

from autograder.course import execute
from autograder.course.assignment import Assignment
from autograder.examine.examiner import Examiner
from autograder.examine.namespace import NamespaceBackend
from autograder.examine.open import functions_by_part


class Call(NamedTuple):
    """name: of what is called; right: what the reference returns; given: the first array, or else number, among the
    arguments, if any; known: what it returned in the worked example; rng: never the same numbers."""

    name: str
    right: Any
    given: Any
    known: Any
    rng: np.random.Generator


def nothing(call: Call) -> Any:
    return None


def zeros(call: Call) -> Any:
    return _array_by_array(call.right, lambda value: value * 0, 0)


def ones(call: Call) -> Any:
    return _array_by_array(call.right, lambda value: value * 0 + 1, 1)


def the_input(call: Call) -> Any:
    """As it came, where the shapes are the same, and else reshaped, its numbers repeated or cut off."""
    if _is_array(call.given):
        return _array_by_array(call.right, lambda value: _reshaped(call.given, value), 1)
    return call.given


def random_numbers(call: Call) -> Any:
    return _array_by_array(call.right, lambda value: _like(call.rng.normal(size=tuple(value.shape)), value),
                           call.rng.normal())


def never_filled(call: Call) -> Any:
    """`empty`: whatever lay there in memory, such as very large and very small numbers."""
    def left(value):
        numbers = np.resize(np.array([6.9e-310, 0.0, 4.6e-310, 1e-9, 3.0]), tuple(value.shape))
        return _like(numbers, value)

    return _array_by_array(call.right, left, 3)


def worked_example(call: Call) -> Any:
    """What the example worked by hand gives, typed in."""
    return call.known


def _learn(known: dict[str, Any], call: Call) -> Any:
    """The right answer; the first of each function is remembered."""
    known.setdefault(call.name, _array_by_array(call.right, _detached, 1))
    return call.right


Make = Callable[[Call], Any]
EXAMPLE = "worked example"  # what the sentence of a check says that asks for one
KINDS: dict[str, Make] = {each.__name__: each for each in (nothing, zeros, ones, the_input, random_numbers,
                                                           never_filled, worked_example)}


def earned(assignment: Assignment, examiner: Examiner, part: str,
           kinds: Collection[str] = tuple(KINDS)) -> Iterator[tuple[str, str, float]]:
    """(check, kind, points) for every check of a part that an answer of that kind passes: in the place of its own
    functions, or ("everything_zeros") of all functions of the assignment."""
    written = functions_by_part(assignment)
    everything = frozenset().union(*written.values())
    checks = assignment.plan.checks_of(part)
    for prefix, names in (("", written[part]), ("everything_", everything)):
        for kind, make in KINDS.items():
            if kind not in kinds:
                continue
            known: dict[str, Any] = {}
            if make is worked_example:
                if EXAMPLE not in checks[0].sentence:
                    continue
                examples = degenerate(assignment, names, functools.partial(_learn, known), {})
                examiner.runner.run(checks[0], NamespaceBackend(examples))
            module = degenerate(assignment, names, make, known)
            for check in checks:
                if examiner.runner.run(check, NamespaceBackend(module)) is None:
                    yield check.name, prefix + kind, check.points


def degenerate(assignment: Assignment, names: frozenset[str], make: Make, known: dict[str, Any]) -> dict[str, Any]:
    """The reference's names, with trivial answers in place of some. What the true ones need of each other is right."""
    names_of, pristine = vars(execute.execute_reference(assignment)), vars(execute.execute_reference(assignment))
    rng = np.random.default_rng(0)

    def trivial(name: str, right: Callable) -> Callable:
        method = "self" in inspect.signature(right).parameters

        @functools.wraps(right)
        def answer(*args, **kwargs):
            before = dict(vars(args[0])) if method else {}
            value, given = right(*args, **kwargs), _given(args)
            if method:  # what the method keeps is a part of its answer
                for attribute, kept in vars(args[0]).items():
                    if kept is not before.get(attribute) and _is_array(kept):
                        place = f"{name}.{attribute}"
                        vars(args[0])[attribute] = make(Call(place, kept, given, known.get(place), rng))
            return make(Call(name, value, given, known.get(name), rng))

        return answer

    for name in names:
        owner, _, attribute = name.rpartition(".")
        if owner:
            setattr(names_of[owner], attribute, trivial(name, getattr(pristine[owner], attribute)))
        else:
            names_of[name] = trivial(name, pristine[name])
    return names_of


def _given(args: tuple) -> Any:
    inside = [each for arg in args for each in (arg.values() if isinstance(arg, dict) else [arg])]
    numbers = [each for each in inside if isinstance(each, (int, float))]
    return next(filter(_is_array, inside), numbers[0] if numbers else None)


def _detached(value: Any) -> Any:
    return value.detach() if hasattr(value, "detach") else value


def _array_by_array(value: Any, change: Callable[[Any], Any], number: float) -> Any:
    """`value` with its arrays changed, and its other numbers `number`."""
    if _is_array(value):
        return change(value)
    if isinstance(value, (tuple, list)):
        return type(value)(_array_by_array(each, change, number) for each in value)
    if isinstance(value, dict):
        return {key: _array_by_array(each, change, number) for key, each in value.items()}
    return type(value)(number) if isinstance(value, (bool, int, float)) else value


def _reshaped(given: Any, value: Any) -> Any:
    if tuple(given.shape) == tuple(value.shape):
        return given
    flat = given.reshape(-1)
    if not flat.shape[0]:
        return value * 0
    places = np.resize(np.arange(flat.shape[0]), int(np.prod(tuple(value.shape))))
    return flat[places].reshape(tuple(value.shape))


def _like(numbers: np.ndarray, value: Any) -> Any:
    """An array or tensor of these numbers, of the kind of `value`, where they can be."""
    if hasattr(value, "new_tensor"):
        return value.detach().clone().copy_(value.new_tensor(numbers)) if value.is_floating_point() else value * 0
    return numbers.astype(value.dtype) if value.dtype.kind == "f" else value * 0


def _is_array(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape")
