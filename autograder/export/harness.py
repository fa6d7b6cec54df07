"""What runs in Gradescope's container: grades the one submission, and writes results.json in Gradescope's format.

    python -m autograder.export.harness /autograder

What students see is in results.json, without a word of the hidden checks. What only the staff may see is printed:
Gradescope keeps it as the run's standard output, which `stdout_visibility` closes to students.
"""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.course.assignment import assignment_names, load_assignment
from autograder.grade.grader import Grader
from autograder.grade.secret import course_secret
from autograder.render import clean, difference_text, lines_for_student, number, public, verdict_word
from autograder.report import BROKEN, PASSED, CheckResult, Report, write_whole
from autograder.room import strongest_mode

WARNING = ("WARNING: no sandbox works in this container. Student code has the network, and reads what this user may "
           "read. Where this runs as root, it runs as another user, who can write next to nothing.")
AFTER = "after_published"  # hidden checks: seen when the instructor publishes the grades


def main(base: Path) -> None:
    """Grades base/submission into base/results/results.json. Raises whatever keeps the grader from its work."""
    source = base / "source"
    mode = strongest_mode()
    assignment = load_assignment(assignment_names(source)[0], source)
    with Grader(assignment, course_secret(source), mode) as grader, put_away(source / "solutions",
                                                                              source / "course.secret"):
        report = grader.grade(_submission_name(base), base / "submission")
    results = json.dumps(gradescope_results(report), indent=1, ensure_ascii=False)
    write_whole(base / "results" / "results.json", results.encode("utf-8", "replace"))
    print(for_staff(report).encode("utf-8", "replace").decode())


@contextlib.contextmanager
def put_away(*paths: Path) -> Iterator[None]:
    """While student code runs, the answers are in this process's memory and nowhere on the disk."""
    files = {path: path.read_bytes() for top in paths for path in (top, *top.rglob("*")) if path.is_file()}
    for top in paths:
        shutil.rmtree(top) if top.is_dir() else top.unlink()
    try:
        yield
    finally:
        before = os.umask(0o077)
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        os.umask(before)


def gradescope_results(report: Report) -> dict[str, Any]:
    """results.json: https://gradescope-autograders.readthedocs.io/en/latest/specs/. All text is shown as it is."""
    tests = [_test(part.name, f"{place}.{index}", check)
             for place, part in enumerate(map(public, report.parts), start=1)
             for index, check in enumerate(part.checks, start=1)]
    return {
        "score": sum(test["score"] for test in tests),
        "execution_time": round(report.seconds),
        "output": _output(report),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"max_points": report.max_points, "verdicts": report.counts(), "sandbox": report.room["mode"],
                       "versions": report.versions},
        "tests": tests,
    }


def _test(part: str, place: str, check: CheckResult) -> dict[str, Any]:
    """One check, already without its secrets if it is hidden."""
    details = [line for line in lines_for_student(check) if line != clean(check.sentence)]
    return {
        "name": f"{part}: {clean(check.sentence)}",
        "name_format": "text",
        "number": place,
        "score": check.points,
        "max_score": check.max_points,
        "status": "passed" if check.verdict in (PASSED, BROKEN) else "failed",
        "output": "\n".join([verdict_word(check), *details, *difference_text(check.difference)]),
        "output_format": "text",
        "tags": [part, check.verdict],
        "visibility": AFTER if check.hidden else "visible",
    }


def _output(report: Report) -> str:
    """What the student reads above the tests."""
    lines = [clean(report.problem)] if report.problem else [clean(note) for note in report.notes]
    if report.questions:
        points = number(sum(question.max_points for question in report.questions))
        lines.append(f"Not in these points: written answers ({points} points), which are graded by hand.")
    return "\n".join(lines)


def for_staff(report: Report) -> str:
    """How it was examined, and every check with its name, hidden or not."""
    lines = [f"sandbox: {report.room['mode']}: {report.room['meaning']}"]
    if report.room["mode"] == "plain":
        lines.insert(0, WARNING)
    lines += [f"{name} {version}" for name, version in report.versions.items()]
    for part in report.parts:
        lines.append(f"{part.name}: {number(part.points)} of {number(part.max_points)}"
                     + (f", with the reference as {', '.join(part.follow_through)}" if part.follow_through else ""))
        for check in part.checks:
            lines.append(f"  {verdict_word(check)}: {check.name}{' (hidden)' if check.hidden else ''}")
            lines += [f"      {line}" for line in check.found.splitlines()]
    return "\n".join(clean(line) for line in lines)


def _submission_name(base: Path) -> str:
    """Gradescope's number of this submission; the grader needs no more of its metadata."""
    try:
        return f"submission {json.loads((base / 'submission_metadata.json').read_text(encoding='utf-8'))['id']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "submission"


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
