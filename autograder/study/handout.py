"""Finds a student's copy of an assignment: by its notebook, by a part, or all that are here."""

import contextlib
import difflib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.course.assignment import find_root
from autograder.course.plan import Plan, read_plan
from autograder.course.source import GIVEN
from autograder.errors import CourseError, DataError, SubmissionError
from autograder.notebook.meant import part_meant
from autograder.submission import Slot, Submission, raw_cells, read_cells, released_slots, with_modules
from autograder.submission.finding import Candidate, choose
from autograder.submission.packages import unexpected
from autograder.submission.slots import released_assignments, written_for

FILES = ("checks.py", "recorded.h5")
HOME = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Handout:
    """An assignment's folder as a student has it, and the notebook in it that is worked on. note: a sentence on why it
    is that one, where there are several."""

    folder: Path
    notebook: Path
    note: str = ""

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def plan(self) -> Plan:
        """The parts, with the visible checks."""
        return read_plan(self.folder / "checks.py")

    @cached_property
    def released(self) -> tuple[str, list[dict]]:
        """The file name and the cells of the notebook as it was handed out."""
        from autograder.examine.recorded import read_notebook

        name, content = read_notebook(self.folder / "recorded.h5")
        return name, json.loads(content)["cells"]

    @cached_property
    def slots(self) -> list[Slot]:
        """Its cells as the grader's reading knows them."""
        return released_slots(self.released[1])

    @property
    def given(self) -> list[str]:
        """The names of the cells that the course wrote, and the room runs."""
        return [slot.name for slot in self.slots if slot.role == GIVEN]

    def submission(self) -> Submission:
        """The saved notebook, and the modules beside it, read as the grader reads them. Raises SubmissionError for a
        file that is no notebook."""
        found = read_cells(raw_cells(self.notebook), self.slots,
                           lambda: released_assignments(self.folder.parent, but=self.name))
        return with_modules(found, self.folder.resolve())

    def unexpected(self, submission: Submission) -> dict[str, str]:
        """package -> where it is needed, of those that a grader may lack."""
        given = [slot.text for slot in self.slots if slot.is_code]
        return unexpected([*submission.modules.items(), *submission.cells], given, submission.modules)

    @property
    def written(self) -> dict[str, list[str]]:
        """For each part the functions and classes that are written for it."""
        return {part: [name for slot in slots for name in sorted(slot.defines)]
                for part, slots in written_for(self.slots).items()}

    def require(self, parts: tuple[str, ...]) -> None:
        """Raises DataError, with the nearest name, for a part that this assignment does not have."""
        known = [part.name for part in self.plan.parts]
        for name in parts:
            if name not in known:
                raise DataError(f"a part of {self.name}", f"there is no `{name}`", part_meant(name, self.written))


def the_one(path: str | None) -> Handout:
    """The handout of a notebook, of a folder, or without either the one we stand in, or the only one here.

    Raises DataError where that is none, or a choice of several.
    """
    if path:
        return of_notebook(Path(path))
    found = [handout for handout in find_all() if handout.folder == here()] or find_all()
    if len(found) != 1:
        raise DataError("which notebook is meant", f"there are {', '.join(each.notebook.name for each in found)}",
                        f"name it: {_quoted(found[0].notebook)}")
    return found[0]


def of_notebook(path: Path) -> Handout:
    """The handout that a notebook lies in, or that a folder is. Raises DataError for a file that lies in none."""
    path = path.absolute()
    if _is_handout(path):
        return in_folder(path)
    if path.suffix != ".ipynb" or not path.is_file():
        raise DataError("a notebook, a file that ends with .ipynb", f"{path} is {_kind(path)}")
    for name in FILES:
        if not (path.parent / name).is_file():
            raise DataError(f"{name} beside {path.name}", f"{path.parent} has none",
                            "keep the notebook in the handout's folder")
    return Handout(path.parent, path)


