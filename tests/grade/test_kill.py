"""`autograder grade` is killed, again and again, at any point: the same command ends with what it would have ended with.

`python -m tests.grade.test_kill 100` kills at a hundred more points.
"""

import contextlib
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from autograder.course import load_assignment
from autograder.release.notebook import source_notebook
from tests.interrupted import NAME, PATIENCE, Course, Uninterrupted, ends_as, wait_until


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_points(uninterrupted, tmp_path, seed):
    ends_as(uninterrupted, killed(uninterrupted.course(tmp_path), uninterrupted.random_steps(seed)))


def test_killed_wherever_it_hurts(uninterrupted, tmp_path):
    """One course, killed again and again: before its secret and its first report are in their places, while a report is
    written, the gradebook is made, the assignment's cells and the students' rows are written, at and after a commit."""
    course = uninterrupted.course(tmp_path)
    (course.root / "course.secret").unlink()
    course.kill(1, "os.link")
    (course.root / "course.secret").write_text("a secret of the tests\n")
    course.kill(1, "os.rename /reports")
    course.kill(3, "open /reports/t1_means/.")
    course.kill(7, "CREATE TABLE")
    course.kill(4, "INSERT INTO grade_cells")
    course.kill(1, "INSERT INTO grade ")
    course.kill(1, "INSERT INTO comment")
    course.kill(1, "os.rename /autograded")
    ends_as(uninterrupted, course)


def killed(course: Course, points: list[int]) -> Course:
    for point in points:
        course.kill(point)
    return course


def endless(course: Course) -> None:
    """A submission that spins in its room, in a cell and in a function, for longer than all others take on a busy machine."""
    notebook = json.loads(source_notebook(load_assignment(NAME, course.root)).replace(
        "return x.sum(axis=1) / x.shape[1]", "while True: pass"))
    notebook["cells"].append({"cell_type": "code", "id": "spins", "metadata": {}, "source": "while True: pass",
                              "outputs": [], "execution_count": None})
    path = course.root / "submitted" / "a" / NAME / "means.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook))


def test_nothing_outlives_the_main_process(uninterrupted, tmp_path):
    """Only the main process is killed, as by the kernel when memory is short, while a room spins: its workers, fork
    servers and rooms end, and the next run removes their folders."""
    course = uninterrupted.course(tmp_path)
    endless(course)
    process = course.grade()
    try:
        wait_until(lambda: len(list((course.root / "reports" / NAME).glob("[b-z]*.json"))) > 2)
        assert len(course.processes()) > 2
        process.kill()
        process.communicate(timeout=PATIENCE)
        wait_until(lambda: not course.processes())
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert list(course.scratch.iterdir()) != []
    shutil.rmtree(course.root / "submitted" / "a")
    ends_as(uninterrupted, course)


def test_ctrl_c_is_answered_at_once_and_loses_nothing(uninterrupted, tmp_path):
    course = uninterrupted.course(tmp_path)
    endless(course)
    process = course.grade()
    wait_until(lambda: len(list((course.root / "reports" / NAME).glob("[b-z]*.json"))) > 2)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130 and "the same command goes on from here" in output
    assert "Traceback" not in errors
    wait_until(lambda: not course.processes())
    assert not (course.root / "reports" / NAME / "a.json").exists()


def test_two_at_once(uninterrupted, tmp_path):
    """The second says who is at it, and changes nothing."""
    course = uninterrupted.course(tmp_path)
    first = course.grade()
    wait_until(lambda: (course.root / "reports" / f".{NAME}.lock").exists())
    wait_until((course.root / "reports" / f".{NAME}.lock").read_text)
    second = course.grade()
    _, errors = second.communicate(timeout=PATIENCE)
    assert second.returncode == 2 and len(errors.splitlines()) == 3
    assert f"another `autograder grade` is at it (process {first.pid})" in errors
    _, errors = first.communicate(timeout=PATIENCE)
    assert first.returncode == 0, errors
    assert course.result() == uninterrupted.result


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        whole = Uninterrupted(Path(place, "uninterrupted"))
        print(f"{len(whole.steps)} steps")
        for number in range(1000, 1000 + int(sys.argv[1])):
            ends_as(whole, killed(whole.course(Path(place, str(number))), whole.random_steps(number)))
            shutil.rmtree(Path(place, str(number)))
            print(number, whole.random_steps(number), "ends as if it had not been killed", flush=True)
