"""What of a hand-in is kept: the notebook that counts, the student's own modules that it imports, its pictures."""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from autograder import handed_in
from autograder.collect.download import File, Refused
from autograder.course.assignment import Assignment
from autograder.errors import SubmissionError
from autograder.pictures import travels
from autograder.submission.finding import Candidate, choose
from autograder.submission.modules import needed
from autograder.submission.notebook_file import as_notebook
from autograder.submission.reader import read_cells
from autograder.submission.slots import released_assignments, slots_of

MAX_PICTURES = 128 << 20  # bytes of one hand-in
NAME = re.compile(r"[^/\\\0:*?\"<>|]{1,100}")  # of a file that can be written anywhere
# What Canvas, browsers and Jupyter add to a name that is there already.
ATTEMPT = re.compile(r"(?:[-_ ]++copy(?:[-_ ]*+\d{1,6}+)?+|[-_ ]++\d{1,6}+|[-_ ]*+\(\d{1,6}\))*+[-_ ]*+", re.IGNORECASE)
ENDING = re.compile(r"\.ipynb(\.(txt|json))?$", re.IGNORECASE)


@dataclass
class Contents:
    """notebook: which counts; files: what is written, by path; notes: sentences for the teacher; refused: why nothing
    of it is taken, or ""."""

    notebook: File | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refused: str = ""


def contents(assignment: Assignment, files: list[File]) -> Contents:
    """Of the files of one hand-in."""
    found, slots = Contents(notes=[f"not read: {file.name}: {file.refused}" for file in files if file.refused]), None
    notebooks = [file for file in files if handed_in.is_notebook(file.name) and not file.refused]
    if not notebooks:
        found.refused = f"no notebook: {_names(files) or 'nothing was handed in'}"
        return found
    stem, slots = assignment.notebook.stem, slots_of(assignment)
    found.notebook, notes = _chosen(notebooks, stem, slots)
    try:
        found.files[f"{stem}.ipynb"] = found.notebook.read()
    except Refused as reason:
        found.refused = f"{found.notebook.name} is {reason}"
        return found
    taken = [found.notebook, *_add_modules(found, files, slots, assignment), *_add_pictures(found, files)]
    if others := [file for file in files if file not in taken and not file.refused]:
        found.notes.append(f"not taken: {_names(others)}")
    found.notes += notes
    return found


def _chosen(notebooks: list[File], stem: str, slots: list) -> tuple[File, list[str]]:
    """The notebook of the expected name in its last attempt, else the last notebook; but one that was written in before
    one that was not."""
    def rank(file: File) -> tuple[bool, int, int]:
        begin, rest = file.name[: len(stem)], ENDING.sub("", file.name[len(stem):])
        expected = begin.casefold() == stem.casefold() and ATTEMPT.fullmatch(rest) is not None
        return expected, file.number, int((re.findall(r"\d+", rest) or [0])[-1]) if expected else 0

    likely = sorted(reversed(notebooks), key=rank, reverse=True)
    candidates = [Candidate(file.name, _reader(file), slots) for file in likely]
    if len(likely) > 1 and not candidates[0].written:
        with contextlib.suppress(SubmissionError):  # nobody can say: the likeliest
            choice, notes = choose(candidates, candidates[:1], f"{stem}.ipynb")
            return likely[candidates.index(choice)], notes
    return likely[0], []


def _reader(file: File) -> Callable[[], list[dict]]:
    def read() -> list[dict]:
        try:
            return as_notebook(file.read(), file.name)["cells"]
        except Refused as reason:
            raise SubmissionError(file.name, str(reason)) from None

    return read


def _add_modules(found: Contents, files: list[File], slots: list, assignment: Assignment) -> list[File]:
    """Those that the notebook imports, beside it. What is said of a notebook that is another assignment's."""
    try:
        cells = as_notebook(found.files[f"{assignment.notebook.stem}.ipynb"], found.notebook.name)["cells"]
        submission = read_cells(cells, slots, lambda: released_assignments(assignment.handout.parent, assignment.name))
    except SubmissionError:
        return []  # said when it is graded
    found.notes += [submission.not_this] * bool(submission.not_this)
    modules = {path: file for file in files if file.name.endswith(".py") and not file.refused
               for path in [_module_path(file, found.notebook)]}
    texts = needed([source for _, source in submission.cells], {path: _whole(file) for path, file in modules.items()})
    found.files |= {path: modules[path].read() for path in texts}
    return [modules[path] for path in texts]


def _module_path(file: File, notebook: File) -> str:
    """Where a module lies as the notebook sees it, under the name that it was handed in with first."""
    home = notebook.parts[:-1]
    folders = file.parts[len(home):-1] if file.parts[:len(home)] == home else ()
    stem = file.name.removesuffix(".py")
    name = stem if stem.isidentifier() else re.sub(rf"{ATTEMPT.pattern}$", "", stem, count=1, flags=re.IGNORECASE)
    return "/".join([*folders, f"{name or stem}.py"])


def _whole(file: File) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return file.read()
        except Refused as reason:
            raise SubmissionError(file.name, str(reason)) from None

    return read


def _add_pictures(found: Contents, files: list[File]) -> list[File]:
    """Those that the notebook may show: whatever folders they lay in, they lie beside it now."""
    pictures: dict[str, File] = {}
    for file in files:
        if travels(file.name) and NAME.fullmatch(file.name) and not file.refused:
            pictures.setdefault(file.name, file)
    left = MAX_PICTURES
    for name, file in pictures.items():
        try:
            picture = file.read()
            if len(picture) > left:
                raise Refused(f"more than {MAX_PICTURES >> 20} MB, with the pictures before it")
            found.files[name], left = picture, left - len(picture)
        except Refused as reason:
            found.notes.append(f"not read: {file.name}: {reason}")
    return list(pictures.values())


def _names(files: list[File]) -> str:
    more = f" and {len(files) - 4} more" if len(files) > 4 else ""
    return ", ".join("/".join(file.parts) for file in files[:4]) + more
