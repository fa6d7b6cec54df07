"""Gradients of PyTorch code: where it runs in a room, and where it runs in this process."""

from typing import Any


def vector_jacobian(function, args: tuple, kwargs: dict, cotangent: Any) -> tuple[Any, list, dict]:
    """(outputs, [gradient or None for each of args], {parameter name: gradient or None}) of sum(outputs * cotangent).

    Outputs and cotangent may be tuples; a cotangent of None leaves an output out. The parameters are those of
    `function`, or of the module that it is a method of.
    """
    import torch

    inputs = [arg.requires_grad_() if _learns(torch, arg) else None for arg in args]
    owner = getattr(function, "__self__", function)
    parameters = dict(owner.named_parameters()) if isinstance(owner, torch.nn.Module) else {}
    with torch.enable_grad():
        outputs = function(*args, **kwargs)
        total = _weighted_sum(torch, outputs, cotangent)
    wanted = [tensor for tensor in (*inputs, *parameters.values()) if tensor is not None and tensor.requires_grad]
    found = _gradients(torch, total, wanted)
    return (outputs, [found.get(id(tensor)) for tensor in inputs],
            {name: found.get(id(tensor)) for name, tensor in parameters.items()})


def _learns(torch, value) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def _weighted_sum(torch, outputs, cotangent):
    """sum(outputs * cotangent); for a tuple of outputs one cotangent each, None to leave one out."""
    pairs = zip(outputs, cotangent, strict=True) if isinstance(cotangent, (tuple, list)) else [(outputs, cotangent)]
    return sum((out * torch.as_tensor(weight)).sum() for out, weight in pairs if weight is not None)


def _gradients(torch, total, wanted: list) -> dict:
    """id(tensor) -> gradient of `total`, for the tensors that it depends on."""
    if not wanted or not total.requires_grad:
        return {}
    found = torch.autograd.grad(total, wanted, allow_unused=True)
    return {id(tensor): gradient for tensor, gradient in zip(wanted, found) if gradient is not None}
