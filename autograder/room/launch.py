"""What a fork server is started with: the folders that a room may see, its modules, its environment."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from autograder.room import jail, landlock, seccomp

HERE = Path(__file__).parent
INSIDE = ("plain", "encoder", "decoder", "wire", "kernel", "landlock", "jail", "preload", "forkserver", "worker",
          "outbox", "cell", "unfinished", "faults", "inert", "local", "process", "gradients", "evaluation")
SYSTEM = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/usr/share/fonts", "/lib",
          "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives", "/nix/store",
          "/sys/devices/system/cpu")
ROOM_USER = 65520  # who root becomes: no distribution gives this number to anybody


def python() -> str:
    """The interpreter itself; a virtual environment adds its folders only."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return os.path.realpath(base)


def library_folders() -> list[str]:
    """Where installed packages lie, in the order of sys.path."""
    folders = [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]
    return list(dict.fromkeys(os.path.realpath(path) for path in folders if os.path.isdir(path)))


def readable_paths() -> list[str]:
    """All that a room may read: system libraries, the interpreter with its own library, installed packages."""
    prefixes = {os.path.realpath(prefix) for prefix in (sys.base_prefix, sys.prefix)} - {"/usr", "/"}
    libraries = [f"{prefix}/{folder}" for prefix in sorted(prefixes) for folder in ("lib", "lib64")]
    searched = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    wanted = [*SYSTEM, python(), *libraries, *library_folders(), *(path for path in searched if path.startswith("/"))]
    real = sorted({os.path.realpath(path) for path in wanted if os.path.exists(path)})
    return [path for path in real if not any(path.startswith(f"{other}/") for other in real)]


def links() -> list[tuple[str, str]]:
    """(link, target) of top folders that are links, such as /lib -> usr/lib."""
    return [(path, os.readlink(path)) for path in SYSTEM if path.count("/") == 1 and os.path.islink(path)]


def make_kit(folder: Path) -> None:
    """Copies the modules that work inside into `folder`; nothing else of this package is seen there."""
    package = folder / "autograder" / "room"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    for name in INSIDE:
        shutil.copyfile(HERE / f"{name}.py", package / f"{name}.py")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def make_plan(mode: str, scratch: Path, preload: tuple[str, ...]) -> dict:
    """The fork server's orders, as plain JSON. Makes its folders in `scratch`."""
    scratch.chmod(0o755)
    make_kit(scratch / "kit")
    has_mounts = mode in jail.HAS_MOUNTS
    readable = readable_paths()
    kit = "/kit" if has_mounts else str(scratch / "kit")
    private = _private_folder(readable) if has_mounts else str(scratch / "tmp")
    for name, permissions in (("root", 0o755), ("tmp", 0o1777), ("tmp/matplotlib", 0o1777)):
        (scratch / name).mkdir()
        (scratch / name).chmod(permissions)
    program = seccomp.compiled() if mode != "plain" else None
    return {
        "mode": mode,
        "uid": ROOM_USER,
        "mountpoint": str(scratch / "root"),
        "private": private,
        "kit": kit,
        "kit_here": str(scratch / "kit"),
        "binds": [[path, path] for path in readable] + [[str(scratch / "kit"), "/kit"]],
        "links": links(),
        "readable": [*readable, kit] + ([] if has_mounts else [private]),
        "path": library_folders(),
        "preload": list(preload),
        "landlock": landlock.version(),
        "seccomp": program.hex() if program else "",
    }


def _private_folder(readable: list[str]) -> str:
    """/tmp, unless something that must be seen lies in it."""
    return "/scratch" if any(path.startswith("/tmp/") for path in readable) else "/tmp"


def environment(plan: dict) -> dict[str, str]:
    """One thread for every library (see forkserver.py), and the same hashes in every run."""
    one = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                                  "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")}
    given = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {
        **one, **given, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "LOGNAME": "student",
        "HOME": plan["private"], "TMPDIR": plan["private"], "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{plan['private']}/matplotlib", "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
    }


def command(plan: dict, control: socket.socket) -> list[str]:
    """The command that starts the fork server; `control` is its end of the control socket."""
    kit = plan["kit"] if plan["mode"] == "bubblewrap" else plan["kit_here"]
    script = f"{kit}/autograder/room/forkserver.py"
    run = [python(), "-s", "-P", "-S", "-B", script, str(control.fileno())]
    return [*bubblewrap(plan), "--", *run] if plan["mode"] == "bubblewrap" else run


def bubblewrap(plan: dict) -> list[str]:
    """bwrap with the same view as `jail.build_root` makes; root keeps what it needs to leave uid 0."""
    args = [shutil.which("bwrap") or "bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
            "--unshare-cgroup-try", "--hostname", "room"]
    args += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if os.getuid() == 0 else ["--unshare-user"]
    targets = [target for _, target in plan["binds"]] + list(jail.DEVICES)
    parents = {str(parent) for target in targets for parent in Path(target).parents} - {"/"}
    for folder in sorted(parents):
        args += ["--perms", "0755", "--dir", folder]  # bwrap alone would close them to the room's user
    args += ["--perms", "1777", "--tmpfs", plan["private"]]
    for link, target in plan["links"]:
        args += ["--symlink", target, link]
    for source, target in plan["binds"]:
        args += ["--ro-bind", source, target]
    for device in jail.DEVICES:
        args += ["--dev-bind", device, device]
    return [*args, "--proc", "/proc", "--remount-ro", "/", "--chdir", "/"]


def start(plan: dict, control: socket.socket, log) -> subprocess.Popen:
    return subprocess.Popen(command(plan, control), pass_fds=[control.fileno()], env=environment(plan), cwd="/",
                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
