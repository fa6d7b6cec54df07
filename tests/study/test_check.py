"""autograder check and progress: what students write, and what else may lie in a saved notebook."""

import json
import os
import subprocess
import sys
import time

import pytest

from autograder.errors import DataError
from autograder.notebook import kept
from autograder.study.bench import Bench, Cancelled
from autograder.study.handout import find_all, having, of_notebook
from tests.study.helpers import autograder, cell, load, save, solve, surroundings

FOR_EVER = "def row_mean(x):\n    while True:\n        try:\n            x = x + 0\n        except BaseException:\n            pass\n"


def examine(copy, *parts, seconds=20.0):
    with Bench(copy, seconds) as bench:
        return bench.examine(copy.submission(), parts)


def points(examination) -> dict[str, float]:
    return {result.name: result.points for result in examination.results}


def test_a_copy_is_examined_part_by_part(copy, solution):
    solve(copy.notebook, solution, "row_mean", "Scaler")
    done = examine(copy)
    assert points(done) == {"row_mean": 2, "centred": 0, "scaler": 2} and done.notes == []
    assert points(examine(copy, "scaler")) == {"scaler": 2}


def test_a_loop_without_end_costs_its_part_and_those_that_wait_for_it(copy, solution):
    solve(copy.notebook, solution, "centred", "Scaler", row_mean=FOR_EVER)
    done = examine(copy, seconds=3.0)
    assert points(done) == {"row_mean": 0, "centred": 0, "scaler": 2}
    first, second, _ = done.results
    assert first.checks[0].found.startswith("still running after 3 s in `row_mean` (cell ")
    assert second.checks[0].found == "waits for `row_mean`, which was stopped"


