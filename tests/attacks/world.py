"""What attackers would like to reach: a course with a secret, a gradebook and other students' work, and listeners.

The course is one function, `answer(x) = 2 * x`, with a visible and two hidden checks. Everything is world-readable
and writable: only the walls protect it.
"""

import json
import os
import shutil
import socket
import sqlite3
import uuid
from dataclasses import dataclass, field
from pathlib import Path

NAME = "t0_double"
HONEST = "def answer(x):\n    return 2 * x\n"
WRONG = "def answer(x):\n    return x\n"
OTHER = "import numpy as np\n\ndef answer(x):\n    return np.add(x, x)\n"

NOTEBOOK = '''# %%
{imports}

# %%
def answer(x):
    """Twice x (N, D): (N, D)."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %%
check("answer")
'''
CHECKS = '''"""What must be true."""
from autograder.examine import part, points, same

part("answer")


@points("answer", 1)
def test_visible(student, reference, rng):
    """twice x"""
    x = rng.standard_normal((3, 5))
    same(student.answer(x), reference.answer(x), "out", axes="N D", rel_error=1e-8)


### BEGIN HIDDEN TESTS
NOTE = "{secret}"


@points("answer", 3)
def test_hidden(student, reference, rng):
    """twice another x"""
    x = rng.standard_normal((3, 5))
    same(student.answer(x), reference.answer(x), "out", axes="N D", rel_error=1e-8)


@points("answer", 3)
def test_hidden_shape(student, reference, rng):
    """twice an x of another shape"""
    x = rng.standard_normal((2, 7))
    same(student.answer(x), reference.answer(x), "out", axes="N D", rel_error=1e-8)
### END HIDDEN TESTS
'''
MISTAKES = '''"""Wrong answers."""
from autograder.examine import replaces


@replaces("answer")
def forgets_to_double(x):
    """Twice is two times: look at the factor."""
    return x
'''


@dataclass
class World:
    """The folder `root` with all that is watched. imports: of the course's first cell."""

    root: Path
    imports: str = "import numpy as np"
    secret: str = field(default_factory=lambda: f"the-secret-{uuid.uuid4()}")

    def __post_init__(self):
        self.secret_file, self.gradebook = self.root / "secret.txt", self.root / "gradebook.db"
        self.listeners = [_bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))]
        self.port = self.listeners[0].getsockname()[1]
        self.listeners += [_bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", self.port)),
                           _bound(socket.AF_UNIX, socket.SOCK_STREAM, f"\0autograder-{self.port}")]
        self.restore()

    def restore(self) -> None:
        """Everything as new."""
        shutil.rmtree(self.root, ignore_errors=True)
        folder = self.root / "solutions" / NAME
        folder.mkdir(parents=True)
        (folder / "double.py").write_text(NOTEBOOK.format(imports=self.imports))
        (folder / "checks.py").write_text(CHECKS.format(secret=self.secret))
        (folder / "mistakes.py").write_text(MISTAKES)
        self.secret_file.write_text(f"print({self.secret!r})")
        (self.root / "course.secret").write_text(self.secret)
        (self.root / "reports" / NAME).mkdir(parents=True)
        (self.root / "reports" / NAME / "victim.json").write_text(json.dumps({"points": 7, "note": self.secret}))
        for student, source in (("victim", HONEST), ("next", OTHER), ("wrong", WRONG)):
            self.submit(student, source)
        with sqlite3.connect(self.gradebook) as book:
            book.execute("create table grade (student text, points real, note text)")
            book.execute("insert into grade values ('victim', 7, ?)", (self.secret,))
        book.close()
        for path in (self.root, *self.root.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)

    def submit(self, student: str, source: str, first: str = "pass") -> Path:
        """The folder of a submission whose notebook has two cells: `first` and `source`."""
        folder = self.root / "submitted" / student / NAME
        folder.mkdir(parents=True, exist_ok=True)
        cells = [{"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": text, "outputs": [],
                  "execution_count": None} for number, text in enumerate((first, source))]
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
        (folder / "double.ipynb").write_text(json.dumps(notebook))
        return folder

    def known(self, **more: int) -> str:
        """A cell that tells the attacker where everything is."""
        names = {"COURSE": str(self.root), "SECRET_FILE": str(self.secret_file), "GRADEBOOK": str(self.gradebook),
                 "PORT": self.port, **more}
        return "\n".join(f"{name} = {value!r}" for name, value in names.items())

    def state(self) -> dict[str, tuple]:
        """Of every file: content, permissions and time of change, but for what the trial itself submits."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            if "mallory" not in path.parts:
                about = path.lstat()
                content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
                found[str(path)] = content, about.st_mode, about.st_mtime_ns if path.is_file() else 0
        return found

    def called(self) -> bool:
        """Whether anybody has reached a listener since the last look."""
        return any([_reached(listener) for listener in self.listeners])

    def close(self) -> None:
        for listener in self.listeners:
            listener.close()


def _bound(family: int, kind: int, address) -> socket.socket:
    listener = socket.socket(family, kind)
    listener.bind(address)
    if kind == socket.SOCK_STREAM:
        listener.listen()
    listener.setblocking(False)
    return listener


def _reached(listener: socket.socket) -> bool:
    try:
        if listener.type & socket.SOCK_DGRAM == socket.SOCK_DGRAM:
            return bool(listener.recv(100))
        listener.accept()[0].close()
        return True
    except BlockingIOError:
        return False


def children(pid: int) -> set[int]:
    """All descendants of a process."""
    try:
        own = {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    except OSError:
        return set()
    return own.union(*(children(child) for child in own)) if own else own


def own_segments(pid: int) -> set[str]:
    """The keys of System V shared memory, but for that of programs which run beside this process and its descendants,
    such as a database server that another test has started."""
    if not os.path.exists("/proc/sysvipc/shm"):
        return set()
    own = {pid, *children(pid)}
    fields = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    return {key for key, _, _, _, creator, *_ in fields if int(creator) in own or not Path(f"/proc/{creator}").exists()}
