"""The fork server: it comes back when it dies, leaves nothing behind, and says what a machine lacks."""

import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from autograder.errors import RoomDied, RoomUnavailable, StudentFault
from autograder.room import Limits, RoomServer, modes, scratch, strongest_mode
from autograder.room.control import Control


def alive(pid: int) -> bool:
    """Whether a process exists that is not only waiting for its status to be read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_the_end_of(pids: list[int]) -> None:
    deadline = time.monotonic() + 5
    while left := [pid for pid in pids if alive(pid)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def descendants(pid: int) -> list[int]:
    out = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        out += [int(child), *descendants(int(child))]
    return out


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("mode", modes.STRENGTH)
def test_nothing_is_left_behind(mode, monkeypatch, tmp_path):
    if modes.refusal(mode):
        pytest.skip(modes.refusal(mode))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before, children = descriptors(), set(descendants(os.getpid()))
    with RoomServer(mode=mode) as server:
        for source in ("x = 1", "import os; os._exit(1)", "while True: pass"):
            with server.open() as room:
                try:
                    room.run(source, "cell 1", timeout=0.3)
                except StudentFault:
                    continue
        room = server.open()
        room.run("x = 1" if mode == "landlock" else "open('x', 'w').write('x')", "cell 1")
    with pytest.raises(RoomDied):
        room.run("x = 2", "cell 2")
    assert descriptors() == before
    assert set(descendants(os.getpid())) <= children
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_killed_fork_server_is_started_again(server):
    with RoomServer(mode=server.mode) as own:
        with own.open() as room:
            room.run("x = 1", "cell 1")
            victims = [own._control.process.pid, *descendants(own._control.process.pid)]
            for pid in reversed(victims):
                os.kill(pid, signal.SIGKILL)
            with pytest.raises(RoomDied):
                room.run("x = 2\nimport time; time.sleep(5)", "cell 2")
        with own.open() as room:
            room.run("x = 3", "cell 1")
            assert room.get(None, "x") == 3
    wait_for_the_end_of(victims)


def test_rooms_end_with_a_killed_examiner(server, tmp_path):
    """An examiner that is killed leaves no process; its folder is swept away by the next server."""
    script = ("import os, sys, time\nfrom autograder.room import RoomServer\n"
              f"server = RoomServer(mode={server.mode!r})\nroom = server.open()\n"
              "room.run('x = 1', 'cell 1')\nprint(server._control.folder.path, flush=True)\n"
              "room.run('while True: pass', 'cell 2', timeout=60)\n")
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as examiner:
        folder = Path(examiner.stdout.readline().strip())
        family = descendants(examiner.pid)
        assert folder.is_dir() and len(family) >= 2
        examiner.kill()
    wait_for_the_end_of(family)


def test_old_folders_of_killed_examiners_are_swept(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    living, dead, fresh, other = (tmp_path / f"autograder-{name}" for name in ("room-living", "room-dead", "new-room-fresh", "room-other"))
    for folder in (living, dead, fresh):
        folder.mkdir()
        (folder / "file").touch()
    other.symlink_to(tmp_path)
    lock = scratch._locked(living)
    scratch.sweep()
    os.close(lock)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["autograder-new-room-fresh", "autograder-room-living",
                                                               "autograder-room-other"]
    os.utime(fresh, (0, 0))
    scratch.sweep()
    assert not fresh.exists()


def test_rooms_of_several_threads(server):
    results = []

    def work(number: int) -> None:
        for step in range(5):
            with server.open() as room:
                room.run(f"x = {number} * 100 + {step}", "cell 1")
                results.append(room.get(None, "x"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted(number * 100 + step for number in range(4) for step in range(5))


def test_modules_that_are_not_installed_are_left_out():
    with RoomServer(("numpy", "no_such_package"), mode="plain") as server:
        assert server.loaded == ["numpy"]


def test_a_server_that_cannot_start_tells_why():
    control = Control("plain", ("asyncio.windows_utils",))
    try:
        with pytest.raises(RoomUnavailable, match="win32 only"):
            control.ready()
    finally:
        control.close()


def test_a_room_that_cannot_be_confined_is_not_the_students_fault():
    with RoomServer(mode="plain", limits=Limits(files=-5)) as server:
        room = server.open()
        with pytest.raises(RoomUnavailable, match="a confined room"):
            room.run("x = 1", "cell 1")


def test_without_a_pid_namespace_detached_processes_end_with_their_room():
    with RoomServer(mode="plain") as server, server.open() as room:
        room.run("import os, time\n"
                 "if os.fork() == 0:\n"
                 "    os.setsid()\n"
                 "    if os.fork() == 0:\n"
                 "        time.sleep(60)\n"
                 "    os._exit(0)\n"
                 "os.wait()", "cell 1")
        family = descendants(server._control.process.pid)
        assert len(family) == 2
        room.close()
        wait_for_the_end_of(family)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_of_the_examiner_cannot_use_or_end_its_rooms():
    with RoomServer(mode="plain") as server, server.open() as room:
        room.run("x = 1", "cell 1")
        child = os.fork()
        if child == 0:
            try:
                server.open()
            except RoomUnavailable:
                server.close()
                os._exit(0)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert room.get(None, "x") == 1
        with server.open() as other:
            other.run("x = 2", "cell 1")


def test_a_closed_server_opens_nothing():
    server = RoomServer(mode="plain")
    server.close()
    server.close()
    with pytest.raises(RoomUnavailable, match="closed"):
        server.open()


def test_the_walls_are_described(server):
    walls = server.walls
    assert walls["mode"] == server.mode and walls["meaning"] == modes.MEANING[server.mode]
    assert walls["namespaces"] == (server.mode in ("bubblewrap", "namespaces"))
    assert (server.mode == "plain") == (not (walls["namespaces"] or walls["landlock"]))


@pytest.fixture
def machine(monkeypatch):
    """Takes walls away from this machine; `refusal` is asked anew."""
    def without(*names: str) -> None:
        for name in names:
            if name == "bwrap":
                monkeypatch.setattr(modes.shutil, "which", lambda program: None)
            elif name == "landlock":
                monkeypatch.setattr(modes.landlock, "version", lambda: 0)
            elif name == "seccomp":
                monkeypatch.setattr(modes.seccomp, "compiled", lambda: None)
            elif name == "namespaces":
                monkeypatch.setattr(modes, "_tried", lambda mode: "unshare: Operation not permitted"
                                    if mode != "landlock" else "")
        modes.refusal.cache_clear()

    yield without
    modes.refusal.cache_clear()


@pytest.mark.skipif(strongest_mode() == "plain", reason="this machine has no walls to take away")
@pytest.mark.parametrize("lacking, expected, advice", [
    ((), "bubblewrap", ""),
    (("bwrap",), "namespaces", "apt install bubblewrap"),
    (("namespaces",), "landlock", "user namespaces"),
    (("namespaces", "bwrap"), "landlock", "user namespaces"),
    (("namespaces", "seccomp"), "plain", "pip install pyseccomp"),
    (("namespaces", "landlock"), "plain", "a kernel of 5.13"),
])
def test_degradation_takes_the_next_wall_and_says_what_to_install(machine, lacking, expected, advice):
    machine(*lacking)
    assert strongest_mode() == expected
    text = " ".join(f"{item.what} {item.install}" for item in modes.missing())
    assert advice in text
    if expected == "plain":
        with pytest.raises(RoomUnavailable) as caught:
            RoomServer()
        assert "this machine gives none" in str(caught.value) and "hint: " in str(caught.value)
        assert "ask for the mode `plain`" in caught.value.hint


def test_other_systems_have_only_plain(machine, monkeypatch):
    monkeypatch.setattr(modes.sys, "platform", "darwin")
    modes.refusal.cache_clear()
    assert strongest_mode() == "plain"
    assert "container" in modes.missing()[0].install
    with pytest.raises(RoomUnavailable, match="hint"):
        RoomServer(mode="bubblewrap")


WITHOUT_UNIX = """
import sys
sys.platform = "win32"
sys.modules["fcntl"] = sys.modules["resource"] = None
from autograder.errors import RoomUnavailable
from autograder.room.wire import Opaque
assert "autograder.room.client" not in sys.modules
from autograder.room import RoomServer, strongest_mode
assert strongest_mode() == "plain"
try:
    RoomServer(mode="plain")
except RoomUnavailable as error:
    assert "WSL 2" in str(error)
else:
    raise AssertionError
"""


def test_windows_can_import_the_package_and_is_told_what_to_do():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", WITHOUT_UNIX], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_everything_that_is_offered_exists():
    import autograder.room

    assert all(hasattr(autograder.room, name) for name in autograder.room.__all__)
    with pytest.raises(AttributeError):
        autograder.room.no_such_name  # noqa: B018
