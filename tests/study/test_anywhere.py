"""What students use runs without a network, and without anything that only Linux and macOS have."""

import os
import subprocess
import sys

import pytest

from tests.study.helpers import ROOT, autograder, solve, surroundings

# Read by every Python that starts below the folder it lies in, children included: what Windows does not have is not there.
BLOCKED = '''
import os, signal, sys
for name in ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"):
    sys.modules[name] = None
for module, names in ((os, ("fork", "forkpty", "getuid", "geteuid", "setsid", "killpg", "getpgid", "mkfifo", "wait3",
                            "wait4", "nice")),
                      (signal, ("SIGALRM", "SIGHUP", "SIGUSR1", "SIGCHLD", "alarm", "setitimer",
                                "pthread_kill", "pthread_sigmask"))):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
'''
EVERYTHING = '''
import importlib, pkgutil
import autograder.cli, autograder.lab, autograder.notebook, autograder.study
for room in (autograder.lab, autograder.notebook, autograder.study):
    for module in pkgutil.iter_modules(room.__path__):
        importlib.import_module(f"{room.__name__}.{module.name}")
    for name in getattr(room, "__all__", ()):
        getattr(room, name)
for name in ("student_verbs", "study_verbs", "console", "progress"):
    importlib.import_module(f"autograder.cli.{name}")
import watchfiles
'''


@pytest.fixture
def like_windows(tmp_path) -> dict[str, str]:
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "sitecustomize.py").write_text(BLOCKED)
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path / "blocked"), str(ROOT)])}


def python(code: str, cwd, **more: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=120,
                          env=surroundings(**more))


def test_nothing_posix_is_imported(like_windows, tmp_path):
    assert "not defined" in python("import os\ntry:\n    os.fork\nexcept AttributeError:\n    print('not defined')\n",
                                   tmp_path, **like_windows).stdout
    assert python("import fcntl", tmp_path, **like_windows).returncode == 1
    done = python(EVERYTHING, tmp_path, **like_windows)
    assert done.returncode == 0, done.stderr


def test_the_verbs_work_without_posix(copy, solution, like_windows):
    solve(copy.notebook, solution, "row_mean", "Scaler")
    checked = autograder("check", copy.notebook, cwd=copy.folder, **like_windows)
    assert checked.returncode == 1 and "4 of 7 points" in checked.stdout, checked.stderr
    for verb, code, said in ((("hint", "centred"), 1, "hint 1 of"), (("progress",), 0, "next: centred"),
                             (("reset", "row_mean", "--yes"), 0, "is as it was handed out: `row_mean`"),
                             (("submit", copy.notebook), 0, "hand in this file")):
        done = autograder(*verb, cwd=copy.folder, **like_windows)
        assert done.returncode == code and said in done.stdout, done.stdout + done.stderr
    cell = ("from autograder.notebook import check\n"
            "def row_mean(x):\n    return x.sum(1) / x.shape[1]\nprint(check('row_mean'))")
    done = python(cell, copy.folder, **like_windows)
    assert "row_mean: 2 of 2 points" in done.stdout, done.stderr


def test_a_broken_installation_is_said(copy, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['pytest'] = None\n")
    done = autograder("check", copy.notebook, cwd=copy.folder, PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "import of pytest halted" in done.stderr and "bash setup.sh" in done.stderr


def test_no_network_is_needed(copy, solution):
    """In a network namespace of its own, without even a loopback interface that is up."""
    solve(copy.notebook, solution, "row_mean", "centred", "Scaler")
    alone = ["unshare", "--net"]
    if subprocess.run([*alone, "true"], capture_output=True).returncode:
        alone.append("--map-root-user")
    probe = subprocess.run([*alone, sys.executable, "-c", "import socket; socket.create_connection(('127.0.0.1', 1))"],
                           capture_output=True, text=True)
    assert "Network is unreachable" in probe.stderr or "Errno 99" in probe.stderr, f"unshare (util-linux): {probe.stderr}"
    for verb in (("check", copy.notebook), ("progress",), ("submit", copy.notebook)):
        done = subprocess.run([*alone, sys.executable, "-m", "autograder", *map(str, verb)], cwd=copy.folder, timeout=120,
                              capture_output=True, text=True, env=surroundings())
        assert done.returncode == 0, done.stdout + done.stderr
