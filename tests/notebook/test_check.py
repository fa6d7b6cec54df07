"""`check` in a real kernel: its words, and that the notebook stays as it was."""

import json

import pytest

RIGHT = """
import numpy as np
from autograder.notebook import check

def row_mean(x):
    return x.sum(axis=1) / x.shape[1]

def centred(x):
    mean = row_mean(x)
    return x - mean[:, None], (x, mean)

class Scaler:
    def __init__(self):
        self.largest = 0.0
    def fit(self, x):
        self.largest = np.abs(x).max()
        return self.largest
"""


@pytest.fixture
def notebook(kernel):
    """The kernel, with the right answers in it."""
    kernel.run("get_ipython().user_ns.pop('row_mean', None)")
    assert kernel.run(RIGHT).status == "ok"
    return kernel


def said(notebook, part: str) -> str:
    """All the words of a check; nothing else may be shown."""
    shown = notebook.run(f"check({part!r})")
    assert shown.status == "ok" and [message["msg_type"] for message in shown.messages] == ["execute_result"]
    shown = notebook.run(f"print(check({part!r}))")
    assert shown.stream("stderr") == ""
    return shown.stream("stdout")


def test_a_right_answer_is_a_number_and_a_table(notebook):
    data = notebook.run('check("row_mean")').result
    assert data["text/plain"] == "2.0"                  # what nbgrader reads
    assert "✓ passed" in data["text/html"] and "<script" not in data["text/html"]


def test_a_wrong_answer_says_where_and_earns_its_hint(notebook):
    notebook.run("def row_mean(x):\n    return x.sum(axis=1)")
    text = said(notebook, "row_mean")
    assert "`mean` differs at N=" in text and "hint: This is the sum of each row" in text


def test_a_stub_and_what_waits_for_it(notebook):
    notebook.run("def row_mean(x):\n    raise NotImplementedError('write your code here')")
    assert "✗ not attempted" in said(notebook, "row_mean")
    assert "waits for `row_mean`" in said(notebook, "centred")


def test_an_exception_points_at_the_students_lines(notebook):
    notebook.run("def inner(x):\n    return x @ x\n\ndef row_mean(x):\n    y = 1\n    return inner(x)")
    cell = notebook.value("len(In) - 2")
    text = said(notebook, "row_mean")
    assert "your code raised ValueError: matmul" in text
    assert f"In [{cell}], line 6: return inner(x)\n      In [{cell}], line 2: return x @ x\n" in text
    assert "Traceback" not in text and "autograder" not in text


def test_a_name_that_is_gone(notebook):
    notebook.run("del row_mean")
    assert "name 'row_mean' is not defined: its cell was not run, has failed, or is gone" in said(notebook, "row_mean")
    notebook.run("def row_mean(x):\n    return x.mean(axis=1)")
    assert "✓ passed" in said(notebook, "row_mean")


@pytest.mark.parametrize("asked, found, hint", [
    ("'row_men'", "there is no `row_men`", "did you mean `row_mean`?"),
    ("'zzz'", "there is no `zzz`", "the parts are row_mean, centred, scaler"),
    ("row_mean", "row_mean itself", 'write check("row_mean")')])
def test_a_part_that_does_not_exist(notebook, asked, found, hint):
    shown = notebook.run(f"check({asked})")
    assert shown.status == "error" and "File" not in shown.traceback
    assert shown.traceback.splitlines()[1:] == [found, f"hint: {hint}"]


def test_what_code_says_is_folded_and_escaped(notebook):
    notebook.run("import warnings, sys\ndef row_mean(x):\n    print('<b>shape', x.shape)\n    warnings.warn('careful')\n"
                 "    print('oh', file=sys.stderr)\n    display('seen')\n    return x.mean(axis=1)")
    text, html = said(notebook, "row_mean"), notebook.run('check("row_mean")').result["text/html"]
    for line in ("<b>shape (3, 5)", "UserWarning: careful (In [", "oh", "'seen'"):
        assert f"  | {line}" in text
    assert "<details" in html and "&lt;b&gt;shape" in html and "<b>shape" not in html


def test_a_flood_of_prints_is_cut(notebook):
    notebook.run("def row_mean(x):\n    for _ in range(100_000): print('x' * 50)\n    return x.mean(axis=1)")
    assert len(notebook.run('check("row_mean")').result["text/html"]) < 50_000


