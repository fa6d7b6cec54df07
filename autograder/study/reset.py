"""Puts the cells of a part back as they were handed out, and keeps a copy of what was there."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import DataError
from autograder.notebook import kept
from autograder.report import write_whole
from autograder.study.handout import Handout
from autograder.study.statement import passages
from autograder.submission import Place, Slot, placed, read_notebook

IDS_SINCE = (4, 5)  # the format in which cells have ids


@dataclass
class Reset:
    """cells: the names of those that were put back; backup: the notebook as it was before."""

    cells: list[str]
    backup: Path


def reset(handout: Handout, part: str) -> Reset | None:
    """None if there is nothing to do. Raises SubmissionError for a notebook that cannot be read, DataError where a cell
    of the part holds another part's answer, too."""
    notebook, (_, released) = read_notebook(handout.notebook), handout.released
    wanted = [*passages(released)[part].cells, part]
    slots = [slot for slot in handout.slots if slot.name in wanted]
    cells, changed = list(notebook["cells"]), []
    for slot in slots:
        original = _original(released[handout.slots.index(slot)], notebook)
        own = [place for place in placed(cells, handout.slots) if slot in place.slots]
        _refuse_shared(own, slots, part)
        if len(own) != 1 or not own[0].is_untouched or own[0].is_code != slot.is_code:
            changed.append(slot.name)
            _put_back(cells, original, slot, own, handout.slots)
    if not changed:
        return None
    backup = _copy(handout.notebook)
    text = json.dumps(notebook | {"cells": cells}, indent=1, ensure_ascii=False) + "\n"  # as Jupyter writes it
    write_whole(handout.notebook, text.encode("utf-8", "surrogatepass"))
    return Reset(changed, backup)


def _original(raw: dict, notebook: dict) -> dict:
    """The cell as it was handed out, in the notebook's own format."""
    has_ids = (notebook["nbformat"], notebook.get("nbformat_minor", 0)) >= IDS_SINCE
    return raw if has_ids else {key: value for key, value in raw.items() if key != "id"}


def _refuse_shared(own: list[Place], slots: list[Slot], part: str) -> None:
    for place in own:
        if others := [slot.name for slot in place.slots if slot not in slots]:
            raise DataError(f"the cells of `{part}` alone", f"{place.name} holds {', '.join(others)} as well",
                            "put what is written there for other parts into a cell of its own first")


def _put_back(cells: list[dict], original: dict, slot: Slot, own: list[Place], slots: list[Slot]) -> None:
    """In the place of the first copy, or where it belongs; other copies would undo it."""
    for place in reversed(own[1:]):
        del cells[place.number - 1]
    if own:
        cells[own[0].number - 1] = original
    else:
        cells.insert(_where(placed(cells, slots), slots[:slots.index(slot)]), original)


def _where(places: list[Place], before: list[Slot]) -> int:
    """Below the nearest cell that stood above it in the handout and is still there."""
    for slot in reversed(before):
        for place in places:
            if slot in place.slots:
                return place.number
    return 0


def _copy(notebook: Path) -> Path:
    folder, number = kept.folder_of(notebook), 1
    folder.mkdir(exist_ok=True)
    while (backup := folder / f"{notebook.stem}.before-reset-{number}.ipynb").exists():
        number += 1
    return Path(shutil.copy2(notebook, backup))
