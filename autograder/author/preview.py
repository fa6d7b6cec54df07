"""One page that shows an assignment as a student first sees it, its checks run on the stubs. It needs no network."""

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.audit.whole import run_whole
from autograder.author.markdown import to_html
from autograder.course.assignment import Assignment
from autograder.course.execute import execute, stub_sources
from autograder.course.source import CHECK, DEMO, GIVEN, SOLUTION, TEXT, WRITTEN, Cell
from autograder.examine.desks import NamespaceDesk
from autograder.examine.open import handout_examiner
from autograder.release.build import build
from autograder.render import clean, number, part_html
from autograder.report import write_whole

LABELS = {TEXT: "", GIVEN: "given: runs as it is, whatever students do to it", SOLUTION: "to be written",
          DEMO: "demo: never graded"}


@dataclass(frozen=True)
class Shown:
    """A cell of the page: its role, what stands beside it, and it and its output as HTML."""

    role: str
    label: str
    body: str
    output: str = ""


def preview(assignment: Assignment, run: bool = False) -> tuple[Path, list[str]]:
    """Writes build/preview/<name>.html, and beside it the folder that a student would get. assignments/ stays as it is.
    The page's path, and what went wrong in a run.

    run: runs the notebook with its solutions too, and shows what its demo cells show. Raises CourseError for all that
    is wrong in the sources.
    """
    files = build(assignment)
    folder = assignment.root / "build" / "preview" / assignment.name
    for name, content in files.items():
        write_whole(folder / name, content)
    cells = json.loads(files[f"{assignment.notebook.stem}.ipynb"])["cells"]
    outputs, problems = _first_outputs(assignment, folder), []
    if run:
        whole = run_whole(assignment)
        outputs |= {cell.name: _shown(ran["outputs"]) for cell, ran in zip(assignment.cells, whole.notebook["cells"])
                    if cell.role == DEMO}
        problems = whole.problems
    shown = [Shown(cell.role, _label(cell, assignment), _body(cell, "".join(raw["source"])), outputs.get(cell.name, ""))
             for cell, raw in zip(assignment.cells, cells)]
    page = folder.with_name(f"{assignment.name}.html")
    write_whole(page, _page(assignment, shown).encode())
    return page, problems


def _first_outputs(assignment: Assignment, folder: Path) -> dict[str, str]:
    """Part -> what its check cell says before anything is written."""
    with handout_examiner(folder) as examiner:
        desk = NamespaceDesk(lambda: vars(execute(stub_sources(assignment), assignment=assignment)))
        return {result.name: part_html(result) for result in examiner.examine(desk)}


def _shown(outputs: list) -> str:
    """What a demo cell shows: its pictures, and its words as text."""
    shown = []
    for output in outputs:
        data = output.get("data", {})
        if picture := data.get("image/png"):
            image = f'<img alt="" src="data:image/png;base64,{picture.strip()}">'
            shown.append(data.get("text/html", image))  # the course's own pictures have their words there
        else:
            said = output.get("text") or data.get("text/plain") or f"{output.get('ename')}: {output.get('evalue')}"
            shown.append(f"<pre>{escape(clean(said))}</pre>")
    return "".join(shown)


def _label(cell: Cell, assignment: Assignment) -> str:
    if cell.role == WRITTEN:
        return f"question, {number(cell.points)} points, graded by hand"
    if cell.role == CHECK:
        hidden = sum(check.points for check in assignment.plan.checks_of(cell.name) if check.hidden)
        return f"{number(assignment.plan.points_of(cell.name))} points" + (
            f", {number(hidden)} of them in hidden checks" if hidden else "")
    return LABELS[cell.role]


def _body(cell: Cell, source: str) -> str:
    return highlight(source, PythonLexer(), HtmlFormatter()) if cell.is_code else to_html(source)


def _page(assignment: Assignment, cells: list[Shown]) -> str:
    plan = assignment.plan
    visible = sum(check.points for check in plan.checks if not check.hidden)
    written = sum(question.points for question in assignment.questions)
    totals = [("checks that students see", visible), ("hidden checks", assignment.max_points - visible - written),
              ("questions that are graded by hand", written)]
    environment = Environment(loader=PackageLoader("autograder.author", "."), autoescape=True, trim_blocks=True,
                              lstrip_blocks=True, undefined=StrictUndefined)
    return environment.get_template("preview.html.j2").render(
        name=assignment.name, cells=cells, number=number, total=assignment.max_points, totals=totals,
        light=HtmlFormatter(style="default").get_style_defs(".highlight"),
        dark=HtmlFormatter(style="github-dark").get_style_defs(".highlight"))
