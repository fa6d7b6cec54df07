"""Looks a notebook over before it is handed in, and makes the zip."""

import ast
import io
import subprocess
import sys
import warnings
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

from autograder.course.execute import STUB
from autograder.errors import DataError
from autograder.notebook import kept
from autograder.pictures import Album, Unseen
from autograder.pictures.shrink import shrunk
from autograder.report import write_whole
from autograder.study.handout import Handout
from autograder.study.overview import overview
from autograder.study.statement import passages
from autograder.submission import grade_id_of, plain_python, raw_cells, source_of

NOT_HANDED_IN = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".autograder"]  # nbgrader's own list, and our memory
MANY = 6  # names in one sentence
CLOCKS = 2.0  # seconds that the clocks of a file server and of this machine may differ


@dataclass
class HandIn:
    """problems: what would cost points, and can be mended; notes: what is worth knowing; version: of the handout."""

    assignment: str
    notebook: str
    version: str
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    not_attempted: list[str] = field(default_factory=list)
    not_answered: list[str] = field(default_factory=list)
    checked: bool = False
    points: float = 0.0
    max_points: float = 0.0
    changed: list[str] = field(default_factory=list)
    zip: str = ""


def look_over(handout: Handout) -> HandIn:
    """Raises SubmissionError for a file that is not a notebook, DataError for a handout that is too old to compare."""
    cells, (_, released) = raw_cells(handout.notebook), handout.released
    originals = {grade_id_of(raw): raw for raw in released if grade_id_of(raw)}
    names = Counter(grade_id_of(raw) for raw in cells)
    first = {grade_id_of(raw): raw for raw in reversed(cells)}  # of copies
    own = {name: first[name] for name in originals if name in first}
    done = overview(handout)
    found = HandIn(handout.name, str(handout.notebook), version_of(released), checked=done.checked,
                   points=done.points, max_points=done.max_points,
                   changed=[name for name, part in done.parts.items() if part["changed_since"]])
    found.problems += [problem for problem in (
        _named("cells of the handout that are missing (`autograder reset PART` puts a part's back)",
               [name for name in originals if name not in own]),
        _named("cells that stand in the notebook twice (delete the copy)",
               [name for name in originals if names[name] > 1]),
        _named("cells from another version of the assignment (copy your answers into the notebook of the handout that "
               "lies here, or ask which one counts)",
               [name for name, raw in own.items() if _checksum(raw) != _checksum(originals[name])]),
        *_not_compiling(cells), *_unseen_pictures(handout.folder, cells), _unsaved(handout.notebook)) if problem]
    changed = [name for name, raw in own.items() if _is_locked(originals[name])
               and _text(raw) != _text(originals[name])]
    if note := _named("given cells that were changed: the course's own are used instead", changed):
        found.notes.append(note)
    stubs = {name for name, raw in own.items() if STUB in source_of(raw) and STUB in source_of(originals[name])}
    found.not_attempted = [part for part, passage in passages(released).items() if not stubs.isdisjoint(passage.cells)]
    found.not_answered = [name for name, raw in own.items() if _is_question(originals[name])
                          and _text(raw) in ("", _text(originals[name]))]
    return found


def make_zip(handout: Handout) -> Path:
    """handin/<assignment>.zip in the handout's folder: the notebook, under the name that it was handed out with,
    and the files of the pictures that it shows."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(handout.notebook, handout.released[0])
        for name in sorted(set(_album(handout.folder, raw_cells(handout.notebook)).files)):
            archive.write(handout.folder / name, name)
    home = handout.folder.parent
    target = (home.parent if home.name == "assignments" else home) / "handin" / f"{handout.name}.zip"
    write_whole(target, buffer.getvalue())
    return target


def submit_to_exchange(handout: Handout) -> str:
    """Runs `nbgrader submit`; what it said. Raises DataError where that does not work."""
    if find_spec("nbgrader") is None:
        raise DataError("`nbgrader submit`", "nbgrader is not installed here",
                        "leave --exchange away, and hand in the zip")
    if handout.notebook.name != handout.released[0]:
        raise DataError(f"the notebook {handout.released[0]}, the name by which it is collected",
                        f"{handout.notebook.name}", "rename it")
    done = subprocess.run([sys.executable, "-m", "nbgrader", "submit", handout.name,
                           f"--CourseDirectory.ignore={NOT_HANDED_IN}"], cwd=handout.folder.parent,
                          capture_output=True, text=True, errors="replace")
    said = (done.stdout + done.stderr).strip()
    if done.returncode:
        raise DataError(f"`nbgrader submit {handout.name}` in {handout.folder.parent}", said,
                        "`nbgrader list` there shows what the exchange knows; or leave --exchange away")
    return said


def version_of(released: list[dict]) -> str:
    """Eight digits that tell one state of a handout's graded cells from another."""
    told = "".join(f"{grade_id_of(raw)} {_checksum(raw)}\n" for raw in released if grade_id_of(raw))
    return blake2b(told.encode(), digest_size=4).hexdigest()


def _named(sentence: str, names: list[str]) -> str:
    more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
    return f"{sentence}: {', '.join(names[:MANY])}{more}" if names else ""


def _nbgrader(raw: dict) -> dict:
    return raw["metadata"]["nbgrader"]


def _checksum(raw: dict) -> str:
    return str(_nbgrader(raw).get("checksum", ""))


def _is_locked(raw: dict) -> bool:
    return bool(_nbgrader(raw).get("locked"))


def _is_question(raw: dict) -> bool:
    return raw["cell_type"] == "markdown" and bool(_nbgrader(raw).get("grade"))


def _text(raw: dict) -> str:
    return "\n".join(source_of(raw).split())


def _not_compiling(cells: list[dict]) -> list[str]:
    problems = []
    for number, raw in enumerate(cells, start=1):
        if raw.get("cell_type") == "code":
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    ast.parse(plain_python(source_of(raw)))
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
                problems.append(f"cell {number} does not compile: {getattr(error, 'msg', None) or error}{line}")
    return problems


def _album(folder: Path, cells: list[dict]) -> Album:
    """The pictures of the notebook's text."""
    album = Album(folder.resolve())
    for raw in cells:
        if raw.get("cell_type") != "code":
            album.read(source_of(raw), raw.get("attachments"))
    return album


def _unseen_pictures(folder: Path, cells: list[dict]) -> list[str]:
    """What a grader would not see: said to whoever can still mend it."""
    album = _album(folder, cells)
    refused = [Unseen("a picture", why, "save it as PNG or JPEG")
               for content in album.wanted.values() if (why := shrunk(content)[1])]
    return list(dict.fromkeys(unseen.advice for unseen in [*album.unseen, *refused]))


def _unsaved(notebook: Path) -> str:
    """A check cell that ran after the file was written, or a newer checkpoint: the file is not what was worked on."""
    saved, memory = notebook.stat().st_mtime, kept.read(notebook)
    ran = [moment for name, moment in memory.times.items() if memory.origins.get(name) == kept.KERNEL]
    if max(ran, default=0) > saved + CLOCKS:
        return "a check cell ran after the notebook was last saved: save it in Jupyter (Ctrl-S), then submit again"
    checkpoint = notebook.parent / ".ipynb_checkpoints" / f"{notebook.stem}-checkpoint.ipynb"
    if (checkpoint.is_file() and checkpoint.stat().st_mtime > saved + CLOCKS
            and checkpoint.read_bytes() != notebook.read_bytes()):
        return f"Jupyter has a newer checkpoint of the notebook ({checkpoint}): open it, look, and save it"
    return ""
