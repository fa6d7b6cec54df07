"""Judges captions of scenes: each beside the scene, or the scenes:// address, that it speaks of."""

from collections.abc import Iterable, Sequence

from autograder.lab.data import scene_of
from autograder.lab.truth import WORDS, is_true


def judge(captions: Iterable, scenes_or_urls: Iterable, idx_to_word: Sequence[str] = WORDS) -> list[bool]:
    """`is_true` for each caption and the scene, or the scenes:// address, beside it."""
    captions, scenes = list(captions), list(scenes_or_urls)
    if len(captions) != len(scenes):
        raise ValueError(f"one scene for each caption: got {len(captions)} captions and {len(scenes)} scenes")
    return [is_true(caption, scene_of(scene) if isinstance(scene, str) else scene, idx_to_word)
            for caption, scene in zip(captions, scenes)]


def truth_rate(captions: Iterable, scenes_or_urls: Iterable, idx_to_word: Sequence[str] = WORDS) -> float:
    """The share of captions, 0 to 1, that are true of the scene beside them; 0 for no captions."""
    verdicts = judge(captions, scenes_or_urls, idx_to_word)
    return sum(verdicts) / max(1, len(verdicts))
