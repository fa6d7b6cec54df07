"""Finds the course and its assignments: three files in a folder of solutions/ make one."""

import os
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from autograder.course import source
from autograder.course.plan import Plan, read_plan
from autograder.course.reading import Findings
from autograder.course.support import AT_HOME, support_files
from autograder.errors import CourseError


@dataclass(frozen=True)
class Assignment:
    """One folder of solutions/."""

    root: Path
    name: str

    @property
    def folder(self) -> Path:
        return self.root / "solutions" / self.name

    @property
    def handout(self) -> Path:
        """The generated folder that students get."""
        return self.root / "assignments" / self.name

    @cached_property
    def notebook(self) -> Path:
        """The percent-format notebook: the one .py with cells that is neither checks nor mistakes."""
        found = [path for path in sorted(self.folder.glob("*.py"))
                 if path.name not in ("checks.py", "mistakes.py") and not path.name.startswith(AT_HOME)]
        if len(found) > 1:  # modules that it imports have none
            found = [path for path in found if source.has_cells(path)] or found
        if len(found) != 1:
            names = ", ".join(path.name for path in found) or "none"
            raise CourseError(f"{self.folder}: one notebook beside checks.py and mistakes.py", f"found {names}")
        return found[0]

    @cached_property
    def support(self) -> dict[str, bytes]:
        """Path -> content of what is handed out beside the notebook: figures, small data, modules."""
        made = {self.notebook.name, self.checks.name, self.mistakes.name, f"{self.notebook.stem}.ipynb"}
        return support_files(self.folder, made)

    @property
    def modules(self) -> dict[str, str]:
        """Path -> text of those of the support files that a notebook can import."""
        modules = {name: content for name, content in self.support.items() if name.endswith(".py")}
        return {name: content.decode("utf-8", "replace") for name, content in modules.items()}

    @property
    def checks(self) -> Path:
        return self.folder / "checks.py"

    @property
    def mistakes(self) -> Path:
        return self.folder / "mistakes.py"

    @cached_property
    def plan(self) -> Plan:
        return read_plan(self.checks)

    @cached_property
    def cells(self) -> list[source.Cell]:
        """The notebook's cells; raises CourseError unless its check cells are the plan's parts, in order."""
        cells = source.read_cells(self.notebook)
        self._compare([cell for cell in cells if cell.role == source.CHECK])
        return cells

    def _compare(self, checked: list[source.Cell]) -> None:
        findings, names = Findings(), [cell.name for cell in checked]
        declared = [part.name for part in self.plan.parts]
        for part in self.plan.parts:
            if part.name not in names:
                findings.add(f"{self.checks}:{part.line}: part `{part.name}` has a check cell in the notebook",
                             f"{self.notebook.name} has none",
                             f'below its solution cells: a cell with `check("{part.name}")` and nothing else')
        for cell in checked:
            if cell.name not in declared:
                findings.add(f'{self.notebook}:{cell.line}: check("{cell.name}") names a part of checks.py',
                             f"the parts are {', '.join(declared) or 'none'}",
                             f'declare `part("{cell.name}")` in checks.py')
        if not findings and names != declared:
            cell, part = next((cell, part) for cell, part in zip(checked, declared) if cell.name != part)
            findings.add(f"{self.notebook}:{cell.line}: check cells in the order in which checks.py declares the parts",
                         f"`{cell.name}` stands where `{part}` is declared")
        findings.settle()

    def cells_of(self, part: str) -> list[source.Cell]:
        """The solution cells that a check cell examines: those between it and the check cell before it,
        or, for two check cells in a row, those of the first."""
        if part not in self._examined:
            raise CourseError(f"{self.name}: a part of this assignment", f"there is no part `{part}`")
        return self._examined[part]

    @cached_property
    def _examined(self) -> dict[str, list[source.Cell]]:
        latest, current, found = [], [], {}
        for cell in self.cells:
            if cell.role == source.SOLUTION:
                current.append(cell)
            elif cell.role == source.CHECK:
                latest, current = current or latest, []
                found.setdefault(cell.name, latest)
        return found

    def defined_by(self, part: str) -> set[str]:
        """The names of the functions and classes that a student writes for a part."""
        return {name for cell in self.cells_of(part) for name in cell.defines}

    @property
    def questions(self) -> list[source.Cell]:
        """The written questions, graded by hand."""
        return [cell for cell in self.cells if cell.role == source.WRITTEN]

    @property
    def max_points(self) -> float:
        return (sum(check.points for check in self.plan.checks)
                + sum(question.points for question in self.questions))


def find_root(start: Path | None = None) -> Path:
    """The course folder: `start` or the nearest folder above it that holds solutions/ or assignments/.

    The environment variable AUTOGRADER_COURSE comes first where it is set.
    """
    if given := os.environ.get("AUTOGRADER_COURSE"):
        return Path(given).resolve()
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "solutions").is_dir() or (folder / "assignments").is_dir():
            return folder
    raise CourseError("a course: a folder that holds solutions/ or assignments/",
                      f"neither is in {start} or above it",
                      "change to the course's folder, or set AUTOGRADER_COURSE to its path")


def assignment_names(root: Path) -> list[str]:
    """The assignments of a course, in the order of their names."""
    return sorted(path.parent.name for path in (root / "solutions").glob("*/checks.py"))


def load_assignment(name: str, root: Path | None = None) -> Assignment:
    """The assignment of that name; raises CourseError naming those that there are."""
    root = root or find_root()
    names = assignment_names(root)
    if name not in names:
        folder = root / "solutions" / name
        if name and folder.parent == root / "solutions" and folder.is_dir():
            raise CourseError(f"{folder}: a notebook, checks.py and mistakes.py", "there is no checks.py")
        raise CourseError(f"the assignment `{name}`", f"solutions/ holds {', '.join(names) or 'none'}",
                          _meant(name, names) or f"`autograder new {name}` makes one: a folder with <notebook>.py, "
                                                 "checks.py and mistakes.py")
    return Assignment(root, name)


def _meant(name: str, names: list[str]) -> str:
    """A question that names the assignment which was probably meant: by a slip, half its name or its path."""
    last = Path(name).name
    close = [each for each in names if last and last in each] or get_close_matches(last, names, n=1)
    return f"is it `{close[0]}`?" if close else ""
