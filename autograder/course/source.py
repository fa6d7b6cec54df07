"""Reads a notebook source (jupytext percent format) into cells, each with its role in the course."""

import ast
import re
import sys
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from autograder.course import regions
from autograder.course.reading import NAME, Findings, is_points, read_text
from autograder.errors import CourseError

CHECK_CELL = re.compile(r"""^check\(["']([\w-]+)["']\)$""")

# Jupytext, left to itself, takes `# copy the weights` or `# why?` for a magic that it put into a comment once.
FORMAT = {"extension": ".py", "format_name": "percent", "comment_magics": False}

# What a cell is for. Only GIVEN and SOLUTION cells are run by the grader.
TEXT, GIVEN, SOLUTION, CHECK, DEMO, WRITTEN = "text", "given", "solution", "check", "demo", "written"


@dataclass(frozen=True)
class Cell:
    """One cell of the notebook as its author wrote it.

    name: unique in the notebook; nbgrader's grade_id where the cell has one;
    defines: the functions and classes that a code cell defines at its top level;
    points: of a written question; line: of the file, where its source begins;
    short: of a demo cell, (text, what stands in its place when only whether it runs is asked: a shorter training);
    pictures: of a demo cell, how many it shows, if its author says so.
    """

    role: str
    name: str
    source: str
    defines: tuple[str, ...] = ()
    points: float = 0.0
    line: int = field(default=0, compare=False)
    short: tuple[tuple[str, str], ...] = ()
    pictures: int | None = None

    @property
    def is_code(self) -> bool:
        return self.role in (GIVEN, SOLUTION, CHECK, DEMO)

    @property
    def is_run(self) -> bool:
        """Whether the grader runs this cell."""
        return self.role in (GIVEN, SOLUTION)


def read_cells(path: Path) -> list[Cell]:
    """The cells of one notebook source, in order. Raises CourseError with all that is wrong, each with its line."""
    text = read_text(path)
    regions.find(text, regions.SOLUTION, str(path))
    notebook = _jupytext().reads(text, fmt=FORMAT)
    findings, cells, taken = Findings(), [], set()
    for cell, line in zip(notebook.cells, _first_lines(notebook.cells, text)):
        with findings.gathered():
            made = _read_cell(cell, path, line)
            name = _unique(made.name, taken)
            if name != made.name and made.role in (CHECK, WRITTEN):
                raise CourseError(f"{path}:{line}: each check and question stands in one cell",
                                  f"`{made.name}` has two")
            cells.append(replace(made, name=name, line=line))
    findings.settle()
    return cells


def has_cells(path: Path) -> bool:
    """Whether a Python file is a notebook in percent format."""
    return any(line.startswith("# %%") for line in read_text(path).split("\n"))


def _first_lines(cells: list, text: str) -> list[int]:
    """The line of the file at which each cell's source begins: jupytext does not say."""
    lines = [line.strip() for line in text.split("\n")]
    found, position = [], 0
    for cell in cells:
        source = cell.source.split("\n")
        first = next((line.strip() for line in source if line.strip()), "")
        likely = {first, f"# {first}", f"#{first}"}
        place = next((number for number in range(position, len(lines)) if lines[number] in likely), position)
        found.append(place + 1)
        position = min(place + len(source), len(lines) - 1)
    return found


def _jupytext():
    """The module, imported in a third of the time: without what takes longest and is missed by nobody here, which are
    its manager of a server's files, and the formats of international addresses and durations that jsonschema knows
    where they are installed. There are none in a notebook."""
    left_out = [name for name in ("jupyter_server", "isoduration", "rfc3987_syntax") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(left_out))  # None: the documented way to make an import fail
    try:
        import jupytext
    finally:
        for name in left_out:
            del sys.modules[name]
    return jupytext


def _read_cell(cell, path: Path, line: int) -> Cell:
    source, metadata, where = cell.source, cell.metadata, f"{path}:{line}"
    if cell.cell_type != "code":
        if "question" in metadata:
            return _read_question(source, metadata, where)
        if regions.has(source, regions.SOLUTION):
            raise CourseError(f"{where}: a cell with a model answer says what it is worth",
                              "it has no question= and points=",
                              'for example `# %% [markdown] question="why" points=4`')
        return Cell(TEXT, _slug("text", source), source)
    tags = metadata.get("tags", [])
    if meant := [tag for tag in tags if tag != "demo" and get_close_matches(tag.lower(), ["demo"], cutoff=0.75)]:
        raise CourseError(f"{where}: the tag of a cell that is never graded is `demo`", f"found `{meant[0]}`")
    if "demo" in tags:
        return _read_demo(source, metadata, where)
    if match := CHECK_CELL.match(source.strip()):
        return Cell(CHECK, match[1], source)
    tree = _parsed(source, path, line)
    if any(_calls_check(node) for node in tree.body):
        raise CourseError(f"{where}: a check cell holds `check(\"part\")` and nothing else",
                          "other lines stand beside it, or its argument is not a part's name",
                          "give each check a cell of its own")
    defines = tuple(node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef)))
    role = SOLUTION if regions.has(source, regions.SOLUTION) else GIVEN
    prefix = "code" if role == SOLUTION else "given"
    return Cell(role, f"{prefix}-{defines[0]}" if defines else _slug(prefix, source), source, defines)


def _read_demo(source: str, metadata: dict, where: str) -> Cell:
    short, pictures = metadata.get("short", {}), metadata.get("pictures")
    if not isinstance(short, dict) or not all(isinstance(new, str) for new in short.values()):
        raise CourseError(f"{where}: short= says what stands in a text's place", f"found {short!r}",
                          'for example `# %% tags=["demo"] short={"num_epochs=10": "num_epochs=1"}`')
    if missing := [text for text in short if text not in source]:
        raise CourseError(f"{where}: short= replaces what stands in its cell", f"`{missing[0]}` does not")
    if not (pictures is None or type(pictures) is int and pictures >= 0):
        raise CourseError(f"{where}: pictures= how many the cell shows", f"found {pictures!r}")
    return Cell(DEMO, _slug("demo", source), source, short=tuple(short.items()), pictures=pictures)


def _read_question(source: str, metadata: dict, where: str) -> Cell:
    name, points = metadata["question"], metadata.get("points", 0)
    if not isinstance(name, str) or not NAME.match(name):
        raise CourseError(f"{where}: question= a name of letters, digits, _ and -", f"found {name!r}")
    if not regions.has(source, regions.SOLUTION) or not is_points(points):
        raise CourseError(f"{where}: question `{name}` has points and a model answer",
                          f"points={points!r}" if not is_points(points) else "no `### BEGIN SOLUTION` region")
    return Cell(WRITTEN, name, source, points=float(points))


def _parsed(source: str, path: Path, line: int) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        number = getattr(error, "lineno", None) or 1
        magic = source.split("\n")[number - 1].lstrip().startswith(("%", "!"))
        raise CourseError(f"{path}:{line + number - 1}: Python that compiles", getattr(error, "msg", str(error)),
                          "magics and shell commands belong in demo cells: tags=[\"demo\"]" if magic else "") from None


def _calls_check(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "check"


def _slug(prefix: str, source: str) -> str:
    """A readable name from the first words of a cell, such as text-one-step-forward."""
    words = re.findall(r"[a-z0-9_]+", source.lower())
    return "-".join([prefix, *words[:6]])[:56].rstrip("-")


def _unique(name: str, taken: set[str]) -> str:
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name}-{count}"
    taken.add(candidate)
    return candidate
