"""The grades to hand on: those of nbgrader's gradebook, or of the reports where it has none."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from autograder.course.assignment import load_assignment
from autograder.errors import AutograderError
from autograder.gradebook.roll import Listed, Member, read_roll
from autograder.gradebook.scores import Scores, read_scores
from autograder.render import number, shortened
from autograder.report import Report, load


@dataclass(frozen=True)
class Grade:
    """One student's grade. score: raw_score less the penalty for lateness, never below 0; parts: name -> (score, most),
    None for the score of an answer that waits; submitted: false for who handed nothing in."""

    member: Member
    raw_score: float = 0.0
    penalty: float = 0.0
    timestamp: datetime | None = None
    parts: Mapping[str, tuple[float | None, float]] = field(default_factory=dict)
    submitted: bool = True

    @property
    def student(self) -> str:
        return self.member.student

    @property
    def score(self) -> float:
        return max(0.0, self.raw_score - self.penalty)


@dataclass
class Graded:
    """The grades of an assignment, by student; notices: sentences on what one should know before handing them on."""

    assignment: Listed
    grades: dict[str, Grade]
    notices: list[str] = field(default_factory=list)


def collect_grades(root: Path, names: Iterable[str]) -> list[Graded]:
    """The grades of each assignment. Raises GradebookError."""
    members, listed = read_roll(root)
    return [_graded(root, name, members, listed) for name in names]


def _graded(root: Path, name: str, members: Mapping[str, Member], listed: Mapping[str, Listed]) -> Graded:
    reports = _reports(root, name)
    scores = read_scores(root, name) if name in listed else {}
    if not scores:
        return _from_reports(name, reports, members)
    grades = {student: _from_scores(member, scores.get(student)) for student, member in members.items()}
    graded = Graded(listed[name], grades)
    waiting = [student for student, given in scores.items() if given.needs_manual]
    if waiting:
        graded.notices.append(f"{name}: answers of {shortened(waiting)} wait in formgrader (`jupyter lab`, menu "
                              "Nbgrader): they count as they are graded now")
    if changed := _changed(root, name, scores):
        graded.notices.append(f"{name}: the course has changed since it was graded ({shortened(changed)}): run "
                              f"`autograder grade {name}`")
    older = [report.student for report in reports if report.student in scores
             and _differ(report, scores[report.student])]
    if older:
        graded.notices.append(f"{name}: the gradebook is older than the reports of {shortened(older)}: run "
                              f"`autograder grade {name}`")
    unknown = [report.student for report in reports if report.student not in scores]
    if unknown:
        graded.notices.append(f"{name}: a report, but no score in the gradebook, has {shortened(unknown)}: run "
                              f"`autograder grade {name}`")
    return graded


def _changed(root: Path, name: str, scores: Mapping[str, Scores]) -> list[str]:
    """The parts and questions that are others in the course now, or worth something else, than in the gradebook."""
    with contextlib.suppress(AutograderError):  # a course that cannot be read is told by other commands
        assignment = load_assignment(name, root)
        now = {part.name: assignment.plan.points_of(part.name) for part in assignment.plan.parts}
        now |= {question.name: question.points for question in assignment.questions}
        then = {cell.name: cell.max_points for given in scores.values() for cell in given.cells.values()}
        return [each for each in sorted({*now, *then}) if abs(now.get(each, -1.0) - then.get(each, -1.0)) > 0.005]
    return []


def _differ(report: Report, scores: Scores) -> bool:
    """Whether the checks now give other points than the gradebook knows."""
    known = {name: cell.auto for name, cell in scores.cells.items() if cell.auto is not None}
    return any(abs(part.points - known.get(part.name, part.points)) > 0.005 for part in report.parts)


def _from_scores(member: Member, scores: Scores | None) -> Grade:
    if scores is None:
        return Grade(member, submitted=False)
    cells = scores.cells
    return Grade(member, sum(cell.score for cell in cells.values()), scores.late_penalty, scores.submitted,
                 {name: (None if cell.waits else cell.score, cell.max_points) for name, cell in cells.items()})


def _from_reports(name: str, reports: list[Report], members: Mapping[str, Member]) -> Graded:
    examined = [report for report in reports if report.examined]
    grades = {student: Grade(member, submitted=False) for student, member in members.items()} if examined else {}
    grades |= {report.student: Grade(members.get(report.student) or Member(report.student), report.points, parts={
        part.name: (part.points, part.max_points) for part in report.parts}) for report in examined}
    most = max((report.max_points for report in examined), default=0.0)
    graded = Graded(Listed(name, most), grades, [
        f"{name}: the gradebook has no scores; these are of the automatic checks in reports/{name}/, of "
        f"{number(most)} points, without written answers and penalties"])
    if failed := [report.student for report in reports if not report.examined]:
        graded.notices.append(f"{name}: no grade for {shortened(failed)}: the grader could not do its work")
    return graded


def _reports(root: Path, name: str) -> list[Report]:
    folder = root / "reports" / name
    return [load(path) for path in sorted(folder.glob("*.json")) if not path.name.startswith(".")]
