"""What the tests of the student's commands do to notebooks, and how they call the command."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def cell(notebook: dict, name: str) -> dict:
    """The cell with that grade_id."""
    return next(each for each in notebook["cells"] if each["metadata"].get("nbgrader", {}).get("grade_id") == name)


def load(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def save(notebook: dict, path: Path) -> None:
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1), encoding="utf-8")


def solve(path: Path, solution: dict, *parts: str, **instead: str) -> None:
    """Writes the reference into the cells of `parts`, or other text: row_mean="def ..."."""
    notebook = load(path)
    for part in (*parts, *instead):
        cell(notebook, f"code-{part}")["source"] = instead.get(part, cell(solution, f"code-{part}")["source"])
    save(notebook, path)


def surroundings(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AUTOGRADER")}
    return kept | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **more}


def autograder(*arguments: str, cwd: Path, given: str = "", **more: str) -> subprocess.CompletedProcess:
    """The command, as a shell runs it."""
    return subprocess.run([sys.executable, "-m", "autograder", *map(str, arguments)], cwd=cwd, input=given, timeout=120,
                          capture_output=True, text=True, encoding="utf-8", env=surroundings(**more))


def nbgrader(*arguments: str, cwd: Path) -> None:
    """nbgrader's own command; fails the test with what it said."""
    done = subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=cwd, capture_output=True, text=True,
                          env=surroundings(), timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
