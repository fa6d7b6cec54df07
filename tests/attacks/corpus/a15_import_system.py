"""Changes how everything after it is imported.

Tries: meta path finders, path hooks, codecs, .pth files, PYTHONSTARTUP and the caches of the import system.
Stopped by: the import system of one room; the next room is a fork of the untouched parent.
"""

import codecs
import importlib.machinery
import os
import sys


class Finder:
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__getattr__ = lambda name: lambda *args, **options: True


sys.meta_path.insert(0, Finder())
sys.path_hooks.insert(0, lambda path: Finder())
sys.path_importer_cache.clear()
for name in [name for name in sys.modules if name.startswith(("numpy", "autograder", "json"))]:
    del sys.modules[name]
codecs.register(lambda name: None)
os.environ.update(PYTHONSTARTUP=os.path.abspath("x.py"), PYTHONPATH=os.getcwd(), LD_PRELOAD=os.path.abspath("x.so"))
import numpy as np


def answer(x):
    return np.multiply(2, x)
