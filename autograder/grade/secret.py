"""The course's secret, from which hidden checks draw their inputs."""

import os
import secrets
from pathlib import Path

from autograder.errors import AutograderError
from autograder.report import stage


def course_secret(root: Path) -> bytes:
    """The secret of a course; made on first use."""
    path = root / "course.secret"
    if not path.exists():
        _make_secret(path)
    secret = path.read_text().strip().encode()
    if not secret:
        raise AutograderError("a course secret", f"{path} is empty", "delete it, and a new one is made")
    return secret


def _make_secret(path: Path) -> None:
    """A file is there whole or not at all, also after a kill; of two that make one at a time, the first counts."""
    try:
        temporary = stage(path, f"{secrets.token_hex(32)}\n".encode(), 0o600)
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            os.replace(temporary, path)
        temporary.unlink(missing_ok=True)
    except OSError as error:
        raise AutograderError(f"to write {path}", str(error.strerror or error),
                              "look at the folder's permissions and the free space") from None
