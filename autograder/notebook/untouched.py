"""Leaves a student's notebook as it was found, whatever their functions do while they are examined.

Their arguments are copies (autograder.examine.values); this keeps the rest: the names they have bound, all random
streams, the settings of NumPy, PyTorch and matplotlib, open figures, warnings.
"""

import contextlib
import random
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.lab.devices import making
from autograder.notebook.deadline import uninterrupted


@contextlib.contextmanager
def as_found(namespace: dict[str, Any]) -> Iterator[None]:
    """Restores everything at the end; meanwhile settings are those with which Python starts."""
    keepers = [_names(namespace), _random(namespace), _numpy(), warnings.catch_warnings()]
    if "torch" in sys.modules:
        keepers.append(_torch(namespace))
    if "matplotlib" in sys.modules:
        keepers.append(_matplotlib())
    stack = contextlib.ExitStack()
    try:
        for keeper in keepers:
            stack.enter_context(keeper)
        yield
    finally:
        with uninterrupted():
            stack.close()


@contextlib.contextmanager
def _names(namespace: dict[str, Any]) -> Iterator[None]:
    before = dict(namespace)
    try:
        yield
    finally:
        for name in namespace.keys() - before.keys():
            del namespace[name]
        namespace.update(before)


@contextlib.contextmanager
def _random(namespace: dict[str, Any]) -> Iterator[None]:
    """The global streams of Python and NumPy, and generators that the notebook has made."""
    python, numpy = random.getstate(), np.random.get_state()
    own = [value.bit_generator for value in namespace.values() if type(value) is np.random.Generator]
    states = [each.state for each in own]
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        for each, state in zip(own, states):
            each.state = state


@contextlib.contextmanager
def _numpy() -> Iterator[None]:
    with np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"), np.printoptions():
        yield


@contextlib.contextmanager
def _torch(namespace: dict[str, Any]) -> Iterator[None]:
    import torch

    generators = [torch.default_generator, *(torch.cuda.default_generators if torch.cuda.is_initialized() else ()),
                  *(value for value in namespace.values() if type(value) is torch.Generator)]
    states = [generator.get_state() for generator in generators]
    dtype, threads, grad = torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled()
    deterministic = torch.are_deterministic_algorithms_enabled()
    torch.set_grad_enabled(True)  # a notebook may have turned it off for all that follows
    try:
        with making("cpu"):  # where the numbers of the checks are, though a notebook may have chosen a GPU
            yield
    finally:
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        if torch.are_deterministic_algorithms_enabled() != deterministic:  # setting it loads the compiler: seconds
            torch.use_deterministic_algorithms(deterministic)
        for generator, state in zip(generators, states):
            generator.set_state(state)


@contextlib.contextmanager
def _matplotlib() -> Iterator[None]:
    """Its settings, and which figures are open: one that appears during a check is closed."""
    import matplotlib

    pyplot = sys.modules.get("matplotlib.pyplot")
    figures = pyplot.get_fignums() if pyplot else []
    current = pyplot.gcf().number if figures else None
    with matplotlib.rc_context():
        try:
            yield
        finally:
            pyplot = sys.modules.get("matplotlib.pyplot")
            for number in set(pyplot.get_fignums() if pyplot else []) - set(figures):
                pyplot.close(number)
            if current in (pyplot.get_fignums() if pyplot else []):
                pyplot.figure(current)
