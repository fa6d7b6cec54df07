"""Stand-ins that make a notebook's usual imports work in a room and do nothing there.

`autograder.notebook` (checks), `autograder.lab` (data, trainings, plots) and IPython's `get_ipython` and `display`
belong to demo and check cells, which no room runs; the cells around them still name them.
"""

import builtins
import importlib.abc
import importlib.machinery
import sys

ROOMS = ("autograder.lab", "autograder.notebook")


class Inert:
    """Takes every attribute, call, item and `with`; is empty and false."""

    def __init__(self, name: str):
        self.__name__ = name

    def __getattr__(self, name: str) -> "Inert":
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert(f"{self.__name__}.{name}")

    def __call__(self, *args, **kwargs) -> "Inert":
        return Inert(f"{self.__name__}()")

    def __getitem__(self, key) -> "Inert":
        return Inert(f"{self.__name__}[...]")

    def __iter__(self):
        return iter(())

    def __len__(self) -> int:
        return 0

    def __enter__(self) -> "Inert":
        return self

    def __exit__(self, *exception) -> None:
        return None

    def __repr__(self) -> str:
        return f"<{self.__name__}: not available while grading>"


def progress(iterable, *args, **kwargs):
    """A progress bar without the bar."""
    return iterable


class NotebookFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes ROOMS, and any module below them, modules of inert names."""

    def find_spec(self, fullname, path, target=None):
        if ".".join(fullname.split(".")[:2]) in ROOMS:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module) -> None:
        def inert(name: str) -> Inert:
            if name.startswith("__"):
                raise AttributeError(name)
            return Inert(name)

        module.progress = progress
        module.__getattr__ = inert


def install() -> None:
    sys.meta_path.insert(0, NotebookFinder())
    builtins.get_ipython = lambda: Inert("get_ipython()")
    builtins.display = lambda *objects, **options: None
