"""Examines a notebook again whenever it is saved: only the parts about which something has changed."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import AutograderError
from autograder.notebook import kept
from autograder.report import PartResult
from autograder.study.bench import SECONDS, Bench, Cancelled
from autograder.study.depends import part_keys
from autograder.study.handout import Handout
from autograder.submission import Submission
from autograder.submission.notes import changed_given
from autograder.submission.packages import sentences

SETTLE = 0.5  # seconds that a file may be half written
LOOK_MS = 1000  # look at the file itself this often, too: not every file system tells of changes


@dataclass
class View:
    """The notebook's state: the latest result of each part, those examined just now, notes on cells, or a problem."""

    results: list[PartResult] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    seconds: float = 0.0


def examined(handout: Handout, bench: Bench, parts: tuple[str, ...] = (), **options) -> tuple[list, list[str]]:
    """One examination of the saved notebook, kept beside it: the results of `parts` and notes."""
    submission = handout.submission()
    outcome = bench.examine(submission, parts, **options)
    kept.keep(handout.notebook, outcome.results, kept.SHELL, keys_of(handout, submission))
    notes = [handout.note, changed_given(submission.changed), *submission.notes,
             *sentences(handout.unexpected(submission)), *outcome.notes]
    return outcome.results, [note for note in notes if note]


def keys_of(handout: Handout, submission: Submission) -> dict[str, str]:
    texts = [*submission.modules.items(), *submission.cells]
    return part_keys(texts, handout.plan, (handout.folder / "checks.py").read_text(encoding="utf-8"))


def watching(handout: Handout, parts: tuple[str, ...] = (), seconds: float = SECONDS) -> Iterator[View]:
    """A view of the notebook now and after each change that matters to `parts`, until it is interrupted."""
    latest: dict[str, PartResult] = {}
    keys: dict[str, str] = {}
    with Bench(handout, seconds) as bench:
        stamp, wanted = None, [part.name for part in handout.plan.parts if not parts or part.name in parts]
        for _ in itertools.chain([None], _events(handout.notebook)):
            while (now := _stamp(handout.notebook)) != stamp:
                stamp, begun = now, time.monotonic()
                try:
                    new = keys_of(handout, handout.submission())
                    changed = [name for name in wanted if new[name] != keys.get(name)]
                    if not changed:
                        continue
                    results, notes = examined(handout, bench, tuple(changed),
                                              cancelled=lambda: _stamp(handout.notebook) != stamp)  # noqa: B023
                except Cancelled:
                    continue
                except AutograderError as error:
                    time.sleep(SETTLE)
                    if _stamp(handout.notebook) != stamp:
                        continue  # it was just being written
                    yield View(_in_order(latest, wanted), problem=str(error))
                    continue
                keys |= new
                latest |= {result.name: result for result in results}
                yield View(_in_order(latest, wanted), changed, notes, "", time.monotonic() - begun)
                bench.warm()  # while the student reads and types


def _events(notebook: Path) -> Iterator[object]:
    """Something may have happened to the notebook."""
    from watchfiles import watch

    return watch(notebook.parent, watch_filter=lambda change, path: Path(path).name == notebook.name,
                 recursive=False, debounce=300, rust_timeout=LOOK_MS, yield_on_timeout=True)


def _stamp(notebook: Path) -> tuple[int, int] | None:
    try:
        status = notebook.stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


def _in_order(latest: dict[str, PartResult], wanted: list[str]) -> list[PartResult]:
    return [latest[name] for name in wanted if name in latest]
