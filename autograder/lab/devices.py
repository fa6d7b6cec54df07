"""Where tensors lie: a GPU where there is one, the CPU for pictures and for the numbers of a check.

PyTorch is not imported here: who has no tensors needs none.
"""

import contextlib
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np


def accelerator() -> str:
    """"cuda" where PyTorch sees a GPU, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def making(device) -> contextlib.AbstractContextManager:
    """What is made meanwhile without saying where, such as `torch.ones(3)`, is made on `device`."""
    import torch

    device = torch.device(device)
    if device == torch.get_default_device():
        return contextlib.nullcontext()  # the other way makes every call of PyTorch slower
    return device


def home_of(objects: Iterable[Any]):
    """The device of the first module among the objects, or among the owners of bound methods, that has left the CPU;
    None if there is none."""
    torch = sys.modules.get("torch")
    for each in objects if torch else ():
        module = each if isinstance(each, torch.nn.Module) else getattr(each, "__self__", None)
        if isinstance(module, torch.nn.Module):
            found = next((weight.device for weight in module.parameters() if weight.device.type != "cpu"), None)
            if found is not None:
                return found
    return None


def moved(value: Any, device) -> Any:
    """Plain data with its tensors on `device`; everything else as it is."""
    torch = sys.modules.get("torch")
    if torch is None or device is None:
        return value
    if type(value) in (torch.Tensor, torch.nn.Parameter):
        if value.device == torch.device(device):
            return value
        return value.detach().to(device).requires_grad_(value.requires_grad)
    if type(value) in (tuple, list):
        return type(value)(moved(each, device) for each in value)
    if isinstance(value, dict):
        return type(value)((key, moved(each, device)) for key, each in value.items())
    return value


def as_array(value: Any, dtype=None) -> np.ndarray:
    """An array of anything that holds numbers: also of a tensor on a GPU, or one through which gradients flow."""
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, dtype)
