"""What an executor is given to do."""

from dataclasses import dataclass, replace
from pathlib import Path

from autograder.errors import AutograderError
from autograder.report import Report, load

SLICE = 30.0  # seconds that a submission has while others wait: many times what honest ones take


class PutOff(Exception):
    """A submission takes longer than SLICE: the others come first, then it has all the time that it may take."""


@dataclass(frozen=True)
class Job:
    """One submission. earlier: where its last report lies, of which parts may still hold; None to do all anew; seconds:
    after which it makes way for the others, if there are any."""

    folder: Path
    earlier: Path | None = None
    seconds: float | None = None

    def before(self) -> Report | None:
        return saved_report(self.earlier) if self.earlier else None


class Queue:
    """Who waits for a worker. Whoever takes long goes back to the end, and has its full time then."""

    def __init__(self, todo: dict[str, Job]):
        self._todo, self._waiting = todo, list(todo)
        self._late: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def next(self) -> tuple[str, Job]:
        student = self._waiting.pop(0)
        hurried = self._waiting and student not in self._late
        return student, replace(self._todo[student], seconds=SLICE if hurried else None)

    def again(self, student: str) -> None:
        """Its worker was lost."""
        self._waiting.insert(0, student)

    def put_off(self, student: str) -> None:
        self._late.add(student)
        self._waiting.append(student)


def saved_report(path: Path) -> Report | None:
    """The report, or None if there is none that can be read."""
    try:
        return load(path)
    except (OSError, AutograderError, UnicodeDecodeError):
        return None
