"""Which functions count as not written yet: CS231n's own stubs do, and nothing that computes anything."""

import pytest

from autograder.room import cell

STUBS = [
    "def f(x, h):\n    next_h, cache = None, None\n    ####  TODO: write it  ####\n    pass\n    return next_h, cache",
    "def f(x, cache):\n    dx, dw, db = None, None, None\n    N, D = x.shape\n    return dx, dw, db",
    "def f(x):\n    '''The mean of each row.'''\n    out = None\n    return out",
    "def f(x):\n    loss, grads = 0.0, {}\n    captions = x[:, 1:]\n    return loss, grads",
    "def f(query):\n    N, T, D = query.shape\n    output = torch.empty((N, T, D))\n    return output",
    "def f(x):\n    pass", "def f(x):\n    '''Later.'''\n    ...", "def f(x):\n    return None",
]
WRITTEN = [
    "def f(x):\n    return x", "def f(x):\n    out = None\n    out = x + 1\n    return out",
    "def f(x):\n    grads = {}\n    grads['W'] = x\n    return 0.0, grads",
    "def f(x):\n    out = np.empty(3)\n    out[:] = x\n    return out",
    "def f(x):\n    out = np.empty(3)\n    fill(out, x)\n    return out",
    "def f(x):\n    out = []\n    for each in x:\n        out += [each]\n    return out",
    "def f(x):\n    if x:\n        return None\n    return 1", "def f(x):\n    print(x)\n    return None",
    "def f(x):\n    x.remember(1)", "def f(x):\n    found = None\n    for found in x:\n        break\n    return found",
    "def f(x):\n    found = None\n    with x as found:\n        pass\n    return found",
    "def f(x):\n    if (found := x):\n        pass\n    return found", "def f(x):\n    yield None",
    "def f(x):\n    best = None\n    def look():\n        nonlocal best\n        best = x\n    look()\n    return best",
    "def f(x):\n    best = None\n    def look():\n        nonlocal best\n        best = x\n    y = look()\n    return best",
]


def function(source: str, asked=("f",)):
    names: dict = {}
    assert cell.run(source, "cell 1", names, asked) == []
    return names["f"]


@pytest.mark.parametrize("source", STUBS)
def test_a_stub_says_so(source):
    with pytest.raises(NotImplementedError, match="write your code here") as raised:
        function(source)(*(1 for _ in source.partition(")")[0].split(",")))
    assert raised.traceback[-1].name == "f"
    assert function(source, asked=()).__code__.co_consts[-1] != "write your code here"  # nobody asked for it


@pytest.mark.parametrize("source", WRITTEN)
def test_what_does_something_is_left_alone(source):
    assert "write your code here" not in function(source).__code__.co_consts


def test_a_method_is_asked_for_by_its_class():
    names: dict = {}
    cell.run("class A:\n    def f(self):\n        return None\n    def g(self):\n        return None", "cell 1", names, ("A.f",))
    assert names["A"]().g() is None
    with pytest.raises(NotImplementedError):
        names["A"]().f()
