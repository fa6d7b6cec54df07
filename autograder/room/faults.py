"""How an exception in student code is told: kind, message, the student's frames. In a room and at home.

Everything here runs beside student code and may meet exceptions that misbehave on purpose; the trusted side
checks what arrives once more.
"""

import errno
import traceback
from collections.abc import Container

MAX_MESSAGE = 2000
MAX_FRAMES = 20
MAX_NAME = 300
WALLS = {errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOSYS}
PROCESSES = "/multiprocessing/"  # fails there for want of shared memory
NOTE = " (a room has one process, no network, and a private folder as its only place to write)"


def fault_of(error: BaseException, cells: Container[str], walls: bool = True) -> dict:
    """The fault as plain data. cells: the names under which student code was compiled; walls: whether there are any."""
    kind = _text(lambda: type(error).__name__, MAX_NAME)
    message = _text(lambda: str(error), MAX_MESSAGE)
    walk = _walk(error)
    own = [frame for frame in walk if frame[0] in cells]
    if isinstance(error, SyntaxError) and _text(lambda: error.filename, MAX_NAME) in cells:
        own.append((error.filename, error.lineno or 0, "<module>"))
        message = _text(lambda: error.msg, MAX_MESSAGE)
    if walls and isinstance(error, OSError) and (error.errno in WALLS or any(PROCESSES in frame[0] for frame in walk)):
        message += NOTE
    unwritten = ""
    if isinstance(error, NotImplementedError) and walk and walk[-1] in own:
        unwritten = walk[-1][2]
    if len(own) > MAX_FRAMES:
        own = own[:MAX_FRAMES // 2] + own[-MAX_FRAMES // 2:]
    return {"kind": kind, "message": message, "frames": own, "unwritten": unwritten}


def _walk(error: BaseException) -> list[tuple[str, int, str]]:
    """(file name, line, function) of every frame, outermost first."""
    try:
        return [(frame.f_code.co_filename[:MAX_NAME], line or 0, frame.f_code.co_qualname[:MAX_NAME])
                for frame, line in traceback.walk_tb(error.__traceback__)]
    except BaseException:
        return []


def _text(read, limit: int) -> str:
    """read() as a plain string of bounded length; '' if it does not give one."""
    try:
        text = read()
        return str.__str__(text)[:limit] if isinstance(text, str) else ""
    except BaseException:
        return ""
