"""Graders take turns: of several that write to one gradebook, one at a time looks for rows and adds those that lack.

Two that both miss a student's row would both add it, and the database refuse the second.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

KEY = 0x67726164656273  # any number that no other program in this database locks


@contextlib.contextmanager
def turn(url: str) -> Iterator[None]:
    """Waits until no other grader writes to this gradebook; on a server that holds between machines, too.

    Whoever dies gives up its turn: the lock goes with its connection or its file descriptor.
    """
    driver = make_url(url).drivername
    if driver.startswith("postgresql"):
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": KEY})
            yield
    elif driver.startswith("sqlite") and os.name == "posix":
        with _locked(Path(make_url(url).database or "").parent):
            yield
    else:
        yield


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """A lock on the database's folder: SQLite has locks of its own on the file."""
    import fcntl

    if not folder.is_dir():  # the database says it better
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
