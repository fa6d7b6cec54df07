"""Writes feedback/<student>/<assignment>/<notebook>.html, where nbgrader's own feedback would be."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.course.assignment import load_assignment
from autograder.errors import AutograderError
from autograder.feedback.page import render_page
from autograder.gradebook.scores import Scores, read_scores
from autograder.private import behind
from autograder.render import clean, nearest, shortened
from autograder.report import load, report_path, write_whole


def write_feedback(root: Path, assignment: str, students: Iterable[str] | None = None,
                   scores: Mapping[str, Scores] | None = None) -> list[Path]:
    """The pages written, in the order of `students`; by default everyone who has a report.

    scores: what people gave by hand; read from the gradebook if None. Raises AutograderError where nobody, or a
    student who was named, has a report, GradebookError for a gradebook that cannot be read.
    """
    name = f"{load_assignment(assignment, root).notebook.stem}.html"
    reports = _reports(root, assignment, students)
    if scores is None:
        scores = read_scores(root, assignment)
    pages = []
    for student, path in reports.items():
        page = root / "feedback" / student / assignment / name
        with behind(root / "feedback"):
            write_whole(page, render_page(load(path), scores.get(student)).encode("utf-8", "replace"))
        pages.append(page)
    return pages


def _reports(root: Path, assignment: str, students: Iterable[str] | None) -> dict[str, Path]:
    found = {path.name.removesuffix(".json"): path
             for path in sorted((root / "reports" / assignment).glob("*.json")) if not path.name.startswith(".")}
    if not found:
        raise AutograderError(f"reports of {assignment}", f"there are none in reports/{assignment}/",
                              f"run `autograder grade {assignment}` first")
    if students is None:
        return found
    chosen = list(students)
    if missing := [student for student in chosen if student not in found]:
        raise AutograderError(f"a report of {shortened(missing)}",
                              f"there is no {clean(str(report_path(Path(), assignment, missing[0])))}",
                              f"run `autograder grade {assignment}` first; or {nearest(missing[0], found)}")
    return {student: found[student] for student in chosen}
