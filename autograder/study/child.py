"""The process that runs a saved notebook and its checks for `autograder check`.

Warm when it says `ready`: the checks are collected, and what they import is loaded. Then it reads one line of JSON,
{"cells": [[name, source], ...], "given": [name, ...], "modules": {path: text}, "parts": [...], "seconds": 30}, and
answers line by line:

    {"ready": true}
    {"step": "cell 3" or a check}          what it does from here on
    {"note": "cell 3 raised ..."}          a cell that failed; the next ones go on
    {"part": {...}}                        a result, as soon as it is there
    {"stuck": "cell 7" or a check, "where": [[cell, line, function], ...]}    nothing for so many seconds; it ends
    {"error": [asked, found, hint]}        an AutograderError; it ends
    {"done": true}

The student's code reads nothing and prints nowhere: its standard input, output and error are the null device.
"""

import contextlib
import io
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict
from pathlib import Path

from autograder.errors import AutograderError
from autograder.room import cell, inert, local


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command; it ends this process itself
    say, requests = _own_channel()
    try:
        from autograder.examine.open import handout_examiner

        folder = Path(sys.argv[1])
        with handout_examiner(folder) as examiner:
            say({"ready": True})
            request = json.loads(requests.readline() or "null")
            if request is not None:
                _end_with(requests)
                _lead_nowhere(2)
                _answer(examiner, folder, request, say)
    except AutograderError as error:
        say({"error": [error.asked, error.found, error.hint]})
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)  # whatever threads and exit handlers the notebook has left behind


def _answer(examiner, folder: Path, request: dict, say: Callable[[dict], None]) -> None:
    from autograder.examine.desks import LiveDesk
    from autograder.examine.lines import text_of
    from autograder.rules.style import Notebook, rule_out

    cells = [tuple(cell) for cell in request["cells"]]
    modules = request["modules"]
    owns = {*modules, *(name for name, _ in cells)}.__contains__
    alarm = _Alarm(request["seconds"], say, owns)
    namespace = {"__name__": "__main__"}
    inert.install()  # checks, demos and `display` in cells of the student's own do nothing, as in a room
    local.install(modules)
    run_cells(cells, namespace, folder, lambda note: say({"note": note}), alarm.during, examiner.asked)
    given = request["given"]
    rules = Notebook(cells, examiner.functions, given, modules)
    examiner.runner.session = _Alarmed(examiner.runner.session, alarm)

    def on_part(result) -> None:
        rule_out([result], examiner.plan, rules)
        say({"part": asdict(result)})

    with _inside(folder):
        desk = LiveDesk(namespace, owns, text_of([*modules.items(), *cells], given))
        examiner.examine(desk, only=request["parts"], on_part=on_part)
    say({"done": True})


def run_cells(cells: list[tuple[str, str]], namespace: dict, folder: Path, note: Callable[[str], None],
              during: Callable = contextlib.nullcontext, asked: Collection[str] = ()) -> None:
    """Runs cells one after the other, in their folder. One that fails is noted, and does not stop the next."""
    with _inside(folder):
        for name, source in cells:
            try:
                with during(name), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    said = cell.run(source, name, namespace, asked)
                for sentence in said:
                    note(sentence)
            except SyntaxError as error:
                note(f"{name} does not compile: {error.msg} (line {error.lineno})")
            except BaseException as error:  # exit(), too
                note(f"{name} raised {type(error).__name__}: {error}")


class _Alarm:
    """Ends this process, and says where it was, when a step takes longer than `seconds`. owns: as in LiveDesk."""

    def __init__(self, seconds: float, say: Callable[[dict], None], owns: Callable[[str], bool]):
        self.seconds, self._say, self._owns, self._student = seconds, say, owns, threading.get_ident()

    @contextlib.contextmanager
    def during(self, step: str) -> Iterator[None]:
        timer = threading.Timer(self.seconds, self._ring, [step])
        timer.daemon = True
        timer.start()
        self._say({"step": step})
        try:
            yield
        finally:
            timer.cancel()

    def _ring(self, step: str) -> None:
        frame, frames = sys._current_frames().get(self._student), []
        while frame is not None:
            if self._owns(frame.f_code.co_filename):
                frames.append([frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname])
            frame = frame.f_back
        try:
            self._say({"stuck": step, "where": frames[::-1]})
        finally:
            os._exit(1)


class _Alarmed:
    """A session of checks in which each check has its deadline."""

    def __init__(self, session, alarm: _Alarm):
        self._session, self._alarm = session, alarm

    def run(self, check: str, sitting):
        with self._alarm.during(check):
            return self._session.run(check, sitting)


def _own_channel() -> tuple[Callable[[dict], None], io.TextIOBase]:
    """The way to the command, on descriptors of our own; standard input and output lead nowhere from here on."""
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    _lead_nowhere(0, 1)
    lock = threading.Lock()

    def say(message: dict) -> None:
        with lock:
            answers.write(json.dumps(message) + "\n")
            answers.flush()

    return say, requests


def _lead_nowhere(*descriptors: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nowhere, descriptor)


def _end_with(requests: io.TextIOBase) -> None:
    """Ends this process when the command ends, however that ended: its end of the pipe closes then."""
    def wait() -> None:
        requests.read()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before, path = os.getcwd(), list(sys.path)
    os.chdir(folder)
    sys.path.insert(0, str(folder))  # as Jupyter does
    os.environ.setdefault("MPLBACKEND", "Agg")
    try:
        yield
    finally:
        os.chdir(before)
        sys.path[:] = path
