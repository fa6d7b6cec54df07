"""The tiny course, released; and a small class with everything that a gradebook must stand."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import load_assignment
from autograder.gradebook.writer import GradebookWriter
from autograder.release import build
from autograder.release.notebook import release_notebook, source_notebook

ROOT = Path(__file__).parents[2]
NAME = "t1_means"
ODD = "c o'hara+ü@x.edu"
SCRIPTS = r"""<script>steal()</script><img src=x onerror=steal()> **because** $a<b$ \ud800
<style>*{display:none}</style></div><!-- <svg/onload=steal()>
[here](javascript:steal()) <javascript:steal()> [x](a "b" onclick=steal())
[a](javascript&colon;steal()) [b][c] ![](attachment:gone.png) ![](attachment&colon;gone.png)

[c]: javascript:steal()

```mermaid
<img src=x onerror=steal()>
```
![](x"onerror="steal()) ![y](data:text/html,steal)
# Heading" onclick="steal()
```python" onclick="steal()
x
```
"><script>steal()</script>
""".replace(r"\ud800", "\ud800")


@pytest.fixture(scope="session")
def released(tmp_path_factory) -> Path:
    """A course folder with its generated files and a gradebook without submissions."""
    root = tmp_path_factory.mktemp("gradebook") / "course"
    shutil.copytree(ROOT / "tests" / "tiny", root)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    build.release(load_assignment(NAME, root))
    (root / "course.secret").write_text("a secret of the tests\n")
    with GradebookWriter(root, NAME):
        pass  # making a gradebook takes a second, so it is made once
    return root


@pytest.fixture
def course(released, tmp_path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(released, tmp_path / "course"))


@pytest.fixture(scope="session")
def submit():
    """submit(root, student, notebook or text, timestamp): the folder of a new submission."""
    def make(root: Path, student: str, content, timestamp: str = "") -> Path:
        folder = root / "submitted" / student / NAME
        folder.mkdir(parents=True)
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / "means.ipynb").write_text(text, encoding="utf-8")
        if timestamp:
            (folder / "timestamp.txt").write_text(timestamp)
        return folder
    return make


@pytest.fixture(scope="session")
def notebooks(released) -> dict:
    """Student -> what they submit."""
    assignment = load_assignment(NAME, released)

    def fresh(solved: bool) -> dict:
        return json.loads((source_notebook if solved else release_notebook)(assignment))

    made = {"ann": fresh(True), "bob": fresh(False), ODD: fresh(True), "eve": fresh(True),
            "dan": "this is not a notebook"}
    _mistake_and_meddle(made[ODD])
    _attack(made["eve"])
    return made


def _mistake_and_meddle(notebook: dict) -> None:
    """A sum in place of a mean; a check cell deleted, another made twice, given code changed."""
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace("x.sum(axis=1) / x.shape[1]", "x.sum(axis=1)").replace(
            "factor * x", "1 / 0")
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["source"].strip() != 'check("centred")']
    notebook["cells"] += [cell for cell in notebook["cells"] if cell["source"].strip() == 'check("row_mean")']


def _attack(notebook: dict) -> None:
    """Forged outputs and points, scripts, a lone surrogate, metadata that nbgrader's own steps stumble over."""
    for cell in notebook["cells"]:
        if "outputs" in cell:
            cell["outputs"] = [
                {"output_type": "execute_result", "execution_count": 1, "metadata": {},
                 "data": {"text/plain": "100", "text/html": "<script>forged()</script>"}},
                {"output_type": "stream", "name": "stderr", "text": "a warning"}]
        if rules := cell["metadata"].get("nbgrader"):
            rules.update(schema_version=9, points=1000, locked="no")
        text = "".join(cell["source"])
        if "BEGIN SOLUTION" in text and cell["cell_type"] == "markdown":
            cell["source"] = SCRIPTS
    for kind in ("raw", "markdown", "code", "heading", 7):
        notebook["cells"].append({"cell_type": kind, "metadata": {"raw_mimetype": "text/html"}, "source": SCRIPTS})
    notebook["metadata"] = {"kernelspec": {"name": "<script>", "display_name": 3}}


@pytest.fixture(scope="session")
def run_nbgrader():
    """run_nbgrader(root, "autograde", ...): the finished process."""
    def run(root: Path, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=root, capture_output=True, text=True,
                              timeout=240, env=_environment())
    return run


def _environment() -> dict:
    folder = os.path.dirname(sys.executable)
    return os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "JUPYTER_NO_CONFIG": "1",
                         "PATH": os.pathsep.join([folder, os.environ["PATH"]])}
