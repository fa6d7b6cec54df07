"""The two decorators of mistakes.py."""

from collections.abc import Callable


def replaces(*names: str) -> Callable:
    """Marks a mistake people make in place of `names`; its docstring is the hint that it earns.

    With several names the function takes no argument and returns {name: what stands in its place}.
    """
    return _mark(names, correct=False)


def also_correct(*names: str) -> Callable:
    """Marks another correct way to write `names`, which the checks must accept."""
    return _mark(names, correct=True)


def _mark(names: tuple[str, ...], correct: bool) -> Callable:
    def decorate(function):
        function._answers = (names, correct)
        return function

    return decorate
