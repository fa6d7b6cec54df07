"""How fast a class is graded, beside stock nbgrader: `python -m benchmarks.batch --submissions 100`.

`autograder grade` (sandbox on, gradebook written) and nbgrader's own Execute step grade the same notebooks with the
same checks, in turn. nbgrader is given every advantage: no training cells, no start-up, no sandbox. Seconds depend on
what else the machine does; processor seconds hardly do.
"""

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from autograder.course import load_assignment
from autograder.room import strongest_mode
from benchmarks import inside, sample_class
from benchmarks.measure import Cost, run

ROOT = Path(__file__).parents[1]
MB = 1 << 20


@click.command(help=__doc__)
@click.option("--assignment", default="a1_rnn_captioning", show_default=True)
@click.option("--course", type=click.Path(exists=True, path_type=Path), default=ROOT, help="The course's folder.")
@click.option("--submissions", type=click.IntRange(1), default=20, show_default=True)
@click.option("--nbgrader", "stock", type=click.IntRange(1), default=5, show_default=True,
              help="How many of them nbgrader grades: its time per submission is what counts.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count(), show_default=True)
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(assignment: str, course: Path, submissions: int, stock: int, jobs: int, runs: int, as_json: bool) -> None:
    loaded = load_assignment(assignment, course)
    students = sample_class.notebooks(loaded, submissions)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, "stock")
        sample_class.make_stock_course(loaded, dict(list(students.items())[:stock]), plain)
        for number in range(runs):
            root = Path(folder, f"course-{number}")
            sample_class.make_course(loaded, students, root)
            ours.append(_grade(assignment, root, jobs))
            theirs.append(_nbgrade(assignment, plain, list(students)[:stock]))
        folders = {student: root / "submitted" / student / assignment for student in students}
        stages = inside.stages(load_assignment(assignment, root), folders)
        same = _agreement(root, assignment, theirs[-1]["points"])
    result = _summary(ours, theirs, submissions) | {
        "assignment": assignment, "submissions": submissions, "nbgrader_submissions": stock, "jobs": jobs, "runs": runs,
        "cores": os.cpu_count(), "room": strongest_mode(), "same_scores": same, "stages": stages}
    print(json.dumps(result, indent=1)) if as_json else _show(result)


def _grade(assignment: str, root: Path, jobs: int) -> Cost:
    return run([sys.executable, "-m", "autograder", "grade", assignment, "--jobs", str(jobs)], root)


def _nbgrade(assignment: str, root: Path, students: list[str]) -> dict:
    cost = run([sys.executable, str(ROOT / "benchmarks" / "stock_nbgrader.py"), assignment, *students], root)
    return json.loads(cost.output.splitlines()[-1]) | {"memory": cost.memory}


def _agreement(root: Path, assignment: str, points: dict[str, float]) -> int:
    """How many of nbgrader's scores are ours, too. A part that is right but for an earlier one gets follow-through
    marks from us, and none in a kernel."""
    reports = {student: json.loads((root / "reports" / assignment / f"{student}.json").read_text())
               for student in points}
    return sum(abs(sum(check["points"] for part in reports[student]["parts"] for check in part["checks"]) - score)
               < 1e-6 for student, score in points.items())


def _summary(ours: list[Cost], theirs: list[dict], count: int) -> dict:
    """Medians over the runs; for nbgrader over all submissions of all runs, because it has no parallel mode."""
    seconds, cpu = (statistics.median(getattr(cost, name) for cost in ours) / count for name in ("seconds", "cpu"))
    their_seconds, their_cpu = (statistics.median(value for each in theirs for value in each[name])
                                for name in ("seconds", "cpu"))
    return {"autograder": {"seconds": seconds, "cpu": cpu, "memory": _largest([cost.memory for cost in ours])},
            "nbgrader": {"seconds": their_seconds, "cpu": their_cpu,
                         "memory": _largest([each["memory"] for each in theirs])},
            "times_the_throughput": their_seconds / seconds, "times_less_cpu": their_cpu / cpu}


def _largest(memories: list[dict[str, int]]) -> dict[str, int]:
    kinds = {kind for memory in memories for kind in memory}
    return {kind: max(memory.get(kind, 0) for memory in memories) for kind in sorted(kinds)}


def _show(result: dict) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 100)
    table = Table(title=f"{result['assignment']}: {result['submissions']} submissions, {result['jobs']} jobs on "
                        f"{result['cores']} cores, room {result['room']}, median of {result['runs']}",
                  title_justify="left")
    for heading in ("", "autograder grade", "stock nbgrader", "times"):
        table.add_column(heading, justify="right" if heading else "left")
    ours, theirs = result["autograder"], result["nbgrader"]
    table.add_row("seconds per submission", f"{ours['seconds']:.3f}", f"{theirs['seconds']:.3f}",
                  f"{result['times_the_throughput']:.1f}")
    table.add_row("processor seconds per submission", f"{ours['cpu']:.3f}", f"{theirs['cpu']:.3f}",
                  f"{result['times_less_cpu']:.1f}")
    for kind in {**ours["memory"], **theirs["memory"]}:
        values = [f"{each['memory'][kind] / MB:.0f} MB" if kind in each["memory"] else "" for each in (ours, theirs)]
        table.add_row(f"memory of a {kind}, at most", *values, "")
    table.add_row("the same scores", "", f"{result['same_scores']} of {result['nbgrader_submissions']}", "")
    console.print(table)
    total = sum(seconds for stage, seconds in result["stages"].items() if stage != inside.START)
    table = Table(title="where the time goes (one process, one after the other)", title_justify="left")
    for heading in ("stage", "ms per submission", "%"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for stage, seconds in result["stages"].items():
        once = stage == inside.START
        table.add_row(stage, f"{1000 * seconds:.1f}", "" if once else f"{100 * seconds / total:.0f}", end_section=once)
    console.print(table)


if __name__ == "__main__":
    main()
