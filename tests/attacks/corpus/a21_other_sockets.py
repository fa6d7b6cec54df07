"""Sockets of every other kind.

Tries: abstract and file Unix sockets, netlink, raw packets, ICMP, bluetooth, io_uring and listening itself.
Stopped by: an own network namespace; seccomp refuses socket() and io_uring.
"""

import ctypes
import os
import socket

C = ctypes.CDLL(None)


def answer(x):
    for path in (f"\0autograder-{PORT}", "/run/docker.sock", "/var/run/docker.sock", "/run/dbus/system_bus_socket",
                 os.path.join(COURSE, "socket")):
        try:
            with socket.socket(socket.AF_UNIX) as out:
                out.settimeout(0.2)
                out.connect(path)
        except OSError:
            continue
    for family, kind, protocol in ((16, 3, 0), (17, 3, 768), (2, 3, 1), (2, 2, 1), (31, 3, 1), (10, 2, 17), (38, 5, 0)):
        try:
            with socket.socket(family, kind, protocol) as out:
                out.setblocking(False)
                out.sendto(b"hello", ("127.0.0.1", PORT))
        except (OSError, TypeError):
            continue
    try:
        with socket.create_server(("0.0.0.0", 0)) as server:
            server.setblocking(False)
            server.accept()
    except OSError:
        pass
    C.syscall(425, 8, ctypes.create_string_buffer(256))
    C.socketpair(1, 1, 0, ctypes.create_string_buffer(8))
    return x
