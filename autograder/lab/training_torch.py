"""Trains a PyTorch captioner on the captions of `data`, lets it speak, and counts how much of that is true.

A captioner is a module with two methods:

    forward(features, captions)    scores (N, T, V) of the word after each of `captions` (N, T)
    sample(features, max_length)   what it says (N, max_length), word numbers, filled up with <NULL>

Either may return attention weights too, as the second of two values. `features` are `data["train_features"]` as
they are, (N, D) or (N, R, D), in float32. All of it happens on a GPU, where there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.lab.curves import LossCurve, progress
from autograder.lab.data import scene_of
from autograder.lab.devices import accelerator, making
from autograder.lab.judging import judge
from autograder.lab.kernel import in_kernel
from autograder.lab.threads import one_thread
from autograder.lab.truth import is_grammatical, words_of

__all__ = ["Spoken", "caption_loss", "one_thread", "say", "train_captioner", "truth_table"]

NULL = 0                                                    # the number of <NULL>, in the scenes and in COCO


def caption_loss(scores: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
    """The mean surprise at a true word: scores (N, T, V), words (N, T); <NULL> does not count."""
    return F.cross_entropy(scores.flatten(0, 1), words.flatten(), ignore_index=NULL)


def train_captioner(model: nn.Module, data: dict, *, iterations: int = 1000, batch_size: int = 64,
                    learning_rate: float = 3e-3, features: str = "features", loss: Callable = caption_loss,
                    clip: float = 5.0, seed: int = 0, label: str = "training", verbose: bool = True) -> list[float]:
    """Fits `model` to the captions with Adam. Returns the loss of each iteration.

    In a notebook the loss curve is drawn while it trains, unless `verbose` is off.
    learning_rate: the highest one; it warms up over the first tenth and then falls to zero along a cosine.
    features: which entry of `data` to show, `data["train_" + features]`.
    loss: called with scores (N, T, V) and the true next words (N, T).
    clip: the longest gradient, over all parameters together, that is let through.
    seed: of the minibatches alone. Seed the weights yourself, with `torch.manual_seed`, before making the model.
    """
    model.to(accelerator())
    optimizer = torch.optim.Adam(model.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, iterations, pct_start=0.1)
    batches = minibatches(data, features, batch_size, iterations, np.random.default_rng(seed), accelerator())
    losses: list[float] = []
    curve = LossCurve(label) if verbose and in_kernel() else None
    model.train()
    with one_thread(), making(accelerator()):
        for shown, captions in progress(batches, label, total=iterations) if verbose else batches:
            scores = _first(model(shown, captions[:, :-1]))             # (N, T, V)
            surprise = loss(scores, captions[:, 1:])                    # a number
            optimizer.zero_grad()
            surprise.backward()
            nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            schedule.step()
            losses.append(surprise.item())
            if curve:
                curve.add(losses[-1])
    if curve:
        curve.close()
    model.eval()
    return losses


def minibatches(data: dict, features: str, batch_size: int, iterations: int, rng: np.random.Generator,
                device: torch.device | str | None = None) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Random training pictures (N, ...) float32 and a true caption of each (N, T + 1) int64, `iterations` times.

    device: where to; by default where PyTorch makes its tensors, see `torch.set_default_device`.
    """
    device = device or torch.get_default_device()
    captions, pictures, maps = data["train_captions"], data["train_image_idxs"], data["train_" + features]
    for _ in range(iterations):
        chosen = rng.integers(len(captions), size=batch_size)           # (N,)
        shown = np.asarray(maps[pictures[chosen]], np.float32)          # (N, ...)
        yield torch.from_numpy(shown).to(device), torch.from_numpy(captions[chosen]).long().to(device)


class Spoken(NamedTuple):
    """What a model said of M pictures."""

    captions: np.ndarray                                    # (M, T) word numbers
    weights: np.ndarray | None                              # (M, T, R) or (M, heads, T, R), if it gives any
    sentences: list[str]                                    # the bare words
    true: np.ndarray                                        # (M,) bool: everything in it is so
    objects: np.ndarray                                     # (M,) how many objects the picture shows


@torch.no_grad()
def say(model: nn.Module, data: dict, split: str = "val", *, features: str = "features", count: int | None = None,
        max_length: int = 15, batch_size: int = 200) -> Spoken:
    """Lets the model speak, in evaluation mode, of the first `count` pictures of a split, and judges what it says."""
    maps = data[f"{split}_{features}"][:count]
    model.eval()
    said, looks, device = [], [], _device(model)
    with one_thread(), making(device):
        for start in range(0, len(maps), batch_size):
            shown = torch.from_numpy(np.asarray(maps[start:start + batch_size], np.float32)).to(device)
            answer = model.sample(shown, max_length)
            said.append(np.asarray(torch.as_tensor(_first(answer)).cpu()))
            if isinstance(answer, tuple):
                looks.append(np.asarray(torch.as_tensor(answer[1]).cpu()))
    captions = np.concatenate(said)                                     # (M, T)
    scenes = [scene_of(url) for url in data[f"{split}_urls"][:count]]
    sentences = [" ".join(words_of(caption, data["idx_to_word"])) for caption in captions]
    return Spoken(captions, np.concatenate(looks) if looks else None, sentences,
                  np.array(judge(sentences, scenes)), np.array([len(scene) for scene in scenes]))


def truth_table(runs: dict[str, Spoken]) -> None:
    """Prints, for each run by name, the share of captions that are grammatical and entirely true."""
    width = max(len(name) for name in runs)
    print(f"{'':{width}}  grammatical    true   of 1, 2, 3 objects")
    for name, spoken in runs.items():
        grammatical = np.mean([is_grammatical(sentence) for sentence in spoken.sentences])
        groups = [spoken.true[spoken.objects == count] for count in (1, 2, 3)]
        by_count = "".join(f"{group.mean():7.1%}" if len(group) else "      -" for group in groups)
        print(f"{name:{width}}  {grammatical:11.1%}  {spoken.true.mean():6.1%} {by_count}")


def _first(answer):
    return answer[0] if isinstance(answer, tuple) else answer


def _device(model: nn.Module) -> torch.device:
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
