"""What a room cannot see or do, in every mode that has walls; and as an ordinary user."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.errors import StudentRaised

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def room(walled):
    with walled.open() as room:
        yield room


def refused(room, source: str) -> str:
    """The kind of exception that `source` ends with."""
    with pytest.raises(StudentRaised) as caught:
        room.run(source, "cell 1")
    return caught.value.kind


UNSEEN = ["/etc/passwd", "/proc/self/status", "/proc/1/cmdline", "/root/.bashrc", "/home", "/var", "/sys/kernel",
          "/dev/shm", "/usr/bin/env", str(REPOSITORY), str(REPOSITORY / "solutions"), str(Path(__file__)),
          str(REPOSITORY / "autograder" / "examine"), str(REPOSITORY / "autograder" / "room" / "client.py")]


@pytest.mark.parametrize("path", UNSEEN)
def test_files_that_are_not_needed_cannot_be_read(room, path):
    read = f"import os\npath = {path!r}\nos.listdir(path) if os.path.isdir(path) else open(path).read()"
    assert refused(room, read) in ("FileNotFoundError", "PermissionError", "NotADirectoryError")


def test_the_packages_and_their_files_can_be_read(room):
    room.run("import json, sqlite3, numpy, inspect, zoneinfo\nsource = inspect.getsource(numpy.linalg)", "cell 1")


SHARED = ["/usr/lib/x", "/etc/x", "/x", "/dev/x", "/kit/x", "/proc/x", os.path.dirname(os.__file__) + "/x.py"]


@pytest.mark.parametrize("path", SHARED)
def test_nothing_shared_can_be_written(room, path):
    assert refused(room, f"open({path!r}, 'w')") in ("FileNotFoundError", "PermissionError", "OSError")


REFUSED = {
    "a fork": "import os; os.fork()",
    "a program": "import subprocess; subprocess.run(['/bin/true'])",
    "a shell": "import os\nif os.system('true'): raise PermissionError",
    "exec": "import os; os.execv('/usr/bin/python3', ['python3'])",
    "a process pool": "import multiprocessing\nmultiprocessing.Pool(2)",
    "a socket": "import socket; socket.socket()",
    "a unix socket": "import socket; socket.socket(socket.AF_UNIX)",
    "a vsock": "import socket; socket.socket(40)",
    "a signal": "import os; os.kill(os.getppid() or 2, 9)",
    "a signal to all": "import os; os.kill(-1, 9)",
    "a namespace": "import ctypes\nif ctypes.CDLL(None).unshare(0x10000000): raise PermissionError",
    "ptrace": "import ctypes\nif ctypes.CDLL(None).ptrace(16, 1, 0, 0): raise PermissionError",
    "shared memory": "import ctypes\nif ctypes.CDLL(None).shmget(1, 4096, 0o1666) < 0: raise PermissionError",
    "a higher limit": "import resource; resource.setrlimit(resource.RLIMIT_CPU, (99999, 99999))",
    "root": "import os; os.setuid(0)",
    "signals by descriptor": "import fcntl\nfcntl.fcntl(3, fcntl.F_SETOWN, 1)",
    "a link": "import os; os.symlink('/', 'root')",
}


@pytest.mark.parametrize("what", REFUSED)
def test_refusals_are_exceptions(room, what):
    kinds = ("PermissionError", "OSError", "FileNotFoundError", "BlockingIOError", "ValueError")
    assert refused(room, REFUSED[what]) in kinds


def test_a_refusal_gives_its_reason(room):
    with pytest.raises(StudentRaised, match="one process, no network"):
        room.run("import os; os.fork()", "cell 1")


def test_only_four_descriptors_are_open(room):
    room.run("import os\nopen_ones = []\nfor fd in range(1000):\n    try: os.fstat(fd)\n    except OSError: continue\n"
             "    open_ones.append(fd)", "cell 1")
    assert room.get(None, "open_ones") == [0, 1, 2, 3]


def test_the_environment_tells_nothing(room):
    room.run("import os, sys\nenvironment, arguments = dict(os.environ), sys.argv + sys.orig_argv", "cell 1")
    text = str(room.get(None, "environment")) + str(room.get(None, "arguments"))
    assert str(REPOSITORY) not in text and "PYTEST" not in text and repr(str(Path.home())) not in text


def test_the_room_is_no_one(room):
    room.run("import os\nids = os.getuid(), os.getgid(), os.getgroups()", "cell 1")
    _, _, groups = room.get(None, "ids")  # the numbers are those of its own user namespace, if it has one
    assert 0 not in groups


def test_loopback_of_the_host_is_out_of_reach(room):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        refused(room, f"import socket; socket.create_connection(('127.0.0.1', {listener.getsockname()[1]}), 1)")
        with pytest.raises(TimeoutError):
            listener.accept()


START_AGAIN = """
import numpy, os, subprocess, sys
subprocess.run([os.path.realpath(sys.executable), "-c", ""], check=True)
"""


def ordinary_python() -> list[str] | None:
    """A command for an interpreter with numpy as an ordinary user; None where none can be had."""
    if os.getuid() != 0:
        return [sys.executable]
    if not shutil.which("setpriv"):
        return None
    user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    for python in (sys.executable, f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"):
        command = [*user, python, "-c", START_AGAIN]
        tried = subprocess.run(command, env=ordinary_environment(), capture_output=True, cwd="/")
        if tried.returncode == 0:
            return [*user, python]
    return None


def ordinary_environment() -> dict[str, str]:
    import numpy

    packages = Path(numpy.__file__).parents[1]
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{REPOSITORY}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"}


AS_A_USER = """
import sys
import numpy as np
from autograder.errors import StudentFault
from autograder.room import RoomServer, modes

for mode in modes.STRENGTH:
    if modes.refusal(mode):
        continue
    with RoomServer(mode=mode) as server, server.open() as room:
        room.run("def double(x): return x * 2", "cell 1")
        assert room.call(room.get(None, "double"), (np.ones(2),)).tolist() == [2, 2]
        for hostile in ("open('/etc/hostname').read()", "import os; os.fork()", "import socket; socket.socket()"):
            try:
                room.run(hostile, "cell 2")
            except StudentFault as fault:
                continue
            assert mode == "plain", (mode, hostile)
    print(mode)
"""


def test_an_ordinary_user_has_the_same_walls():
    python = ordinary_python()
    if python is None:
        pytest.skip("no interpreter with numpy that an ordinary user may run")
    done = subprocess.run([*python, "-W", "error", "-c", AS_A_USER], env=ordinary_environment(), capture_output=True,
                          text=True, cwd="/", timeout=60)
    assert done.returncode == 0, done.stderr
    assert "plain" in done.stdout.split()
