"""What `check` says of a function whose cell was edited since, in a real kernel."""

import json
import os
import time

WRONG = "def row_mean(x):\n    return x.sum(axis=1)"
RIGHT = "def row_mean(x):\n    return x.mean(axis=1)"


def said(kernel) -> str:
    return kernel.run("print(check('row_mean'))").stream("stdout")


def number(kernel) -> int:
    """Of the cell before this one."""
    return int(kernel.value("get_ipython().execution_count")) - 2


def test_a_cell_that_does_not_compile_has_changed_nothing(kernel):
    kernel.run("from autograder.notebook import check")
    kernel.run(WRONG)
    first = number(kernel)
    assert said(kernel).startswith("row_mean: ")
    kernel.run("def row_mean(x)\n    return x.mean(axis=1)")
    second = number(kernel)
    assert said(kernel).startswith(f"`row_mean` is still that of In [{first}]: In [{second}] does not compile (expected ':'")
    kernel.run(f"1 / 0\n{RIGHT}")
    assert said(kernel).startswith(f"`row_mean` is still that of In [{first}]: In [{number(kernel) - 1}] ended with an error")
    kernel.run(RIGHT)
    assert said(kernel).startswith("row_mean: 2 of 2")


def test_a_cell_that_was_edited_and_not_run(kernel, tiny_handout):
    kernel.run("from autograder.notebook import check")
    kernel.run(WRONG)
    count, path = number(kernel), tiny_handout / "means.ipynb"
    before = path.read_text(encoding="utf-8")
    notebook = json.loads(before)
    cell = next(each for each in notebook["cells"] if each["metadata"].get("nbgrader", {}).get("grade_id") == "code-row_mean")
    try:
        for source, begins in ((RIGHT, f"`row_mean` is that of In [{count}], and its cell has changed since: run it"),
                               (WRONG + "\n", "row_mean: 0 of 2")):
            cell |= {"source": source, "execution_count": count}
            path.write_text(json.dumps(notebook), encoding="utf-8")
            assert said(kernel).startswith(begins)
        cell |= {"source": RIGHT}
        path.write_text(json.dumps(notebook), encoding="utf-8")
        os.utime(path, (time.time() - 10**6,) * 2)  # saved by a kernel of yesterday, whose numbers say nothing
        assert said(kernel).startswith("row_mean: 0 of 2")
    finally:
        path.write_text(before, encoding="utf-8")
