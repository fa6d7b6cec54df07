"""A notebook whose tensors lie on a GPU. There is none here: PyTorch's "meta" stands for a device that is not the CPU."""

import numpy as np
import pytest
import torch

from autograder.examine.values import Opaque
from autograder.lab.devices import accelerator, as_array, home_of, making, moved
from autograder.notebook.deadline import StopButton, alarm
from autograder.notebook.desk import NotebookDesk
from autograder.notebook.overheard import Overheard
from autograder.notebook.places import Places
from autograder.notebook.untouched import as_found

META = torch.device("meta")


@pytest.fixture
def elsewhere():
    torch.set_default_device(META)
    yield
    torch.set_default_device(None)


def test_a_gpu_is_used_where_there_is_one(monkeypatch):
    assert accelerator() == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert accelerator() == "cuda"


def test_a_check_makes_its_tensors_on_the_cpu(elsewhere):
    with as_found({}):
        assert torch.ones(2).device.type == torch.nn.Linear(2, 3).weight.device.type == "cpu"
    assert torch.ones(2).device == META


def test_modules_and_their_methods_have_a_home():
    layer, here = torch.nn.Linear(2, 3, device=META), torch.nn.Linear(2, 3)
    assert home_of([3, layer]) == home_of([layer.forward]) == META
    assert home_of([here, here.forward, len, None]) is None


def test_plain_data_moves_as_a_whole():
    value = {"a": [torch.ones(2, requires_grad=True), 3], "b": (torch.zeros(1), np.ones(2))}
    there = moved(value, META)
    assert there["a"][0].device == there["b"][0].device == META and there["a"][0].requires_grad
    assert there["a"][1] == 3 and there["b"][1] is value["b"][1]
    assert moved(value, None) is value and moved(value["b"][0], "cpu") is value["b"][0]


class Far(torch.nn.Module):
    """Lives elsewhere, and takes nothing from here."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(3, device=META))
        self.mask = torch.ones(3)

    def forward(self, x):
        assert x.device == torch.ones(2).device == self.weight.device
        return torch.full((2,), 5.0, device="cpu")


def test_a_module_that_lives_elsewhere_is_asked_there():
    def through(module, x):
        return module(x)

    places = Places()
    with StopButton() as button, alarm() as clock:
        desk = NotebookDesk({"far": Far(), "through": through}, places, Overheard(places.name), clock, button)
        backend, x = desk.backend(()), torch.zeros(2)
        far, function = backend.get(None, "far"), backend.get(None, "through")
        assert type(far) is Opaque
        assert backend.call(far, (x,), {}).tolist() == backend.call(function, (far, x), {}).tolist() == [5.0, 5.0]
        assert x.device == torch.ones(2).device == torch.device("cpu")


def test_an_array_of_anything():
    assert as_array(torch.ones(2, requires_grad=True), np.float64).tolist() == as_array([1, 1]).tolist() == [1, 1]


def test_what_is_made_is_made_where_it_was_asked_for(elsewhere):
    with making("meta"):
        assert torch.ones(1).device == META
    with making("cpu"), making("cpu"):
        assert torch.ones(1).device.type == "cpu"
