"""Reads reports, gradebook and similarities of an assignment, and writes overview/<assignment>.html."""

from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.errors import AutograderError
from autograder.gradebook.roll import read_roll
from autograder.gradebook.scores import read_scores
from autograder.handed_in import submissions
from autograder.overview.attention import Concern, concerns
from autograder.overview.figures import ClassFigures, class_figures
from autograder.overview.page import Links, render_page
from autograder.report import Report, load, write_whole
from autograder.similar import find_similar


def write_overview(assignment: Assignment) -> tuple[Path, ClassFigures, list[Concern]]:
    """The page written, and what it says. Raises AutograderError if there are no reports."""
    reports = _reports(assignment)
    scores = read_scores(assignment.root, assignment.name)
    there = submissions(assignment.root, assignment.name)
    absent = [member for student, member in read_roll(assignment.root)[0].items() if student not in there]
    figures = class_figures(assignment.name, reports, scores, absent)
    found = concerns(reports, scores, find_similar(assignment)[0], figures.absent)
    path = assignment.root / "overview" / f"{assignment.name}.html"
    write_whole(path, render_page(figures, found, _links(assignment, reports)).encode("utf-8", "replace"))
    return path, figures, found


def _reports(assignment: Assignment) -> list[Report]:
    folder = assignment.root / "reports" / assignment.name
    reports = [load(path) for path in sorted(folder.glob("*.json")) if not path.name.startswith(".")]
    if not any(report.examined for report in reports):
        raise AutograderError(f"reports of {assignment.name}", f"there are none in reports/{assignment.name}/",
                              f"run `autograder grade {assignment.name}` first")
    return reports


def _links(assignment: Assignment, reports: list[Report]) -> Links:
    """Only to pages that are there."""
    page = f"{assignment.notebook.stem}.html"
    feedback = {report.student: ["feedback", report.student, assignment.name, page] for report in reports}
    return Links({student: ["..", *parts] for student, parts in feedback.items()
                  if assignment.root.joinpath(*parts).is_file()},
                 assignment.root.joinpath("similar", f"{assignment.name}.html").is_file())
