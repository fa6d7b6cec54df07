"""One `autograder grade` of an assignment at a time: a second one would do the same work again."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from autograder.errors import AutograderError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


@contextlib.contextmanager
def only_one(root: Path, assignment: str) -> Iterator[None]:
    """Raises AutograderError if another process grades this assignment, on whatever machine that sees the folder.

    The lock belongs to the process and goes with it: after a kill there is nothing to clean up.
    """
    path = root / "reports" / f".{assignment}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise AutograderError(f"to write in {path.parent}/", str(error.strerror or error),
                              "look at the folder's permissions and the free space") from None
    try:
        _take(lock, assignment)
        yield
    finally:
        os.close(lock)


def _take(lock: int, assignment: str) -> None:
    if fcntl is None:
        return
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.read(lock, 20).decode("ascii", "replace").strip()
        raise AutograderError(f"to grade {assignment}", f"another `autograder grade` is at it (process {owner or '?'})",
                              "wait until it has ended: then this command grades only what is left") from None
    with contextlib.suppress(OSError):  # a full disk: the number is a courtesy
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
