"""What the fork server imports and uses once, so that no room pays for it."""

import importlib
import sys


def load(names: list[str]) -> list[str]:
    """Imports the modules; returns those that are installed."""
    loaded = [name for name in names if _import(name)]
    if "numpy" in sys.modules:
        importlib.import_module("numpy.random")  # numpy itself leaves it for later
    if "torch" in sys.modules:
        _warm_torch()
    return loaded


def _import(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):
            raise
        return False
    return True


def _warm_torch() -> None:
    """Uses once what a network uses. Safe: every pool of threads has one."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    importlib.import_module("torch._dynamo")  # the first optimiser imports it: more than a second
    x = torch.randn(2, 3, 8, 8, requires_grad=True)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(),
                          nn.Linear(256, 8), nn.LayerNorm(8))
    optimizer = torch.optim.Adam(model.parameters())
    loss = nn.functional.cross_entropy(model(x), torch.zeros(2, dtype=torch.long))
    loss.backward()
    optimizer.step()
    query = torch.randn(1, 2, 4, 8)
    nn.functional.scaled_dot_product_attention(query, query, query)
    torch.einsum("nhtd,nhsd->nhts", query, query).softmax(-1)
