"""The last results of a notebook's checks, kept beside it for `autograder progress` and its like.

One file for each notebook, `.autograder/<notebook>.json` in its folder. Nothing is graded from it: whoever edits it
fools nobody but themselves. A folder that cannot be written costs the memory, and nothing else.
"""

import contextlib
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.report import PartResult, part_from, write_whole

SCHEMA = 1
KERNEL, SHELL = "notebook", "shell"  # where a result comes from: a check cell, or the command line


@dataclass
class Kept:
    """parts: the last result of each part; keys: what decided about it, "" if that is not known;
    times: when (seconds since 1970), and origins: where it was examined; hints: the steps of hints given so far."""

    parts: dict[str, PartResult] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    hints: dict[str, Any] = field(default_factory=dict)


def folder_of(notebook: Path) -> Path:
    return notebook.parent / ".autograder"


def read(notebook: Path) -> Kept:
    """What is kept of a notebook; empty where there is nothing, or nothing that can be read."""
    try:
        data = json.loads(_file(notebook).read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            return Kept()
        parts = {name: part_from(part) for name, part in data["parts"].items()}
        return Kept(parts, data["keys"], data["times"], data["origins"], data["hints"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Kept()


def keep(notebook: Path, results: list[PartResult], origin: str, keys: dict[str, str] | None = None) -> None:
    """Adds the results of some parts to what is kept of a notebook."""
    kept, now = read(notebook), time.time()
    for result in results:
        kept.parts[result.name] = result
        kept.keys[result.name] = (keys or {}).get(result.name, "")
        kept.times[result.name], kept.origins[result.name] = now, origin
    write(notebook, kept)


def write(notebook: Path, kept: Kept) -> None:
    data = {"schema": SCHEMA, **asdict(kept)}
    with contextlib.suppress(OSError):
        write_whole(_file(notebook), json.dumps(data, indent=1).encode())


def _file(notebook: Path) -> Path:
    return folder_of(notebook) / f"{notebook.stem}.json"
