"""A Tensor subclass that answers every torch function.

Tries: torch.allclose(answer, expected) calls the student's `__torch_function__`, which says True.
Stopped by: exact types; a subclass of Tensor becomes an Opaque.
"""

import torch


class Close(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return True


def answer(x):
    return torch.as_tensor(x).as_subclass(Close)
