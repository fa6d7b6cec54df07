"""How fast a room is: `python benchmarks/room.py [mode ...]` prints a table of medians in milliseconds.

start: from nothing to a fork server that is ready; open: a room and its first answer; kill: until its process is
gone; call: a question and its answer with that many bytes each way.
"""

import statistics
import sys
import time

import numpy as np

from autograder.room import RoomServer
from autograder.room.modes import STRENGTH, refusal

PRELOADS = {"numpy": ("numpy",), "numpy + torch": ("numpy", "torch")}
SIZES = {"call 0 B": 0, "call 1 MB": 1 << 20, "call 16 MB": 16 << 20}
COLUMNS = ("start", "open", "kill", *SIZES)


def measure(mode: str, preload: tuple[str, ...]) -> dict[str, float]:
    """Column -> median in milliseconds."""
    begin = time.perf_counter()
    with RoomServer(preload, mode=mode) as server:
        server.loaded  # noqa: B018 (waits until it is ready)
        times = {"start": [time.perf_counter() - begin], "open": [], "kill": []}
        for _ in range(50):
            opened = time.perf_counter()
            room = server.open()
            room.evaluate("0")
            times["open"].append(time.perf_counter() - opened)
            times["kill"].append(_timed(room.close))
        with server.open() as room:
            echo = room.evaluate("lambda x: x")
            for column, size in SIZES.items():
                value = np.zeros(size // 8) if size else 0
                repeats = 20 if size > 1 << 20 else 200
                times[column] = [_timed(room.call, echo, (value,)) for _ in range(repeats)]
    return {column: 1000 * statistics.median(values) for column, values in times.items()}


def _timed(action, *args) -> float:
    begin = time.perf_counter()
    action(*args)
    return time.perf_counter() - begin


def main() -> None:
    modes = sys.argv[1:] or [mode for mode in STRENGTH if not refusal(mode)]
    print(f"{'mode':<12}{'loaded':<15}" + "".join(f"{column:>12}" for column in COLUMNS) + "   (ms, median)")
    for mode in modes:
        for loaded, preload in PRELOADS.items():
            medians = measure(mode, preload)
            print(f"{mode:<12}{loaded:<15}" + "".join(f"{medians[column]:>12.2f}" for column in COLUMNS))


if __name__ == "__main__":
    main()
