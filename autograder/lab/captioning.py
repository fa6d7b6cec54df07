"""Looks at what a captioner says: BLEU against true captions, and whether it looks at what it names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from autograder.lab.truth import SHAPES, Scene, words_of

__all__ = ["bleu", "looks_at_named", "references_of"]


def bleu(references: Sequence[Sequence[str]], hypotheses: Sequence[str]) -> float:
    """Corpus BLEU-4 (Papineni and others, 2002), 0 to 1: a list of true captions for each caption.

    Counts are clipped by the reference that has most; the brevity penalty takes the reference closest in length,
    the shorter of two; 0 if some n-gram length has no match.
    """
    matches, totals, length, wanted = np.zeros(4), np.zeros(4), 0, 0
    for hypothesis, group in zip(hypotheses, references, strict=True):
        words, truths = hypothesis.split(), [reference.split() for reference in group]
        length += len(words)
        wanted += min((abs(len(truth) - len(words)), len(truth)) for truth in truths)[1]
        for n in range(1, 5):
            said, allowed = _ngrams(words, n), Counter()
            for truth in truths:
                allowed |= _ngrams(truth, n)
            matches[n - 1] += (said & allowed).total()
            totals[n - 1] += said.total()
    if matches.min(initial=np.inf) == 0 or length == 0:
        return 0.0
    return float(min(1.0, np.exp(1 - wanted / length)) * np.exp(np.mean(np.log(matches / totals))))


def references_of(data: dict, split: str = "val") -> list[list[str]]:
    """The true captions of each picture of a split, as sentences without special words."""
    references = [[] for _ in data[f"{split}_urls"]]
    for row, picture in zip(data[f"{split}_captions"], data[f"{split}_image_idxs"]):
        references[picture].append(" ".join(words_of(row, data["idx_to_word"])))
    return references


def looks_at_named(captions: Sequence[Sequence[str]], scenes: Sequence[Scene], weights: np.ndarray,
                   only: Sequence[bool] | None = None) -> float:
    """The share of attention that lies on the object being named, at the steps that say a shape; a mean over steps.

    captions: words of each of M captions; weights: (M, T, R), R = g * g regions in rows, g a multiple of 3.
    only: which captions to use, usually the true ones; in them the k-th shape word of a phrase like "a red circle"
    names the object of that colour and shape. Looking everywhere alike gives 1/9. NaN if no shape is said.
    """
    shares = []
    for index, (words, scene) in enumerate(zip(captions, scenes, strict=True)):
        if only is not None and not only[index]:
            continue
        for step, word in enumerate(words):
            named = [thing for thing in scene if word in SHAPES and thing.kind == (words[step - 1], word)]
            if named:
                shares.append(_on_cell(weights[index, step], named[0]))
    return float(np.mean(shares)) if shares else float("nan")


def _on_cell(look: np.ndarray, thing) -> float:
    """How much of a look (R,) lies on one of the nine cells of a scene."""
    side = int(np.sqrt(len(look)))
    tiles = look.reshape(3, side // 3, 3, side // 3).sum(axis=(1, 3))       # (3, 3)
    return float(tiles[thing.row, thing.column])


def _ngrams(words: Sequence[str], n: int) -> Counter:
    return Counter(tuple(words[k:k + n]) for k in range(len(words) - n + 1))
