"""Writes the reports and the submissions of others, and its own.

Tries: reports/*/*.json, submitted/*/*, feedback and the cache of reports.
Stopped by: those folders are not in the room (mount namespace), or closed (Landlock).
"""

import os


def answer(x):
    for folder, text in (("reports/t0_double", '{"points": 7}'), ("submitted/next/t0_double", "{}"),
                         ("feedback", "<script>alert(1)</script>"), ("solutions/t0_double", "raise SystemExit")):
        for name in ("mallory.json", "victim.json", "double.ipynb", "double.py", "checks.py", "index.html"):
            path = os.path.join(COURSE, folder, name)
            for act in (lambda: os.makedirs(os.path.dirname(path), exist_ok=True), lambda: os.unlink(path),
                        lambda: open(path, "w").write(text)):
                try:
                    act()
                except OSError:
                    continue
    return x
