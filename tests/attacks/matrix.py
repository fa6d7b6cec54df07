"""The matrix: every exploit x user x walls. Starts a trial (`trial.py`) for each user and set of walls, feeds it the
exploits one by one, and watches the files, the listeners and the processes from outside."""

import atexit
import contextlib
import functools
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests import today
from tests.attacks.exploits import CORPUS, Exploit
from tests.attacks.trial import NO_WALLS, WALLS
from tests.attacks.world import HONEST, World, children, own_segments

REPOSITORY = Path(__file__).parents[2]
ORDINARY = 65533  # a number that no service runs as
USERS = ("root", "ordinary user")
ALL_WALLS = next(iter(WALLS))
STUCK = 120.0  # seconds without a word from a trial
VISIBLE = 1.0  # the points of the visible check, whose answers stand in every student's copy


@dataclass
class Outcome:
    """What came of one exploit in one trial. gained: sentences, empty if nothing; impossible: why it was not tried."""

    exploit: Exploit
    user: str
    walls: str
    gained: list[str] = field(default_factory=list)
    harmed: list[str] = field(default_factory=list)
    points: float = 0.0
    impossible: str = ""


def combinations() -> list[tuple[str, str]]:
    return [(user, walls) for user in USERS for walls in WALLS]


def share(user: str, walls: str, everything: bool = False, day: int = today.DAY) -> list[Exploit]:
    """What is tried. Everything; or on one day every exploit behind all walls together, as either user in turn, and
    behind one weaker set of walls as one of the users, so that after six days each has met all."""
    weaker = [pair for pair in combinations() if pair[1] != ALL_WALLS]
    users = [each for each in USERS if each != "root" or os.getuid() == 0]  # nobody but root can try it as root
    weaker = [pair for pair in weaker if pair[0] in users]
    if everything:
        return CORPUS
    if walls == ALL_WALLS:
        return [exploit for place, exploit in enumerate(CORPUS) if users[(place + day) % len(users)] == user]
    return [exploit for place, exploit in enumerate(CORPUS) if weaker[(place + day) % len(weaker)] == (user, walls)]


def run(folder: Path, user: str, walls: str, exploits: Iterable[Exploit]) -> Iterator[Outcome]:
    """Tries the exploits one after the other on one warm grader (those that need torch on a second one)."""
    exploits = list(exploits)
    if reason := unable(user):
        yield from (Outcome(exploit, user, walls, impossible=reason) for exploit in exploits)
        return
    for name, imports, share in (
            ("course", "import numpy as np", [each for each in exploits if not each.needs_torch]),
            ("torch-course", "import numpy as np\nimport torch", [each for each in exploits if each.needs_torch])):
        if share:
            world = World(folder / name, imports)
            try:
                yield from _in_world(world, user, walls, share)
            finally:
                world.close()


def _in_world(world: World, user: str, walls: str, exploits: list[Exploit]) -> Iterator[Outcome]:
    trial = None
    for exploit in exploits:
        if trial is None:
            trial = _Trial(world, user, walls)
        if trial.impossible:
            yield Outcome(exploit, user, walls, impossible=trial.impossible)
            continue
        yield trial.attempt(exploit)
        if trial.process.poll() is not None:  # an exploit killed the examiner itself
            trial.close()
            trial = None
    if trial is not None:
        trial.close()
        assert not world.called(), "an exploit reached a listener after its trial"


