"""How grading grows: `python -m benchmarks.growth` grades 100, 500 and 2,000 submissions, and prints what each costs.

Linear is what stays the same from line to line: milliseconds per submission. Each class is graded without the
gradebook, then written into it (the reports are there). A second table shows the throughput of the first class against
the number of workers: processes of this machine, and of a dask cluster on it.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from autograder.course import Assignment, load_assignment
from benchmarks import sample_class
from benchmarks.measure import Cost, run

ROOT = Path(__file__).parents[1]
MB = 1 << 20
KINDS = 100  # different notebooks; larger classes repeat them
PATIENCE = 60.0  # seconds for a scheduler to start


@click.command(help=__doc__)
@click.option("--assignment", default="t1_means", show_default=True)
@click.option("--course", type=click.Path(exists=True, path_type=Path), default=ROOT / "tests" / "tiny",
              help="The course's folder (default: the tiny course of the tests).")
@click.option("--submissions", default="100,500,2000", show_default=True)
@click.option("--jobs", default=str(os.cpu_count()), show_default=True,
              help="Numbers of worker processes; the last one grades the larger classes, too.")
@click.option("--cluster-workers", default="", help="Numbers of workers of a dask cluster, such as 1,2.")
@click.option("--json", "as_json", is_flag=True)
def main(assignment: str, course: Path, submissions: str, jobs: str, cluster_workers: str, as_json: bool) -> None:
    loaded = load_assignment(assignment, course)
    sizes, jobs, workers = _numbers(submissions), _numbers(jobs), _numbers(cluster_workers)
    growth, throughput = [], []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            growth.append(_grown(loaded, size, jobs[-1], Path(folder, f"class-{size}")))
        first = Path(folder, f"class-{sizes[0]}")
        for number in jobs[:-1]:
            throughput.append(_row("processes", number, sizes[0], _graded(loaded, first, "--jobs", str(number))))
        throughput.append({"kind": "processes", "workers": jobs[-1], "per second": sizes[0] / growth[0]["seconds"]})
        for number in workers:
            with _cluster(first, number) as address:
                throughput.append(_row("cluster", number, sizes[0], _graded(loaded, first, "--cluster", address)))
    result = {"assignment": assignment, "jobs": jobs[-1], "growth": growth, "throughput": throughput}
    print(json.dumps(result, indent=1)) if as_json else _show(result)


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",") if word]


def _grown(assignment: Assignment, size: int, jobs: int, root: Path) -> dict:
    """What a class costs, in seconds and bytes."""
    sample_class.make_course(assignment, _class(assignment, size), root)
    graded = _graded(assignment, root, "--jobs", str(jobs))
    nothing = run(_command(assignment, "--no-gradebook"), root)
    written = run(_command(assignment), root)
    return {"submissions": size, "seconds": graded.seconds, "cpu": graded.cpu,
            "gradebook": max(0.0, written.seconds - nothing.seconds), "nothing to do": nothing.seconds,
            "memory": graded.memory | {"main": max(graded.memory["main"], written.memory["main"])}}


def _class(assignment: Assignment, size: int) -> dict[str, str]:
    kinds = list(sample_class.notebooks(assignment, min(size, KINDS)).values())
    return {f"student-{number:04d}": text for number, text in enumerate(islice(cycle(kinds), size))}


def _graded(assignment: Assignment, root: Path, *options: str) -> Cost:
    return run(_command(assignment, "--no-gradebook", "--again", *options), root)


def _command(assignment: Assignment, *options: str) -> list[str]:
    return [sys.executable, "-m", "autograder", "grade", assignment.name, *options]


def _row(kind: str, workers: int, size: int, cost: Cost) -> dict:
    return {"kind": kind, "workers": workers, "per second": size / cost.seconds}


@contextlib.contextmanager
def _cluster(course: Path, workers: int) -> Iterator[str]:
    """The address of a scheduler with that many worker processes on this machine."""
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        contact = Path(place, "scheduler.json")
        variables = {**os.environ, "AUTOGRADER_COURSE": str(course), "OMP_NUM_THREADS": "1"}

        def start(*arguments: str) -> None:
            process = subprocess.Popen([sys.executable, "-m", "dask", *arguments], cwd=place, env=variables,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.terminate)

        start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(contact))
        deadline = time.monotonic() + PATIENCE
        while not (contact.exists() and contact.read_text().endswith("}")) and time.monotonic() < deadline:
            time.sleep(0.1)
        address = json.loads(contact.read_text())["address"]
        start("worker", address, "--nworkers", str(workers), "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1",
              "--local-directory", place)
        yield address


def _show(result: dict) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    table = Table(title=f"{result['assignment']}, {result['jobs']} jobs", title_justify="left")
    kinds = sorted({kind for row in result["growth"] for kind in row["memory"]} - {"other"})
    for heading in ("submissions", "seconds", "ms each", "CPU ms each", "gradebook\nms each", "nothing to do\nms each",
                    *(f"{kind}\nMB" for kind in kinds)):
        table.add_column(heading, justify="right")
    for row in result["growth"]:
        each = 1000 / row["submissions"]
        table.add_row(str(row["submissions"]), f"{row['seconds']:.1f}",
                      *(f"{each * row[name]:.1f}" for name in ("seconds", "cpu", "gradebook", "nothing to do")),
                      *(f"{row['memory'].get(kind, 0) / MB:.0f}" for kind in kinds))
    console.print(table)
    table = Table(title=f"{result['growth'][0]['submissions']} submissions", title_justify="left")
    for heading in ("workers", "", "submissions per second"):
        table.add_column(heading, justify="right")
    for row in result["throughput"]:
        table.add_row(str(row["workers"]), row["kind"], f"{row['per second']:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
