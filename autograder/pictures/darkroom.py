"""Makes pictures small and harmless in a room: what they do to the library that reads them, they do there."""

import base64
from collections.abc import Mapping
from importlib import resources

import numpy as np

from autograder.errors import StudentFault, StudentRaised, TimedOut
from autograder.render import clean
from autograder.report import Picture
from autograder.room import Room, RoomServer

SECONDS = 10.0  # for one picture
SLOW = 3  # pictures that may take so long, or end their room, before the others are left out


def developed(server: RoomServer, wanted: Mapping[str, bytes]) -> dict[str, Picture]:
    """Each of the pictures as a small one, or why it is not shown."""
    done: dict[str, Picture] = {}
    left, slow = list(wanted), 0
    source = resources.files("autograder.pictures").joinpath("shrink.py").read_text(encoding="utf-8")
    while left and slow < SLOW:
        with server.open() as room:
            try:
                room.run(source, name="shrink.py")
                while left:
                    done[left[0]] = _developed(room, wanted[left[0]])
                    left.pop(0)
            except StudentFault as fault:
                slow += 1
                done[left.pop(0)] = Picture(refused=_reason(fault))
    return done | {name: Picture(refused="those before it took too long to open") for name in left}


def _developed(room: Room, content: bytes) -> Picture:
    answer = room.call(room.get(None, "shrunk"), (np.frombuffer(content, np.uint8),), timeout=SECONDS)
    match answer:
        case (bytes() as data, "") if _is_webp(data):
            return Picture(base64.b64encode(data).decode())
        case (_, str() as why) if why:
            return Picture(refused=clean(why, 200))
    return Picture(refused="it is no picture that can be opened")


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _reason(fault: StudentFault) -> str:
    if isinstance(fault, TimedOut):
        return f"opening it took more than {SECONDS:g} s"
    return f"it cannot be opened: {clean(fault.kind if isinstance(fault, StudentRaised) else fault.found, 200)}"
