"""autograder.lab.truth: references are true, corruptions never, and other ways of saying it are."""

import itertools
import random

import numpy as np
import pytest

from autograder.lab.data import load_coco_data
from autograder.lab.judging import judge, truth_rate
from autograder.lab.truth import (
    COLOURS,
    LONGEST,
    SHAPES,
    WORDS,
    Thing,
    describe,
    is_grammatical,
    is_true,
    relations,
    words_of,
)


def scenes(count: int, seed: int = 0) -> list:
    chance, kinds = random.Random(seed), list(itertools.product(COLOURS, SHAPES))
    return [tuple(Thing(cell, *kind) for cell, kind in
                  zip(sorted(chance.sample(range(9), size)), chance.sample(kinds, size)))
            for size in (chance.randint(1, 3) for _ in range(count))]


SCENE = (Thing(0, "red", "circle"), Thing(4, "blue", "square"))
THREE = (Thing(1, "red", "circle"), Thing(2, "red", "square"), Thing(8, "green", "cross"))


def test_the_vocabulary():
    assert len(WORDS) == len(set(WORDS)) == 30 and WORDS[:4] == ("<NULL>", "<START>", "<END>", "<UNK>")


def test_every_reference_is_grammatical_true_and_short():
    for scene in scenes(2000):
        for words in describe(scene):
            assert is_grammatical(words) and is_true(words, scene)
            assert set(words) <= set(WORDS[4:]) and len(words) + 2 <= LONGEST


def test_no_corruption_of_one_word_is_true():
    """Every word of every reference, replaced by each of the other 29."""
    for scene in scenes(60, seed=1):
        for words in describe(scene):
            for place, word in itertools.product(range(len(words)), WORDS):
                if word != words[place]:
                    assert not is_true([*words[:place], word, *words[place + 1:]], scene)


def test_no_caption_with_a_word_left_out_or_twice_is_grammatical():
    for scene in scenes(100, seed=2):
        words, there_is = describe(scene)
        for place in range(len(words)):
            assert not is_grammatical(words[:place] + words[place + 1:])
            assert not is_grammatical(words[:place] + words[place:place + 1] + words[place:])
        assert not any(is_grammatical(there_is[:length]) for length in range(len(there_is)))


def test_references_are_true_of_no_scene_with_other_objects():
    for scene, other in itertools.pairwise(scenes(1000, seed=3)):
        if {thing.kind for thing in scene} != {thing.kind for thing in other}:
            assert not is_true(describe(scene)[0], other)


@pytest.mark.parametrize("caption", [
    "a red circle is above a blue square", "a red circle is left of a blue square",
    "a blue square is below a red circle", "there is a blue square right of a red circle"])
def test_every_true_relation_in_either_order_is_true(caption):
    assert is_true(caption, SCENE)


@pytest.mark.parametrize("caption", [
    "a red circle is below a blue square", "a blue square is above a red circle",
    "a red circle in the top left", "a red circle , a blue square and a green cross",
    "a red circle is above a blue circle", ""])
def test_what_does_not_hold_or_is_not_all_is_not_true(caption):
    assert not is_true(caption, SCENE)


def test_three_objects_may_come_in_any_order():
    for order in itertools.permutations(["a red circle", "a red square", "a green cross"]):
        assert is_true("{} , {} and {}".format(*order), THREE)
    assert not is_true("a red circle , a red circle and a green cross", THREE)


@pytest.mark.parametrize("caption", [
    "a red circle is left a blue square", "a red circle is above of a blue square",
    "red circle in the top left",
    "there is a red circle is above a blue square", "a red circle above a blue square", "a a red circle",
    "a red circle in the middle middle", "a red circle in the left top", "<START>", "<UNK> red circle"])
def test_what_the_grammar_does_not_know(caption):
    assert not is_grammatical(caption)


def test_relations():
    assert relations(*SCENE) == {"left of", "above"} and relations(*SCENE[::-1]) == {"right of", "below"}
    assert relations(Thing(3, "red", "circle"), Thing(5, "red", "cross")) == {"left of"}


def test_a_caption_may_be_words_a_sentence_ids_or_a_tensor():
    sentence = "a red circle is above a blue square"
    ids = [1, *(WORDS.index(word) for word in sentence.split()), 2, 0, 0]
    for caption in (sentence, f"<START> {sentence} <END>", sentence.split(), ids, np.array(ids, np.int32)):
        assert words_of(caption) == sentence.split() and is_true(caption, SCENE)
    torch = pytest.importorskip("torch")
    assert is_true(torch.tensor(ids), SCENE)


def test_words_end_at_end_and_only_a_leading_start_is_dropped():
    assert words_of("<START> a <END> red circle") == ["a"]
    assert words_of("a <START> red <NULL> circle <NULL>") == ["a", "<START>", "red", "<NULL>", "circle"]
    assert words_of([2, 0], ["dog", "", "cat"]) == ["cat", "dog"]             # another vocabulary


def test_the_truth_rate_counts(scenes_folder):
    data = load_coco_data(scenes_folder)
    urls = data["val_urls"][data["val_image_idxs"]]
    assert truth_rate(data["val_captions"], urls) == 1.0
    assert truth_rate(data["val_captions"], np.roll(urls, 5)) < 0.1
    assert judge(["a red circle is above a blue square", "nonsense"], [SCENE, SCENE]) == [True, False]
    assert truth_rate(["a red circle is above a blue square", "nonsense"], [SCENE, SCENE]) == 0.5
    assert truth_rate([], []) == 0.0


def test_each_caption_needs_its_scene():
    with pytest.raises(ValueError, match="got 1 captions and 2 scenes"):
        truth_rate(["a"], [SCENE, SCENE])
