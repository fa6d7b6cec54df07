"""What a notebook of the course examines itself with: `check` examines the part above its cell, or the whole notebook.

It is loaded when it is first used: this import alone costs nothing.
"""

from __future__ import annotations

from importlib import import_module

__all__ = ["check"]


def __getattr__(name: str):
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.checking").check


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
