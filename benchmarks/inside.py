"""Where the time of grading goes: one process grades a class, with a clock around what it calls."""

import time
from collections import defaultdict
from pathlib import Path

from autograder.course import Assignment
from autograder.examine import hints
from autograder.examine.namespace import NamespaceBackend
from autograder.examine.room_desk import RoomDesk
from autograder.examine.session import CheckSession
from autograder.grade import Grader
from autograder.gradebook.writer import GradebookWriter
from autograder.report import report_path, save
from autograder.room.client import Room

START = "start-up, once"
STAGES = {"open a room, run the cells": (RoomDesk, "_open"), "close rooms": (RoomDesk, "renew"),
          "calls into the room": (Room, "_ask"), "the reference's calls": (NamespaceBackend, "call"),
          "hints: replay known mistakes": (hints, "explaining"),
          "pytest, the checks, comparing": (CheckSession, "run"),
          "read, decide, report": (Grader, "grade"), "gradebook": (GradebookWriter, "write")}
WHOLE = ("open a room, run the cells", "hints: replay known mistakes")  # what they call is counted as theirs


class Clock:
    """Seconds of each stage, without those of the stages that it calls. Their sum is the time of the outermost ones."""

    def __init__(self):
        self.seconds: dict[str, float] = defaultdict(float)
        self._stack: list[str] = []
        self._since = time.perf_counter()
        self._undo: list[tuple] = []

    def _switch(self) -> None:
        now = time.perf_counter()
        if self._stack:
            self.seconds[self._stack[-1]] += now - self._since
        self._since = now

    def wrap(self, stage: str, owner, name: str) -> None:
        original = getattr(owner, name)

        def timed(*args, **kwargs):
            self._switch()
            inside = next((outer for outer in self._stack if outer in WHOLE), stage)
            self._stack.append(inside)
            try:
                return original(*args, **kwargs)
            finally:
                self._switch()
                self._stack.pop()

        setattr(owner, name, timed)
        self._undo.append((owner, name, original))

    def __enter__(self) -> "Clock":
        return self

    def __exit__(self, *error) -> None:
        while self._undo:
            setattr(*self._undo.pop())


def stages(assignment: Assignment, folders: dict[str, Path]) -> dict[str, float]:
    """Stage -> seconds per submission (start-up: seconds in all), graded one after the other."""
    begin = time.perf_counter()
    with Grader(assignment) as grader, GradebookWriter(assignment.root, assignment) as writer, Clock() as clock:
        grader._server.loaded  # noqa: B018 (waits until the fork server is ready)
        start = time.perf_counter() - begin
        for stage, (owner, name) in STAGES.items():
            clock.wrap(stage, owner, name)
        for student, folder in folders.items():
            report = grader.grade(student, folder)
            save(report, report_path(assignment.root, assignment.name, student))
            writer.write(report, folder)
    return {START: start, **{stage: clock.seconds[stage] / len(folders) for stage in STAGES}}
