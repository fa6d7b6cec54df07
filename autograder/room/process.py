"""In a room, before any student code: the process as a notebook expects it."""

import inspect
import os
import random
import site
import sys

import numpy as np


def clean(folder: str) -> None:
    """Streams, environment and arguments as a notebook expects them, and nothing of the fork server's."""
    kept = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LANG", "PATH", "LOGNAME", "MPLBACKEND")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    os.environ.clear()
    os.environ.update(environment, HOME=folder, TMPDIR=folder, MPLCONFIGDIR=f"{folder}/matplotlib")
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = sys.stdout
    sys.argv = sys.orig_argv = ["notebook"]
    site.setquit()
    site.sethelper()


def seed() -> None:
    """The same random numbers in every room, so that a second grading gives the same result."""
    random.seed(0)
    np.random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


def let_inspect_find_classes(cells: set[str]) -> None:
    """inspect.getsource looks for a class in its module's file; in a notebook each class has its cell's."""
    find = inspect.getfile

    def getfile(item):
        if inspect.isclass(item) and item.__module__ == "__main__":
            for member in vars(item).values():
                code = getattr(member, "__code__", None)
                if code is not None and code.co_filename in cells:
                    return code.co_filename
        return find(item)

    inspect.getfile = getfile
