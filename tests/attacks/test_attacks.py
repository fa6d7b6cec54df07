"""Every hostile submission of corpus/ gains nothing and harms nobody, whichever wall it meets.

The course here is one function, `answer(x) = 2 * x`. The attacker is told where everything lies (see KNOWN).
A new exploit is one more file in corpus/.
"""

import ast
import os
import shutil
import socket
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from autograder.errors import StudentFault, StudentRaised
from autograder.room import Limits, Opaque, Room, RoomServer, modes

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.py"))
WALLS = ("bubblewrap", "namespaces alone", "landlock")
SECRET = f"the-secret-{uuid.uuid4()}"
HONEST = "def answer(x):\n    return 2 * x"
HURRY, PATIENCE = 0.5, 20.0  # seconds for a hostile and for an honest submission
LIMITS = Limits(memory=512 << 20)


@dataclass
class Course:
    """What an attacker would like to reach."""

    folder: Path
    secret: Path
    gradebook: Path
    listener: socket.socket

    @property
    def known(self) -> str:
        """A cell that tells the attacker where everything is."""
        return (f"COURSE = {str(self.folder)!r}\nSECRET_FILE = {str(self.secret)!r}\n"
                f"GRADEBOOK = {str(self.gradebook)!r}\n"
                f"PORT = {self.listener.getsockname()[1]}\nEXAMINER = {os.getpid()}\n")

    def restore(self) -> None:
        """As new: world-readable and writable, so that only the walls protect it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for file in (self.secret, self.gradebook):
            file.write_text(f"print({SECRET!r})")
            file.chmod(0o666)
        for folder in (self.folder, *self.folder.parents[:2]):
            folder.chmod(0o777)

    def state(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}

    def was_called(self) -> bool:
        try:
            self.listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    os.environ["COURSE_SECRET"] = SECRET
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        course = Course(folder, folder / "secret.txt", folder / "gradebook.db", listener)
        course.restore()
        before = course.state()
        yield course
        assert course.state() == before, "an exploit acted after its room was closed"
    del os.environ["COURSE_SECRET"]


@pytest.fixture(scope="module", params=WALLS)
def server(request):
    """One wall at a time. "namespaces alone" is the second wall taken down."""
    mode, _, alone = request.param.partition(" ")
    if modes.refusal(mode):
        pytest.skip(f"{mode}: {modes.refusal(mode)}")
    with pytest.MonkeyPatch.context() as patch:
        if alone:
            patch.setattr("autograder.room.launch.landlock.version", lambda: 0)
            patch.setattr("autograder.room.launch.seccomp.compiled", lambda: None)
        with RoomServer(("numpy",), mode=mode, limits=LIMITS) as server:
            yield server


@pytest.fixture(scope="module")
def torch_server():
    pytest.importorskip("torch")
    with RoomServer(("numpy", "torch"), limits=LIMITS) as server:
        yield server


def verdict(room: Room, submission: str) -> str:
    """What an examiner would say: "right" or "wrong". No evidence is wrong."""
    timeout = PATIENCE if submission == HONEST or expected(submission) == "right" else HURRY
    try:
        room.run(submission, "cell 1", timeout=timeout)
    except StudentRaised:
        pass
    except StudentFault:
        return "wrong"
    try:
        function = room.get(None, "answer")
        return "right" if all(_is_right(room, function, x, timeout) for x in drawn()) else "wrong"
    except StudentFault as fault:
        str(fault).encode()
        assert SECRET not in str(fault)
        return "wrong"


def _is_right(room: Room, function: Opaque, x: np.ndarray, timeout: float) -> bool:
    got = room.call(function, (x,), timeout=timeout)
    assert SECRET not in repr(got)
    want = 2 * x
    if type(got) is not np.ndarray or got.shape != want.shape or got.dtype.kind != "f":
        return False
    return bool(np.isfinite(got).all() and abs(got - want).max() <= 1e-8 * abs(want).max())


def drawn() -> list[np.ndarray]:
    generator = np.random.default_rng()
    return [generator.standard_normal((3, 5)) for _ in range(2)]


def examine(server: RoomServer, course: Course, submission: str) -> str:
    """The verdict on one submission in a room of its own; what it printed must not hold the secret."""
    with server.open() as room:
        try:
            room.run(course.known, "known")
            return verdict(room, submission)
        finally:
            room.close()
            room.output.encode()
            assert SECRET not in room.output


def descendants(pid: int) -> set[int]:
    children = {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return children.union(*(descendants(child) for child in children)) if children else children


def needs_torch(exploit: Path) -> bool:
    return "import torch" in exploit.read_text(encoding="utf-8")


@pytest.mark.parametrize("exploit", [path for path in CORPUS if not needs_torch(path)], ids=lambda path: path.stem)
def test_no_gain_and_no_harm(exploit, server, course):
    assert_harmless(exploit, server, course)


@pytest.mark.parametrize("exploit", [path for path in CORPUS if needs_torch(path)], ids=lambda path: path.stem)
def test_no_gain_and_no_harm_with_torch(exploit, torch_server, course):
    assert_harmless(exploit, torch_server, course)


def assert_harmless(exploit: Path, server: RoomServer, course: Course) -> None:
    submission = exploit.read_text(encoding="utf-8")
    with server.open() as neighbour:
        neighbour.run(HONEST, "cell 1")
        before, processes = course.state(), descendants(os.getpid())
        assert examine(server, course, submission) == expected(submission)
        assert verdict(neighbour, HONEST) == "right"
        assert examine(server, course, HONEST) == "right"
        assert course.state() == before
        assert not course.was_called()
        assert descendants(os.getpid()) <= processes


def expected(submission: str) -> str:
    """ "wrong", but for the submissions that are honest."""
    return "right" if "\nExpected: right" in docstring(submission) else "wrong"


def docstring(submission: str) -> str:
    return ast.get_docstring(ast.parse(submission)) or ""


def test_every_class_that_concerns_the_room_is_tried():
    classes = {path.stem.partition("_")[0] for path in CORPUS}
    assert classes == {f"a{number:02}" for number in range(1, 26)}


@pytest.mark.parametrize("exploit", CORPUS, ids=lambda path: path.stem)
def test_the_table_has_a_row_for_every_exploit(exploit):
    """What it tries and what stops it, as its docstring says."""
    row = table_row(exploit)
    table = (Path(__file__).parent / "README.md").read_text(encoding="utf-8").splitlines()
    assert row in table, f"tests/attacks/README.md needs this row:\n{row}"


def table_row(exploit: Path) -> str:
    title, *lines = docstring(exploit.read_text(encoding="utf-8")).splitlines()
    said = {key: rest.strip() for key, _, rest in (line.partition(":") for line in lines) if rest}
    if "Expected" in said:
        return f"| `{exploit.stem}` | {title} | nothing: it must be {said['Expected']} | |"
    return f"| `{exploit.stem}` | {title} | {said['Tries']} | {said['Stopped by']} |"


@pytest.mark.parametrize("exploit", ["a06_read_secret", "a08_write_gradebook", "a09_detached_process", "a21_network"])
def test_without_walls_the_same_exploit_succeeds(exploit, course):
    """So the corpus is alive, and this file would notice a gain."""
    submission = (Path(__file__).parent / "corpus" / f"{exploit}.py").read_text(encoding="utf-8")
    before, gained = course.state(), False
    with RoomServer(("numpy",), mode="plain", limits=LIMITS) as server, server.open() as room:
        room.run(course.known, "known")
        verdict(room, submission)
        deadline = time.monotonic() + 5
        while not gained and time.monotonic() < deadline:
            gained = SECRET in room.output or course.state() != before or course.was_called()
            time.sleep(0.02)
    course.restore()
    assert gained
