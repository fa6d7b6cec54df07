"""The few Linux calls that Python does not offer, through ctypes. Each raises OSError when the kernel refuses."""

import ctypes
import os
import struct
import sys

NEW_MOUNTS = 0x00020000
NEW_CGROUP = 0x02000000
NEW_HOSTNAME = 0x04000000
NEW_IPC = 0x08000000
NEW_USER = 0x10000000
NEW_PIDS = 0x20000000
NEW_NETWORK = 0x40000000

READ_ONLY, NO_SUID, NO_DEVICES, NO_EXEC = 1, 2, 4, 8
REMOUNT, BIND, RECURSIVE, PRIVATE = 32, 4096, 16384, 1 << 18
DETACH = 2

_PDEATHSIG, _DUMPABLE, _KEEP_CAPS, _SECCOMP = 1, 4, 8, 22  # options of prctl
_BOUNDING_DROP, _CHILD_SUBREAPER, _NO_NEW_PRIVS, _AMBIENT = 24, 36, 38, 47
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_MOUNT_SETATTR = 442
_AT_RECURSIVE = 0x8000
_AT_FDCWD = -100
_CAPABILITY_VERSION_3 = 0x20080522
READ_ANY_FILE = 2  # CAP_DAC_READ_SEARCH
OWN_PROCESS = 0x5EE7C0DE  # stands in a compiled filter for the number of the process that installs it

libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def checked(result: int, what: str) -> int:
    """The result of a C call; OSError if it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    checked(libc.unshare(ctypes.c_int(flags)), f"unshare {flags:#x}")


def enter_namespace(fd: int, kind: int) -> None:
    checked(libc.setns(fd, kind), "setns")


def prctl(option: int, *values: int) -> None:
    filled = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    checked(libc.prctl(ctypes.c_int(option), *filled), f"prctl {option}")


def die_with_parent() -> None:
    """SIGKILL for this process when the thread that made it ends; setuid and fork forget it."""
    prctl(_PDEATHSIG, 9)


def set_dumpable(dumpable: bool) -> None:
    """Whether others of the same user may trace this process and read its memory; setuid forgets it."""
    prctl(_DUMPABLE, int(dumpable))


def adopt_orphans() -> None:
    """Descendants whose parents have ended become children of this process instead of init's."""
    prctl(_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> None:
    prctl(_NO_NEW_PRIVS, 1)


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, options: str | None = None):
    names = [name.encode() if name else None for name in (source, target, kind)]
    data = options.encode() if options else None
    checked(libc.mount(*names, ctypes.c_ulong(flags), data), f"mount {target}")


def unmount(target: str) -> None:
    checked(libc.umount2(target.encode(), DETACH), f"umount {target}")


def bind_read_only(source: str, target: str) -> None:
    """Shows `source` at `target`, with every mount below it read-only."""
    mount(source, target, None, BIND | RECURSIVE)
    attributes = struct.pack("QQQQ", READ_ONLY | NO_SUID | NO_DEVICES, 0, 0, 0)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    checked(libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, target.encode(), _AT_RECURSIVE, buffer,
                         ctypes.c_size_t(len(attributes))), f"mount_setattr {target}")


def pivot_root(new: str, old: str) -> None:
    checked(libc.syscall(_PIVOT_ROOT[os.uname().machine], new.encode(), old.encode()), "pivot_root")


def map_ids(inner: int, uid: int, gid: int) -> None:
    """Inside a fresh user namespace: `inner` is the outer uid and gid."""
    set_dumpable(True)  # /proc/self would belong to root after a setuid
    for name, content in (("setgroups", "deny"), ("uid_map", f"{inner} {uid} 1"), ("gid_map", f"{inner} {gid} 1")):
        fd = os.open(f"/proc/self/{name}", os.O_WRONLY)
        try:
            os.write(fd, content.encode())
        finally:
            os.close(fd)


def become(uid: int, keep_reading: bool = False) -> None:
    """From root to `uid` for good; keep_reading keeps the capability to read files of any owner."""
    prctl(_KEEP_CAPS, int(keep_reading))
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    set_capabilities({READ_ANY_FILE} if keep_reading else set())


def drop_capabilities() -> None:
    """Empties all five sets, so that no capability can come back."""
    libc.prctl(_AMBIENT, 4, 0, 0, 0)
    for number in range(64):
        if libc.prctl(_BOUNDING_DROP, number, 0, 0, 0) < 0:
            break
    set_capabilities(set())


def set_capabilities(wanted: set[int]) -> None:
    bits = sum(1 << number for number in wanted)
    header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_VERSION_3, 0), 8)
    data = ctypes.create_string_buffer(struct.pack("6I", bits, bits, 0, 0, 0, 0), 24)
    checked(libc.capset(header, data), "capset")


def close_from(first: int) -> None:
    """Closes every descriptor from `first` on."""
    if libc is None or libc.close_range(ctypes.c_uint(first), ctypes.c_uint(0xFFFFFFFF), 0) < 0:
        os.closerange(first, min(os.sysconf("SC_OPEN_MAX"), 1 << 16))


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def install_seccomp(program: bytes) -> None:
    """Puts a compiled filter over this process for good; needs no_new_privs."""
    program = program.replace(struct.pack("=I", OWN_PROCESS), struct.pack("=I", os.getpid()))
    buffer = ctypes.create_string_buffer(program, len(program))
    instructions = _Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    prctl(_SECCOMP, 2, ctypes.addressof(instructions))
