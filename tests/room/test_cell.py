"""How a cell is run: imports that fail, and what they cost."""

import pytest

from autograder.room import cell


def ran(source: str) -> tuple[dict, list[str]]:
    names: dict = {"__name__": "__main__"}
    return names, cell.run(source, "cell 1", names)


@pytest.mark.parametrize("source, said", [
    ("from cs231n.layers import *", "cell 1 imports `cs231n`, which is not installed here"),
    ("import os, cs231n.layers as layers, sys", "cell 1 imports `cs231n`, which is not installed here"),
    ("from ..rnn_layers import *", "cell 1 goes on without `from ..rnn_layers import *`: Import"),
    ("from math import gone, sqrt", "cell 1 goes on without `from math import gone`: ImportError: cannot import name"),
    ("if True:\n    import cs231n", "cell 1 imports `cs231n`, which is not installed here"),
])
def test_an_import_that_fails_costs_its_own_names(source, said):
    names, [sentence] = ran(f"{source}\nfrom math import pi\n\ndef one():\n    return 1")
    assert sentence.startswith(said)
    assert names["one"]() == 1 and "pi" in names
    assert ("sys" in names) == ("sys" in source) and ("sqrt" in names) == ("sqrt" in source)
    assert "cs231n" not in names and "layers" not in names and "gone" not in names


def test_what_is_not_an_import_at_the_top_level_raises_where_it_stands():
    names, said = ran("from __future__ import annotations\n"
                      "try:\n    import cs231n\nexcept ImportError:\n    cs231n = None\n\n"
                      "def late():\n    import cs231n\n\ndef typed(x: nowhere):\n    return x")
    assert said == [] and names["cs231n"] is None and names["typed"](1) == 1
    with pytest.raises(ModuleNotFoundError) as raised:
        names["late"]()
    assert raised.traceback[-1].lineno + 1 == 8  # lines are those of the cell


def test_a_cell_that_fails_for_another_reason_does_so_and_what_was_forgiven_is_told_later():
    with pytest.raises(NameError):
        ran("import cs231n\naffine")
    assert cell.taken("cell 2") == ["cell 2 imports `cs231n`, which is not installed here"]
    assert cell.taken("cell 3") == []


def test_a_cell_may_await_at_its_top_level():
    names, said = ran("import asyncio\n\nasync def two():\n    await asyncio.sleep(0)\n    return 2\n\nx = await two()\n"
                      "async with asyncio.timeout(5):\n    y = x + await two()")
    assert (names["x"], names["y"], said) == (2, 4, [])


def test_a_room_awaits_too(room):
    room.run("import asyncio\nx = await asyncio.sleep(0, result=3)", "cell 1")
    assert room.get(None, "x") == 3


def test_what_a_cell_takes_from_the_future_holds_for_those_that_follow():
    names: dict = {}
    cell.run("from __future__ import annotations", "cell 1", names)
    cell.run("def typed(x: nowhere):\n    return x", "cell 2", names)
    assert names["typed"](1) == 1
    with pytest.raises(NameError):
        ran("def typed(x: nowhere):\n    return x")
