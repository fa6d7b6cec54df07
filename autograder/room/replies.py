"""What a reply and an end of a room mean: a value, or the fault of a student's code, in checked form."""

import signal
from dataclasses import dataclass
from typing import Any

from autograder.errors import BadReply, StudentRaised
from autograder.room.plain import WireError


@dataclass(frozen=True)
class Limits:
    """What one room may use. Sizes in bytes, beyond what the interpreter and its libraries take."""

    memory: int = 2 << 30
    cpu: int = 600  # seconds, over the room's whole life
    threads: int = 128
    files: int = 128
    file_size: int = 64 << 20
    scratch: int = 64 << 20
    output: int = 64 << 10
    reply: int = 64 << 20


@dataclass(frozen=True)
class Usage:
    """What a room used: cpu in seconds, memory in bytes (largest resident size, shared pages included)."""

    cpu: float = 0.0
    memory: int = 0


def value_of(reply: dict, number: int, limits: Limits) -> Any:
    """The value in the reply to question `number`. Raises StudentRaised, BadReply, WireError."""
    kind = set(reply) - {"id"}
    if type(reply.get("id")) is not int or reply["id"] != number:
        raise WireError("it answers another question")
    if kind == {"ok"}:
        return reply["ok"]
    if kind == {"too big"}:
        raise BadReply(f"{_text(reply['too big'])}; at most {limits.reply} are accepted")
    if kind == {"fault"}:
        raise student_raised(reply["fault"])
    raise WireError("it has no known form")


def student_raised(fault: Any) -> StudentRaised:
    """The exception for a reply's fault; WireError unless every field has its exact form."""
    if type(fault) is not dict or set(fault) != {"kind", "message", "frames", "unwritten"}:
        raise WireError("a fault has no known form")
    frames = fault["frames"]
    if type(frames) is not list or len(frames) > 100:
        raise WireError("a fault has no known frames")
    for frame in frames:
        if type(frame) is not tuple or [type(entry) for entry in frame] != [str, int, str]:
            raise WireError("a fault has no known frames")
    told = [(cell[:200], line, function[:200]) for cell, line, function in frames]
    return StudentRaised(_text(fault["kind"], 200), _text(fault["message"]), told, _text(fault["unwritten"], 200))


def _text(text: Any, limit: int = 2200) -> str:
    if type(text) is not str:
        raise WireError("a text is not a text")
    return text[:limit]


def reason_of(exited: dict, limits: Limits) -> str:
    """Why a process ended, in words for a student."""
    code = exited["code"]
    if code >= 0:
        return f"it exited by itself with code {code}"
    if exited["cpu"] >= limits.cpu - 1:
        return f"it used more than {limits.cpu} s of processor time"
    if -code in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL):
        return f"it crashed ({signal.Signals(-code).name}), often for want of memory or by very deep recursion"
    return f"it was killed ({_signal_name(-code)}), often for want of memory"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
