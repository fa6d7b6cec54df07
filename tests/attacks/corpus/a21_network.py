"""Sends what it knows over the network, or asks for help.

Tries: TCP and UDP to the loopback listener and beyond, IPv6, Unix and vsock sockets, urllib.
Stopped by: an own network namespace, seccomp refuses socket(), Landlock refuses TCP.
"""

import socket
import urllib.request


def answer(x):
    for family, kind, address in ((socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", PORT)),
                                  (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", PORT)),
                                  (socket.AF_INET6, socket.SOCK_STREAM, ("::1", PORT)),
                                  (socket.AF_UNIX, socket.SOCK_STREAM, "\0autograder"),
                                  (40, socket.SOCK_STREAM, (2, PORT))):
        try:
            with socket.socket(family, kind) as out:
                out.settimeout(0.2)
                out.connect(address)
                out.send(b"hello")
        except OSError:
            continue
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{PORT}/", timeout=0.2)
    except OSError:
        pass
    return x
