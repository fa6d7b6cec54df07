"""What a check leaves as it was, with PyTorch: the rest is tried in a kernel (test_check.py)."""

import numpy as np
import pytest
import torch

from autograder.notebook.untouched import as_found


def state(namespace: dict) -> list:
    return [torch.get_rng_state().tolist(), namespace["own"].get_state().tolist(), torch.get_default_dtype(),
            torch.get_num_threads(), torch.is_grad_enabled(), torch.are_deterministic_algorithms_enabled()]


@pytest.mark.parametrize("grad", [True, False])
def test_torch_is_left_as_it_was(grad):
    namespace = {"own": torch.Generator().manual_seed(3)}
    torch.set_grad_enabled(grad)
    try:
        before = state(namespace)
        with as_found(namespace):
            assert torch.is_grad_enabled()              # whatever the notebook has set: the checks need it
            torch.rand(3), torch.rand(3, generator=namespace["own"])
            torch.set_default_dtype(torch.float64)
            torch.set_num_threads(3 - torch.get_num_threads() % 2)
            torch.set_grad_enabled(False)
        assert state(namespace) == before
    finally:
        torch.set_grad_enabled(True)


def test_names_come_back_whatever_happens():
    namespace = {"a": 1, "b": 2, "rng": np.random.default_rng(0)}
    was = dict(namespace), namespace["rng"].bit_generator.state
    with pytest.raises(KeyboardInterrupt), as_found(namespace):
        namespace["a"], namespace["c"] = 3, 4
        del namespace["b"]
        namespace["rng"].random()
        raise KeyboardInterrupt
    assert (namespace, namespace["rng"].bit_generator.state) == was
