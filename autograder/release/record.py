"""Records what the reference and each known mistake answer to the visible checks, for the students' copy."""

from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.course.plan import read_plan
from autograder.course.reading import Findings
from autograder.examine import recorded
from autograder.examine.open import course_examiner, functions_by_part
from autograder.examine.steady import HINT, asks_the_same
from autograder.release.notebook import release_notebook


def record(assignment: Assignment, visible_checks: Path, path: Path) -> None:
    """Writes recorded.h5. Raises CourseError for each visible check that the reference does not pass."""
    answers, mistakes, findings = {}, {}, Findings()
    with course_examiner(assignment) as examiner:
        for check in read_plan(visible_checks).checks:
            rehearsal = examiner.runner.rehearsal(check)
            line = next(each.line for each in assignment.plan.checks if each.name == check.name)
            if rehearsal is None:
                raised = examiner.runner.run(check, examiner.runner.reference(check.name))
                findings.add(f"{assignment.checks}:{line}: the reference passes `{check.name}`",
                             "\n".join([type(raised).__name__, *(str(each) for each in raised.args if each)]))
                continue
            if not asks_the_same(examiner.runner, check):
                findings.add(f"{assignment.checks}:{line}: `{check.name}` asks the same each time that it is run",
                             "with global generators in another state it asks something else", HINT)
            answers[check.name] = [(recorded.operation(do, arguments), answer)
                                   for do, arguments, answer in rehearsal.reference_told() if do != "set"]
            mistakes[check.name] = list(examiner.known_mistakes(check, ()))
    findings.settle()
    notebook = f"{assignment.notebook.stem}.ipynb", release_notebook(assignment).encode()
    recorded.write(path, answers, mistakes, functions_by_part(assignment), notebook)
