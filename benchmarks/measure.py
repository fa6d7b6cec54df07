"""What a command costs: seconds, processor time of everything that it started, and the memory of its processes."""

import os
import resource
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from autograder.room import kernel

EVERY = 0.2  # seconds between two looks at the memory
KINDS = {"forkserver.py": "fork server", "multiprocessing": "worker", "ipykernel": "kernel"}


@dataclass
class Cost:
    """seconds and cpu of a whole command; memory: kind of process -> largest resident size of one of them, bytes."""

    seconds: float
    cpu: float
    memory: dict[str, int] = field(default_factory=dict)
    output: str = ""


def run(command: list[str], folder: Path) -> Cost:
    """Runs a command to its end. Raises RuntimeError with what it said if it fails."""
    kernel.adopt_orphans()  # a fork server outlives its worker by a moment: its time counts, too
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
                   "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}  # nbgrader calls alembic by its name
    others = set(_children_of(os.getpid()))
    cpu, started = _children(), time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    memory: dict[str, int] = defaultdict(int)
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, memory, ended))
    watcher.start()
    output, errors = process.communicate()
    seconds = time.perf_counter() - started
    ended.set()
    watcher.join()
    _reap(others)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{errors[-4000:]}")
    return Cost(seconds, _children() - cpu, dict(memory), output)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _reap(others: set[int]) -> None:
    """Waits for what the command left behind, not for processes that were there before it."""
    while left := set(_children_of(os.getpid())) - others:
        for pid in left:
            os.waitpid(pid, 0)


def _watch(root: int, memory: dict[str, int], ended: threading.Event) -> None:
    while not ended.wait(EVERY):
        for pid in _family(root):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
                resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
            except (OSError, IndexError):
                continue
            kind = "main" if pid == root else next((KINDS[word] for word in KINDS if word in command), "other")
            memory[kind] = max(memory[kind], resident)


def _family(root: int) -> list[int]:
    """A process and all that come from it."""
    children = _children_by_parent()
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def _children_of(process: int) -> list[int]:
    return _children_by_parent()[process]


def _children_by_parent() -> dict[int, list[int]]:
    children = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        children[parent].append(int(path.parent.name))
    return children
