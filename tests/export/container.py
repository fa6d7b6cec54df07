"""Runs a command as if inside somebody's container: without new namespaces and mounts, and perhaps on an old kernel.

    python container.py no-namespaces|old-kernel COMMAND...
"""

import errno
import os
import sys

import pyseccomp

NEW_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)  # of clone


def restrict(old_kernel: bool) -> None:
    """What Docker's own filter refuses to a container without privileges; an old kernel has no Landlock either."""
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in ("unshare", "setns", "mount", "umount2", "pivot_root"):
        rules.add_rule(pyseccomp.ERRNO(errno.EPERM), name)
    for bit in NEW_NAMESPACES:
        rules.add_rule(pyseccomp.ERRNO(errno.EPERM), "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, bit, bit))
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    if old_kernel:
        rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "landlock_create_ruleset")
    rules.load()


if __name__ == "__main__":
    restrict(sys.argv[1] == "old-kernel")
    os.execvp(sys.argv[2], sys.argv[2:])
