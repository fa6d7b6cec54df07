"""check, for a notebook of somebody else: in a sandbox, with the visible checks of one's own course."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from autograder.cli.console import console, plain, print_part, total
from autograder.cli.progress import progress_bar
from autograder.grade.foreign import examined


def check(path: Path, parts: tuple[str, ...], as_json: bool) -> None:
    with progress_bar() as progress:
        task = progress.add_task("getting ready", total=None)
        found = examined(path, parts, on_part=lambda result: progress.update(
            task, advance=1, description=result.name[:24]))
    if as_json:
        print(json.dumps([asdict(result) | {"points": result.points, "max_points": result.max_points}
                          for result in found.results], indent=1))
    for note in found.notes:
        (sys.stderr.write(f"{plain(note)}\n") if as_json else console.print(plain(note)))
    if not as_json:
        for result in found.results:
            print_part(result)
        console.print(total(found.results))
    sys.exit(any(check.points < check.max_points for result in found.results for check in result.checks))
