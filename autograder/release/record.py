"""Records what the reference and each known mistake answer to the visible checks, for the students' copy."""

import hashlib
import json
from pathlib import Path

from autograder import __version__
from autograder.course.assignment import Assignment
from autograder.course.execute import reference_sources
from autograder.course.plan import read_plan
from autograder.course.reading import Findings, read_text
from autograder.examine import recorded
from autograder.examine.open import course_examiner, functions_by_part
from autograder.examine.steady import HINT, asks_the_same


def record(assignment: Assignment, visible_checks: Path, notebook: tuple[str, bytes], path: Path) -> None:
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
            mistakes[check.name] = [(mistake, evidence) for mistake in examiner.known_mistakes.of(check)
                                    if (evidence := examiner.known_mistakes.evidence(check, mistake.name))]
    findings.settle()
    recorded.write(path, header(assignment, visible_checks, notebook), answers, mistakes)


def keep(assignment: Assignment, visible_checks: Path, notebook: tuple[str, bytes], path: Path, old: Path) -> None:
    """Writes recorded.h5 with the answers of an old one, to the same questions."""
    recorded.rewrite(path, header(assignment, visible_checks, notebook), old)


def header(assignment: Assignment, visible_checks: Path, notebook: tuple[str, bytes]) -> recorded.Header:
    return recorded.Header(source(assignment, visible_checks), functions_by_part(assignment), notebook)


def source(assignment: Assignment, visible_checks: Path) -> str:
    """A digest of what determines the answers, on any machine: the visible checks, the reference, the mistakes."""
    told = [__version__, read_text(visible_checks), read_text(assignment.mistakes), reference_sources(assignment)]
    told += [[name, content.hex()] for name, content in assignment.support.items()]
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=16).hexdigest()
