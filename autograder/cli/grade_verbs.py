"""grade, feedback, doctor: the instructor's verbs on submissions."""

import contextlib
import sys
import threading
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.cli.missing import absent, gone, refuse_former_name
from autograder.cli.progress import progress_bar
from autograder.course import Assignment, find_root, load_assignment
from autograder.errors import SubmissionError
from autograder.handed_in import composed, submissions
from autograder.render import clean, nearest, number, shortened
from autograder.report import Report

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def grade(name: str, students: tuple[str, ...], jobs: int | None, again: bool, gradebook: bool, unsafe: bool,
          address: str | None) -> None:
    from autograder.grade.lock import only_one
    from autograder.room import strongest_mode

    root = find_root()
    assignment = load_assignment(name, root)
    folders = _chosen(root, submissions(root, name), students, name)
    mode = "plain" if unsafe and strongest_mode() == "plain" else None
    cluster = _cluster(address) if address else None
    said: list[str] = []
    with only_one(root, name), _interruptible():
        reports, kept = _grade(assignment, folders, gradebook, said, jobs=jobs, mode=mode, again=again,
                               executor=cluster.graded if cluster else None)
        place = _write_gradebook(root, assignment, reports, folders, said) if gradebook else ""
    _show_table(name, reports)
    if not students:
        said += gone(root, name, folders)
        said += absent(root, folders) if gradebook else []
    for sentence in said:
        console.print(clean(sentence), markup=False, soft_wrap=True)
    for report in (report for report in reports if not report.examined):
        console.print(clean(f"not graded: {report.student}: {report.problem}"), markup=False)
    for worker, why in (cluster.refused if cluster else {}).items():
        console.print(f"worker not used: {worker}: {why}", markup=False)
    console.print(f"\n{len(reports)} submissions, {kept} unchanged since their last report. Reports: reports/{name}/"
                  + (f" · gradebook: {place}" if place else ""), markup=False)
    console.print(f"Next: `autograder feedback {name}` writes a page for each student. Written answers are graded in "
                  "formgrader: `jupyter lab`, menu Nbgrader.")


def _grade(assignment: Assignment, folders: dict, gradebook: bool, said: list[str],
           **options) -> tuple[list[Report], int]:
    """The reports, and how many of them are from before. said: gets what is to be told of the gradebook."""
    from autograder.grade.batch import grade_class

    kept = 0
    opening: threading.Thread | None = None
    with progress_bar() as progress:
        task = progress.add_task("getting ready: the course's own answers come first", total=None)

        def on_report(report: Report, from_before: bool) -> None:
            nonlocal kept, opening
            kept += from_before
            if gradebook and opening is None:
                opening = _open_gradebook_meanwhile(assignment, said)
            progress.update(task, advance=1, total=len(folders),
                            description=None if from_before else clean(report.student)[:24])

        reports = grade_class(assignment, folders, on_report=on_report, **options)
    if opening:
        opening.join()
    return reports, kept


def _open_gradebook_meanwhile(assignment: Assignment, said: list[str]) -> threading.Thread:
    """nbgrader takes seconds to import, and to enter a new assignment: time enough while the class is graded. What goes
    wrong with it goes wrong again when the scores are written, and is told then."""
    def open_it() -> None:
        with contextlib.suppress(Exception):
            from autograder.gradebook.writer import GradebookWriter

            with GradebookWriter(assignment.root, assignment) as writer:
                said.extend(writer.notices)

    thread = threading.Thread(target=open_it, daemon=True)
    thread.start()
    return thread


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C ends the command with a sentence in place of a traceback."""
    try:
        yield
    except KeyboardInterrupt:
        console.print("stopped. What is graded is kept: the same command goes on from here.")
        sys.exit(130)


def feedback(name: str, students: tuple[str, ...]) -> None:
    from autograder.feedback import write_feedback

    root = find_root()
    pages = write_feedback(root, name, list(students) or None)
    console.print(clean(f"{len(pages)} pages in feedback/, for example {pages[0].relative_to(root)}"), markup=False)


def doctor() -> None:
    from autograder.room import RoomServer, strongest_mode
    from autograder.room.modes import missing

    with RoomServer(mode=strongest_mode()) as server, server.open():
        for name, value in server.walls.items():
            console.print(f"{name}: {value}", markup=False)
    for lack in missing():
        console.print(f"missing: {lack.what}\n  hint: {lack.install}", markup=False)


def _cluster(address: str):
    from autograder.grade.cluster import Cluster

    return Cluster(address)


def _chosen(root, folders: dict, students: tuple[str, ...], name: str) -> dict:
    if not folders:
        refuse_former_name(root, name)
        raise SubmissionError(f"submissions of {name} in submitted/<student>/{name}/", "there are none",
                              f"`autograder sample {name}` makes a class to try things with")
    students = tuple(student if student in folders else composed(student) for student in students)
    if unknown := [student for student in students if student not in folders]:
        raise SubmissionError(f"a submission of {name} by {shortened(unknown)}",
                              f"there is no submitted/{clean(unknown[0])}/{name}/", nearest(unknown[0], folders))
    return {student: folders[student] for student in students} if students else folders


def _write_gradebook(root, assignment, reports: list[Report], folders: dict, said: list[str]) -> str:
    """Where the gradebook is."""
    from autograder.gradebook.writer import GradebookWriter

    with GradebookWriter(root, assignment) as writer, progress_bar() as progress:
        examined = [(report, folders[report.student]) for report in reports if report.examined]
        for _ in progress.track(writer.write_all(examined), len(examined), description="gradebook"):
            pass
        said.extend(writer.notices)
        said.extend(f"graded, but not in the gradebook: {student}: {why}" for student, why in writer.refused.items())
        return writer.place


def _show_table(name: str, reports: list[Report]) -> None:
    table = Table(title=name, title_justify="left")
    table.add_column("student", no_wrap=True, max_width=28)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("passed / failed /\nskipped / broken", justify="right", no_wrap=True)
    table.add_column("what to know", ratio=1)
    for report in reports:
        counts = " / ".join(str(count) for count in report.counts().values())
        points = f"{number(report.points)} of {number(report.max_points)}" if report.examined else "not graded"
        table.add_row(Text(clean(report.student)), points, counts, Text(clean(_remark(report))))
    console.print(table)


def _remark(report: Report) -> str:
    """The most telling sentence on a submission: what is wrong with the file, a rule that was broken, an earned hint,
    or the first failure."""
    if report.problem:
        return report.problem.replace("\n", ": ")
    for found in (check.found for part in report.parts for check in part.checks):
        if " is to be written, not called: " in found:
            return found[:180]
    if report.hints():
        return f"hint: {report.hints()[0]}"
    failures = [f"{part.name}: {check.found}" for part in report.parts for check in part.checks
                if check.verdict == "failed"]
    first = [*report.notes, *failures, ""][0].splitlines()
    return first[0][:180] if first else ""
