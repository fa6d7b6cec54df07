"""Grades one submission after another with a warm room server and a warm pytest session."""

import contextlib
import time
from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.course.source import GIVEN
from autograder.errors import BudgetSpent, SubmissionError
from autograder.examine.examiner import unexamined
from autograder.examine.open import course_examiner
from autograder.examine.room_desk import RoomDesk
from autograder.grade.job import PutOff
from autograder.grade.key import answered_keys, part_keys
from autograder.grade.memory import MOST, limited
from autograder.grade.versions import preloads, versions
from autograder.pictures import Album, shown, sources
from autograder.pictures.darkroom import developed
from autograder.render import clean
from autograder.report import PartResult, Question, Report
from autograder.room import RoomServer
from autograder.room.budget import Budget
from autograder.rules.style import Notebook, rule_out
from autograder.submission import Slot, Submission, find_notebook, is_answered, read, slots_of
from autograder.submission.slots import released_assignments

MAX_OUTPUT = 20_000  # characters of a notebook's printed output that a report keeps


class Grader:
    """A context manager; one per process. mode: the room's (None: the strongest that works here)."""

    def __init__(self, assignment: Assignment, secret: bytes = b"", mode: str | None = None):
        self.assignment = assignment
        self._secret, self._mode = secret, mode

    def __enter__(self) -> "Grader":
        with contextlib.ExitStack() as stack:
            self._server = stack.enter_context(RoomServer(preload=preloads(self.assignment), mode=self._mode))
            self._examiner = stack.enter_context(course_examiner(self.assignment, self._secret))
            self._part_keys = part_keys(self.assignment, self._secret, self._server.mode)
            self._versions = versions(self.assignment)
            self._slots = slots_of(self.assignment)
            self._given = sources(slot.text for slot in self._slots if not slot.is_code)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error) -> None:
        self._stack.close()

    def grade(self, student: str, folder: Path, before: Report | None = None,
              seconds: float | None = None) -> Report:
        """The report of one submission folder. Whatever is wrong with a submission is said in its report.

        before: its last report; parts of which nothing has changed are taken from it. seconds: raises PutOff if it
        takes longer than that; without it, it has what checks.py gives to each.
        """
        started = time.perf_counter()
        report = Report(self.assignment.name, student, questions=self._questions({}),
                        versions=dict(self._versions), room=dict(self._server.walls))
        try:
            with limited():
                self._read_and_examine(report, folder, before.parts if before else [], seconds)
        except SubmissionError as error:
            report.problem = clean(str(error))
            report.parts = unexamined(self.assignment.plan, "not attempted: there is no notebook that can be read")
        except MemoryError:
            report.problem = f"to read and examine it takes more than {MOST >> 30} GB of the grader's own memory"
            report.parts = unexamined(self.assignment.plan, "not run: the notebook takes too much memory")
        report.seconds = round(time.perf_counter() - started, 3)
        return report

    def _read_and_examine(self, report: Report, folder: Path, before: list[PartResult], seconds: float | None) -> None:
        path, report.notes = find_notebook(folder, self.assignment.notebook.stem, self._slots)
        report.notebook, whole = path.name, self.assignment.plan.seconds
        budget = Budget(min(seconds or whole, whole))
        submission = read(path, self._slots, self._others)
        for name in self.assignment.modules:  # whatever was handed in: the course's own are the course's
            submission.modules.pop(name, None)
        self._examine(report, submission, before, budget)
        if budget.is_spent and budget.seconds < whole:
            raise PutOff(report.student)
        self._show_pictures(report, submission, Album(path.parent, given=self._given))

    def _examine(self, report: Report, submission: Submission, before: list[PartResult], budget: Budget) -> None:
        plan = self.assignment.plan
        keys = answered_keys(self._part_keys, submission.cells, submission.modules)
        kept = {part.name: part for part in before if part.key == keys.get(part.name)}
        given = [cell.name for cell in self.assignment.cells if cell.role == GIVEN]
        notebook = Notebook(submission.cells, self._examiner.functions, given, submission.modules)
        ruled_out = notebook.uses(plan, kept)  # what came before the rules is not written down: seen again if needed
        support = {name: content for name, content in self.assignment.support.items() if not name.endswith(".py")}
        desk = RoomDesk(self._server, submission.cells, self._reference_of, given,
                        submission.modules | self.assignment.modules, budget, self._examiner.asked, support)
        try:
            with contextlib.suppress(BudgetSpent):  # also where nothing is left to be examined: what the cells print
                desk.backend(())                    # and raise is reported
            fresh = self._examiner.examine(desk, only=[name for name in keys if name not in kept],
                                           known={name: part for name, part in kept.items() if name not in ruled_out})
        finally:
            desk.renew()
        rule_out(fresh, plan, notebook)
        done = kept | {part.name: part for part in fresh}
        report.parts = [done[part.name] for part in plan.parts]
        for part in report.parts:
            part.code, part.key = submission.code.get(part.name, ""), keys[part.name]
        report.questions = self._questions(submission.answers)
        report.notes = [clean(note, 500) for note in [*report.notes, *submission.notes, *_spent(budget),
                                                      *desk.notes.values()]]
        report.output = clean(desk.output, MAX_OUTPUT)

    def _show_pictures(self, report: Report, submission: Submission, album: Album) -> None:
        """Pictures of the student's own text, those of the answers first; where one is missing, it says so."""
        answers = {}
        for name, passages in submission.passages.items():
            known = len(album.unseen)
            answers[name] = "\n\n".join(album.read(*passage) for passage in passages)
            report.notes += [clean(f"answer to `{name}`: {each.sentence}", 500) for each in album.unseen[known:]]
        for passage in submission.texts:
            album.read(*passage)
        report.pictures = developed(self._server, album.wanted)
        for question in report.questions:
            question.answer = shown(answers.get(question.name, ""), report.pictures)

    def _others(self) -> dict[str, list[Slot]]:
        return released_assignments(self.assignment.handout.parent, but=self.assignment.name)

    def _reference_of(self, part: str) -> list[tuple[str, str]]:
        return [(cell.name, cell.source) for cell in self.assignment.cells_of(part)]

    def _questions(self, answers: dict[str, str]) -> list[Question]:
        slots = {slot.name: slot for slot in self._slots}
        return [Question(cell.name, cell.points, answers.get(cell.name, ""),
                         is_answered(slots[cell.name], answers.get(cell.name))) for cell in self.assignment.questions]


def _spent(budget: Budget) -> list[str]:
    return [f"the notebook as a whole has used up the {budget.seconds:g} s that it may take, and the checks after that "
            "were not run: what takes long, such as a training, belongs in a demo cell"] if budget.is_spent else []
