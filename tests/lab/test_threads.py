"""Loops over small models keep to one thread, and give the others back."""

import numpy as np
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from autograder.lab import progress
from autograder.lab.threads import one_thread


def threads() -> list[int]:
    np.ones((2, 2)) @ np.ones((2, 2))  # so that its library is there
    return [torch.get_num_threads(), *(pool["num_threads"] for pool in threadpool_info())]


def test_one_thread_meanwhile():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with threadpool_limits(2):
            outside = threads()
            with one_thread():
                assert set(threads()) == {1}
            assert threads() == outside
            assert [threads() for _ in progress(range(2), "training")] == [[1] * len(outside)] * 2
            assert threads() == outside
            for _ in progress(range(5), "training"):
                break
            assert threads() == outside
    finally:
        torch.set_num_threads(before)
