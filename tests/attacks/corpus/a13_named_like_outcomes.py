"""Exceptions with the names of the grader's and pytest's own outcomes.

Tries: Skipped, XFailed, CheckFailed, CourseError and a NotImplementedError that another part would answer for.
Stopped by: an exception is told by name as text; only its frames in the student's cells say what is not written.
"""

turn = iter(["Skipped", "CheckFailed", "CourseError", "RoomUnavailable", "XFailed", "Exit"] * 10)


def answer(x):
    name = next(turn)
    raise type(name, (NotImplementedError,), {"__module__": "autograder.errors", "passed": True, "unwritten": "other"})(
        "the check itself cannot run; no points are lost")