def find_all() -> list[Handout]:
    """All assignments of the course in or above this folder, or right in it; else of the handout that this program
    belongs to. Raises CourseError where there are none."""
    return [in_folder(folder) for folder in _all_folders()]


def _all_folders() -> list[Path]:
    standing = here()
    folders = {*_handouts(Path.cwd()), *([standing, *_handouts(standing.parent)] if standing else [])}
    try:
        folders.update(_handouts(find_root() / "assignments"))
    except CourseError:
        folders.update(() if folders else _handouts(HOME / "assignments"))
        if not folders:
            raise
    return sorted(folders)


def own_folders() -> list[Path]:
    """The folders of one's own handouts: those of the course whose solutions/ are here or above, where there is one."""
    with contextlib.suppress(CourseError):
        root = find_root()
        return sorted(_handouts(root / "assignments")) if (root / "solutions").is_dir() else _all_folders()
    return []


def is_foreign(path: Path) -> bool:
    """Whether a notebook, or a folder of one, lies outside one's own handouts: it may be anybody's."""
    places, own = {path.resolve(), path.resolve().parent}, own_folders()
    return path.exists() and bool(own) and places.isdisjoint(folder.resolve() for folder in own)


def having(part: str, notebook: str | None = None, option: str = "--notebook ") -> Handout:
    """The handout with that part: the one of `notebook`, the one we stand in, or the only one here that has it.

    option: what a command wants to be told before the path of a notebook.

    Raises DataError where there is none, or a choice of several.
    """
    if notebook:
        handout = of_notebook(Path(notebook))
        handout.require((part,))
        return handout
    everywhere, standing = find_all(), here()
    found = [handout for handout in everywhere if any(each.name == part for each in handout.plan.parts)]
    found = [handout for handout in found if handout.folder == standing] or found
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"the notebook with the part `{part}`",
                        f"several have one: {', '.join(str(handout.notebook) for handout in found)}",
                        f"say which: {option}{_quoted(found[0].notebook)}")
    raise DataError(f"a part of {', '.join(handout.name for handout in everywhere) or 'an assignment'}",
                    f"there is no `{part}`", _meant(part, everywhere, option))


def _meant(said: str, handouts: list[Handout], option: str) -> str:
    near = difflib.get_close_matches(said, [handout.name for handout in handouts], n=1, cutoff=0.7)
    for handout in handouts:
        if handout.name in near or handout.name.split("_")[0] == said:
            return f"`{handout.name}` is an assignment: {option}{_quoted(handout.notebook)}"
    return part_meant(said, {part: names for handout in handouts for part, names in handout.written.items()})


def in_folder(folder: Path) -> Handout:
    """With the notebook that is worked on: the only one there, or the one with the handout's name, or, where that one
    is blank, one that was written in. Raises DataError where a person has to say which."""
    found = sorted(folder.glob("*.ipynb"))
    if len(found) == 1:
        return Handout(folder, found[0])
    blank = Handout(folder, folder / "?.ipynb")
    expected = blank.released[0]
    candidates = [Candidate(path.name, lambda path=path: raw_cells(path), blank.slots) for path in found]
    if not candidates:
        return Handout(folder, folder / expected)
    try:
        choice, notes = choose(candidates, [each for each in candidates if each.name == expected], expected)
    except SubmissionError as error:
        raise DataError("which notebook is meant", error.found, "name it") from None
    return Handout(folder, folder / choice.name, "; ".join(notes))


def _handouts(folder: Path) -> list[Path]:
    return [each for each in folder.glob("*") if _is_handout(each)]


def here() -> Path | None:
    """The handout's folder that we stand in, if we do."""
    start = Path.cwd()
    return next((folder for folder in (start, *start.parents) if _is_handout(folder)), None)


def _is_handout(folder: Path) -> bool:
    return all((folder / name).is_file() for name in FILES)


def _kind(path: Path) -> str:
    return "a folder" if path.is_dir() else "another kind of file" if path.exists() else "not there"


def _quoted(path: Path) -> str:
    return f'"{path}"' if " " in str(path) else str(path)
