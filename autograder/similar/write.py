"""Reads the reports of an assignment, and writes similar/<assignment>.html: the pairs worth a look, side by side."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.course import regions
from autograder.course.assignment import Assignment
from autograder.course.execute import STUB
from autograder.errors import AutograderError
from autograder.render import clean
from autograder.report import load, write_whole
from autograder.similar.compare import Agreement, Pair, compare
from autograder.similar.shape import line_shapes, shape

COURSE = "(the course's own answer)"
MAX_PAIRS, MAX_LINES, MAX_LINE = 40, 400, 300  # that the page shows


def find_similar(assignment: Assignment, top: int = 0) -> tuple[list[Pair], dict[str, dict[str, str]]]:
    """The pairs worth a look, or the first `top` if they are more, and everybody's code: member -> part -> code.

    Raises AutograderError without reports.
    """
    folder = assignment.root / "reports" / assignment.name
    paths = [path for path in sorted(folder.glob("*.json")) if not path.name.startswith(".")]
    if not paths:
        raise AutograderError(f"reports of {assignment.name}", f"there are none in reports/{assignment.name}/",
                              f"run `autograder grade {assignment.name}` first")
    handout, code = _course_code(assignment)
    members = {COURSE: code}
    for report in map(load, paths):
        members[report.student] = {part.name: part.code for part in report.parts if part.name in handout}
    shapes = {member: {part: shape(text, handout[part]) for part, text in parts.items()}
              for member, parts in members.items()}
    return [pair for place, pair in enumerate(compare(shapes)) if place < top or pair.is_worth_a_look], members


def _course_code(assignment: Assignment) -> tuple[dict[str, str], dict[str, str]]:
    """What students start from, and the course's own answer, of each part; parts that share cells are taken once."""
    stubs, answers, seen = {}, {}, []
    for part in assignment.plan.parts:
        cells = assignment.cells_of(part.name)
        if cells not in seen:
            seen.append(cells)
            answers[part.name] = "\n\n\n".join(cell.source for cell in cells)
            stubs[part.name] = regions.replace(answers[part.name], regions.SOLUTION, STUB)
    return stubs, answers


def write_page(assignment: Assignment, pairs: list[Pair], members: dict[str, dict[str, str]]) -> Path:
    """Writes the page, and gives its path."""
    shown = [(pair, [(agreement, *_sides(agreement, pair, members)) for agreement in pair.agreements])
             for pair in pairs[:MAX_PAIRS]]
    worth = sum(pair.is_worth_a_look for pair in pairs)
    text = _environment().get_template("page.html.j2").render(assignment=assignment.name, pairs=shown, worth=worth,
                                                             students=len(members) - 1)
    path = assignment.root / "similar" / f"{assignment.name}.html"
    write_whole(path, text.encode("utf-8", "replace"))
    return path


@dataclass(frozen=True)
class Line:
    text: str
    same: bool


def _sides(agreement: Agreement, pair: Pair, members: dict[str, dict[str, str]]) -> list[list[Line]]:
    """The lines of both, each with whether a line of that shape is in the other's code too."""
    codes = [members[member][agreement.part] for member in (pair.first, pair.second)]
    shapes = [line_shapes(code) for code in codes]
    return [[Line(clean(line, MAX_LINE), bool(key) and key in set(other))
             for line, key in list(zip(code.splitlines(), own))[:MAX_LINES]]
            for code, own, other in zip(codes, shapes, reversed(shapes))]


@lru_cache(1)
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("autograder.similar", ""), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["clean"] = clean
    return environment
