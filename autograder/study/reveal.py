"""The reference of a part, and what goes wrong with it: only where solutions/ is."""

from dataclasses import dataclass

from autograder.course import regions
from autograder.errors import DataError
from autograder.study.handout import Handout
from autograder.study.hint import answers_of
from autograder.study.statement import passages


@dataclass
class Answer:
    """place: where the notebook explains it; code: the reference; mistakes: what people get wrong, in sentences."""

    place: str
    code: str
    mistakes: list[str]


def reveal(handout: Handout, part: str) -> Answer:
    """Raises DataError in a student's copy, which has no answers."""
    from autograder.course.execute import read_answers
    from autograder.examine.open import mistakes_of

    assignment = answers_of(handout)
    if assignment is None:
        raise DataError(f"the answer to `{part}`, in solutions/{handout.name}", "this copy has no answers in it",
                        f"`autograder hint {part}` gives hints, one more each time")
    code = "\n\n\n".join(_unmarked(cell.source) for cell in assignment.cells_of(part))
    hints = [mistake.hint for mistake in mistakes_of(assignment, part, read_answers(assignment))]
    return Answer(passages(handout.released[1])[part].place, code, list(dict.fromkeys(hints)))


def _unmarked(source: str) -> str:
    markers = (f"### BEGIN {regions.SOLUTION}", f"### END {regions.SOLUTION}")
    return "\n".join(line for line in source.split("\n") if not any(marker in line for marker in markers))
