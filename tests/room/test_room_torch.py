"""Modules, gradients and threads of a room with torch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

CELL = '''
import torch
from torch import nn

class Affine(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.inner = nn.Linear(inputs, outputs)
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, x, scale=1.0):
        return self.inner(x) * scale

def pair(x, y):
    return x * y, x + y
'''


@pytest.fixture
def room(torch_server):
    with torch_server.open() as room:
        room.run(CELL, "cell 1")
        yield room


def test_tensors_go_there_and_back(room):
    double = room.evaluate("lambda x: x * 2")
    got = room.call(double, (torch.arange(3.0),))
    assert type(got) is torch.Tensor and got.tolist() == [0, 2, 4]
    assert room.call(double, (torch.ones(2, requires_grad=True),)).requires_grad is False


def test_what_is_evaluated_may_define_functions(room):
    assert room.call(room.evaluate("def twice(x):\n    return 2 * x\ntwice"), (torch.ones(2),)).tolist() == [2, 2]


def test_vjp_gives_outputs_and_gradients(room):
    model = room.call(room.get(None, "Affine"), (3, 2))
    weights = {"inner.weight": torch.randn(2, 3), "inner.bias": torch.randn(2), "unused": torch.zeros(1)}
    room.call(room.get(model, "load_state_dict"), (weights,))
    x, cotangent = torch.randn(5, 3), torch.randn(5, 2)
    for function in (model, room.get(model, "forward")):
        out, (dx, nothing), gradients = room.vjp(function, (x, 2), {}, cotangent)
        assert torch.allclose(out, 2 * (x @ weights["inner.weight"].T + weights["inner.bias"]))
        assert torch.allclose(dx, 2 * cotangent @ weights["inner.weight"])
        assert torch.allclose(gradients["inner.weight"], 2 * cotangent.T @ x)
        assert nothing is None and gradients["unused"] is None
    assert not x.requires_grad


def test_vjp_of_several_outputs_takes_several_cotangents(room):
    x, y = torch.randn(4), torch.randn(4)
    weight = np.ones(4)
    _, (dx, dy), parameters = room.vjp(room.get(None, "pair"), (x, y), {}, (weight, None))
    assert torch.allclose(dx, y) and torch.allclose(dy, x) and parameters == {}


def test_vjp_of_a_detached_output_has_no_gradients(room):
    out, gradients, _ = room.vjp(room.evaluate("lambda x: x.detach()"), (torch.ones(2),), {}, torch.ones(2))
    assert out.tolist() == [1, 1] and gradients == [None]


def test_vjp_works_where_the_notebook_switched_gradients_off(room):
    room.run("torch.set_grad_enabled(False)", "cell 2")
    _, (gradient,), _ = room.vjp(room.evaluate("lambda x: x * 3"), (torch.ones(2),), {}, torch.ones(2))
    assert gradient.tolist() == [3, 3]


def test_a_room_trains(room):
    room.run("""
model = Affine(4, 2)
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
x, y = torch.randn(32, 4), torch.randint(2, (32,))
losses = []
for step in range(20):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
""", "cell 2", timeout=30)
    losses = room.get(None, "losses")
    assert losses[-1] < losses[0]


def test_more_threads_may_be_asked_for(room):
    room.run("torch.set_num_threads(2)\nx = torch.randn(400, 400)\ny = (x @ x).sum().item()", "cell 2", timeout=60)
    assert room.get(None, "y") != 0


def test_the_room_computes_with_the_same_instructions_as_the_examiner(room):
    assert room.evaluate("torch.backends.cpu.get_cpu_capability()") == torch.backends.cpu.get_cpu_capability()


def test_a_loader_with_workers_is_refused_with_a_reason(room):
    from autograder.errors import StudentRaised

    room.run("from torch.utils.data import DataLoader\n"
             "def batches(workers):\n    return len(list(DataLoader(list(range(8)), num_workers=workers)))", "cell 2")
    batches = room.get(None, "batches")
    assert room.call(batches, (0,)) == 8
    with pytest.raises(StudentRaised, match="one process"):
        room.call(batches, (2,))


def test_matplotlib_works(torch_server):
    pytest.importorskip("matplotlib")
    with torch_server.open() as room:
        room.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('a.png')\nplt.close()", "cell 1",
                 timeout=60)
        assert room.evaluate("__import__('os').path.getsize('a.png')") > 0


def test_a_cache_with_gradients_comes_back_as_a_copy(torch_server):
    """As it would be if it had gone over: without its history, and not the one that was handed out."""
    with torch_server.open() as room:
        room.run("import torch\nw = torch.ones(2, requires_grad=True)\n"
                 "def f(x):\n    return x, [(w * 2, x)]\n"
                 "def g(cache):\n    cache[0][0].mul_(3)\n    return cache[0][0], cache[0][0].requires_grad\n", name="cell")
        cache = room.call(room.get(None, "f"), (torch.ones(2),))[1]
        assert cache.type == "list"
        for _ in range(2):
            got, learns = room.call(room.get(None, "g"), (cache,))
            assert got.tolist() == [6, 6] and learns is False
