"""The same notebook examined by `grade`, by `autograder check` and by `check` in a notebook."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.course.assignment import Assignment
from autograder.course.source import GIVEN
from autograder.examine.desks import LiveDesk
from autograder.examine.examiner import FAILS_TOO
from autograder.examine.lines import text_of
from autograder.examine.open import handout_examiner
from autograder.grade.grader import Grader
from autograder.notebook import checking, home
from autograder.report import FAILED, PASSED, SKIPPED, CheckResult, PartResult
from autograder.rules.style import Notebook, rule_out
from autograder.study.child import run_cells
from autograder.submission import raw_cells, read_cells, released_slots

WAITS = "waits for `"


@dataclass(frozen=True)
class Said:
    """What a student reads of one visible check."""

    verdict: str
    attempted: bool
    points: float
    found: str
    hint: str


@dataclass
class Sides:
    """The examiners of one assignment, opened once."""

    assignment: Assignment
    grader: Grader
    shell: object

    def compare(self, notebook: str, folder: Path) -> tuple[int, list[str]]:
        """How many verdicts were compared, and the differences in words. notebook: its text; folder: an empty one."""
        path = folder / f"{self.assignment.notebook.stem}.ipynb"
        path.write_text(notebook, encoding="utf-8")
        graded = self.grader.grade("student", folder).parts
        submission = read_cells(raw_cells(path), self.slots)
        sides = {"autograder check": self.in_a_shell(submission.cells), "check": self.in_a_kernel(submission.cells)}
        count, differences = 0, []
        for side, results in sides.items():
            for ours, theirs in zip(results, graded, strict=True):
                pairs = zip(ours.checks, [check for check in theirs.checks if not check.hidden], strict=True)
                for mine, other in pairs:
                    count += 1
                    if not agree(mine, other, theirs):
                        differences.append(f"{side}, {mine.name}: {said(mine)} | grade: {said(other)}")
        return count, differences

    @property
    def slots(self):
        released = json.loads((self.assignment.handout / f"{self.assignment.notebook.stem}.ipynb").read_text("utf-8"))
        return released_slots(released["cells"])

    @property
    def given(self) -> list[str]:
        return [slot.name for slot in self.slots if slot.role == GIVEN]

    def in_a_shell(self, cells: list[tuple[str, str]]) -> list[PartResult]:
        namespace = self.namespace(cells)
        desk = LiveDesk(namespace, {name for name, _ in cells}.__contains__, text_of(cells, self.given))
        results = self.shell.examine(desk)
        rule_out(results, self.shell.plan, Notebook(cells, self.shell.functions, self.given))
        return results

    def in_a_kernel(self, cells: list[tuple[str, str]]) -> list[PartResult]:
        namespace = self.namespace(cells)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.assignment.handout)
            patch.setattr(checking, "_history", lambda namespace: cells)  # there is no IPython that ran them
            patch.setattr(home, "remember", lambda *told: None)
            opened = home.warm(namespace)
            wanted = [part.name for part in opened.examiner.plan.parts]
            return [answer.result for answer in checking._examine(opened, namespace, wanted, lambda name: None)]

    def namespace(self, cells: list[tuple[str, str]]) -> dict:
        namespace = {"__name__": "__main__"}
        run_cells(cells, namespace, self.assignment.handout, lambda note: None, asked=self.shell.asked)
        return namespace


@contextlib.contextmanager
def opened(assignment: Assignment) -> Iterator[Sides]:
    with Grader(assignment, b"parity") as grader, handout_examiner(assignment.handout) as shell:
        try:
            yield Sides(assignment, grader, shell)
        finally:
            home.forget()


def said(check: CheckResult, hint: object = True) -> Said:
    return Said(check.verdict, check.attempted, check.points, check.found, check.hint if hint else "")


def agree(home: CheckResult, grade: CheckResult, part: PartResult) -> bool:
    """The same words. Or what docs/how-grading-works.md names: it waits at home for an earlier part, and the grader
    could put the reference in that part's place; hidden checks told mistakes apart that the visible ones do not."""
    hints = home.hint and grade.hint and not any(check.hidden and check.verdict == FAILED for check in part.checks)
    if said(home, hints) == said(grade, hints):
        return True
    return home.verdict == SKIPPED and home.found.startswith(WAITS) and (
        grade.verdict == PASSED and grade.follow_through or grade.verdict == SKIPPED or not grade.attempted
        or grade.found.startswith(FAILS_TOO) or home.found.endswith(f"until then: {grade.found.splitlines()[0]}"))
