"""Trains a captioning model that brings its own gradients (NumPy): minibatches, an update rule, a loss history.

The face is CS231n's `CaptioningSolver`; models in PyTorch bring their optimisers along and do not need this.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder.lab.curves import LossCurve, progress
from autograder.lab.data import sample_coco_minibatch
from autograder.lab.kernel import in_kernel
from autograder.lab.threads import one_thread

__all__ = ["CaptioningSolver", "adam", "sgd"]


def sgd(w: np.ndarray, dw: np.ndarray, config: dict) -> tuple[np.ndarray, dict]:
    """One step against the gradient. config: learning_rate. Returns (next_w, config)."""
    return w - config.setdefault("learning_rate", 1e-2) * dw, config


def adam(w: np.ndarray, dw: np.ndarray, config: dict) -> tuple[np.ndarray, dict]:
    """One step of Adam (Kingma and Ba 2015, algorithm 1). Returns (next_w, config).

    config: learning_rate, beta1, beta2, epsilon; the running means `m`, `v` and the step `t` are kept in it.
    """
    for name, value in (("learning_rate", 1e-3), ("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8), ("t", 0)):
        config.setdefault(name, value)
    beta1, beta2 = config["beta1"], config["beta2"]
    config["t"] += 1
    config["m"] = beta1 * config.get("m", np.zeros_like(w)) + (1 - beta1) * dw     # running mean of the gradient
    config["v"] = beta2 * config.get("v", np.zeros_like(w)) + (1 - beta2) * dw**2  # ... and of its square
    m = config["m"] / (1 - beta1 ** config["t"])                                   # they began at zero: correct that
    v = config["v"] / (1 - beta2 ** config["t"])
    return w - config["learning_rate"] * m / (np.sqrt(v) + config["epsilon"]), config


UPDATE_RULES: dict[str, Callable] = {"sgd": sgd, "adam": adam}


class CaptioningSolver:
    """Fits `model.params` to the captions of `data`.

        solver = CaptioningSolver(model, data, update_rule="adam", optim_config={"learning_rate": 1e-3})
        solver.train()
        plot_losses(solver.loss_history)

    model: has `params`, a dict of arrays, and `loss(features, captions) -> (loss, grads)`.
    data: what `load_coco_data` returns.
    update_rule: "sgd" or "adam"; optim_config: its settings; lr_decay: multiplies the learning rate after each epoch.
    num_iterations: stop after so many minibatches, in place of num_epochs.
    In a notebook the loss curve is drawn while it trains.
    print_every: a line with the loss every so many iterations, 0 for none; verbose=False: say nothing at all.
    """

    def __init__(self, model, data: dict, *, update_rule: str = "sgd", optim_config: dict | None = None,
                 lr_decay: float = 1.0, batch_size: int = 100, num_epochs: int = 10,
                 num_iterations: int | None = None, print_every: int = 0, verbose: bool = True):
        if update_rule not in UPDATE_RULES:
            raise ValueError(f"update_rule is one of {', '.join(UPDATE_RULES)}, not {update_rule!r}")
        self.model, self.data = model, data
        self.update_rule = UPDATE_RULES[update_rule]
        self.lr_decay, self.batch_size = lr_decay, batch_size
        self.print_every, self.verbose = print_every, verbose
        self.per_epoch = max(1, len(data["train_captions"]) // batch_size)
        self.iterations = num_epochs * self.per_epoch if num_iterations is None else num_iterations
        self.epoch = 0
        self.loss_history: list[float] = []
        self.optim_configs = {name: dict(optim_config or {}) for name in model.params}

    def train(self) -> None:
        """Runs all iterations; `loss_history` gets one entry for each."""
        steps = range(1, self.iterations + 1)
        curve = LossCurve("training", log=True) if self.verbose and in_kernel() else None
        with one_thread():
            for iteration in progress(steps, "training") if self.verbose else steps:
                self.step()
                if curve:
                    curve.add(self.loss_history[-1])
                if self.verbose and self.print_every and iteration % self.print_every == 0:
                    print(f"iteration {iteration} of {self.iterations}: loss {self.loss_history[-1]:.4f}")
                if iteration % self.per_epoch == 0:
                    self._end_epoch()
        if curve:
            curve.close()

    def step(self) -> None:
        """One minibatch and one update of every parameter."""
        captions, features, _ = sample_coco_minibatch(self.data, self.batch_size, split="train")
        loss, grads = self.model.loss(features, captions)
        self.loss_history.append(float(loss))
        for name, w in self.model.params.items():
            updated, self.optim_configs[name] = self.update_rule(w, grads[name], self.optim_configs[name])
            self.model.params[name] = updated.astype(w.dtype)   # a float64 gradient must not widen the weights

    def _end_epoch(self) -> None:
        self.epoch += 1
        for config in self.optim_configs.values():
            config["learning_rate"] *= self.lr_decay
