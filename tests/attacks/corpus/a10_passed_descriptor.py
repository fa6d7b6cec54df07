"""Sends a descriptor over the channel.

Tries: SCM_RIGHTS puts a file of the student's into the examiner, or takes the examiner's credentials.
Stopped by: seccomp refuses sendmsg; the examiner reads with recv, which drops descriptors.
"""

import array
import os
import socket


def answer(x):
    try:
        channel = socket.socket(fileno=os.dup(3))
        fds = array.array("i", [0, 1, 2])
        channel.sendmsg([b"AGR1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
    except OSError:
        pass
    return x
