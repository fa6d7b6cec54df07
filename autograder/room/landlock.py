"""Landlock: a process gives up every file but those named, and (newer kernels) the network and signals outside."""

import ctypes
import os
import struct

from autograder.room.kernel import checked, libc

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1, 2, 4, 8
_REMOVE_FOLDER, _REMOVE_FILE, _MAKE_FOLDER, _MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_MOVE, _TRUNCATE = 1 << 13, 1 << 14
_READ = _EXECUTE | _READ_FILE | _READ_FOLDER
_WRITE = (_WRITE_FILE | _READ_FILE | _READ_FOLDER | _REMOVE_FOLDER | _REMOVE_FILE | _MAKE_FOLDER | _MAKE_FILE
          | _MOVE | _TRUNCATE)
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_PATH_BENEATH = 1
_BY_TCP = 0b11  # bind, connect
_TO_OUTSIDE = 0b11  # abstract unix sockets, signals


def version() -> int:
    """The kernel's Landlock ABI; 0 where there is none."""
    if libc is None:
        return 0
    return max(0, libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(1)))


def restrict(readable: list[str], writable: list[str], abi: int) -> None:
    """Leaves this process `readable` to read and `writable` to change, for good; needs no_new_privs.

    Rules stick to what a path names now, so call this after the last mount.
    """
    handled = (1 << 13) - 1 | (_MOVE if abi >= 2 else 0) | (_TRUNCATE if abi >= 3 else 0)
    handled |= 1 << 15 if abi >= 5 else 0  # ioctl on devices
    rules = _create(handled, abi)
    for path in readable:
        _add(rules, path, _READ & handled)
    for path in writable:
        _add(rules, path, _WRITE & handled)
    checked(libc.syscall(_RESTRICT, rules, ctypes.c_uint(0)), "landlock_restrict_self")
    os.close(rules)


def _create(handled: int, abi: int) -> int:
    attributes = struct.pack("QQQ", handled, _BY_TCP if abi >= 4 else 0, _TO_OUTSIDE if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    return checked(libc.syscall(_CREATE, buffer, ctypes.c_size_t(size), ctypes.c_uint(0)), "landlock_create_ruleset")


def _add(rules: int, path: str, access: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return
    if not os.path.isdir(path):
        access &= _ON_FILES
    rule = struct.pack("=Qi", access, fd)
    checked(libc.syscall(_ADD, rules, _PATH_BENEATH, ctypes.create_string_buffer(rule, len(rule)),
                         ctypes.c_uint(0)), f"landlock_add_rule {path}")
    os.close(fd)
