"""docs/first-assignment.md, followed to the letter in a fresh course: its commands are run, its edits are made."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "first-assignment.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = "a5_softmax"


@pytest.fixture
def course(tmp_path) -> Path:
    """The repository as somebody who begins a course has it: the tools, and no assignment of ours."""
    folder = tmp_path / "course"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in listed:
        if not name.startswith(("solutions/", "assignments/", "tests/", "docs/", "benchmarks/", ".")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / "solutions").mkdir()
    return folder


def shell(commands: str, course: Path) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AUTOGRADER", "JUPYTER"))}
    environment |= {"HOME": str(course.parent), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=course, env=environment, capture_output=True,
                          text=True)


def edit(diff: str, course: Path) -> None:
    """Makes one edit: what it takes away, with the lines around it, must stand in the file just once."""
    first, *lines = diff.splitlines()
    path = course / first.removeprefix("--- ")
    old = "".join(line[1:] + "\n" for line in lines if line[:1] != "+")
    new = "".join(line[1:] + "\n" for line in lines if line[:1] != "-")
    text = path.read_text()
    assert text.count(old) == 1, diff
    path.write_text(text.replace(old, new))


def hand_in(course: Path) -> None:
    """What two students hand in by Canvas, as an instructor finds it in the folder Downloads."""
    released = (course / "assignments" / NAME / "softmax.ipynb").read_text()
    solved = (course / "build" / "source" / NAME / "softmax.ipynb").read_text()
    answered = json.loads(solved)
    answered["cells"] = [cell | {"source": "".join(cell["source"]).replace("### BEGIN SOLUTION", "")} for cell in answered["cells"]]
    (course.parent / "Downloads").mkdir()
    with zipfile.ZipFile(course.parent / "Downloads" / "submissions.zip", "w") as archive:
        archive.writestr("doejane_11_101_softmax.ipynb", json.dumps(answered))
        archive.writestr("roebob_LATE_12_102_softmax-1.ipynb", released)


def test_the_guide_can_be_followed_to_the_letter(course):
    said = ""
    for kind, text in BLOCK.findall(GUIDE.read_text()):
        if kind == "diff":
            edit(text, course)
        elif kind == "text":
            assert text in said, said
        else:
            assert kind == "sh"
            if "~/Downloads" in text:
                hand_in(course)
            done = shell(text, course)
            said = done.stdout + done.stderr
            assert (done.returncode != 0) == ("# fails" in text), f"{text}\n{said}"
            assert "Traceback" not in said, said
    graded = {path.stem: json.loads(path.read_text()) for path in (course / "reports" / NAME).glob("*.json")}
    assert {student: points(report) for student, report in graded.items()} == {"doejane-11": 90, "roebob-12": 0}
    assert (course / "handouts" / f"{NAME}.zip").is_file()
    assert {path.name for path in (course / "feedback").iterdir()} >= {"doejane-11", "roebob-12"}
    preview = (course / "build" / "preview" / f"{NAME}.html").read_text()
    assert "From scores to probabilities" in preview


def points(report: dict) -> float:
    return sum(check["points"] for part in report["parts"] for check in part["checks"])


def test_every_command_of_the_guide_is_in_a_block_that_is_run():
    """A command that the text names is tried somewhere, and the fences are all blocks that the test knows."""
    text = GUIDE.read_text()
    run = "".join(body for kind, body in BLOCK.findall(text) if kind == "sh")
    inline = set(re.findall(r"`autograder (\w+)", BLOCK.sub("", text)))
    assert inline <= set(re.findall(r"autograder (\w+)", run))
    assert text.count("```") == 2 * len(BLOCK.findall(text))
