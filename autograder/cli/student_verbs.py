"""check: the student's verb."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from autograder.report import PartResult

console = Console(highlight=False)


def check(notebook: str, parts: tuple[str, ...], as_json: bool) -> None:
    """Runs the notebook's cells (but no demo and check cells) in a process of their own, then its visible checks."""
    from autograder.notebook.standalone import check_notebook

    results = check_notebook(Path(notebook), parts)
    if as_json:
        print(json.dumps([asdict(result) | {"points": result.points, "max_points": result.max_points}
                          for result in results], indent=1))
    else:
        _show(results)
    sys.exit(any(check.points < check.max_points for result in results for check in result.checks))


def _show(results: list[PartResult]) -> None:
    from autograder.render import number, part_text

    for result in results:
        print(part_text(result))
    points, most = sum(result.points for result in results), sum(result.max_points for result in results)
    print(f"{number(points)} of {number(most)} points for the visible checks")