@pytest.mark.parametrize(("source", "said"), [
    ("while True:\n    pass", "is left out: still running after 3 s"),
    ("import os\nos._exit(0)", "is left out: the process that runs the notebook ended (exit code 0)"),
    ("raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    ("exit(0)", "raised SystemExit: 0"),
    ("def f(:\n    pass", "does not compile: "),
    ("import a_package_that_is_not_here", "cell 4 imports `a_package_that_is_not_here`, which is not installed here"),
    ("import sys\nsys.__stdout__.write('{\"done\": true}\\n' * 99)\nprint('x' * 99)\nanswer = input()", "raised EOFError"),
])
def test_a_cell_that_misbehaves_does_not_stop_the_next(copy, solution, source, said):
    solve(copy.notebook, solution, "row_mean", "centred", "Scaler")
    notebook = load(copy.notebook)
    notebook["cells"].insert(3, {"cell_type": "code", "metadata": {}, "source": source, "outputs": []})
    save(notebook, copy.notebook)
    done = examine(copy, seconds=3.0)
    assert points(done) == {"row_mean": 2, "centred": 3, "scaler": 2}
    assert len(done.notes) == 1 and said in done.notes[0]


def test_a_crash_in_a_check_costs_its_part(copy, solution):
    solve(copy.notebook, solution, "Scaler", row_mean="def row_mean(x):\n    import os\n    os._exit(7)\n")
    done = examine(copy)
    assert points(done)["scaler"] == 2
    assert done.results[0].checks[0].found == "the process that runs the notebook ended (exit code 7)"


def test_an_examination_can_be_cancelled(copy, solution):
    solve(copy.notebook, solution, row_mean=FOR_EVER)
    begun = time.monotonic()
    with Bench(copy, 600.0) as bench, pytest.raises(Cancelled):
        bench.examine(copy.submission(), cancelled=lambda: time.monotonic() > begun + 3)


def test_a_handout_that_does_not_hang_together_is_said(copy):
    (copy.folder / "recorded.h5").write_bytes(b"")
    with Bench(copy) as bench, pytest.raises(DataError, match="recorded.h5"):
        bench.examine(copy.submission())


def test_a_handout_that_was_replaced_meanwhile_is_said(copy):
    checks = copy.folder / "checks.py"
    assert len(copy.plan.parts) == 3
    checks.write_text(checks.read_text().replace('part("scaler")', 'part("other")').replace('@points("scaler"', '@points("other"'))
    with Bench(copy) as bench, pytest.raises(DataError, match="checks.py has other parts by now"):
        bench.examine(copy.submission())


def test_windows_line_ends_and_a_byte_order_mark(copy, solution):
    solve(copy.notebook, solution, "row_mean", "centred", "Scaler")
    text = copy.notebook.read_text(encoding="utf-8").replace("\\n", "\\r\\n").replace("\n", "\r\n")
    copy.notebook.write_bytes(b"\xef\xbb\xbf" + text.encode())
    checks = copy.folder / "checks.py"
    checks.write_bytes(checks.read_bytes().replace(b"\n", b"\r\n"))
    assert points(examine(copy)) == {"row_mean": 2, "centred": 3, "scaler": 2}


def test_on_the_command_line(copy, solution):
    blank = autograder("check", copy.notebook, cwd=copy.folder.parent)
    assert blank.returncode == 1 and blank.stderr == "" and "\x1b" not in blank.stdout
    assert blank.stdout.splitlines() == [
        "row_mean: 0 of 2 points · not attempted: `row_mean` is not written yet",
        "centred: 0 of 3 points · not attempted: `centred` is not written yet",
        "scaler: 0 of 2 points · not attempted: `Scaler.fit` is not written yet",
        "0 of 7 points for the visible checks"]
    solve(copy.notebook, solution, "row_mean", "centred", Scaler="class Scaler:\n    pass")
    one = autograder("check", "means.ipynb", "centred", "--json", cwd=copy.folder)
    assert one.returncode == 0 and [part["name"] for part in json.loads(one.stdout)] == ["centred"]
    wrong = autograder("check", "means.ipynb", "centered", cwd=copy.folder)
    assert wrong.returncode == 2 and wrong.stderr.endswith("hint: did you mean `centred`?\n")
    lost = autograder("check", copy.notebook, cwd=copy.folder, PYTHONIOENCODING="cp1252")  # a pipe on Windows
    assert lost.returncode == 1 and "? passed: the mean of each row" in lost.stdout


@pytest.mark.parametrize("names, part", [([], "row_mean"), (["centred"], "centred"), (["."], "row_mean"),
                                         (["means.ipynb", "centred"], "centred")])
def test_the_notebook_need_not_be_named(copy, names, part):
    done = autograder("check", *names, "--json", cwd=copy.folder)
    assert done.returncode == 1 and json.loads(done.stdout)[0]["name"] == part


def test_what_is_no_notebook_is_said_in_three_lines(copy):
    lost = autograder("check", "gone.ipynb", cwd=copy.folder)
    assert lost.returncode == 2 and lost.stderr.splitlines()[-1].endswith("gone.ipynb is not there")
    (copy.folder.parent / "t2_again").mkdir()
    for path in copy.folder.iterdir():
        (copy.folder.parent / "t2_again" / path.name).write_bytes(path.read_bytes())
    for verb in ("check", "submit"):
        several = autograder(verb, cwd=copy.folder.parent)
        assert several.returncode == 2 and several.stderr.startswith("which notebook is meant\nthere are means.ipynb")


def test_in_colour_on_a_terminal_and_never_with_a_students_own_escapes(copy, solution):
    escape = "raise ValueError('\\x1b[2J\\x1b]0;gone\\x07[bold]')"
    solve(copy.notebook, solution, row_mean=f"def row_mean(x):\n    {escape}\n", Scaler=escape)
    done = autograder("check", copy.notebook, cwd=copy.folder, FORCE_COLOR="1", TERM="xterm-256color", COLUMNS="60")
    assert "\x1b[31m" in done.stdout and "\x1b[2J" not in done.stdout and "\x07" not in done.stdout
    assert "raised ValueError: 0;gone[bold]" in done.stdout
    indented = [line for line in done.stdout.splitlines() if "is not defined" in line or "has failed, or" in line]
    assert len(indented) == 2 and all(line.startswith(" " * 6) for line in indented)  # wrapped below itself
    piped = autograder("check", copy.notebook, "--json", cwd=copy.folder)
    assert "\x1b" not in piped.stdout + piped.stderr and "ValueError" in piped.stderr
    muted = autograder("check", copy.notebook, cwd=copy.folder, NO_COLOR="1", FORCE_COLOR="1", TERM="xterm")
    assert "\x1b[31m" not in muted.stdout


def test_progress_remembers_and_notices_changes(copy, solution):
    def progress():
        return json.loads(autograder("progress", "--json", cwd=copy.folder.parent.parent).stdout)[0]

    before = progress()
    assert (before["points"], before["max_points"], before["checked"], before["next_part"]) == (0, 7, False, "row_mean")
    solve(copy.notebook, solution, "row_mean", "centred")
    autograder("check", copy.notebook, cwd=copy.folder)
    after = progress()
    assert (after["points"], after["parts_done"], after["next_part"], after["why"]) == (5, 2, "scaler", "not written yet")
    solve(copy.notebook, solution, centred="def centred(x):\n    return 1\n")
    changed = [name for name, part in progress()["parts"].items() if part["changed_since"]]
    assert changed == ["centred"]
    shown = autograder("progress", cwd=copy.folder).stdout
    assert "5 of     7 visible points  2 of 3 parts" in shown and "next: scaler (not written yet)" in shown and "\x1b" not in shown


def test_check_cells_are_remembered_too(copy, solution):
    solve(copy.notebook, solution, "row_mean")
    save(load(copy.notebook), copy.folder / "a copy.ipynb")
    cell = "from autograder.notebook import check\ndef row_mean(x):\n    return x.sum(1) / x.shape[1]\ncheck('row_mean')"
    for name, remembered in (("", {}), ("means.ipynb", {"row_mean": 2.0}), ("a copy.ipynb", {"row_mean": 2.0})):
        done = subprocess.run([sys.executable, "-c", cell], cwd=copy.folder, capture_output=True, text=True,
                              env=surroundings(JPY_SESSION_NAME=name and str(copy.folder / name)))
        assert done.returncode == 0 and done.stderr == "", done.stderr
        memory = kept.read(copy.folder / (name or "means.ipynb"))
        assert {part: result.points for part, result in memory.parts.items()} == remembered
        assert set(memory.origins.values()) <= {kept.KERNEL}
    assert "changed since" not in autograder("progress", cwd=copy.folder).stdout


def test_what_is_kept_may_be_damaged_or_read_only(copy):
    kept.folder_of(copy.notebook).write_text("a file in the way")
    assert autograder("check", copy.notebook, cwd=copy.folder).returncode == 1
    kept.folder_of(copy.notebook).unlink()
    kept.folder_of(copy.notebook).mkdir()
    for damaged in ("", "[]", '{"schema": 1}', '{"schema": 1, "parts": {"a": 1}, "keys": {}}'):
        (kept.folder_of(copy.notebook) / "means.json").write_text(damaged)
        assert kept.read(copy.notebook) == kept.Kept()


def test_a_part_is_found_from_anywhere(copy, monkeypatch, tmp_path):
    monkeypatch.delenv("AUTOGRADER_COURSE", raising=False)
    root = copy.folder.parent.parent
    for place in (root, copy.folder, copy.folder.parent):
        monkeypatch.chdir(place)
        assert having("centred").notebook == copy.notebook
        assert [handout.name for handout in find_all()] == ["t1_means"]
    with pytest.raises(DataError, match="did you mean `centred`"):
        having("centered")
    (copy.folder.parent / "t2_again").mkdir()
    for path in copy.folder.iterdir():
        (copy.folder.parent / "t2_again" / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(root)
    with pytest.raises(DataError, match='(?s)several have one: .*t1_means.*t2_again.*--notebook "'):
        having("centred")
    monkeypatch.chdir(root / "assignments" / "t2_again")
    assert having("centred").name == "t2_again"
    assert having("centred", str(copy.notebook)).name == "t1_means"


def test_a_lone_notebook_says_what_is_missing(tmp_path):
    (tmp_path / "a.ipynb").write_text("{}")
    with pytest.raises(DataError, match="keep the notebook in the handout's folder"):
        of_notebook(tmp_path / "a.ipynb")
    with pytest.raises(DataError, match="is a folder"):
        of_notebook(tmp_path)


def test_cells_are_given_as_they_are_saved(copy):
    notebook = load(copy.notebook)
    assert cell(notebook, "row_mean")["source"] == ['check("row_mean")']


def test_a_check_in_a_cell_of_the_students_own_is_not_taken_for_one_in_jupyter(copy, solution):
    """It does nothing here, as in grading: `submit` would say that it ran after the notebook was saved."""
    solve(copy.notebook, solution, "row_mean", "centred", "Scaler")
    notebook = load(copy.notebook)
    notebook["cells"].append({"cell_type": "code", "metadata": {}, "outputs": [], "source": "said = check()\ndisplay(said)"})
    save(notebook, copy.notebook)
    os.utime(copy.notebook, (time.time() - 60,) * 2)
    assert autograder("check", copy.notebook, cwd=copy.folder).returncode == 0
    assert set(kept.read(copy.notebook).origins.values()) == {kept.SHELL}


@pytest.mark.parametrize("said, hint", [("Scaler", "`Scaler` is written for the part `scaler`"),
                                        ("t1_means", "`t1_means` is an assignment: "), ("t1", "`t1_means` is an assignment: ")])
def test_what_is_no_part_is_told_what_it_is(copy, said, hint):
    done = autograder("check", said, cwd=copy.folder)
    assert done.returncode == 2 and f"hint: {hint}" in done.stderr
    assert autograder("check", "scaler", "--notebook", copy.notebook, cwd=copy.folder.parent).returncode == 1
