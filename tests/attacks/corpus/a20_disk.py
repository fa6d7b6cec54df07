"""Files without end.

Tries: to fill the disk, or its table of files.
Stopped by: the private folder has 64 MB and 4096 files; elsewhere nothing can be written.
"""

import itertools
import os


def answer(x):
    for number in itertools.count():
        try:
            with open(f"file{number}", "wb") as file:
                file.write(bytes(1 << 22))
        except OSError:
            break
    for folder in ("/tmp", "/var/tmp", "/dev/shm", COURSE):
        try:
            open(os.path.join(folder, "big"), "wb").write(bytes(1 << 20))
        except OSError:
            continue
    return x
