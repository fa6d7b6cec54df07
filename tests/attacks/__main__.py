"""python -m tests.attacks [--all] [EXPLOIT ...]: tries the corpus and prints the attack table.

Without --all: those of an everyday run of the tests, every exploit behind all walls and behind one weaker set of them.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

from tests.attacks import matrix
from tests.attacks.exploits import CLASSES
from tests.attacks.matrix import Outcome


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every exploit x walls x user")
    parser.add_argument("names", nargs="*", metavar="EXPLOIT", help="only these (a name or its beginning)")
    asked = parser.parse_args()
    outcomes, started = [], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        Path(folder).chmod(0o777)
        for user, walls in matrix.combinations():
            chosen = matrix.share(user, walls, everything=asked.all or bool(asked.names))
            if asked.names:
                chosen = [each for each in chosen if each.name.startswith(tuple(asked.names))]
            before = time.monotonic()
            outcomes += matrix.run(Path(folder), user, walls, chosen)
            print(f"{user}, {walls}: {len(chosen)} exploits, {time.monotonic() - before:.0f} s", flush=True)
    print(f"\n{table(outcomes)}\n")
    for each in outcomes:
        for what in (*each.gained, *each.harmed):
            print(f"{each.exploit.name} as {each.user} behind {each.walls}: {what}")
    for reason in {f"{each.user}, {each.walls}: not tried: {each.impossible}" for each in outcomes if each.impossible}:
        print(reason)
    tried = [each for each in outcomes if not each.impossible]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{len(tried)} trials of {len({each.exploit.name for each in tried})} exploits, "
          f"{sum(bool(each.gained) for each in tried)} gained, {sum(bool(each.harmed) for each in tried)} harmed; "
          f"{time.monotonic() - started:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of processor time")
    return any(each.gained or each.harmed for each in outcomes)


def table(outcomes: list[Outcome]) -> str:
    """class x (user, walls): tried / gained / harmed, in Markdown."""
    combinations = matrix.combinations()
    lines = ["| class | exploits | " + " | ".join(f"{user}: {walls}" for user, walls in combinations) + " |",
             "|---|---|" + "---|" * len(combinations)]
    for number, meaning in CLASSES.items():
        own = [each for each in outcomes if each.exploit.number == number]
        cells = [_cell([each for each in own if (each.user, each.walls) == pair]) for pair in combinations]
        lines.append(f"| A{number} {meaning} | {len({each.exploit.name for each in own})} | {' | '.join(cells)} |")
    cells = [_cell([each for each in outcomes if (each.user, each.walls) == pair]) for pair in combinations]
    lines.append(f"| all | {len({each.exploit.name for each in outcomes})} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(outcomes: list[Outcome]) -> str:
    tried = [each for each in outcomes if not each.impossible]
    if not tried:
        return "not tried" if outcomes else "-"
    return f"{len(tried)} / {sum(bool(each.gained) for each in tried)} / {sum(bool(each.harmed) for each in tried)}"


if __name__ == "__main__":
    raise SystemExit(main())
