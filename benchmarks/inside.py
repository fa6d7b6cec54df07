"""Where the time of grading goes: one process grades a class, with a clock around what it calls."""

import time
from collections import defaultdict
from pathlib import Path

from autograder.course import Assignment
from autograder.examine import room_desk
from autograder.examine.examiner import Examiner
from autograder.examine.rehearsal import Rehearsal
from autograder.examine.session import CheckSession
from autograder.grade.grader import Grader
from autograder.gradebook.writer import GradebookWriter
from autograder.report import report_path, save
from autograder.room.client import Room

START = "start-up, once"
STAGES = {"open rooms, run the cells": [(room_desk.Rooms, "_open")], "close rooms": [(room_desk.Rooms, "renew")],
          "questions to rooms": [(Room, "_ask"), (Room, "send_ahead"), (Room, "hear_out"), (Room, "next_answer")],
          "rehearse each check, once": [(Rehearsal, "of")],
          "hints: replay known mistakes": [(Examiner, "_explain")],
          "pytest, the checks, comparing": [(CheckSession, "run")],
          "read, decide, report": [(Grader, "grade")], "gradebook": [(GradebookWriter, "_write")]}
# What these call is counted as theirs.
WHOLE = ("open rooms, run the cells", "rehearse each check, once", "hints: replay known mistakes")


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
        for stage, functions in STAGES.items():
            for owner, name in functions:
                clock.wrap(stage, owner, name)
        graded = []
        for student, folder in folders.items():
            graded.append((grader.grade(student, folder), folder))
            save(graded[-1][0], report_path(assignment.root, assignment.name, student))
        list(writer.write_all(graded))
    return {START: start, **{stage: clock.seconds[stage] / len(folders) for stage in STAGES}}
