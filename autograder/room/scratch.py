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

PREFIX, NEW = "autograder-room-", "autograder-new-room-"  # a new one gets its name when it is locked
JUST_MADE = 60.0  # seconds: the maker of a new one may not have locked it yet


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
    new = Path(tempfile.mkdtemp(prefix=NEW))
    lock = _locked(new)
    return Scratch(new.rename(new.with_name(new.name.replace(NEW, PREFIX, 1))), lock)


def sweep() -> None:
    folder = Path(tempfile.gettempdir())
    for path in (*folder.glob(f"{PREFIX}*"), *folder.glob(f"{NEW}*")):
        with contextlib.suppress(OSError):
            about = path.lstat()
            fresh = path.name.startswith(NEW) and time.time() - about.st_mtime < JUST_MADE
            if fresh or about.st_uid != os.geteuid():
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