def test_the_whole_notebook_in_one_place(notebook):
    notebook.run("def centred(x):\n    return x, None")
    shown = notebook.run("check()")
    first, *updates = [message for message in shown.messages if "display_data" in message["msg_type"]]
    assert first["msg_type"] == "display_data" and "0 of 3 parts: row_mean" in first["content"]["data"]["text/plain"]
    assert "<progress" in first["content"]["data"]["text/html"]
    place = first["content"]["transient"]
    assert len(updates) == 3 and all(update["msg_type"] == "update_display_data"
                                     and update["content"]["transient"] == place for update in updates)
    last = updates[-1]["content"]["data"]
    assert last["text/plain"].splitlines() == [
        "✓ row_mean      2 of 2  complete", "✗ centred       0 of 3  0 of 2 checks passed",
        "✓ scaler        2 of 2  complete", "4 of 7 points for the visible checks; next: centred"]
    assert "<th scope=" in last["text/html"] and not shown.of("execute_result") and not shown.of("stream")


def test_the_overview_of_a_notebook_that_was_not_run(notebook):
    notebook.run("del Scaler")
    last = notebook.run("check()").of("update_display_data")[-1]["data"]["text/plain"]
    assert "✗ scaler        0 of 2  its cell was not run, has failed, or is gone" in last


def test_an_overview_can_be_looked_at_again(notebook):
    notebook.run("overview = check()")
    shown = notebook.run("overview")
    assert len(shown.of("display_data")) == 1
    assert "all parts are complete" in shown.of("display_data")[0]["data"]["text/plain"]


def test_an_endless_loop_is_stopped_where_it_is(notebook):
    notebook.run("import autograder.notebook.desk as desk\ndesk.SECONDS = desk.HURRIED = 0.5")
    notebook.run("def row_mean(x):\n    while True:\n        x = x + 1")
    try:
        text = said(notebook, "row_mean")
    finally:
        notebook.run("desk.SECONDS, desk.HURRIED = 10.0, 2.0")
    assert "still running after 0.5 s, so it was stopped" in text and "it was at In [" in text
    assert notebook.value("__import__('signal').getitimer(0)") == "(0.0, 0.0)"


def test_the_stop_button_ends_a_check_at_any_moment(notebook):
    """With one sentence; and nothing is left behind, whenever it is pressed."""
    notebook.run("import signal, time, random\nnp.random.seed(3)\nbefore = signal.getsignal(signal.SIGALRM)\n"
                 "def row_mean(x):\n    end = time.monotonic() + 0.02\n    while time.monotonic() < end: pass\n"
                 "    np.random.rand(); return x.mean(axis=1)")
    stopped = 0
    for delay in (0.0, 0.003, 0.007, 0.012, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08):
        shown = notebook.run("for _ in range(20): check('centred')", stop_after=delay)
        if shown.status == "error" and "check was stopped" in shown.traceback:
            stopped += 1
            line, = shown.traceback.splitlines()
            assert line.endswith("nothing in your notebook has changed") and shown.stream("stderr") == ""
        assert notebook.value("signal.getsignal(signal.SIGALRM) is before, signal.getitimer(0)") == "True (0.0, 0.0)"
        assert notebook.value("float(np.random.get_state()[2])") == "624.0"  # where the seed left it
        assert said(notebook, "centred").startswith("centred: 3 of 3")
    assert stopped >= 5


def test_the_next_cell_does_not_run_after_the_stop_button(notebook):
    notebook.run("import time\ndef row_mean(x):\n    time.sleep(60)")
    shown = notebook.run("check()\nprint('went on')", stop_after=1.0)
    assert shown.status == "error" and "went on" not in shown.stream("stdout")
    assert shown.of("error")[0]["ename"] == "CheckStopped"


def test_nobody_is_asked(notebook):
    notebook.run("def row_mean(x):\n    return input('well? ')")
    assert "nobody answers while `check` runs" in said(notebook, "row_mean")
    notebook.run("def row_mean(x):\n    import sys\n    sys.exit(0)")
    assert "your code raised SystemExit" in said(notebook, "row_mean")
    notebook.run("def row_mean(x):\n    check('row_mean')")
    assert "one check at a time" in said(notebook, "row_mean")


def test_cells_in_any_order_and_a_class_made_anew(notebook):
    notebook.run("class Scaler:\n    def fit(self, x):\n        self.largest = 1\nscaler = Scaler()")
    assert "✗ failed" in said(notebook, "scaler")
    notebook.run(RIGHT)                                 # the class is another one now, the instance is old
    assert "✓ passed" in said(notebook, "scaler")
    assert notebook.value("type(scaler) is Scaler") == "False"


