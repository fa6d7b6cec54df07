"""The pictures of a student's own text: found in Markdown, read, and made small and harmless in a room.

`find` reads text alone, `album` also the files and data that it names; `shrink` decodes them, in a room (`darkroom`) or
on the machine of whoever owns them.
"""

from autograder.pictures.album import OWN, Album, Unseen, shown
from autograder.pictures.beside import SUFFIXES, beside, travels
from autograder.pictures.find import sources

__all__ = ["OWN", "SUFFIXES", "Album", "Unseen", "beside", "shown", "sources", "travels"]
