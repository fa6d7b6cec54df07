"""What the rooms of one submission may use together, however many cells, calls and rooms it takes."""

import math
import time

from autograder.errors import BudgetSpent


class Budget:
    """So many seconds by the clock, and as many of processor time.

    Honest notebooks take a hundredth of what is usual. Deadlines of cells and calls alone bound nobody: cells run again
    in each room, and calls may come by the hundred.
    """

    def __init__(self, seconds: float = math.inf):
        self.seconds = seconds
        self.ends = time.monotonic() + seconds
        self.cpu = seconds  # what is left

    @property
    def is_spent(self) -> bool:
        return self.cpu <= 0 or time.monotonic() >= self.ends

    def spend(self, cpu: float) -> None:
        """What a room that has ended took of the processors, in seconds."""
        self.cpu -= cpu

    def require(self) -> None:
        """Raises BudgetSpent if nothing is left."""
        if self.is_spent:
            raise BudgetSpent(self.seconds)
