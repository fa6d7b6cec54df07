"""The two decorators of mistakes.py."""

from collections.abc import Callable


def replaces(*names: str, seen: bool = False) -> Callable:
    """Marks a mistake people make in place of `names`; its docstring is the hint that it earns.

    With several names the function takes no argument and returns {name: what stands in its place}. seen: the hint says
    no more than what anybody sees in the answer ("`dh0` is zero"), so that it may be earned by zeros, or by numbers
    that are not finite: for any other hint they are no evidence.
    """
    return _mark(names, correct=False, seen=seen)


def also_correct(*names: str) -> Callable:
    """Marks another correct way to write `names`, which the checks must accept."""
    return _mark(names, correct=True, seen=False)


def _mark(names: tuple[str, ...], correct: bool, seen: bool) -> Callable:
    def decorate(function):
        function._answers = (names, correct, seen)
        return function

    return decorate
