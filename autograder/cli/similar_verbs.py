"""similar: the instructor's look at solutions that agree."""

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.course import load_assignment
from autograder.render import clean

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
MAX_ROWS = 25


def similar(name: str, top: int) -> None:
    from autograder.similar import find_similar, write_page

    assignment = load_assignment(name)
    pairs, members = find_similar(assignment, top)
    page = write_page(assignment, pairs, members)
    if pairs:
        console.print(_table(name, pairs[:max(MAX_ROWS, top)]))
    worth = sum(pair.is_worth_a_look for pair in pairs)
    console.print(f"{len(members) - 1} submissions, {worth} {'pair' if worth == 1 else 'pairs'} worth a look. "
                  "Agreement is no proof: read both sides, and ask. Side by side: "
                  f"{page.relative_to(assignment.root)}", soft_wrap=True)


def _table(name: str, pairs: list) -> Table:
    table = Table(title=f"{name}: agreement beyond what is usual", title_justify="left")
    table.add_column("one")
    table.add_column("other")
    table.add_column("unusual\ntokens", justify="right")
    table.add_column("in the parts", ratio=1)
    for pair in pairs:
        parts = ", ".join(f"{each.part} ({each.share:.0%}, usual {each.usual:.0%})" for each in pair.agreements[:3])
        more = f" and {len(pair.agreements) - 3} more" if len(pair.agreements) > 3 else ""
        table.add_row(Text(clean(pair.first)), Text(clean(pair.second)), f"{pair.evidence:.0f}", Text(parts + more))
    return table
