"""What is wrong in an assignment's three files, found without running them, all of it at once."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

from autograder.course import regions
from autograder.course.assignment import Assignment
from autograder.course.execute import STUB
from autograder.course.leaks import leaks
from autograder.course.reading import Findings, read_text
from autograder.course.source import CHECK, DEMO, SOLUTION, Cell

ALMOST = re.compile(r"[\s#]*#\s*(BEGIN|END)\s+(SOLUTIONS?|HIDDEN(\s+TESTS?)?)\s*", re.IGNORECASE)
EXACT = re.compile(r"\s*(# )?### (BEGIN|END) (SOLUTION|HIDDEN TESTS)\s*")


def lint(assignment: Assignment) -> None:
    """Raises CourseError with every mistake that can be seen in the three files, each with file and line."""
    findings = Findings()
    for path, kind in ((assignment.checks, regions.HIDDEN), (assignment.notebook, regions.SOLUTION),
                       (assignment.mistakes, "")):
        with findings.gathered():
            _look_at_markers(read_text(path), kind, path, findings)
    with findings.gathered():
        _look_at_checks(assignment, findings)
    with findings.gathered():
        _look_at_cells(assignment, findings)
    with findings.gathered():
        _look_at_mistakes(assignment.mistakes, _cells_or_none(assignment), findings)
    if not findings:
        leaks(assignment, findings)
    findings.settle()


def _look_at_markers(text: str, kind: str, path: Path, findings: Findings) -> None:
    """A marker that is misspelt, or of the other file's kind, would hand out what it should hide."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not ALMOST.fullmatch(line):
            continue
        if not EXACT.fullmatch(line):
            findings.add(f"{path}:{number}: a marker is written `### BEGIN {kind}` or `### END {kind}`" if kind else
                         f"{path}:{number}: no regions in mistakes.py", f"found `{line.strip()}`")
        elif not kind or kind not in line:
            findings.add(f"{path}:{number}: the regions of this file are {kind or 'none'}", f"found `{line.strip()}`",
                         "SOLUTION regions stand in the notebook, HIDDEN TESTS regions in checks.py")


def _look_at_checks(assignment: Assignment, findings: Findings) -> None:
    plan, path = assignment.plan, assignment.checks
    hidden = regions.find(read_text(path), regions.HIDDEN, str(path))
    for part in plan.parts:
        checks = plan.checks_of(part.name)
        if part.points is not None and part.points != plan.points_of(part.name):
            findings.add(f"{path}:{part.line}: the checks of `{part.name}` add up to points={part.points!r}",
                         f"they add up to {plan.points_of(part.name):g}")
        if any(begin < part.line < end for begin, end in hidden):
            findings.add(f"{path}:{part.line}: parts are declared outside of hidden regions",
                         f"`{part.name}` is inside")
        elif all(check.hidden for check in checks):
            findings.add(f"{path}:{part.line}: part `{part.name}` has a check that students see", "all are hidden")


def _look_at_cells(assignment: Assignment, findings: Findings) -> None:
    cells, examined = assignment.cells, 0
    for cell in cells:
        if cell.role == SOLUTION:
            examined += 1
            _look_at_solution(cell, assignment.notebook, findings)
        elif cell.role == DEMO and regions.has(cell.source, regions.SOLUTION):
            findings.add(f"{assignment.notebook}:{cell.line}: SOLUTION regions stand in cells that are graded",
                         "this one is a demo cell: what a student writes there would count for nothing")
        elif cell.role == CHECK and not examined:
            findings.add(f"{assignment.notebook}:{cell.line}: check(\"{cell.name}\") stands below what it checks",
                         "no cell above it has a SOLUTION region")
    if not assignment.plan.parts and not assignment.questions:
        findings.add(f"{assignment.folder}: an assignment has a part or a question", "there is nothing to grade in it")
    elif assignment.plan.parts and "check" not in {name for cell in cells if cell.is_run for name in _imported(cell)}:
        findings.add(f"{assignment.notebook}: a cell imports what the check cells call", "`check` is not imported",
                     "from autograder.notebook import check")


def _imported(cell: Cell) -> list[str]:
    return [alias.asname or alias.name for node in ast.walk(ast.parse(cell.source))
            if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names]


def _look_at_solution(cell: Cell, path: Path, findings: Findings) -> None:
    """Each region is the end of a function's body, so that the student gets a stub."""
    functions = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.FunctionDef)]
    for begin, end in regions.find(cell.source, regions.SOLUTION):
        if not any(node.lineno < begin and end <= _last_line(node, cell.source) for node in functions):
            findings.add(f"{path}:{cell.line + begin - 1}: a SOLUTION region inside a function, below its `def` line",
                         "it is at the top level of the cell, or holds the `def` line itself",
                         "a student gets the signature and the docstring, and writes the body")
            return
    try:
        ast.parse(regions.replace(cell.source, regions.SOLUTION, STUB))
    except SyntaxError as error:
        findings.add(f"{path}:{cell.line}: a cell whose stub compiles too",
                     f"the students' version does not: {error.msg}",
                     "the marker lines are indented like the code between them")


def _last_line(function: ast.FunctionDef, source: str) -> int:
    """The last line of a function, the comments below its code included."""
    lines = source.split("\n")
    last = function.end_lineno
    while last < len(lines) and (not lines[last].strip() or lines[last].startswith((" ", "\t"))):
        last += 1
    return last


def _cells_or_none(assignment: Assignment) -> list[Cell] | None:
    findings = Findings()
    with findings.gathered():
        return assignment.cells
    return None


def _look_at_mistakes(path: Path, cells: list[Cell] | None, findings: Findings) -> None:
    try:
        tree = ast.parse(read_text(path))
    except (SyntaxError, ValueError) as error:
        findings.add(f"{path}:{getattr(error, 'lineno', None) or 1}: Python that compiles",
                     str(getattr(error, "msg", error)))
        return
    writable = _writable(cells) if cells is not None else None
    seen: dict[str, int] = {}
    for node in (node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))):
        for mark in node.decorator_list:
            _look_at_answer(node, mark, writable, f"{path}:{node.lineno}: {node.name}", findings.add)
        if node.name in seen:
            findings.add(f"{path}:{node.lineno}: each answer has its own name",
                         f"line {seen[node.name]} defines `{node.name}` too")
        seen.setdefault(node.name, node.lineno)


def _look_at_answer(node: ast.FunctionDef | ast.ClassDef, mark: ast.expr, writable: set[str] | None, where: str,
                    add: Callable) -> None:
    name = ast.unparse(mark).partition("(")[0]
    if name not in ("replaces", "also_correct"):
        return
    arguments = mark.args if isinstance(mark, ast.Call) else []
    names = [each.value for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if not names or len(names) != len(arguments):
        add(f"{where}: @{name}(\"name\") says what it stands for", f"found `@{ast.unparse(mark)}`")
    if name == "replaces" and not (ast.get_docstring(node) or "").strip():
        add(f"{where} has a docstring", "found none", "it is the hint that the mistake earns")
    for each in names:
        if writable is not None and each not in writable:
            add(f"{where}: @{name} names what students write",
                f"`{each}` is not among it: {', '.join(sorted(writable))}")


def _writable(cells: list[Cell]) -> set[str]:
    """What a mistake can replace: the functions and classes of solution cells, and the classes' methods."""
    names: set[str] = set()
    for node in (node for cell in cells if cell.role == SOLUTION for node in ast.parse(cell.source).body):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
    return names
