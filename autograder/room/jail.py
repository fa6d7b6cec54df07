"""The walls, in the order in which the kernel wants them.

`wall_in_server` puts the fork server (trusted, nothing imported yet) behind its own mounts and namespaces;
`wall_in_room` confines one fork of it before student code is read. `plan` is the dictionary of `launch.py`.
"""

import os
import signal
import sys
from dataclasses import dataclass

from autograder.room import kernel, landlock

try:
    import fcntl
    import resource
except ImportError:  # Windows, where nothing here is called
    fcntl = resource = None

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
ALL_NAMESPACES = (kernel.NEW_MOUNTS | kernel.NEW_NETWORK | kernel.NEW_IPC | kernel.NEW_HOSTNAME | kernel.NEW_CGROUP)
HAS_MOUNTS = ("bubblewrap", "namespaces")
LINUX = sys.platform.startswith("linux")


def wall_in_server(plan: dict) -> None:
    """Returns in a process that is root of nothing but its own namespaces, and number 1 of its pid namespace.

    In the modes without mounts it only leaves uid 0, where it can.
    """
    if plan["mode"] not in HAS_MOUNTS:
        return
    own_mounts = plan["mode"] == "namespaces"
    if own_mounts and os.getuid() == 0:  # while real root can still read every folder
        kernel.unshare(ALL_NAMESPACES)
        build_root(plan)
        own_mounts = False
    if os.getuid() == 0:
        kernel.become(plan["uid"])
    uid, gid = os.getuid(), os.getgid()
    kernel.unshare(kernel.NEW_USER | kernel.NEW_PIDS | ALL_NAMESPACES)
    kernel.map_ids(0, uid, gid)
    if own_mounts:
        build_root(plan)
    _become_first_process()


def _become_first_process() -> None:
    """Forks into the new pid namespace; the old process only waits for the new one's end."""
    child = os.fork()
    if child:
        kernel.close_from(3)
        os.waitpid(child, 0)
        os._exit(0)
    kernel.die_with_parent()


def build_root(plan: dict) -> None:
    """A root folder in memory that shows only `plan["binds"]`, read-only, and a private folder."""
    root = plan["mountpoint"]
    kernel.mount("none", "/", None, kernel.RECURSIVE | kernel.PRIVATE)
    kernel.mount("tmpfs", root, "tmpfs", kernel.NO_SUID | kernel.NO_DEVICES, "size=4m,mode=755")
    os.mkdir(f"{root}/.old")
    for folder in ("/proc", plan["private"]):
        os.makedirs(root + folder, exist_ok=True)
    _mount_private(root + plan["private"], 64 << 20)
    for link, target in plan["links"]:
        os.symlink(target, root + link)
    for source, target in plan["binds"]:
        _make_place(source, root + target)
        kernel.bind_read_only(source, root + target)
    for device in DEVICES:
        _make_place(device, root + device)
        kernel.mount(device, root + device, None, kernel.BIND)
    kernel.mount("/proc", f"{root}/proc", None, kernel.BIND | kernel.RECURSIVE)
    kernel.pivot_root(root, f"{root}/.old")
    os.chdir("/")
    kernel.unmount("/.old")
    os.rmdir("/.old")
    kernel.mount(None, "/", None,
                 kernel.REMOUNT | kernel.BIND | kernel.READ_ONLY | kernel.NO_SUID | kernel.NO_DEVICES)


def _make_place(source: str, target: str) -> None:
    """An empty folder or file to mount `source` on."""
    os.makedirs(target if os.path.isdir(source) else os.path.dirname(target), exist_ok=True)
    if not os.path.isdir(source):
        open(target, "w").close()


def _mount_private(target: str, size: int) -> None:
    flags = kernel.NO_SUID | kernel.NO_DEVICES | kernel.NO_EXEC
    kernel.mount("tmpfs", target, "tmpfs", flags, f"size={size},nr_inodes=4096,mode=1777")


def hide_proc() -> None:
    """Covers /proc for this process and its rooms; imports that read it are over."""
    kernel.mount("tmpfs", "/proc", "tmpfs", kernel.NO_SUID | kernel.NO_DEVICES | kernel.NO_EXEC, "size=0,mode=555")


def keep_only(standard: tuple[int, int, int], channel: int) -> None:
    """Leaves `standard` as descriptors 0, 1, 2 and `channel` as 3; closes every other."""
    aside = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for fd in (*standard, channel)]
    for number, fd in enumerate(aside):
        os.dup2(fd, number)
    kernel.close_from(4)


def default_signals() -> None:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            continue
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that is too large is an OSError


def wall_in_room(plan: dict, limits: dict, baseline: "Baseline") -> None:
    """Confines this process for good."""
    mode = plan["mode"]
    os.setsid()
    if mode in HAS_MOUNTS:
        kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_IPC)
        _mount_private(plan["private"], limits["scratch"])
    elif os.getuid() == 0 and LINUX:
        kernel.become(plan["uid"], keep_reading=True)  # the interpreter may lie in a closed home
    if LINUX:
        kernel.die_with_parent()
    if mode in HAS_MOUNTS:
        kernel.drop_capabilities()
    os.chdir(limits["folder"] or plan["private"] or "/")
    set_limits(limits, baseline)
    if not LINUX:
        return
    kernel.forbid_new_privileges()
    kernel.set_dumpable(False)
    if mode != "plain":
        writable = ["/dev/null", plan["private"]] if mode in HAS_MOUNTS else ["/dev/null"]
        if plan["landlock"]:
            landlock.restrict([*plan["readable"], *DEVICES], writable, plan["landlock"])
        if plan["seccomp"]:
            kernel.install_seccomp(bytes.fromhex(plan["seccomp"]))


@dataclass(frozen=True)
class Baseline:
    """What is in use before student code: bytes of address space, and tasks that count towards the same user."""

    memory: int
    tasks: int


def baseline(plan: dict) -> Baseline:
    """Of the fork server, while /proc is there."""
    try:
        with open("/proc/self/statm") as file:
            memory = int(file.read().split()[0]) * os.sysconf("SC_PAGESIZE")
        with open("/proc/loadavg") as file:
            tasks = int(file.read().split()[3].partition("/")[2])
    except OSError:
        return Baseline(1 << 40, 1 << 16)  # macOS counts terabytes for nothing: no limit
    return Baseline(memory, 0 if plan["mode"] in HAS_MOUNTS else tasks)  # an own user namespace counts from zero


def lift_soft_limits() -> None:
    """What the examiner has set for itself is not meant for the rooms, which get limits of their own."""
    if resource is not None:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def set_limits(limits: dict, baseline: Baseline) -> None:
    """Hard limits: pid 1 of a namespace would ignore the signal of a soft one."""
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": limits["cpu"],
        "RLIMIT_AS": baseline.memory + limits["memory"],
        "RLIMIT_FSIZE": limits["file_size"],
        "RLIMIT_NOFILE": limits["files"],
        "RLIMIT_NPROC": baseline.tasks + limits["threads"],
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": 64,
    }
    for name, value in wanted.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        ceiling = resource.getrlimit(kind)[1]
        value = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
        try:
            resource.setrlimit(kind, (value, value))
        except (OSError, ValueError):
            if LINUX:
                raise
