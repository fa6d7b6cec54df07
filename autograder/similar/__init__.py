"""Finds solutions that agree more than solutions usually do: a reason to look and to ask, never a verdict."""

from autograder.similar.compare import Pair, compare
from autograder.similar.write import find_similar, write_page

__all__ = ["Pair", "compare", "find_similar", "write_page"]
