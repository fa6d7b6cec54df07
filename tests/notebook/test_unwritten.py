"""What a cell says that needs a function which is still a stub, in a real kernel."""

import pytest

STUB = "def mean(x):\n    raise NotImplementedError('write your code here')"


@pytest.fixture(scope="module")
def stubbed(kernel):
    assert kernel.run("from autograder.notebook import check\nthere = 1").status == "ok"
    assert kernel.run(f"{STUB}\nclass Model:\n    def loss(self):\n        return mean([1])\n    def sample(self):\n"
                      "        raise NotImplementedError('write your code here')").status == "ok"
    return kernel


def test_it_names_the_function(stubbed):
    assert stubbed.run("mean([1, 2])").traceback == "not yet: this cell needs `mean`, which is still to be written"
    assert stubbed.run("Model().loss()").traceback == "not yet: this cell needs `mean`, which is still to be written"
    assert stubbed.run("for k in range(3):\n    Model().sample()").traceback == (
        "not yet: this cell needs `Model.sample`, which is still to be written")
    assert stubbed.run("mean([1, 2])").status == "error"  # for whoever asks, it is an error as before


def test_it_says_where_a_name_would_have_come_from(stubbed):
    stubbed.run("before = 1\nsaid, true = mean([1]), 2\ndef judge():\n    local = 1\ntotal = said")
    assert stubbed.run("shares = [true]").traceback == (
        "not yet: `true` is made by a cell above that needs `mean`; run that one first")
    assert stubbed.run("judge()").traceback.startswith("not yet: `judge` is made")
    assert stubbed.run("shares[0]").traceback.startswith("not yet: `shares` is made by a cell above that needs `mean`")
    assert stubbed.run("before + there").status == "ok"
    for own in ("local", "said_", "def f():\n    return lokal\nf()"):
        assert "Traceback" in stubbed.run(own).traceback, own


def test_other_errors_keep_their_tracebacks(stubbed):
    for own in ("1 / 0", "import abc\nraise NotImplementedError('mine')", "def f():\n    x += 1\nf()",
                "import numbers\nnumbers.Complex.__abs__(1)", "import numpy as np\nnp.random.BitGenerator()"):
        assert "Traceback" in stubbed.run(own).traceback, own


def test_once_it_is_written_all_goes_on(stubbed):
    stubbed.run("def mean(x):\n    return sum(x) / len(x)")
    assert stubbed.run("said, true = mean([1]), 2\nshares = [true]").status == "ok"
    assert stubbed.run("shares[0]").status == "ok"
    stubbed.run(STUB)


def test_a_handler_of_the_students_own_stays(kernel):
    kernel.run("import importlib\nfrom autograder.notebook import unwritten\nfrom IPython import get_ipython\n"
               "get_ipython().set_custom_exc((NotImplementedError,), lambda *a, **k: print('mine'))\n"
               "unwritten.explain_stubs()")
    assert kernel.run("def f():\n    raise NotImplementedError\nf()").stream("stdout") == "mine\n"
    kernel.run("get_ipython().set_custom_exc((), None)\nunwritten.explain_stubs()")
    assert kernel.run("f()").traceback.startswith("not yet")


def test_an_import_that_fails_says_so_and_the_cell_goes_on_as_it_does_when_it_is_graded(kernel):
    kernel.run("from autograder.notebook import check")
    shown = kernel.run("from cs231n.layers import *\nfrom math import gone\ndef helper():\n    return 3\nhelper()")
    assert shown.status == "ok" and shown.result["text/plain"] == "3"
    first, second = shown.stream("stdout").splitlines()
    assert first.endswith(" imports `cs231n`, which is not installed here") and first.startswith("In [")
    assert "goes on without `from math import gone`: ImportError: " in second
    assert "ModuleNotFoundError" in kernel.run("def late():\n    import cs231n\nlate()").traceback


def test_a_stub_that_returns_none_is_not_written_either(kernel):
    kernel.run("from autograder.notebook import check\nkeep = globals().get('row_mean')")
    assert kernel.run("def row_mean(x):\n    mean = None\n    return mean\ndef other():\n    return None").status == "ok"
    assert kernel.run("other()").status == "ok"
    assert kernel.run("row_mean(1)").traceback == "not yet: this cell needs `row_mean`, which is still to be written"
    assert "not attempted" in kernel.run("print(check('row_mean'))").stream("stdout")
    kernel.run("row_mean = keep")
