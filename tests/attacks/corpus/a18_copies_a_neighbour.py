"""Runs the answer of another student, or of the course, if their files are there.

Tries: submitted/*/*.ipynb, solutions/*.py, *.pyc and build folders, wherever they may lie.
Stopped by: they are not in the room (mount namespace), or closed (Landlock).
"""

import glob
import json
import os

import numpy as np


def answer(x):
    for pattern in ("submitted/*/*/*.ipynb", "solutions/*/double.py", "autograded/*/*/*.ipynb", "build/**/*.ipynb"):
        for path in [*glob.glob(os.path.join(COURSE, pattern)), *glob.glob(os.path.join("/", pattern))]:
            if "mallory" in path:
                continue
            try:
                text = open(path).read()
            except OSError:
                continue
            cells = json.loads(text)["cells"] if path.endswith(".ipynb") else [{"source": text}]
            for cell in cells:
                names = {"check": print}
                try:
                    exec(cell["source"], names)
                    got = names["answer"](x)
                    if not np.array_equal(got, x):
                        return got
                except Exception:
                    continue
    return x
