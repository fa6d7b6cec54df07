"""Requests in the form in which they travel, made once for any number of rooms."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.room import wire


@dataclass(frozen=True)
class Requests:
    """What `Room.send_ahead` sends.

    stop: whether a request that fails is the last one that is answered; pauses: the requests (from 0) that may hang or
    kill the room, each with a name of what it calls, or None. Before what a room calls for the first time it sends the
    answers that it has; all others go together: to wake the other side up costs more than most answers.
    """

    count: int
    frames: bytes
    pauses: Mapping[int, str | None]
    stop: bool = True

    @classmethod
    def of(cls, requests: Sequence[dict[str, Any]], stop: bool = True,
           pauses: Mapping[int, str | None] | None = None) -> "Requests":
        """Each request is the name of an operation under "do", and its arguments. pauses: before each, if None."""
        frames = (wire.padded(wire.encode(request)) for request in requests)
        return cls(len(requests), b"".join(frames), dict.fromkeys(range(len(requests))) if pauses is None else pauses,
                   stop)


def running(source: str, name: str, asked: tuple[str, ...] = ()) -> dict[str, Any]:
    """The request to run a cell. Its source travels as bytes: a header would be too small for pasted data.

    asked: the functions that a student is to write."""
    return {"do": "run", "source": source.encode("utf-8", "replace"), "name": name, "asked": asked}


def lending(modules: Mapping[str, str], files: Mapping[str, bytes]) -> dict[str, Any]:
    """The request that lets modules beside a notebook be imported, path -> text, and puts files beside it."""
    return {"do": "lend", "modules": {path: text.encode("utf-8", "replace") for path, text in modules.items()},
            "files": dict(files)}


def pauses_in(scripts: Sequence[Requests], called: Collection[str]) -> list[tuple[set[int], set[int]]]:
    """Of scripts that go over together: where the room pauses in each, before what was not called in an earlier one;
    and those of the pauses after which it is certain what it does: it pauses before the next call, too."""
    known, calls = {*called}, []
    for place, requests in enumerate(scripts):
        calls += [(place, index, name is None or name not in known) for index, name in sorted(requests.pauses.items())]
        known.update(requests.pauses.values())
    found: list[tuple[set[int], set[int]]] = [(set(), set()) for _ in scripts]
    for (place, index, pauses), (*_, next_pauses) in zip(calls, [*calls[1:], (0, 0, True)]):
        if pauses:
            found[place][0].add(index)
        if pauses and next_pauses:
            found[place][1].add(index)
    return found
