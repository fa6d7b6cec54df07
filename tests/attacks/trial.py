"""Runs hostile submissions through a real grader behind one set of walls, beside a victim. A program:

    python -m tests.attacks.trial ORDERS     JSON: root, secret, port, walls, course
                                             then on standard input one exploit's name a line

It is the examiner of the exploits; for each it prints a line of JSON: points, and what was harmed. The process that
started it watches what it cannot see itself (`matrix.py`). Run it as root or as an ordinary user.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from autograder.course import load_assignment
from autograder.errors import AutograderError
from autograder.examine import examiner, room_desk
from autograder.grade.grader import Grader
from autograder.report import Report
from autograder.room import Limits, RoomServer, modes
from tests.attacks.exploits import CORPUS
from tests.attacks.world import HONEST, NAME

WALLS = {  # name -> (mode, whether Landlock and seccomp stand inside it)
    "all walls": ("bubblewrap", True), "bubblewrap alone": ("bubblewrap", False),
    "namespaces alone": ("namespaces", False), "Landlock and seccomp alone": ("landlock", True),
}
NO_WALLS = "no walls"  # to see that exploits are real; only ever as an ordinary user
MODES = {**WALLS, NO_WALLS: ("plain", False)}
HURRY = examiner.Patience(1, 0.5)  # what a hostile submission gets
LIMITS = Limits(memory=512 << 20)
PAUSE = 0.1  # seconds between two gradings of the victim


@contextlib.contextmanager
def opened(orders: dict):
    """A Grader behind the walls that were ordered, and no other."""
    mode, both = MODES[orders["walls"]]
    with contextlib.ExitStack() as stack:
        if not both:
            stack.enter_context(mock.patch("autograder.room.launch.landlock.version", lambda: 0))
            stack.enter_context(mock.patch("autograder.room.launch.seccomp.compiled", lambda: None))
        server = stack.enter_context(mock.patch("autograder.grade.grader.RoomServer"))
        server.side_effect = lambda **options: RoomServer(**options, limits=LIMITS)
        assignment = load_assignment(NAME, Path(orders["root"]))
        yield stack.enter_context(Grader(assignment, orders["secret"].encode(), mode))


def graded(grader: Grader, root: Path, student: str) -> Report:
    """The report, with nothing in it that differs from run to run."""
    report = grader.grade(student, root / "submitted" / student / NAME)
    report.seconds = 0.0
    return report


@contextlib.contextmanager
def hurried(exploit):
    """Short deadlines: but for those who are honest."""
    if exploit.is_honest:
        yield
        return
    with mock.patch.object(examiner, "CALM", HURRY), mock.patch.object(examiner, "HURRIED", HURRY), \
            mock.patch.object(room_desk, "CELL_SECONDS", 2 * HURRY.seconds):
        yield


class Victim:
    """Another process of the same user that grades an honest submission again and again while told to."""

    def __init__(self, orders: dict):
        self.orders = orders
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.trial", json.dumps(self.orders | {"victim": True})],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.alone = self._line()

    def tell(self, what: str) -> None:
        with contextlib.suppress(OSError):
            self.process.stdin.write(f"{what}\n")

    def harmed(self) -> list[str]:
        """What the reports that were made meanwhile differ in; starts it again if it died."""
        self.tell("stop")
        told = self._line()
        if told is None:
            self.process.wait()
            self.start()
            return ["the grader of the victim died"]
        return [] if told["same"] and told["count"] else ["the victim's report changed"]

    def _line(self) -> dict | None:
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


def be_victim(orders: dict) -> None:
    """Between "go" and "stop" grades the victim, at least once; then says how often, and whether it was the same."""
    import select

    root = Path(orders["root"])
    with opened(orders) as grader, open(0, "rb", buffering=0) as told:  # a buffer might hold "stop" back from `select`
        alone = graded(grader, root, "victim")
        print(json.dumps({"points": alone.points}), flush=True)
        while told.readline():  # go
            reports = [graded(grader, root, "victim")]
            while not select.select([told], [], [], PAUSE)[0]:
                reports.append(graded(grader, root, "victim"))
            told.readline()  # stop
            print(json.dumps({"count": len(reports), "same": all(each == alone for each in reports)}), flush=True)


def attempt(exploit, grader: Grader, orders: dict, victim: Victim, alone: Report) -> dict:
    """Grades one exploit beside the victim and the next student after it: the outcome as plain data."""
    root, server = Path(orders["root"]), grader._server
    with server.open() as neighbour:  # a room of the same fork server, open all the time
        neighbour.run(HONEST, "cell 1")
        victim.tell("go")
        with hurried(exploit):
            report = graded(grader, root, "mallory")
        harmed = victim.harmed()
        if neighbour.call(neighbour.get(None, "answer"), (21,)) != 42:
            harmed.append("a room of the same server changed")
    if graded(grader, root, "next") != alone:
        harmed.append("the next student's report changed")
    text = report.to_json()
    return {"points": report.points, "leaked": orders["secret"] in text, "harmed": harmed,
            "said": [check.found for part in report.parts for check in part.checks if check.found][:1]}


def main() -> None:
    orders = json.loads(sys.argv[1])
    if orders.get("victim"):
        return be_victim(orders)
    mode, _ = MODES[orders["walls"]]
    if modes.refusal(mode):
        print(json.dumps({"impossible": modes.refusal(mode)}), flush=True)
        return None
    os.environ["COURSE_SECRET"] = orders["secret"]
    root, exploits = Path(orders["root"]), {exploit.name: exploit for exploit in CORPUS}
    victim = Victim(orders)
    with contextlib.closing(victim), opened(orders) as grader:
        alone, wrong = graded(grader, root, "next"), graded(grader, root, "wrong")
        print(json.dumps({"walls": grader._server.walls, "examiner": os.getpid(), "victim": victim.process.pid,
                          "next": alone.points, "wrong": wrong.points}), flush=True)
        for line in sys.stdin:
            try:
                outcome = attempt(exploits[line.strip()], grader, orders, victim, alone)
            except AutograderError as error:
                outcome = {"points": 0, "leaked": False, "harmed": [f"the grader failed: {error}"], "said": []}
            print(json.dumps(outcome), flush=True)
    return None


if __name__ == "__main__":
    main()
