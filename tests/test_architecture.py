"""The house: imports run one way, the command line is light, generated and committed files are fresh."""

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import errors
from autograder.release.build import handed_out

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "autograder"

# The street, left to right: a room imports what stands left of it. `lab` and `notebook` are what students import.
STREET = ["errors", "private", "room", "course", "handed_in", "report", "render", "rules", "examine", "release", "submission", "pictures", "lab", "notebook",
          "study", "grade", "audit", "sample", "author", "gradebook", "collect", "feedback", "similar", "overview", "export", "cli"]


def imports(path: Path) -> set[str]:
    """The rooms of this package that a module imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("autograder."):
            names.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            names.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("autograder."))
    return names


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_left_turns(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room in ("__init__", "__main__"):
        return
    allowed = set(STREET[: STREET.index(room) + 1])
    assert imports(path) <= allowed, f"{room} may import only what stands left of it: {sorted(allowed)}"


def test_only_the_gradebook_knows_nbgrader():
    found = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py")
             if any(line.strip().startswith(("import nbgrader", "from nbgrader"))
                    for line in path.read_text(encoding="utf-8").splitlines())}
    assert found == {"gradebook"}


def test_the_command_line_is_light():
    """--help imports neither torch nor numpy nor pytest."""
    code = ("import sys\nfrom autograder.cli import main\n"
            "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
            "print([name for name in ('torch', 'numpy', 'pytest', 'nbgrader', 'jupytext', 'rich') if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_the_tree_of_errors_is_drawn():
    """The tree at the top of errors.py names every exception, and __all__ lists them."""
    classes = {name for name, value in vars(errors).items() if inspect.isclass(value)}
    assert classes == set(errors.__all__)
    assert all(name in errors.__doc__ for name in classes)


def test_an_error_has_three_lines():
    error = errors.AutograderError("what was asked", "what was found", "what to do")
    assert str(error) == "what was asked\nwhat was found\nhint: what to do"
    assert str(errors.AutograderError("what was asked")) == "what was asked"


def test_no_stray_file_is_committed():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    stray = [name for name in listed if name.endswith((".pyc", ".db", "~", ".orig")) or "checkpoint" in name]
    assert not stray
    assert not any(name.startswith("datasets/") and name.endswith("__init__.py") for name in listed)


def test_assignments_hold_three_files_each(assignment):
    """And what lies in the sources beside them, to be handed out."""
    name = f"{assignment.notebook.stem}.ipynb"
    assert set(handed_out(assignment.handout)) == {"checks.py", "recorded.h5", name, *assignment.support}
    notebook = json.loads((assignment.handout / name).read_text(encoding="utf-8"))
    assert not any(cell.get("outputs") for cell in notebook["cells"])
