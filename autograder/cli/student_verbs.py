"""check and progress: how far a student has come."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from autograder.cli.console import console, is_waiting, plain, print_part, total
from autograder.cli.progress import progress_bar
from autograder.render import number
from autograder.report import PartResult
from autograder.study import handout as handouts
from autograder.study import watch as study
from autograder.study.handout import Handout

BAR = 24


def named(names: tuple[str, ...], notebook: str | None) -> tuple[str | None, tuple[str, ...]]:
    """(the notebook or folder that is named, as `notebook` or before the parts; the parts that are wanted)."""
    if notebook is None and names and (names[0].endswith(".ipynb") or Path(names[0]).exists()):
        notebook, *names = names
    return notebook, tuple(names)


def foreign(notebook: str | None) -> Path | None:
    """What was named, else the folder that we stand in, if it lies outside one's own handouts."""
    path = Path(notebook).absolute() if notebook else handouts.here()
    return path if path is not None and handouts.is_foreign(path) else None


def check(notebook: str | None, parts: tuple[str, ...], watch: bool, as_json: bool) -> None:
    """Runs the notebook's cells (but no demo and check cells) in a process of their own, then its visible checks.

    notebook: None where there is only one."""
    handout = _handout(notebook, parts)
    handout.require(parts)
    if watch:
        return _watch(handout, parts, as_json)
    results, notes = _examine(handout, parts)
    if as_json:
        print(json.dumps([_data(result) for result in results], indent=1))
    for note in notes:
        (sys.stderr.write(f"{plain(note)}\n") if as_json else console.print(plain(note)))
    if not as_json:
        for result in results:
            print_part(result)
        console.print(total(results))
    sys.exit(any(check.points < check.max_points for result in results for check in result.checks))


def _handout(notebook: str | None, names: tuple[str, ...]) -> Handout:
    if notebook is None and names:
        return handouts.having(names[0], option="")
    return handouts.the_one(notebook)


def _examine(handout: Handout, parts: tuple[str, ...]) -> tuple[list[PartResult], list[str]]:
    from autograder.study.bench import Bench

    with Bench(handout) as bench, progress_bar() as progress:
        task = progress.add_task("getting ready", total=len(parts or handout.plan.parts))
        return study.examined(handout, bench, parts, on_part=lambda result: progress.update(
            task, advance=1, description=result.name[:24]))


def _data(result: PartResult) -> dict:
    return asdict(result) | {"points": result.points, "max_points": result.max_points}


def _watch(handout: Handout, parts: tuple[str, ...], as_json: bool) -> None:
    """Until Ctrl-C, which ends it as it is meant to end: with exit code 0."""
    try:
        if not as_json:
            console.print(plain(f"watching {handout.notebook.name}: save it and look here, end with Ctrl-C"))
        for view in study.watching(handout, parts):
            if as_json:
                print(json.dumps({"problem": view.problem, "notes": view.notes, "examined": view.fresh,
                                  "parts": [_data(result) for result in view.results]}), flush=True)
            else:
                _show(handout, view)
    except KeyboardInterrupt:
        if not as_json:
            console.print()


def _show(handout: Handout, view: study.View) -> None:
    """On a terminal the whole screen anew: all parts in a line each, and in full what was just examined and is not
    right yet. Elsewhere what was just examined."""
    fresh = [result for result in view.results if result.name in view.fresh]
    if console.is_terminal:
        console.clear()
        for result in view.results:
            console.print(_row(result.name, result.points, result.max_points, "just now" if result in fresh else ""))
        fresh = [result for result in fresh if result.failed and not is_waiting(result)][:3]
    for line in [*view.notes, *view.problem.splitlines()]:
        console.print(plain(line))
    for result in fresh:
        print_part(result)
    took = "" if view.problem else f" · examined {len(view.fresh)} of {len(view.results)} parts in {view.seconds:.1f} s"
    console.print(Text(f"{time.strftime('%H:%M:%S')} {total(view.results)}{took}", style="dim"))
    sys.stdout.flush()


def progress(as_json: bool) -> None:
    """All assignments found here, from the last results of their checks."""
    from autograder.study.overview import overview

    found = [overview(handout) for handout in handouts.find_all()]
    if as_json:
        print(json.dumps([asdict(each) for each in found], indent=1))
        return
    for each in found:
        done = f"{each.parts_done} of {len(each.parts)} parts"
        console.print(_row(each.assignment, each.points, each.max_points, done, "visible points"))
        console.print(plain(f"  next: {each.next_part}" + (f" ({each.why})" if each.why else "") if each.next_part
                            else "  all parts are right"))
        console.print(plain(f"  {_from_here(each.notebook)}" + ("" if each.checked else ": not checked yet")))


def _from_here(path: str) -> str:
    """As short as it can be typed here."""
    return str(Path(path).relative_to(Path.cwd())) if Path(path).is_relative_to(Path.cwd()) else path


def _row(name: str, points: float, most: float, more: str, unit: str = "points") -> Text:
    """A name, its points as a bar and as numbers."""
    filled = int(BAR * points / most) if most else 0
    row = Text(f"{name:32} ")
    row.append("━" * filled, style="blue").append("─" * (BAR - filled), style="dim")
    return row.append(f" {number(points):>5} of {number(most):>5} {unit}" + (f"  {more}" if more else ""))
