"""The IPython around this process, if there is one."""

import sys


def shell():
    """The IPython that runs this, or None; it is asked only if it is there already."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def in_kernel() -> bool:
    return hasattr(shell(), "kernel")
