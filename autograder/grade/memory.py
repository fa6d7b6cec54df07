"""A limit for the memory of whoever grades, while one submission is in its hands."""

import contextlib
import gc
from collections.abc import Iterator

try:
    import resource
except ImportError:  # Windows, where no room can be opened either
    resource = None

GARBAGE = 32 << 20  # bytes that one submission may leave behind
MOST = 2 << 30  # bytes that one submission may add to what the grader had before


@contextlib.contextmanager
def limited(most: int = MOST) -> Iterator[None]:
    """Raises MemoryError inside, wherever more than `most` bytes of address space would be added.

    What a student's answers, text or file make of themselves here (arrays that a check combines, syntax trees, JSON)
    is one student's failure then, and not the end of the machine. Rooms have limits of their own.
    """
    now = _address_space()
    if resource is None or not now:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    ceiling = now + most if hard == resource.RLIM_INFINITY else min(now + most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        if _address_space() - now > GARBAGE:
            gc.collect()  # a few large arrays in the frames of exceptions are nothing that Python would hurry for


def _address_space() -> int:
    """Of this process, in bytes; 0 where the system does not say."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0
