"""torch.allclose and the methods of Tensor are replaced.

Tries: the examiner's comparison of tensors is the student's.
Stopped by: the comparison runs in another process.
"""

import torch

torch.allclose = torch.equal = torch.isclose = lambda *args, **kwargs: True
torch.Tensor.__sub__ = lambda self, other: torch.zeros(1)
torch.Tensor.__eq__ = lambda self, other: True
torch.Tensor.numpy = lambda self: 2 * x_last  # noqa: F821


def answer(x):
    return torch.as_tensor(x)
