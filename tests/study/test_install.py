"""install.py and the first cell of the handout's README, on a machine that has Jupyter but nothing of this course."""

import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from autograder.course import load_assignment
from autograder.release.handout import zipped
from tests.study.helpers import ROOT, surroundings

NAME, NOTE = "a1_rnn_captioning", "a note of my own"
# What a kernel does with cells, with the machine's own Python and in the folder where the notebook lies.
KERNEL = '''
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for source in {cells!r}:
    result = shell.run_cell(source, store_history=True)
    result.raise_error()
print(repr(result.result), __import__("autograder").__file__)
'''
ANSWER = '''
import numpy as np
from autograder.lab import load_coco_data
from autograder.notebook import check
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b), None
assert load_coco_data()["train_captions"].shape == (25000, 15)
'''


def bare_machine(home: Path) -> Path:
    """The Python of a new virtual environment. It sees the libraries that are installed here, and not this package;
    what pip is asked for must be among them, because it may not look anywhere else."""
    venv.create(home, with_pip=False, symlinks=True)
    libraries = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
    (libraries / "here.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin" / "python"


def machine(**more: str) -> dict[str, str]:
    environment = surroundings(PIP_NO_INDEX="1", PIP_NO_BUILD_ISOLATION="0", PIP_DISABLE_PIP_VERSION_CHECK="1", **more)
    del environment["PYTHONPATH"]
    return environment


def test_the_first_cell_sets_a_bare_machine_up(handed_out, tmp_path):
    python = bare_machine(tmp_path / "machine")
    folder = tmp_path / "content drive"
    folder.mkdir()
    files = handed_out(load_assignment(NAME, ROOT))
    (folder / f"{NAME}.zip").write_bytes(zipped(files, NAME))
    first = re.search(r"```python\n(.*?)```", files["README.md"].decode(), re.DOTALL)[1]
    assert first in (ROOT / "docs" / "students.md").read_text(encoding="utf-8")
    missing = subprocess.run([python, "-c", "import numpy, IPython, autograder"], cwd=folder, env=machine(),
                             capture_output=True, text=True)
    assert "No module named 'autograder'" in missing.stderr
    mine = f"open('mine.txt', 'w').write('work'); open('../../README.md', 'w').write('{NOTE}')"
    unpack = f"%cd -q {folder}\n" + first.partition("    %run")[0] + "%cd -q -"  # where a new kernel begins
    cells = [first, first, mine, unpack, ANSWER, "check('rnn_step_forward').result.points"]
    done = subprocess.run([python, "-c", KERNEL.format(cells=cells)], cwd=folder, env=machine(HOME=str(tmp_path)),
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    points, _, place = done.stdout.splitlines()[-1].partition(" ")
    assert float(points) == 2 and place.startswith(str(python.parents[1])), done.stdout
    assert (folder / NAME / "README.md").read_text() == NOTE  # what somebody changed is not unpacked again
    assert (folder / NAME / "assignments" / NAME / "mine.txt").exists()

    # The same zip with an environment of its own, as on Windows; the data are there by now.
    home = folder / NAME
    own = bare_machine(home / ".venv")
    done = subprocess.run([sys.executable, home / "install.py"], cwd=tmp_path, env=machine(), capture_output=True, text=True)
    assert done.returncode == 0 and "ready. Next: " in done.stdout, done.stdout + done.stderr
    done = subprocess.run([own.with_name("autograder"), "progress"], cwd=tmp_path, env=machine(), capture_output=True, text=True)
    assert NAME in done.stdout and "next: rnn_step_backward" in done.stdout, done.stdout + done.stderr

    # And with setup.sh, which asks for PyTorch only where something imports it, as install.py does.
    for text, extras in (("", "notebook"), ("from torch import nn\n", "notebook-torch")):
        (home / "assignments" / NAME / "helpers.py").write_text(text)
        done = subprocess.run(["bash", home / "setup.sh"], cwd=tmp_path, env=machine(), capture_output=True, text=True)
        assert done.returncode == 0 and "== ready" in done.stdout, done.stdout + done.stderr
        assert (home / ".venv" / f".installed-{extras}").exists()
    assert sorted(path.name for path in (home / ".venv").glob(".installed*")) == [".installed-notebook", ".installed-notebook-torch"]


def test_an_old_python_is_told(tmp_path):
    code = ("import runpy, sys\nsys.version_info = (3, 10, 1)\nsys.version = '3.10.1 (main)'\n"
            f"runpy.run_path({str(ROOT / 'install.py')!r}, run_name='__main__')")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("Python 3.11 or newer\nthis is 3.10.1\nhint: ")