class _Trial:
    """One process of trial.py."""

    def __init__(self, world: World, user: str, walls: str):
        self.world, self.user, self.walls = world, user, walls
        orders = {"root": str(world.root), "secret": world.secret, "walls": walls}
        command = unwalled(world.root) if walls == NO_WALLS else python(user)
        self.process = subprocess.Popen(
            [*command, "-m", "tests.attacks.trial", json.dumps(orders)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1, cwd=REPOSITORY, env=environment(), start_new_session=True)
        self.told = self._line() or {"impossible": "the trial ended before it began"}
        self.impossible = self.told.get("impossible", "")
        if not self.impossible:
            assert self.told["next"] == 7 and self.told["wrong"] == 0, self.told
            self.state = world.state()

    def attempt(self, exploit: Exploit) -> Outcome:
        outcome = Outcome(exploit, self.user, self.walls)
        self.world.submit("mallory", exploit.source,
                          self.world.known(EXAMINER=self.told["examiner"], VICTIM=self.told["victim"]))
        segments, processes = own_segments(self.process.pid), len(children(self.process.pid))
        self.process.stdin.write(f"{exploit.name}\n")
        told = self._line(STUCK if self.walls != NO_WALLS else 10.0)  # there, somebody will be stopped
        if told is None:
            outcome.harmed.append("the examiner died, or hangs")
            return outcome
        outcome.points, outcome.harmed = told["points"], told["harmed"]
        self._judge(outcome, told)
        if len(children(self.process.pid)) > processes:
            outcome.harmed.append("a process is left")
        if own_segments(self.process.pid) - segments:
            outcome.harmed.append("shared memory is left")
        if self.world.called():
            outcome.harmed.append("a listener was reached")
        if self.world.state() != self.state:
            outcome.harmed.append("a file of the course changed")
            self.world.restore()
            self.state = self.world.state()
        return outcome

    def _judge(self, outcome: Outcome, told: dict) -> None:
        expected = outcome.exploit.said.get("Expected", "")
        allowed = {"right": 7.0, "the visible points": VISIBLE}.get(expected, self.told["wrong"])
        if told["leaked"]:
            outcome.gained.append("the secret is in the report")
        if told["points"] > allowed:
            outcome.gained.append(f"{told['points']:g} points")
        if expected == "right" and told["points"] < allowed:
            outcome.harmed.append(f"an honest submission got {told['points']:g} of 7 points: {told['said']}")

    def _line(self, seconds: float = STUCK) -> dict | None:
        """What the trial says next; None if it is dead, or does not move any more."""
        ready = select.select([self.process.stdout], [], [], seconds)[0]
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self._kill()
        return json.loads(line) if line else None

    def _kill(self) -> None:
        for pid in (*children(self.process.pid), self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(STUCK)
        except subprocess.TimeoutExpired:
            self._kill()
        self.process.stdout.close()


def fooled(folder: Path, way: str, source: str) -> bool:
    """Whether a naive grader (`naive.py`), started without walls as an ordinary user, falls for a submission."""
    world = World(folder)
    try:
        (folder / "reference.py").write_text(HONEST)
        known = world.known(EXAMINER=os.getpid(), VICTIM=os.getpid())
        done = subprocess.run([*unwalled(folder), "-m", "tests.attacks.naive", way, source, known], cwd=folder,
                              env=environment(), capture_output=True, timeout=STUCK)
    finally:
        world.close()
    if way == "exit status":
        return done.returncode == 0
    if way == "silence":
        return bool(done.stderr)
    return done.stdout.splitlines()[-1:] == [b'{"passed": true}']


@functools.cache
def unable(user: str) -> str:
    """Why this process cannot start a trial as that user; '' if it can."""
    if user == "root":
        return "" if os.getuid() == 0 else "the tests are not run as root"
    if os.getuid() == 0 and not shutil.which("setpriv"):
        return "the program setpriv (Debian package util-linux) is not installed"
    return "" if python(user) else f"user {ORDINARY} may not read this Python, its packages or {REPOSITORY}"


AGAIN = "import os, subprocess, sys, numpy, pytest, tests.attacks.trial; from autograder.room.launch import python\n" \
        "subprocess.run([os.path.realpath(python()), '-c', ''], check=True)"


@functools.cache
def python(user: str) -> tuple[str, ...]:
    """The command for an interpreter that the user can run, and a room of that user too; () if there is none."""
    if user == "root" or os.getuid() != 0:
        return (sys.executable,)
    drop = ("setpriv", "--reuid", str(ORDINARY), "--regid", str(ORDINARY), "--clear-groups")
    for find in (lambda: sys.executable, lambda: shutil.which("python{}.{}".format(*sys.version_info), path="/usr/bin:/usr/local/bin"), _copied):
        command = (*drop, find() or "false")
        if subprocess.run([*command, "-c", AGAIN], env=environment(), cwd=REPOSITORY, capture_output=True).returncode == 0:
            return command
    return ()


def _copied() -> str:
    """A copy of this interpreter and its library where everybody may read them: the original may lie in a closed home."""
    folder = Path(tempfile.mkdtemp(prefix="attacks-python-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    library = Path(os.__file__).parent
    skipped = shutil.ignore_patterns("test", "site-packages", "config-*", "idlelib", "ensurepip")
    shutil.copytree(library, folder / "lib" / library.name, ignore=skipped)
    for shared in library.parent.glob("libpython*"):
        shutil.copy(shared, folder / "lib")
    (folder / "bin").mkdir()
    return shutil.copy(os.path.realpath(sys.executable), folder / "bin")


def unwalled(folder: Path) -> tuple[str, ...]:
    """A Python without walls around student code, in a box of the test's own: what exploits do there to other processes
    and to folders that everybody may write in ends with it. The network and `folder` are the real ones."""
    user = python(USERS[1])
    kept = {str(REPOSITORY), sys.prefix, sysconfig.get_path("purelib"), str(Path(user[-1]).parents[1])} - {"/", "/usr"}
    box = ["bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--dev-bind", "/", "/", "--proc", "/proc"]
    for shared in ("/tmp", "/var/tmp", "/dev/shm"):
        box += ["--perms", "1777", "--tmpfs", shared]
    for path in sorted(kept):
        box += ["--ro-bind", path, path]
    return (*user[:-1], *box, "--bind", str(folder), str(folder), "--", user[-1])


def environment() -> dict[str, str]:
    one = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    packages = sysconfig.get_path("purelib")
    return {**one, "PATH": os.environ["PATH"], "PYTHONPATH": f"{REPOSITORY}:{packages}",
            "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent", "IPYTHONDIR": "/tmp"}
