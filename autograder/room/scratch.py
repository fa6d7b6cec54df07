"""A fork server's own folder on disk, and the removal of those that a killed examiner left behind."""

import contextlib
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

PREFIX = "autograder-room-"
JUST_MADE = 60.0  # seconds: its maker may not have locked it yet


@dataclass(frozen=True)
class Scratch:
    """The folder `path`; `lock` is a descriptor that marks it as in use for as long as this process lives."""

    path: Path
    lock: int

    def remove(self) -> None:
        os.close(self.lock)
        shutil.rmtree(self.path, ignore_errors=True)


def make() -> Scratch:
    """A new folder; first removes those of the same user whose process is gone."""
    sweep()
    path = Path(tempfile.mkdtemp(prefix=PREFIX))
    return Scratch(path, _locked(path))


def sweep() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            about = path.lstat()
            if about.st_uid != os.geteuid() or time.time() - about.st_mtime < JUST_MADE:
                continue
            lock = _locked(path)
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _locked(path: Path) -> int:
    """A descriptor of the folder with an exclusive lock; OSError if another process holds it."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise
    return fd
