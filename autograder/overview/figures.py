"""Counts what the reports of a class say: scores, parts, checks, mistakes, seconds."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import mean, median

from autograder.gradebook.roll import Member
from autograder.gradebook.scores import Scores
from autograder.report import BROKEN, FAILED, PASSED, SKIPPED, CheckResult, Report

UNWRITTEN = "not attempted"
OUTCOMES = (PASSED, FAILED, SKIPPED, BROKEN, UNWRITTEN)


@dataclass(frozen=True)
class Standing:
    """One student. points: from the gradebook where it knows the student, else of the automatic checks; waiting: the
    student's answers that nobody has graded, which are in neither number."""

    report: Report
    points: float
    max_points: float
    known: bool
    waiting: tuple[str, ...] = ()

    @property
    def student(self) -> str:
        return self.report.student

    @property
    def final(self) -> bool:
        """Whether nothing is left to be graded."""
        return self.known and not self.waiting

    @property
    def share(self) -> float:
        """Between 0 and 1; extra credit ends at 1."""
        return min(max(self.points / self.max_points, 0.0), 1.0) if self.max_points else 0.0


@dataclass
class PartFigures:
    """One part over the class. counts: how many of all its checks had each outcome; points: their mean."""

    name: str
    max_points: float
    points: float
    counts: Counter


@dataclass
class CheckFigures:
    """One check over the class."""

    part: str
    sentence: str
    hidden: bool
    counts: Counter = field(default_factory=Counter)

    @property
    def tried(self) -> int:
        """Students whose code this check could judge."""
        return self.counts[PASSED] + self.counts[FAILED]

    @property
    def failing(self) -> float:
        return self.counts[FAILED] / self.tried if self.tried else 0.0


@dataclass
class Mistake:
    """A known mistake: the hint that it earned, where, and by whom."""

    hint: str
    parts: list[str] = field(default_factory=list)
    students: list[str] = field(default_factory=list)


@dataclass
class ClassFigures:
    """All that is counted. ungraded: written questions that nobody has graded yet, left out of every score; absent:
    students of the gradebook without a submission, student id -> name, or ""."""

    assignment: str
    standings: list[Standing]
    parts: list[PartFigures]
    checks: list[CheckFigures]
    mistakes: list[Mistake]
    ungraded: list[str]
    ungraded_points: float
    absent: dict[str, str] = field(default_factory=dict)

    @cached_property
    def shares(self) -> list[float]:
        return [standing.share for standing in self.standings]

    @property
    def max_points(self) -> float:
        return max((standing.max_points for standing in self.standings), default=0.0)

    @property
    def median(self) -> float:
        return median(standing.points for standing in self.standings)

    @property
    def mean(self) -> float:
        return mean(standing.points for standing in self.standings)

    @property
    def known(self) -> int:
        """Of how many students the gradebook has scores."""
        return sum(standing.known for standing in self.standings)

    @property
    def waiting(self) -> int:
        """How many of them have answers that wait for a grader."""
        return sum(bool(standing.waiting) for standing in self.standings)

    @property
    def seconds(self) -> list[float]:
        return [standing.report.seconds for standing in self.standings]

    def hardest(self, most: int) -> list[CheckFigures]:
        """The checks that the largest share failed, of those who wrote something for them."""
        failed = [check for check in self.checks if check.counts[FAILED]]
        return sorted(failed, key=lambda check: (-check.failing, -check.counts[FAILED]))[:most]


def class_figures(assignment: str, reports: Sequence[Report], scores: Mapping[str, Scores],
                  members: Iterable[Member] = ()) -> ClassFigures:
    """The figures of the reports that the grader could make; `scores` may know only some students, or none. members:
    the students of the gradebook."""
    handed_in = {*scores, *(report.student for report in reports)}
    absent = {each.student: each.name for each in members if each.student not in handed_in}
    reports = [report for report in reports if report.examined]
    ungraded = _ungraded(reports, scores)
    return ClassFigures(assignment, [_standing(report, scores.get(report.student), ungraded) for report in reports],
                        _parts(reports), _checks(reports), _mistakes(reports), list(ungraded), sum(ungraded.values()),
                        absent)


def outcome(check: CheckResult) -> str:
    return check.verdict if check.attempted else UNWRITTEN


def _ungraded(reports: Sequence[Report], scores: Mapping[str, Scores]) -> dict[str, float]:
    """Written questions, with their points, that no student has a score by hand for."""
    questions = {question.name: question.max_points for report in reports for question in report.questions}
    graded = {name for given in scores.values() for name, cell in given.cells.items() if cell.manual is not None}
    return {name: points for name, points in questions.items() if name not in graded}


def _standing(report: Report, scores: Scores | None, ungraded: Mapping[str, float]) -> Standing:
    if scores is None or not scores.cells:
        return Standing(report, report.points, report.max_points, known=False)
    waiting = tuple(name for name, cell in scores.cells.items() if cell.waits)
    left_out = [cell for name, cell in scores.cells.items() if name in ungraded or cell.waits]
    points = max(scores.score - sum(cell.score for cell in left_out), 0.0)
    return Standing(report, points, scores.max_points - sum(cell.max_points for cell in left_out), True, waiting)


def _parts(reports: Sequence[Report]) -> list[PartFigures]:
    parts: dict[str, PartFigures] = {}
    for report in reports:
        for part in report.parts:
            figures = parts.setdefault(part.name, PartFigures(part.name, part.max_points, 0.0, Counter()))
            figures.points += part.points / len(reports)
            figures.counts.update(outcome(check) for check in part.checks)
    return list(parts.values())


def _checks(reports: Sequence[Report]) -> list[CheckFigures]:
    checks: dict[tuple[str, str], CheckFigures] = {}
    for report in reports:
        for part in report.parts:
            for check in part.checks:
                figures = checks.setdefault((part.name, check.name),
                                            CheckFigures(part.name, check.sentence, check.hidden))
                figures.counts[outcome(check)] += 1
    return list(checks.values())


def _mistakes(reports: Sequence[Report]) -> list[Mistake]:
    """The earned hints, those of most students first."""
    mistakes: dict[str, Mistake] = {}
    for report in reports:
        for hint in report.hints():
            mistake = mistakes.setdefault(hint, Mistake(hint))
            mistake.students.append(report.student)
            mistake.parts = list(dict.fromkeys([*mistake.parts, *(
                part.name for part in report.parts if any(check.hint == hint for check in part.checks))]))
    return sorted(mistakes.values(), key=lambda mistake: -len(mistake.students))
