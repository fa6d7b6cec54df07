"""What is sampled in an everyday run of the tests, and is another one each day; `--all` tries everything.

The variable TESTS_DAY, which the head of each run names, repeats a day.
"""

import os
import random
from collections.abc import Sequence
from datetime import date

# In the environment, so that all processes of a run have the same one, also around midnight.
DAY = int(os.environ.setdefault("TESTS_DAY", str(date.today().toordinal())))


def turn(things: Sequence) -> list:
    """The one whose turn it is; each has its turn."""
    return [things[DAY % len(things)]] if things else []


def drawn(things: Sequence, count: int, what: str) -> list:
    """Today's choice of `count` of them, in their order. what: tells apart what is drawn for."""
    chosen = random.Random(f"{DAY} {what}").sample(range(len(things)), min(count, len(things)))
    return [things[place] for place in sorted(chosen)]
