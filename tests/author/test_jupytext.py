"""Editing an assignment's source as a notebook: a real Jupyter server, with jupytext's contents manager."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from autograder.author.new import TEMPLATE
from autograder.course import load_assignment
from autograder.release import build

TOKEN = "a-token-of-the-tests"
PATIENCE = 120  # seconds: a loaded machine may take long to start a server


class Jupyter:
    """The contents API of a running server."""

    def __init__(self, url: str):
        self.url = url

    def get(self, path: str) -> dict:
        return self._ask("GET", f"{path}?type=notebook&content=1")

    def put(self, path: str, notebook: dict) -> dict:
        return self._ask("PUT", path, {"type": "notebook", "format": "json", "content": notebook})

    def _ask(self, method: str, path: str, body: dict | None = None) -> dict:
        request = urllib.request.Request(f"{self.url}/api/contents/{path}", method=method,
                                         data=json.dumps(body).encode() if body else None,
                                         headers={"Authorization": f"token {TOKEN}"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)


@pytest.fixture
def jupyter(tiny, tmp_path):
    """A Jupyter server in the course's folder, on a free port of its own choice."""
    shutil.copy(TEMPLATE / "jupytext.toml", tiny.root / "solutions")
    environment = os.environ | {"HOME": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
                                "JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "JUPYTER_ALLOW_INSECURE_WRITES": "1"}
    with open(tmp_path / "jupyter.log", "wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root",
                                    "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0",
                                    f"--ServerApp.root_dir={tiny.root}", f"--IdentityProvider.token={TOKEN}"],
                                   cwd=tiny.root, env=environment, stdout=log, stderr=log)
    try:
        yield Jupyter(_address(tmp_path, process))
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _address(folder, process) -> str:
    """The server writes down where it listens, and then listens."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        for path in (folder / "runtime").glob("jpserver-*.json"):
            try:
                url = json.loads(path.read_text())["url"].rstrip("/")
                urllib.request.urlopen(f"{url}/api", timeout=5).close()
                return url
            except (ValueError, OSError):
                pass
        time.sleep(0.1)
    raise AssertionError((folder / "jupyter.log").read_text())


def cell_with(notebook: dict, text: str) -> dict:
    found, = (cell for cell in notebook["cells"] if text in cell["source"])
    return found


def test_a_source_opens_and_saves_as_a_notebook(tiny, jupyter):
    path = f"solutions/{tiny.name}/{tiny.notebook.name}"
    before, text = build.build(tiny), tiny.notebook.read_text()
    notebook = jupyter.get(path)["content"]
    assert cell_with(notebook, "never runs a demo cell")["metadata"]["tags"] == ["demo"]
    question = cell_with(notebook, "Why does one centre data?")["metadata"]
    assert (question["question"], question["points"]) == ("why_centre", 2)

    jupyter.put(path, notebook)  # saved as it is
    assert build.build(load_assignment(tiny.name, tiny.root)) == before
    assert tiny.notebook.read_text() == text

    cell_with(notebook, "return x.sum(axis=1)")["source"] += "\n\n\ndef median(x):\n    return np.median(x)"
    cell_with(notebook, "Why does one centre data?")["metadata"]["points"] = 3
    cell_with(notebook, "## The mean of each row")["source"] += "\n\nÜben Sie: $\\bar x$."
    notebook["cells"].insert(-1, {"cell_type": "code", "metadata": {"tags": ["demo"]}, "source": "%time row_mean(np.eye(2))\n# copy the weights?",
                                  "outputs": [], "execution_count": 3})
    jupyter.put(path, notebook)
    changed = load_assignment(tiny.name, tiny.root)
    assert changed.max_points == tiny.max_points + 1
    assert [(cell.role, cell.name) for cell in changed.cells if cell.role != "text"] == [
        *((cell.role, cell.name) for cell in tiny.cells[:-1] if cell.role != "text"),
        ("demo", "demo-time-row_mean-np-eye-2-copy"), ("written", "why_centre")]
    after = build.build(changed)
    assert after["checks.py"] == before["checks.py"]
    released = after["means.ipynb"].decode()
    assert '"%time row_mean(np.eye(2))\\n",\n    "# copy the weights?"' in released
    assert "def median(x)" in released and "Üben Sie: $\\\\bar x$." in released and "x.sum(axis=1)" not in released
    assert '"points": 3.0' in released or '"points": 3' in released


def test_a_notebook_is_not_left_beside_its_source(tiny, jupyter):
    path = f"solutions/{tiny.name}/{tiny.notebook.name}"
    jupyter.put(path, jupyter.get(path)["content"])
    assert sorted(each.name for each in tiny.folder.iterdir() if each.is_file()) == ["checks.py", "means.py", "mistakes.py"]
    with pytest.raises(urllib.error.HTTPError):
        jupyter.get(f"solutions/{tiny.name}/means.ipynb")
