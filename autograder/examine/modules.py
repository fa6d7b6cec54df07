"""Modules with equal weights: drawn at random by the course's names, and put into a module under its own names."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograder.examine.compare import describe, require
from autograder.examine.face import Face, Handle
from autograder.examine.probes import beside, settled

__all__ = ["Twins", "installed", "meant", "random_weights", "twins"]

Names = Sequence[tuple[str, str]]  # (pattern of a name that people use, what it is in the course)


class Twins(NamedTuple):
    """A student's module and the reference's, and the weights of both by the course's names."""

    student: Handle
    reference: Handle
    weights: dict[str, Any]


def twins(student: Face, reference: Face, build: Callable[[Face], Handle], rng: np.random.Generator, *,
          names: Names = (), weights: Mapping[str, Any] | None = None, train: bool = False,
          dtype: str = "float64") -> Twins:
    """`build(student)` and `build(reference)` with equal random weights.

    weights: some that are not drawn, by the course's names (buffers, too); the rest: see `installed`.
    """
    one, other = build(student), build(reference)
    drawn = random_weights(other, rng) | dict(weights or {})
    return Twins(installed(one, drawn, names, train=train, dtype=dtype),
                 installed(other, drawn, train=train, dtype=dtype), drawn)


def random_weights(module: Handle, rng: np.random.Generator) -> dict[str, Any]:
    """A float64 tensor for each parameter, by its name and shape: none is zero, none alike.

    Standard deviations: of matrices and kernels called `...weight` 1 / sqrt(inputs), of a `...bias` 0.5, of other
    vectors (the weights of norms) 0.3 around 1, of everything else, such as tables and tokens, 1.
    """
    import torch

    def drawn(name: str, shape: tuple[int, ...]) -> Any:
        values = rng.normal(size=shape)
        if re.search(r"(bias|beta|shift)$", name):
            return 0.5 * values
        if len(shape) == 1:
            return 1 + 0.3 * values
        if name.endswith("weight") and "embed" not in name:
            return values / np.prod(shape[1:]) ** 0.5
        return values

    return {name: torch.from_numpy(np.asarray(drawn(name, tuple(shape))))
            for name, shape in beside(module, _shapes, module).items()}


def installed(module: Handle, weights: Mapping[str, Any], names: Names = (), *, train: bool = False,
              dtype: str = "float64") -> Handle:
    """The module with these weights (by the course's names), in `dtype`, and in eval mode unless it is to `train`.

    names: pairs (pattern, replacement) for `re.sub`, which lead from names that people use to the course's; the
    shortest way to one that is wanted is taken. Fails, in words, if weights have no place, or one of another shape.
    """
    require(type(module) is Handle, "the class is an `nn.Module`", f"it makes {describe(module)}")
    told = settled(module, _install, module, dict(weights), [list(pair) for pair in names], train, dtype)
    require(isinstance(told, dict), "the class is an `nn.Module`", f"it makes an object of type {told}")
    asked = "the module has the weights that its constructor made"
    missing, besides = ", ".join(told["missing"][:3]), ", ".join(told["besides"][:3])
    require(not missing, asked, f"missing: {missing}; besides: {besides or 'none'}")
    require(not told["shapes"], asked, "; ".join(told["shapes"][:3]))
    return module


def meant(own: Collection[str], wanted: Collection[str], names: Names) -> dict[str, str]:
    """For each name of a module's own: the wanted one that it stands for, or itself. names: see `installed`."""
    return {name: _meant(name, wanted, names) for name in own}


def _meant(name, wanted, names):
    ways = [name]
    for known in ways:  # it grows as we go: the shortest ways come first
        if known in wanted:
            return known
        found = [re.sub(pattern, ours, known) for pattern, ours in names]
        ways += [new for place, new in enumerate(found) if new not in ways and new not in found[:place]]
        if len(ways) > 500:
            break
    return name


def _shapes(module):
    return {name: list(value.shape) for name, value in module.named_parameters()}


def _install(module, weights, names, train, dtype):
    import torch

    if not isinstance(module, torch.nn.Module):
        return type(module).__name__
    own, learnt = module.state_dict(), dict(module.named_parameters())
    ours = {name: _meant(name, weights, names) for name in own}
    told = {"missing": sorted(set(weights) - set(ours.values())),
            "besides": [name for name in learnt if ours[name] not in weights],
            "shapes": [f"`{name}` has shape {tuple(own[name].shape)}, expected {tuple(weights[ours[name]].shape)}"
                       for name in own if ours[name] in weights and own[name].shape != weights[ours[name]].shape]}
    if not told["missing"] and not told["shapes"]:
        module.to(getattr(torch, dtype)).train(train)
        module.load_state_dict({name: weights[ours[name]] for name in own if ours[name] in weights}, strict=False)
    return told
