"""Lets something else make the connection.

Tries: bash's /dev/tcp, curl, the resolver of the C library, asyncio, http, ftp and smtp clients.
Stopped by: no other program runs; no socket can be made, or it leads nowhere.
"""

import asyncio
import ftplib
import http.client
import os
import smtplib
import socket
import subprocess

WAYS = [
    lambda: os.system(f"exec 3<>/dev/tcp/127.0.0.1/{PORT}"),
    lambda: subprocess.run(["/bin/bash", "-c", f"echo x > /dev/tcp/127.0.0.1/{PORT}; echo x > /dev/udp/127.0.0.1/{PORT}"]),
    lambda: subprocess.run(["/usr/bin/curl", "-m", "1", f"http://127.0.0.1:{PORT}"]),
    lambda: socket.getaddrinfo("the-secret.example.org", 80),
    lambda: http.client.HTTPConnection("127.0.0.1", PORT, timeout=0.2).request("GET", "/"),
    lambda: ftplib.FTP().connect("127.0.0.1", PORT, timeout=0.2),
    lambda: smtplib.SMTP("127.0.0.1", PORT, timeout=0.2),
    lambda: asyncio.run(asyncio.open_connection("127.0.0.1", PORT)),
]


def answer(x):
    for way in WAYS:
        try:
            way()
        except (OSError, http.client.HTTPException, EOFError):
            continue
    return x
