"""Reads a submitted notebook without running it: which cells to run, in which order, and whose text they have."""

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import regions
from autograder.course.assignment import Assignment
from autograder.course.source import CHECK, CHECK_CELL, DEMO, GIVEN, SOLUTION, TEXT, WRITTEN, Cell
from autograder.errors import SubmissionError
from autograder.release.notebook import ANSWER_STUB

MAX_BYTES = 64 << 20
TIMING_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")  # cell magics whose body is still the student's code
NOT_PYTHON = re.compile(r"[%!?]|.*\?$|\w+\s*=\s*[!%]")  # a stripped line of magic, shell or help


@dataclass
class Submission:
    """What a notebook says.

    cells: (name, source) of what the room runs, in order; code: what was written for each part;
    answers: to the written questions; notes: sentences on what is unusual.
    """

    cells: list[tuple[str, str]] = field(default_factory=list)
    code: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_notebook(folder: Path, stem: str) -> tuple[Path, list[str]]:
    """The submitted notebook and notes on its name. Raises SubmissionError if there is none, or a choice of several."""
    expected = folder / f"{stem}.ipynb"
    if expected.is_file():
        return expected, []
    if not folder.is_dir():
        raise SubmissionError(f"a folder with {expected.name}", f"{folder.name} is not a folder")
    found = sorted(path for path in folder.glob("*.ipynb") if path.is_file())
    if len(found) == 1:
        return found[0], [f"the notebook is called {found[0].name}, expected {expected.name}"]
    names = ", ".join(path.name for path in sorted(folder.iterdir())[:8]) or "nothing"
    raise SubmissionError(f"the notebook {expected.name}", f"the folder holds {names}")


def read_submission(path: Path, assignment: Assignment) -> Submission:
    """Raises SubmissionError for a file that is not a notebook."""
    submission = Submission()
    course = {cell.name: cell for cell in assignment.cells if cell.role not in (TEXT, DEMO)}
    demos = {_bare(cell.source) for cell in assignment.cells if cell.role == DEMO}
    given = _Given(assignment.cells)
    seen: set[str] = set()
    for number, raw in enumerate(raw_cells(path), start=1):
        source, known = source_of(raw), course.get(grade_id_of(raw))
        name = f"cell {number}"
        if known is not None and known.name in seen:
            submission.notes.append(f"{name} is a second copy of `{known.name}`")
        if known is not None and known.role == WRITTEN:
            submission.answers[known.name] = source
        elif raw.get("cell_type") == "code" and not _is_skipped(raw, source, known, demos):
            if known is not None and known.role == GIVEN:
                submission.cells += given.up_to(known, included=True)
            else:
                if known is not None:
                    submission.cells += given.up_to(known, included=False)
                submission.cells.append((name, plain_python(source)))
        if known is not None:
            seen.add(known.name)
            if known.role == SOLUTION:
                _note_code(submission, assignment, known, source)
    submission.cells += given.rest()
    missing = [cell.name for cell in course.values() if cell.name not in seen]
    if missing:
        submission.notes.append(f"cells that are missing from the notebook: {', '.join(missing)}")
    return submission


def runnable_cells(path: Path) -> list[tuple[str, str]]:
    """(name, source) of all cells but checks and demos, where there is no course to compare with: a student's copy.

    Raises SubmissionError for a file that is not a notebook.
    """
    return [(f"cell {number}", plain_python(source_of(raw))) for number, raw in enumerate(raw_cells(path), start=1)
            if raw.get("cell_type") == "code" and not _is_skipped(raw, source_of(raw), None, set())]


class _Given:
    """The course's locked cells: they run in the course's order and before what follows them there,
    whatever a submission did with its copies of them."""

    def __init__(self, cells: list[Cell]):
        self._order = {cell.name: position for position, cell in enumerate(cells)}
        self._waiting = [cell for cell in cells if cell.role == GIVEN]

    def up_to(self, cell: Cell, included: bool) -> list[tuple[str, str]]:
        limit = self._order[cell.name] + included
        due = [each for each in self._waiting if self._order[each.name] < limit]
        self._waiting = self._waiting[len(due):]
        return [(each.name, each.source) for each in due]

    def rest(self) -> list[tuple[str, str]]:
        return [(each.name, each.source) for each in self._waiting]


