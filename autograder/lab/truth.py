"""The language of the scenes: its words, its grammar, and whether what a caption claims holds.

A scene is one to three objects on a 3 x 3 grid, no two of the same colour and shape.  Its captions follow
the number of objects:

    one     (there is) a red circle in the top left
    two     a red circle is above a blue square         there is a red circle left of a blue square
    three   (there is) a red circle , a blue square and a green cross

So a caption can be parsed and compared with the scene: true or false needs no human and no other model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

COLOURS = ("red", "green", "blue", "yellow", "purple", "white")
SHAPES = ("circle", "square", "triangle", "cross")
ROWS = ("top", "middle", "bottom")
COLUMNS = ("left", "center", "right")
SPECIAL = ("<NULL>", "<START>", "<END>", "<UNK>")           # the ids 0-3, as in the COCO files
GLUE = ("a", "and", ",", "is", "left", "right", "of", "above", "below", "in", "the",
        "top", "bottom", "middle", "center", "there")
WORDS = SPECIAL + GLUE + COLOURS + SHAPES                   # idx_to_word, 30 words
LONGEST = 15                                                # words in a caption, <START> and <END> included


class Thing(NamedTuple):
    """One object: its cell (0-8 in reading order), colour and shape."""

    cell: int
    colour: str
    shape: str

    @property
    def row(self) -> int:
        return self.cell // 3

    @property
    def column(self) -> int:
        return self.cell % 3

    @property
    def kind(self) -> tuple[str, str]:
        return self.colour, self.shape

    @property
    def place(self) -> tuple[str, str]:
        return ROWS[self.row], COLUMNS[self.column]


Scene = tuple[Thing, ...]                                   # in reading order of the cells


def relations(one: Thing, other: Thing) -> set[str]:
    """Every relation that `one` has to `other`: one or two of left of, right of, above, below."""
    holds = {"left of": one.column < other.column, "right of": one.column > other.column,
             "above": one.row < other.row, "below": one.row > other.row}
    return {name for name, true in holds.items() if true}


def describe(scene: Scene) -> tuple[list[str], list[str]]:
    """The two reference wordings of a scene, as words: the plain one, and the one with "there is".

    Objects come in reading order, and two objects are related by their rows if these differ: up to any
    prefix the caption is settled by the scene, so that a model has one next word to learn.
    """
    names = [f"a {thing.colour} {thing.shape}" for thing in scene]
    if len(scene) == 1:
        said = f"{names[0]} in the {' '.join(scene[0].place)}"
    elif len(scene) == 2:
        held = relations(*scene)
        relation = next(name for name in ("above", "left of", "right of") if name in held)
        return (f"{names[0]} is {relation} {names[1]}".split(),
                f"there is {names[0]} {relation} {names[1]}".split())
    else:
        said = f"{names[0]} , {names[1]} and {names[2]}"
    return said.split(), f"there is {said}".split()


_NAME = rf"a ({'|'.join(COLOURS)}) ({'|'.join(SHAPES)})"
_RELATION = r"(left of|right of|above|below)"
_ONE = re.compile(rf"(?:there is )?{_NAME} in the ({'|'.join(ROWS)}) ({'|'.join(COLUMNS)})")
_TWO = (re.compile(rf"{_NAME} is {_RELATION} {_NAME}"), re.compile(rf"there is {_NAME} {_RELATION} {_NAME}"))
_THREE = re.compile(rf"(?:there is )?{_NAME} , {_NAME} and {_NAME}")


def words_of(caption: str | Sequence, idx_to_word: Sequence[str] = WORDS) -> list[str]:
    """The bare words of a caption: no leading <START>, nothing from <END> on, no trailing <NULL>.

    `caption` is a string, a sequence of words, or a sequence of word ids (list, array or tensor).
    """
    words = caption.split() if isinstance(caption, str) else list(caption)
    words = [word if isinstance(word, str) else idx_to_word[int(word)] for word in words]
    if "<END>" in words:
        words = words[:words.index("<END>")]
    while words and words[-1] == "<NULL>":
        words.pop()
    return words[1:] if words[:1] == ["<START>"] else words


def is_grammatical(caption_words: str | Sequence, idx_to_word: Sequence[str] = WORDS) -> bool:
    """Whether the caption is a sentence of the scenes' grammar, true or not."""
    sentence = " ".join(words_of(caption_words, idx_to_word))
    return any(form.fullmatch(sentence) for form in (_ONE, *_TWO, _THREE))


def is_true(caption_words: str | Sequence, scene: Scene, idx_to_word: Sequence[str] = WORDS) -> bool:
    """Whether the caption names every object of the scene and all that it says of them holds.

    The order of naming is free ("a blue square is below a red circle" is as true as the reverse), and
    so is the choice among true relations.
    """
    sentence = " ".join(words_of(caption_words, idx_to_word))
    if found := _ONE.fullmatch(sentence):
        colour, shape, row, column = found.groups()
        return [(thing.kind, thing.place) for thing in scene] == [((colour, shape), (row, column))]
    if found := _TWO[0].fullmatch(sentence) or _TWO[1].fullmatch(sentence):
        colour, shape, relation, other_colour, other_shape = found.groups()
        return len(scene) == 2 and any(
            one.kind == (colour, shape) and other.kind == (other_colour, other_shape)
            and relation in relations(one, other) for one, other in (scene, scene[::-1]))
    if found := _THREE.fullmatch(sentence):
        said = found.groups()
        return sorted(zip(said[0::2], said[1::2])) == sorted(thing.kind for thing in scene)
    return False
