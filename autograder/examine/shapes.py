"""Errors of shape in a course's own letters: "5 is D" beside "operands could not be broadcast together with ...".

Docstrings name the axes of arguments, `x (N, D)`; what a function was called with gives each letter its size.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

KINDS = ("ValueError", "RuntimeError", "IndexError")
SPEAKS_OF_SHAPES = re.compile(r"shape|size|dimension|broadcast|operand|mat1|reshape|index", re.IGNORECASE)
NO_SIZE = re.compile(r"\b(?:dim|dimension|axis|operand|argument|tensor|input)s? \d+|[\d.]*\.\d+", re.IGNORECASE)

Axes = Mapping[str, Mapping[str, list[str]]]  # function -> parameter, in order -> the letters of its axes


class Given(NamedTuple):
    """The shapes of what a function was called with; None for what is no array."""

    positional: tuple[tuple[int, ...] | None, ...] = ()
    named: Mapping[str, tuple[int, ...] | None] = {}


def given(args: Iterable, kwargs: Mapping) -> Given:
    return Given(tuple(map(_shape, args)), {name: _shape(value) for name, value in kwargs.items()})


def axes_in(sources: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """The letters of all arguments in the docstrings of some cells. Methods are "Class.method", without `self`."""
    found = {}
    for node in (node for source in sources for node in _parsed(source).body):
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for function in (each for each in inside if isinstance(each, ast.FunctionDef)):
            arguments, text = function.args, ast.get_docstring(function) or ""
            names = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
            found[prefix + function.name] = {name: _letters(name, text) for name in names[bool(prefix):]}
    return found


def in_letters(kind: str, message: str, parameters: Mapping[str, list[str]], called_with: Given) -> str:
    """What the sizes in an error are, in a sentence; '' where it does not speak of shapes, or that is not known."""
    if kind not in KINDS or not SPEAKS_OF_SHAPES.search(message):
        return ""
    letters = defaultdict(set)
    for name, shape in {**dict(zip(parameters, called_with.positional)), **called_with.named}.items():
        if shape is not None and len(shape) == len(parameters.get(name, ())):
            for size, letter in zip(shape, parameters[name]):
                letters[size].add(letter)
    sizes = dict.fromkeys(int(size) for size in re.findall(r"(?<!\d)\d{1,6}(?!\d)", NO_SIZE.sub("", message)))
    told = [f"{size} is {next(iter(letters[size]))}" for size in sizes if size > 1 and len(letters[size]) == 1]
    return f"in these shapes {', '.join(told)}" if told else ""


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:  # a magic
        return ast.Module([], [])


def _letters(name: str, docstring: str) -> list[str]:
    match = re.search(rf"(?<![\w.]){re.escape(name)}\s*\(([^()]*)\)", docstring)
    letters = [letter.strip() for letter in match[1].split(",") if letter.strip()] if match else []
    return letters if all(re.fullmatch(r"\d*[A-Za-z]\w*", letter) for letter in letters) else []


def _shape(value) -> tuple[int, ...] | None:
    shape = getattr(value, "shape", None) if type(value).__module__ in ("numpy", "torch") else None
    return tuple(map(int, shape)) if shape is not None else None
