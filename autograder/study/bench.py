"""Examines a saved notebook in processes of its own, so that code that never ends, or crashes, costs its part only."""

import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course.plan import Plan
from autograder.errors import AutograderError, DataError
from autograder.report import FAILED, SKIPPED, CheckResult, PartResult, part_from
from autograder.study.depends import waiting_for
from autograder.study.handout import Handout
from autograder.submission import Submission

SECONDS = 20.0  # for one cell, and for one check; honest ones take a fraction of one
GRACE = 15.0  # more, before a process that cannot even say that it is stuck is ended
START = 300.0  # to import everything, on a machine that is busy or new
MAX_LEFT_OUT = 3  # cells that never end before the rest of the notebook is left alone
POLL = 0.2
HOME = Path(__file__).resolve().parents[2]
# The folder that the command is used in is not on the path: a student's queue.py there is none of our business.
PROGRAM = "import sys; sys.path.append(sys.argv.pop(1)); from autograder.study.child import main; main()"


class Cancelled(Exception):
    """The examination is not wanted any more."""


@dataclass
class Examination:
    """The results of the parts that were asked for, in order, and sentences on cells that failed."""

    results: list[PartResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Bench:
    """Where one handout's notebook is examined, any number of times, each time from scratch.

    A context manager. One process is kept warm for the next examination.
    """

    def __init__(self, handout: Handout, seconds: float = SECONDS):
        self.handout, self.seconds = handout, seconds
        self._warm: _Child | None = None

    def __enter__(self) -> "Bench":
        self.warm()
        return self

    def __exit__(self, *error) -> None:
        if self._warm is not None:
            self._warm.end()

    def warm(self) -> None:
        """Starts the next process, if none is waiting."""
        if self._warm is None:
            self._warm = _Child(self.handout.folder)

    def examine(self, submission: Submission, parts: tuple[str, ...] = (),
                on_part: Callable[[PartResult], None] = lambda result: None,
                cancelled: Callable[[], bool] = lambda: False) -> Examination:
        """Runs the cells, then the checks of `parts` (of all, if none is named), and whatever these wait for.

        Raises DataError for a handout that cannot be used, Cancelled as soon as `cancelled` says so.
        """
        plan = self.handout.plan
        turn = _Turn(plan, [part.name for part in plan.parts if not parts or part.name in parts],
                     list(submission.cells), on_part)
        while turn.todo:
            self.warm()
            child, self._warm = self._warm, None
            try:
                child.ask({"cells": turn.cells, "given": self.handout.given, "modules": submission.modules,
                           "parts": turn.todo, "seconds": self.seconds})
                turn.listen(child, self.seconds, cancelled)
            finally:
                child.end()
        return Examination([turn.done[name] for name in turn.asked], turn.notes)


class _Turn:
    """One examination: what is still to do, after as many processes as it takes."""

    def __init__(self, plan: Plan, asked: list[str], cells: list, on_part: Callable[[PartResult], None]):
        self.plan, self.asked, self.cells, self._on_part = plan, asked, cells, on_part
        self.done: dict[str, PartResult] = {}
        self.notes: list[str] = []
        self._left_out = 0

    @property
    def todo(self) -> list[str]:
        return [name for name in self.asked if name not in self.done]

    def listen(self, child: "_Child", seconds: float, cancelled: Callable[[], bool]) -> None:
        """Notes what a process says, until it has said all or has ended."""
        step, patience = "the start", START
        while True:
            message = child.hear(patience, cancelled)
            if message is None or "stuck" in message:
                step, where = (message["stuck"], message["where"]) if message else (step, [])
                return self._give_up(step, where, message is not None, seconds, child)
            if "error" in message:
                raise DataError(*message["error"])
            if "done" in message and self.todo:
                raise DataError(f"results of {', '.join(self.todo)}", "checks.py has other parts by now",
                                "run the command again")
            if "done" in message:
                return
            if "step" in message:
                step, patience = message["step"], seconds + GRACE
            elif "note" in message:
                self.notes += [message["note"]] * (message["note"] not in self.notes)
            elif "part" in message:
                self._finish(part_from(message["part"]))

    def _finish(self, result: PartResult) -> None:
        self.done[result.name] = result
        self._on_part(result)

    def _give_up(self, step: str, where: list, stuck: bool, seconds: float, child: "_Child") -> None:
        """A cell that never ends is left out of the next try; a check that never ends costs its part."""
        said = f"still running after {seconds:g} s{_at(where)}, so it was stopped" if stuck else child.ending(seconds)
        part = next((check.part for check in self.plan.checks if check.name == step), None)
        if part is None:
            return self._leave_out(step, said)
        reached = {part, *waiting_for(self.plan, part)}
        for name in [name for name in self.todo if name in reached] or self.todo:
            verdict, found = (FAILED, said) if name == part else (SKIPPED, f"waits for `{part}`, which was stopped")
            self._finish(PartResult(name, [CheckResult(check.name, check.sentence, check.points, verdict,
                                                       found=found, where=where)
                                           for check in self.plan.checks_of(name)]))

    def _leave_out(self, step: str, said: str) -> None:
        names = [name for name, _ in self.cells]
        if step not in names:
            raise AutograderError("a process to run the notebook in", said,
                                  "set this copy up again: bash setup.sh, or py install.py on Windows")
        self._left_out += 1
        rest = self._left_out > MAX_LEFT_OUT
        position = names.index(step)
        self.cells = self.cells[:position] + ([] if rest else self.cells[position + 1:])
        self.notes.append(f"{step} {'and the cells after it are' if rest else 'is'} left out: {said}")


class _Child:
    """A process of autograder.study.child, and a thread that reads what it says."""

    def __init__(self, folder: Path):
        self._process = subprocess.Popen([sys.executable, "-P", "-c", PROGRAM, str(HOME), str(folder)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         encoding="utf-8", errors="replace")
        self._lines: queue.SimpleQueue = queue.SimpleQueue()
        self._error = ""
        self._readers = [threading.Thread(target=target, daemon=True) for target in (self._read, self._read_error)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        for line in self._process.stdout:
            with contextlib.suppress(ValueError):  # not ours: the notebook has found our descriptor
                self._lines.put(json.loads(line))
        self._process.wait()  # its exit code, for `ending`
        self._lines.put(None)

    def _read_error(self) -> None:
        self._error = self._process.stderr.read()

    def ask(self, request: dict) -> None:
        with contextlib.suppress(OSError):  # it may have ended already: `hear` finds that out
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()

    def hear(self, seconds: float, cancelled: Callable[[], bool]) -> dict | None:
        """Its next message; None when it has ended, or said nothing for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if cancelled():
                raise Cancelled
            try:
                return self._lines.get(timeout=POLL)
            except queue.Empty:
                continue
        return None

    def ending(self, seconds: float) -> str:
        """How it ended, in words."""
        code = self._process.poll()
        if code is None:
            return f"still running after {seconds:g} s, so it was stopped"
        self._readers[1].join(GRACE)
        last = self._error.strip().splitlines()[-1:]
        return f"the process that runs the notebook ended (exit code {code}){': ' + last[0] if last else ''}"

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                stream.close()


def _at(where: list) -> str:
    if not where:
        return ""
    cell, line, function = where[-1]
    return f"{f' in `{function}`' if function != '<module>' else ''} ({cell}, line {line})"
