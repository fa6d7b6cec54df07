"""Replaces modules that are already imported.

Tries: sys.modules, the worker's functions, import hooks and builtins.
Stopped by: the worker decides nothing; the next room is a fork of the untouched parent.
"""

import builtins
import sys
import types

for name in ("numpy", "json", "autograder.room.wire", "autograder.examine"):
    fake = types.ModuleType(name)
    fake.allclose = fake.same = lambda *args, **kwargs: True
    sys.modules[name] = fake
worker = sys.modules.get("autograder.room.worker")
worker.wire.encode = lambda message, *args: [b"passed"]
builtins.__import__ = lambda *args, **kwargs: fake


def answer(x):
    return x