def test_a_function_from_a_module_that_is_edited(notebook, tiny_handout):
    module = tiny_handout / "my_means.py"
    module.write_text("def row_mean(x):\n    return x.sum(axis=1)\n")
    notebook.run("%load_ext autoreload\n%autoreload 2\nfrom my_means import row_mean")
    assert "hint: This is the sum" in said(notebook, "row_mean")
    for reason in ("no", "not so"):
        module.write_text(f"def row_mean(x):\n    raise ValueError({reason!r})\n")
        assert f"my_means.py, line 2: raise ValueError({reason!r})" in said(notebook, "row_mean")
    module.write_text("def row_mean(x):\n    # right at last\n    return x.sum(axis=1) / x.shape[1]\n")
    assert "✓ passed" in said(notebook, "row_mean")


def test_a_notebook_that_changed_its_folder(notebook, tmp_path):
    said(notebook, "row_mean")
    notebook.run(f"import os\nhome = os.getcwd()\nos.chdir({str(tmp_path)!r})")
    try:
        assert "✓ passed" in said(notebook, "row_mean")
    finally:
        notebook.run("os.chdir(home)")


def test_new_checks_are_read_again(notebook, tiny_handout):
    path = tiny_handout / "checks.py"
    source = path.read_text(encoding="utf-8")
    path.write_text(source.replace("the mean of each row equals", "each mean equals"), encoding="utf-8")
    try:
        assert "each mean equals the reference" in said(notebook, "row_mean")
    finally:
        path.write_text(source, encoding="utf-8")


def test_the_notebook_is_left_as_it_was(notebook):
    """Names, random streams, settings and warnings, with code that touches all of them."""
    notebook.run("""
import random, warnings, matplotlib.pyplot as plt
np.random.seed(1); random.seed(2); rng = np.random.default_rng(3)
np.set_printoptions(precision=3); np.seterr(all="ignore"); warnings.simplefilter("error")
calls, plt.rcParams["lines.linewidth"] = 0, 7.0
def row_mean(x):
    global calls, extra
    calls += 1; extra = 1; x *= 1
    random.random(); np.random.rand(); rng.random()
    np.set_printoptions(precision=8); np.seterr(all="raise"); warnings.simplefilter("ignore")
    plt.rcParams["lines.linewidth"] = 1.0; plt.figure(); plt.show()
    return x.mean(axis=1)
def state():
    return repr([random.getstate(), np.random.get_state(), rng.bit_generator.state, np.get_printoptions(), np.geterr(),
                 warnings.filters, plt.rcParams["lines.linewidth"], plt.get_fignums(), calls, "extra" in globals()])
was = state()
""")
    assert "✓ passed" in said(notebook, "row_mean")
    assert notebook.value("state() == was") == "True"
    notebook.run("warnings.resetwarnings(); np.seterr(all='warn'); plt.rcdefaults()")


def test_without_ipython_the_words_are_the_text(tiny_handout, tmp_path):
    import subprocess
    import sys

    script = tmp_path / "answers.py"
    script.write_text(RIGHT + "print(repr(check('row_mean')))\nprint(check())\n"
                      "import sys\nprint([name for name in ('IPython', 'torch') if name in sys.modules])\n")
    done = subprocess.run([sys.executable, script], cwd=tiny_handout, capture_output=True, text=True, check=True)
    first, *_, last = done.stdout.splitlines()
    assert first == "row_mean: 2 of 2 points" and last == "[]" and "\r" not in done.stdout and done.stderr == ""
    assert "7 of 7 points for the visible checks; all parts are complete" in done.stdout


def test_only_one_number_reaches_nbgrader(notebook):
    notebook.run("def row_mean(x):\n    return x.mean(axis=1)")
    shown = notebook.run('check("row_mean")')
    assert json.loads(shown.result["text/plain"]) == 2.0 and set(shown.result) == {"text/plain", "text/html"}


def test_an_own_module_and_a_package_that_a_grader_may_lack(notebook, tiny_handout):
    (tiny_handout / "helpers.py").write_text("def mean_of_rows(x):\n    return x.sum(axis=1) / x.shape[1] + gone\n")
    notebook.run("from helpers import mean_of_rows\nimport hypothesis\ndef row_mean(x):\n    return mean_of_rows(x), hypothesis")
    shown = notebook.run('check("row_mean")')
    assert "imports `hypothesis`, which this course does not count on" in shown.stream("stdout")
    assert "helpers.py, line 2: return x.sum(axis=1) / x.shape[1] + gone" in shown.result["text/html"].replace("<br>", "\n")
    (tiny_handout / "helpers.py").write_text("def mean_of_rows(x):\n    return x.sum(axis=1) / x.shape[1]\n")
    notebook.run("import importlib, helpers\nimportlib.reload(helpers)\nfrom helpers import mean_of_rows\n"
                 "def row_mean(x):\n    return mean_of_rows(x)")
    assert notebook.run('check("row_mean")').stream("stdout") == ""  # said once
    assert notebook.run('check("row_mean")').result["text/plain"] == "2.0"
