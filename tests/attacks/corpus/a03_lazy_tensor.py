"""Tensors without values: meta, sparse, and one that claims a petabyte.

Tries: to crash or to stall whoever asks for their values.
Stopped by: only dense CPU tensors go over; sizes are checked before a copy is made.
"""

import torch


def answer(x):
    return [torch.empty(3, 5, device="meta"), torch.eye(3).to_sparse(), torch.zeros(1).expand(1 << 50)]