def plain_python(source: str) -> str:
    """A cell's Python without IPython's magics, help and shell lines; what compiles is left as it is."""
    first = source.lstrip().split("\n", 1)[0]
    if first.startswith("%%"):
        if not first.startswith(TIMING_MAGICS):
            return ""
        source = source.lstrip().partition("\n")[2]
    lines = ["" if NOT_PYTHON.match(line.strip()) else line for line in source.split("\n")]
    if "\n".join(lines) == source or _compiles(source):  # the first is so for most, and quicker to see
        return source
    # A block that held nothing but a magic still needs a body: keep the line's indentation and pass.
    kept = "\n".join(line or _passing(original) for line, original in zip(lines, source.split("\n")))
    return kept if _compiles(kept) else source


def _passing(original: str) -> str:
    return original[: len(original) - len(original.lstrip())] + "pass" if original.strip() else original


def _compiles(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def raw_cells(path: Path) -> list[dict]:
    """The cells of a notebook file as they stand in it. Raises SubmissionError for a file that is not a notebook."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SubmissionError(f"a notebook of at most {MAX_BYTES >> 20} MB",
                                  f"{path.name} has {path.stat().st_size >> 20} MB",
                                  "clear its outputs in Jupyter and save it again")
        notebook = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SubmissionError(f"{path.name}, a file that can be read", str(error.strerror or error)) from None
    except UnicodeDecodeError as error:
        raise SubmissionError(f"{path.name} in UTF-8", f"byte {error.start} is not",
                              "open it in Jupyter and save it again") from None
    except (ValueError, RecursionError) as error:
        raise SubmissionError(f"{path.name}, a Jupyter notebook", f"it is not JSON: {error}",
                              "submit the .ipynb file itself, as Jupyter saves it") from None
    return _checked_cells(_upgraded(notebook, path), path)


def _upgraded(notebook, path: Path) -> dict:
    """An old notebook (format 1 to 3) in today's format."""
    version = notebook.get("nbformat") if isinstance(notebook, dict) else None
    if not isinstance(version, int):
        raise SubmissionError(f"{path.name}, a Jupyter notebook", "it is JSON, but has no `nbformat`")
    if version >= 4:
        return notebook
    import nbformat

    try:
        return nbformat.convert(nbformat.from_dict(notebook), 4)
    except Exception as error:
        raise SubmissionError(f"{path.name}, a notebook of format 4",
                              f"its format {version} cannot be converted: {error}",
                              "open it in Jupyter and save it again") from None


def _checked_cells(notebook: dict, path: Path) -> list[dict]:
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise SubmissionError(f"{path.name}, a Jupyter notebook with a list of cells", "it has none")
    return cells


def source_of(raw: dict) -> str:
    """The text of a raw cell, whatever it holds."""
    source = raw.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _metadata(raw: dict) -> dict:
    return raw["metadata"] if isinstance(raw.get("metadata"), dict) else {}


def grade_id_of(raw: dict) -> str:
    """nbgrader's name of a raw cell, or an empty string."""
    nbgrader = _metadata(raw).get("nbgrader")
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return name if isinstance(name, str) else ""


def _is_skipped(raw: dict, source: str, known: Cell | None, demos: set[str]) -> bool:
    """Check cells and demo cells (training, plots) are not run."""
    if known is not None:
        return known.role == CHECK
    tags = _metadata(raw).get("tags")
    is_demo = isinstance(tags, list) and "demo" in tags or _bare(source) in demos
    return is_demo or not source.strip() or CHECK_CELL.match(source.strip()) is not None


def _bare(source: str) -> str:
    return "".join(source.split())


def _note_code(submission: Submission, assignment: Assignment, cell: Cell, source: str) -> None:
    for part in assignment.plan.parts:
        if cell in assignment.cells_of(part.name):
            before = submission.code.get(part.name)
            submission.code[part.name] = f"{before}\n\n\n{source}" if before else source


def is_answered(question: Cell, answer: str | None) -> bool:
    """Whether a written question got any other text than its stub."""
    stub = regions.replace(question.source, regions.SOLUTION, ANSWER_STUB)
    return bool(_bare(answer or "")) and _bare(answer) != _bare(stub)
