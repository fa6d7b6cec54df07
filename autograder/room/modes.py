"""Which walls this machine can give, found by trying; what is missing, and what to install."""

import functools
import platform
import shutil
import sys
from dataclasses import dataclass

from autograder.errors import RoomUnavailable
from autograder.room import landlock, seccomp

GUARDS_TRUNCATION = 3  # before this version of Landlock a room could empty the user's own packages
STRENGTH = ("bubblewrap", "namespaces", "landlock", "plain")
MEANING = {
    "bubblewrap": "bubblewrap shows a room only the interpreter and its packages, read-only; no network, own "
                  "processes, a private folder; Landlock and seccomp inside it are a second wall",
    "namespaces": "as with bubblewrap, but the view is built by this program",
    "landlock": "Landlock and seccomp: no file but the interpreter and its packages, no network, no new process, "
                "nothing writable; other processes can be counted but not touched",
    "plain": "no walls: a separate process with limits only. Student code can read your files, use the network and "
             "change what your user can change",
}


@dataclass(frozen=True)
class Missing:
    """Something that would make the walls stronger, and how to get it."""

    what: str
    install: str


@functools.cache
def refusal(mode: str) -> str:
    """Why a mode does not work on this machine; '' if it does. Opens and closes one empty room."""
    if mode == "plain":
        return "" if sys.platform != "win32" else "Windows has no rooms; use WSL 2"
    if not sys.platform.startswith("linux"):
        return f"{platform.system()} has no {mode}"
    if mode == "bubblewrap" and not shutil.which("bwrap"):
        return "the program bwrap is not installed"
    if mode == "landlock" and not (landlock.version() >= GUARDS_TRUNCATION and seccomp.compiled()):
        return "it needs a kernel of 6.2 or newer with Landlock, and libseccomp with pyseccomp"
    return _tried(mode)


def _tried(mode: str) -> str:
    from autograder.room.budget import Budget
    from autograder.room.client import Limits, Room
    from autograder.room.control import Control

    control = None
    try:
        control = Control(mode, ())
        with Room(control, Limits(), Budget()) as room:
            room.confirm_walls()
    except RoomUnavailable as error:
        return error.found.strip().splitlines()[-1]
    finally:
        if control:
            control.close()
    return ""


def strongest_mode() -> str:
    """The first of STRENGTH that works here."""
    return next((mode for mode in STRENGTH if not refusal(mode)), "plain")


def chosen(mode: str | None) -> str:
    """`mode` if it works here; for None the strongest with walls. Raises RoomUnavailable."""
    if mode is None:
        mode = strongest_mode()
        if mode == "plain":
            reasons = "; ".join(f"{name}: {refusal(name)}" for name in STRENGTH[:-1])
            raise RoomUnavailable("a room with walls", f"this machine gives none ({reasons})", _advice())
    if mode not in STRENGTH:
        raise RoomUnavailable(f"a room in mode `{mode}`", f"the modes are {', '.join(STRENGTH)}")
    if refusal(mode):
        raise RoomUnavailable(f"a room in mode `{mode}`", refusal(mode), _advice())
    return mode


def missing() -> list[Missing]:
    """What would make the walls of this machine stronger, most useful first."""
    if not sys.platform.startswith("linux"):
        return [Missing("Linux", "grade in a Linux machine, container or WSL 2")]
    found = []
    if refusal("bubblewrap") and refusal("namespaces"):
        found.append(Missing(f"user namespaces ({refusal('namespaces')})",
                             "sysctl kernel.unprivileged_userns_clone=1 (Debian), an AppArmor profile with `userns` "
                             "(Ubuntu 24.04), or --security-opt seccomp=unconfined (Docker)"))
    if not shutil.which("bwrap"):
        found.append(Missing("bubblewrap", "apt install bubblewrap"))
    if seccomp.compiled() is None:
        found.append(Missing("a seccomp filter", "apt install libseccomp2; pip install pyseccomp"))
    if landlock.version() == 0:
        found.append(Missing("Landlock", "a kernel of 5.13 or newer with `landlock` in its list of security modules"))
    return found


def _advice() -> str:
    """One line for an error's hint."""
    steps = [f"{item.what}: {item.install}" for item in missing()]
    return "; ".join([*steps, "or ask for the mode `plain`, which protects nothing"])
