"""Builds what an assignment's sources produce: the students' folder in assignments/, nbgrader's source in build/."""

import tempfile
from pathlib import Path

from autograder.course import regions
from autograder.course.assignment import Assignment
from autograder.course.lint import lint
from autograder.course.reading import read_text
from autograder.course.support import AT_HOME
from autograder.errors import StaleRelease
from autograder.private import behind
from autograder.release.notebook import release_notebook, source_notebook
from autograder.release.scan import scan
from autograder.report import write_whole


def build(assignment: Assignment, anew: bool = False) -> dict[str, bytes]:
    """The files of the students' folder, by name. The same sources give the same bytes, on any machine.

    anew: record the answers although what determines them has not changed. Raises CourseError, naming file and line,
    for all that is wrong in the sources.
    """
    lint(assignment)
    notebook = f"{assignment.notebook.stem}.ipynb", release_notebook(assignment).encode()
    visible = _without_hidden(read_text(assignment.checks))
    files = assignment.support | {notebook[0]: notebook[1], "checks.py": visible.encode(),
                                  "recorded.h5": _recorded(assignment, visible, notebook, anew)}
    scan(assignment, files)
    return files


def _recorded(assignment: Assignment, visible: str, notebook: tuple[str, bytes], anew: bool) -> bytes:
    """The bytes of the recording that is there already, where a new one would say the same."""
    from autograder.examine.recorded import source_of  # these take what runs checks: whoever only looks does without
    from autograder.release import record
    from autograder.release.alike import differences

    old = assignment.handout / "recorded.h5"
    with tempfile.TemporaryDirectory() as folder:
        checks, new = Path(folder, "checks.py"), Path(folder, "recorded.h5")
        checks.write_text(visible, encoding="utf-8")
        known = source_of(old)
        if known and known == record.source(assignment, checks) and not anew:
            record.keep(assignment, checks, notebook, new, old)
        else:
            record.record(assignment, checks, notebook, new)
        return old.read_bytes() if known and not differences(new, old) else new.read_bytes()


def release(assignment: Assignment, anew: bool = False) -> list[str]:
    """Writes assignments/<name>/ and build/source/<name>/; the names of the students' files that changed."""
    files = build(assignment, anew)
    changed = _differences(assignment.handout, files)
    _write_folder(assignment.handout, files)
    _write_source(assignment, files)
    return changed


def ensure_nbgrader_source(assignment: Assignment) -> None:
    """Writes build/source/<name>/ where it is missing, as in a fresh clone: formgrader lists what lies there alone."""
    if not (nbgrader_source(assignment) / f"{assignment.notebook.stem}.ipynb").exists():
        files = {name: path.read_bytes() for name, path in handed_out(assignment.handout).items()}
        _write_source(assignment, files)


def _source(assignment: Assignment, files: dict[str, bytes]) -> dict[str, bytes]:
    """What nbgrader would make the students' files of: the notebook with its solutions, everything else as it is."""
    others = {name: content for name, content in files.items() if not name.endswith(".ipynb")}
    return others | {f"{assignment.notebook.stem}.ipynb": source_notebook(assignment).encode()}


def verify(assignment: Assignment) -> None:
    """Raises StaleRelease, with the command to run, if assignments/ is not what solutions/ would produce now."""
    changed = _differences(assignment.handout, build(assignment))
    if changed:
        raise StaleRelease(f"assignments/{assignment.name} is up to date with solutions/{assignment.name}",
                           f"it differs in {', '.join(changed)}",
                           f"run `autograder release {assignment.name}` and commit the result")


def nbgrader_source(assignment: Assignment) -> Path:
    """nbgrader's source folder. Never solutions/ itself: nbgrader copies what lies in it to students."""
    return assignment.root / "build" / "source" / assignment.name


def _without_hidden(checks: str) -> str:
    """The visible checks, with the gap that a hidden region leaves closed to two blank lines."""
    text = regions.replace(checks, regions.HIDDEN)
    while "\n\n\n\n" in text:
        text = text.replace("\n\n\n\n", "\n\n\n")
    return text.rstrip("\n") + "\n"


def _differences(folder: Path, files: dict[str, bytes]) -> list[str]:
    present = handed_out(folder)
    return sorted(name for name in present.keys() | files.keys()
                  if name not in present or name not in files or present[name].read_bytes() != files[name])


def handed_out(folder: Path) -> dict[str, Path]:
    """Name -> path of the files of a students' folder; not what working in it leaves there, such as __pycache__."""
    found = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    return {name.as_posix(): path for name, path in sorted(found.items())
            if not any(part.startswith(AT_HOME) for part in name.parts[:-1])}


def _write_source(assignment: Assignment, files: dict[str, bytes]) -> None:
    """For nbgrader, with the solutions and the hidden checks: for nobody else to read."""
    with behind(assignment.root / "build"):
        _write_folder(nbgrader_source(assignment), _source(assignment, files))


def _write_folder(folder: Path, files: dict[str, bytes]) -> None:
    for name, path in handed_out(folder).items():
        if name not in files:
            path.unlink()
    for name, content in files.items():
        write_whole(folder / name, content)
