"""Looks a notebook over before it is handed in: what would cost points, and what is worth knowing."""

import ast
import warnings
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from autograder.course.execute import STUB
from autograder.course.source import SOLUTION, WRITTEN
from autograder.notebook import kept
from autograder.pictures import Album, Unseen, sources
from autograder.pictures.shrink import shrunk
from autograder.study.handout import Handout
from autograder.study.overview import overview
from autograder.study.statement import passages
from autograder.submission import Place, chosen, grade_id_of, is_answered, placed, raw_cells, source_of
from autograder.submission.notes import MISSING, changed_given
from autograder.submission.packages import sentences

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
    submission, (_, released) = handout.submission(), handout.released
    places, originals = placed(raw_cells(handout.notebook), handout.slots), {grade_id_of(raw): raw for raw in released}
    own = {slot.name: chosen(places, slot) for slot in handout.slots if slot.name}
    done = overview(handout)
    found = HandIn(handout.name, str(handout.notebook), version_of(released), checked=done.checked,
                   points=done.points, max_points=done.max_points,
                   changed=[name for name, part in done.parts.items() if part["changed_since"]])
    found.problems += [problem for problem in (
        submission.not_this or _named("cells of the handout that are missing (`autograder reset PART` puts a part's "
                                      "back)", [name for name in own if not own[name]]),
        _named("cells that stand in the notebook twice (delete the copy)",
               [name for name in own if sum(place.by_name for place in own[name]) > 1]),
        _named("cells from another version of the assignment (copy your answers into the notebook of the handout that "
               "lies here, or ask which one counts)",
               [name for name in own if any(_is_older(place, originals[name]) for place in own[name][:1])]),
        *_not_compiling([*submission.modules.items(), *submission.cells]), *sentences(handout.unexpected(submission)),
        *_unseen_pictures(handout), _unsaved(handout.notebook)) if problem]
    found.notes += [note for note in (
        changed_given(submission.changed), handout.note,
        *(note for note in submission.notes if not note.startswith(MISSING) and note != submission.not_this),
        _named("your own modules go with it", list(submission.modules))) if note]
    blank = {slot.name for slot in handout.slots
             if slot.role == SOLUTION and STUB in slot.text and _is_blank(own[slot.name])}
    found.not_attempted = [part for part, passage in passages(released).items() if not blank.isdisjoint(passage.cells)]
    found.not_answered = [slot.name for slot in handout.slots if slot.role == WRITTEN and own[slot.name]
                          and not is_answered(slot, submission.answers.get(slot.name))]
    return found


def version_of(released: list[dict]) -> str:
    """Eight digits that tell one state of a handout's graded cells from another."""
    told = "".join(f"{grade_id_of(raw)} {_checksum(raw)}\n" for raw in released if grade_id_of(raw))
    return blake2b(told.encode(), digest_size=4).hexdigest()


def _named(sentence: str, names: list[str]) -> str:
    more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
    return f"{sentence}: {', '.join(names[:MANY])}{more}" if names else ""


def _is_older(place: Place, original: dict) -> bool:
    """Whether a cell says that it is of another version than the one that was handed out."""
    return place.by_name and bool(grade_id_of(place.raw)) and _checksum(place.raw) != _checksum(original)


def _checksum(raw: dict) -> str:
    return str(raw["metadata"]["nbgrader"].get("checksum", ""))


def _is_blank(places: list[Place]) -> bool:
    return bool(places) and all(STUB in place.source for place in places)


def _not_compiling(texts: list[tuple[str, str]]) -> list[str]:
    """Of cells and modules, (name, source)."""
    problems = []
    for name, source in texts:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
            problems.append(f"{name} does not compile: {getattr(error, 'msg', None) or error}{line}")
    return problems


def album_of(handout: Handout) -> Album:
    """The pictures of the notebook's text."""
    released = [source_of(raw) for raw in handout.released[1] if raw["cell_type"] != "code"]
    album = Album(handout.folder.resolve(), given=sources(released))
    for raw in raw_cells(handout.notebook):
        if raw.get("cell_type") != "code":
            album.read(source_of(raw), raw.get("attachments"))
    return album


def _unseen_pictures(handout: Handout) -> list[str]:
    """What a grader would not see: said to whoever can still mend it."""
    album = album_of(handout)
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
