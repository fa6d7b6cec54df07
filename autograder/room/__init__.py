"""The room: a sandboxed process that runs a student's notebook and answers with plain data.

    with RoomServer(preload=("numpy", "torch")) as server, server.open() as room:
        room.run(source, name="cell 3")
        out = room.call(room.get(None, "softmax"), (x,))

The process that runs student code holds no truth and no verdict channel; what it answers is only a value.
"""

from autograder.room.client import Limits, Room, RoomServer, Usage
from autograder.room.modes import strongest_mode
from autograder.room.wire import Opaque

__all__ = ["Limits", "Opaque", "Room", "RoomServer", "Usage", "strongest_mode"]
