"""Does load change a verdict? `python -m benchmarks.fairness --runs 20` grades a sample class again and again.

The first run has the machine to itself; in all others as many processes as there are cores do nothing but keep them
busy. The reports of all runs must be equal in everything but seconds: prints what differs, and exits with 1 if
anything does.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from autograder.course import load_assignment
from autograder.sample import write_class
from benchmarks import sample_class
from benchmarks.measure import run

ROOT = Path(__file__).parents[1]
SHOWN = 20  # differences
SPIN = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"  # ends with this process, however it ends


@click.command(help=__doc__)
@click.option("--assignment", default="a1_rnn_captioning", show_default=True)
@click.option("--course", type=click.Path(exists=True, path_type=Path), default=ROOT, help="The course's folder.")
@click.option("--runs", type=click.IntRange(1), default=20, show_default=True, help="Under load, after a quiet one.")
@click.option("--busy", type=click.IntRange(0), default=os.cpu_count(), show_default=True, help="Processes that spin.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count(), show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(assignment: str, course: Path, runs: int, busy: int, jobs: int, as_json: bool) -> None:
    loaded = load_assignment(assignment, course)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        sample_class.make_course(loaded, {}, root)
        write_class(loaded, root / "submitted")
        command = [sys.executable, "-m", "autograder", "grade", assignment, "--again", "--no-gradebook",
                   "--jobs", str(jobs)]
        results = [{"seconds": run(command, root).seconds, "differences": []}]
        wanted = reports(root, assignment)
        for number in range(runs):
            with kept_busy(busy):
                seconds = run(command, root).seconds
            found = differences(wanted, reports(root, assignment))
            results.append({"seconds": seconds, "differences": found})
            print(f"run {number + 1} of {runs}: {seconds:.0f} s, {len(found)} differences", file=sys.stderr, flush=True)
    result = {"assignment": assignment, "submissions": len(wanted), "checks": checks(wanted), "runs": results,
              "points": {student: report["points"] for student, report in wanted.items()}}
    print(json.dumps(result, indent=1)) if as_json else _show(result, busy)
    sys.exit(any(each["differences"] for each in results))


@contextlib.contextmanager
def kept_busy(count: int) -> Iterator[None]:
    """That many processes spin."""
    spinning = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(count)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def reports(root: Path, assignment: str) -> dict[str, dict]:
    """Student -> report, without its seconds."""
    return {path.stem: json.loads(path.read_text("utf-8")) | {"seconds": 0}
            for path in sorted((root / "reports" / assignment).glob("*.json"))}


def checks(reports: dict[str, dict]) -> int:
    return sum(len(part["checks"]) for report in reports.values() for part in report["parts"])


def differences(wanted, got, where: str = "") -> list[str]:
    """What differs between two trees of plain data, a sentence for each leaf."""
    if type(wanted) is type(got) and isinstance(wanted, dict) and wanted.keys() == got.keys():
        return [each for key in wanted for each in differences(wanted[key], got[key], f"{where}/{key}")]
    if type(wanted) is type(got) and isinstance(wanted, list) and len(wanted) == len(got):
        return [each for index, (one, other) in enumerate(zip(wanted, got))
                for each in differences(one, other, f"{where}/{index}")]
    return [] if wanted == got else [f"{where}: {str(wanted)[:200]!r} became {str(got)[:200]!r}"]


def _show(result: dict, busy: int) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 100)
    loaded = result["runs"][1:]
    table = Table(title=f"{result['assignment']}: {result['submissions']} submissions, {result['checks']} verdicts",
                  title_justify="left")
    for heading in ("", "runs", "seconds", "reports' differences"):
        table.add_column(heading, justify="right" if heading else "left")
    table.add_row("quiet", "1", f"{result['runs'][0]['seconds']:.0f}", "")
    table.add_row(f"{busy} processes spin", str(len(loaded)),
                  f"{min(each['seconds'] for each in loaded):.0f} to {max(each['seconds'] for each in loaded):.0f}",
                  str(sum(len(each["differences"]) for each in loaded)))
    console.print(table)
    for line in [line for each in loaded for line in each["differences"]][:SHOWN]:
        console.print(line, markup=False)


if __name__ == "__main__":
    main()
