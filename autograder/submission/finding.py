"""Finds the notebook that counts in a folder: never a blank one where an answered one lies beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder import handed_in
from autograder.errors import SubmissionError
from autograder.submission.matching import placed
from autograder.submission.notebook_file import source_of, submitted_cells
from autograder.submission.slots import WRITABLE, Slot, bare


def find_notebook(folder: Path, stem: str, slots: list[Slot] | None = None) -> tuple[Path, list[str]]:
    """The submitted notebook and notes on its name; slots: the course's cells, to tell a blank notebook from others.

    Raises SubmissionError if there is none, or a choice of several."""
    expected, there = f"{stem}.ipynb", handed_in.names(folder)
    found = [Candidate(name, lambda name=name: submitted_cells(folder / name), slots or [])
             for name in handed_in.plain_files(folder, handed_in.is_notebook)]
    if expected in there and expected not in {each.name for each in found} or not found:
        odd = f"{expected} is no plain file but a folder, a link or a device; " if expected in there else ""
        raise SubmissionError(f"the notebook {expected}", f"{odd}the folder holds {', '.join(there[:8]) or 'nothing'}")
    choice, notes = choose(found, [each for each in found if each.name == expected][:1], expected)
    return folder / choice.name, notes


@dataclass
class Candidate:
    """A notebook that may be the one. read: gives its cells, or raises SubmissionError."""

    name: str
    read: Callable[[], list[dict]]
    slots: list[Slot]

    @cached_property
    def cells(self) -> list[dict] | None:
        """None for a file that cannot be read."""
        try:
            return self.read()
        except SubmissionError:
            return None

    @cached_property
    def written(self) -> dict[str, str]:
        """What was written into which of the course's cells."""
        places = placed(self.cells or [], self.slots)
        return {slot.name: bare(source_of(place.raw)) for place in places for slot in place.slots
                if slot.role in WRITABLE and not place.is_untouched}


def choose(found: list[Candidate], preferred: list[Candidate], expected: str) -> tuple[Candidate, list[str]]:
    """The one that counts, and sentences on the choice. preferred: those of the right name, the likeliest first.

    Raises SubmissionError where a person has to say it.
    """
    if len(found) == 1:
        return found[0], [] if preferred else [f"the notebook is called {found[0].name}, expected {expected}"]
    if preferred and (preferred[0].written or not any(each.written for each in found)):
        fuller = [each.name for each in found if len(each.written) > len(preferred[0].written)]
        return preferred[0], [f"{' and '.join(fuller)} beside {preferred[0].name} has more written in it, and is not "
                              "what counts"] if fuller else []
    best = max(found, key=lambda each: len(each.written))
    rivals = [each for each in found if each is not best and each.written.items() - best.written.items()]
    if not best.written or rivals:
        names = ", ".join(each.name for each in ([best, *rivals] if rivals else found)[:8])
        raise SubmissionError(f"the notebook {expected}, or one that was written in",
                              f"{names}: {'each was written in' if rivals else 'none was'}",
                              f"leave the one that counts, and call it {expected}")
    why = f"there is no {expected}"
    if preferred:
        why = f"{preferred[0].name} {'cannot be read' if preferred[0].cells is None else 'is as it was handed out'}"
    return best, [f"{why}: {best.name}, which was written in, counts"]
