"""The room: a sandboxed process that runs a student's notebook and answers with plain data.

    with RoomServer(preload=("numpy", "torch")) as server, server.open() as room:
        room.run(source, name="cell 3")
        out = room.call(room.get(None, "softmax"), (x,))

The process that runs student code holds no truth and no verdict channel; what it answers is only a value.
Names are imported when they are first used: a student's own notebook needs `wire` only, on any system.
"""

import importlib

_HOMES = {"Limits": "replies", "Opaque": "plain", "Requests": "requests", "Room": "client", "RoomServer": "server",
          "Usage": "replies", "strongest_mode": "modes"}

__all__ = ["Limits", "Opaque", "Requests", "Room", "RoomServer", "Usage", "strongest_mode"]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
