"""Writes grades: its own, and other students'.

Tries: to open, replace, truncate, rename, link and delete the gradebook, and to write through SQLite.
Stopped by: the file is not there (mount namespace); Landlock lets nothing outside the private folder be changed.
"""

import os
import shutil
import sqlite3

WAYS = [
    lambda: open(GRADEBOOK, "w").write("10"),
    lambda: open(GRADEBOOK, "r+b").write(b"10"),
    lambda: os.truncate(GRADEBOOK, 0),
    lambda: os.unlink(GRADEBOOK),
    lambda: os.rename(GRADEBOOK, GRADEBOOK + ".old"),
    lambda: os.replace(__import__("tempfile").mkstemp()[1], GRADEBOOK),
    lambda: os.link(GRADEBOOK, "book"),
    lambda: os.symlink(GRADEBOOK, "book"),
    lambda: open("book", "w").write("10"),
    lambda: os.chmod(GRADEBOOK, 0o777),
    lambda: os.utime(GRADEBOOK, (0, 0)),
    lambda: shutil.rmtree(COURSE),
    lambda: sqlite3.connect(GRADEBOOK).execute("create table score (points)"),
    lambda: open(os.path.join(COURSE, "new"), "w"),
]


def answer(x):
    for way in WAYS:
        try:
            way()
        except (OSError, sqlite3.Error):
            continue
    return x
