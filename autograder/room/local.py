"""Imports a student's own modules from their text: nothing of them lies on a disk, and nothing can change them.

They were beside the notebook, and come first, as the folder of a notebook does for Jupyter.
"""

import importlib.abc
import importlib.machinery
import linecache
import sys
from collections.abc import Mapping

from autograder.room.cell import compiled


class LocalModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """texts: path ("helpers.py", "tools/__init__.py") -> Python. A traceback names a module's file by its path."""

    def __init__(self, texts: Mapping[str, str]):
        self._texts = dict(texts)

    def find_spec(self, fullname, path=None, target=None):
        place = fullname.replace(".", "/")
        for origin, is_package in ((f"{place}/__init__.py", True), (f"{place}.py", False)):
            if origin in self._texts:
                spec = importlib.machinery.ModuleSpec(fullname, self, origin=origin, is_package=is_package)
                spec.has_location = True
                return spec
        if any(each.startswith(f"{place}/") for each in self._texts):  # a folder without an __init__.py
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module) -> None:
        origin = module.__spec__.origin
        if origin is not None:
            text = self._texts[origin]
            linecache.cache[origin] = (len(text), None, text.splitlines(True), origin)
            exec(compiled(text, origin), module.__dict__)

    def get_source(self, fullname: str) -> str | None:
        return self._texts.get(self.find_spec(fullname).origin)


def install(texts: Mapping[str, str]) -> None:
    if texts:
        sys.meta_path.insert(0, LocalModules(texts))


class Offered(LocalModules):
    """Those of the course, in a process that runs one assignment's own code after another's."""


def offer(texts: Mapping[str, str]) -> None:
    """Lets an assignment's modules be imported, and those of the one before no more."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Offered)]
    for name, module in list(sys.modules.items()):
        if isinstance(getattr(module, "__loader__", None), Offered):
            del sys.modules[name]
    if texts:
        sys.meta_path.insert(0, Offered(texts))
