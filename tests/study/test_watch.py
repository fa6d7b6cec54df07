"""autograder check --watch: a real process, a notebook that is saved again and again, and Ctrl-C."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.study.helpers import load, save, solve, surroundings

LOOP = """
import os
def row_mean(x):
    with open("now", "w") as file:
        file.write(str(os.getpid()))
    os.replace("now", "begun")
    while True:
        pass
"""


@contextlib.contextmanager
def watching(copy, *options: str) -> Iterator[subprocess.Popen]:
    command = [sys.executable, "-m", "autograder", "check", str(copy.notebook), "--watch", *options]
    with subprocess.Popen(command, cwd=copy.folder, env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, encoding="utf-8") as process:
        try:
            yield process
        finally:
            process.kill()


def look(process: subprocess.Popen) -> dict:
    line = process.stdout.readline()
    return json.loads(line) if line else {"ended": process.stderr.read()}


def wait_for(condition, seconds: float = 100) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def points(view: dict) -> list[float]:
    return [part["points"] for part in view["parts"]]


def test_only_what_changed_is_examined_again(copy, solution):
    with watching(copy, "--json") as process:
        assert look(process)["examined"] == ["row_mean", "centred", "scaler"]
        solve(copy.notebook, solution, "Scaler")
        view = look(process)
        assert view["examined"] == ["scaler"] and points(view) == [0, 0, 2]
        solve(copy.notebook, solution, "centred", row_mean="def row_mean(x):\n    return x.mean(")
        view = look(process)
        assert view["examined"] == ["row_mean", "centred"] and points(view) == [0, 0, 2]
        assert "does not compile" in view["notes"][0]
        whole = copy.notebook.read_bytes()
        copy.notebook.write_bytes(whole[:len(whole) // 2])
        view = look(process)
        assert "it is not JSON" in view["problem"] and points(view) == [0, 0, 2]
        copy.notebook.unlink()
        assert "a file that can be read" in look(process)["problem"]
        copy.notebook.write_bytes(whole)
        solve(copy.notebook, solution, "row_mean")
        view = look(process)
        while points(view) != [2, 3, 2]:  # the two writes may have been seen one by one
            view = look(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0 and process.stderr.read() == ""


def test_a_save_ends_the_examination_of_what_was_there_before(copy, solution):
    solve(copy.notebook, solution, "Scaler", row_mean=LOOP)
    with watching(copy, "scaler", "row_mean", "--json") as process:
        wait_for(lambda: (copy.folder / "begun").exists())
        solve(copy.notebook, solution, "row_mean", "centred")
        view = look(process)
        assert [part["name"] for part in view["parts"]] == ["row_mean", "scaler"] and points(view) == [2, 2]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_in_words_when_piped(copy, solution):
    with watching(copy) as process:
        lines = [process.stdout.readline() for _ in range(5)]
        assert lines[0] == "watching means.ipynb: save it and look here, end with Ctrl-C\n"
        assert "0 of 7 points for the visible checks · examined 3 of 3 parts" in lines[4]
        notebook = load(copy.notebook)
        notebook["cells"][0]["source"] = "# Other words: nothing to examine"
        save(notebook, copy.notebook)
        solve(copy.notebook, solution, "Scaler")
        assert process.stdout.readline() == "scaler: 2 of 2 points\n"
        assert process.stdout.readline().strip() == "✓ passed: fit remembers the largest absolute value"
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
        assert process.returncode == 0 and "\x1b" not in "".join(lines) + rest


def test_nothing_runs_on_when_the_command_is_killed(copy, solution):
    solve(copy.notebook, solution, row_mean=LOOP)
    with watching(copy) as process:
        wait_for(lambda: (copy.folder / "begun").exists())
        process.kill()
    child = int((copy.folder / "begun").read_text())
    wait_for(lambda: not alive(child), 15)  # after 20 s it would end by itself


def alive(process: int) -> bool:
    """Whether it runs: one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
