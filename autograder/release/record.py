"""Records what the reference and each known mistake answer to the visible checks, for the students' copy."""

from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.course.execute import execute_reference
from autograder.course.plan import read_plan
from autograder.errors import CourseError
from autograder.examine import recorded
from autograder.examine.namespace import NamespaceBackend
from autograder.examine.open import course_examiner, functions_by_part
from autograder.release.notebook import release_notebook


def record(assignment: Assignment, visible_checks: Path, path: Path) -> None:
    """Writes recorded.h5. Raises CourseError for a visible check that the reference does not pass."""
    answers, mistakes = {}, {}
    reference = vars(execute_reference(assignment))
    with course_examiner(assignment) as examiner:
        for check in read_plan(visible_checks).checks:
            recorder = recorded.Recorder(NamespaceBackend(reference, trusted=True))
            examiner.reference = lambda name, recorder=recorder: recorder
            raised = examiner.run(check, NamespaceBackend(reference, trusted=True))
            if raised is not None:
                raise CourseError(f"{assignment.checks}: the reference passes `{check.name}`",
                                  f"{type(raised).__name__}: {raised}")
            answers[check.name] = recorder.answers
            examiner.reference = lambda name: NamespaceBackend(reference, trusted=True)
            mistakes[check.name] = list(examiner.known_mistakes(check))
    notebook = f"{assignment.notebook.stem}.ipynb", release_notebook(assignment).encode()
    recorded.write(path, answers, mistakes, functions_by_part(assignment), notebook)
