"""Rooms for the tests: one warm server for each mode that this machine can do."""

import pytest

from autograder.room import RoomServer
from autograder.room.modes import STRENGTH, refusal

WALLED = ("bubblewrap", "namespaces", "landlock")


def able(mode: str) -> str:
    if refusal(mode):
        pytest.skip(f"{mode}: {refusal(mode)}")
    return mode


@pytest.fixture(scope="package", params=STRENGTH)
def server(request):
    """In every mode, with numpy only."""
    with RoomServer(("numpy",), mode=able(request.param)) as server:
        yield server


@pytest.fixture(scope="package", params=WALLED)
def walled(request):
    """In every mode that has walls."""
    with RoomServer(("numpy",), mode=able(request.param)) as server:
        yield server


@pytest.fixture(scope="package")
def torch_server():
    """In the strongest mode, with torch."""
    pytest.importorskip("torch")
    with RoomServer(("numpy", "torch")) as server:
        yield server


@pytest.fixture
def room(server):
    with server.open() as room:
        yield room
