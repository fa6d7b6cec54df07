"""Walks over the whole disk for solutions, gradebooks and other submissions.

Tries: to find them without knowing where they are.
Stopped by: a room sees the interpreter, its packages and its own folder.
"""

import os


def answer(x):
    for start in ("/", "/root", "/home", "/srv", "/tmp", "/var", "/mnt", COURSE):
        for folder, folders, files in os.walk(start):
            folders[:] = [name for name in folders if not os.path.join(folder, name).startswith(("/usr", "/nix"))][:50]
            for name in files:
                if name.endswith((".db", ".h5", "checks.py", "secret.txt")):
                    try:
                        print(open(os.path.join(folder, name), errors="replace").read(500))
                    except OSError:
                        continue
            if folder.count("/") > 5:
                folders.clear()
    return x
