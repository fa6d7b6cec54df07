"""Where a notebook speaks of a part: the cells that are written for it, the headings above them."""

import re
from dataclasses import dataclass, field

from autograder.course.source import CHECK_CELL
from autograder.submission import grade_id_of, source_of

HEADING = re.compile(r"^(#{1,6}) +(.+?) *$", re.MULTILINE)


@dataclass
class Passage:
    """headings: from the outermost to those right above the part; cells: the grade_ids of the cells that a student
    writes for it."""

    headings: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        return " › ".join(self.headings) or "the text above it"


def passages(cells: list[dict]) -> dict[str, Passage]:
    """The passage of each part, from the cells of the notebook as it was handed out."""
    found: dict[str, Passage] = {}
    title, above = "", []  # the notebook's, and the headings in force as (level, text)
    current, latest = Passage(), Passage()
    for raw in cells:
        source = source_of(raw)
        if raw["cell_type"] == "markdown" and not grade_id_of(raw):
            for marks, heading in HEADING.findall(_without_fences(source)):
                title = title or heading
                above = [each for each in above if each[0] < len(marks)] + [(len(marks), heading)]
            current.headings = [heading for _, heading in above if heading != title]
        elif match := CHECK_CELL.match(source.strip()):
            latest = Passage(current.headings or latest.headings, current.cells or latest.cells)
            found[match[1]], current = latest, Passage()
        elif raw["cell_type"] == "code" and raw["metadata"].get("nbgrader", {}).get("solution"):
            current.cells.append(grade_id_of(raw))
    return found


def _without_fences(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
