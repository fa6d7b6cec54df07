"""Puts the cells of a part back as they were handed out, and keeps a copy of what was there."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from autograder.notebook import kept
from autograder.report import write_whole
from autograder.study.handout import Handout
from autograder.study.statement import passages
from autograder.submission import grade_id_of, raw_cells


@dataclass
class Reset:
    """cells: the grade_ids of those that were put back; backup: the notebook as it was before."""

    cells: list[str]
    backup: Path


def reset(handout: Handout, part: str) -> Reset | None:
    """None if there is nothing to do. Raises SubmissionError for a notebook that cannot be read."""
    raw_cells(handout.notebook)  # says what is wrong with a file that is no notebook
    notebook = json.loads(handout.notebook.read_text(encoding="utf-8-sig"))
    released = handout.released[1]
    changed = [name for name in (*passages(released)[part].cells, part) if _put_back(notebook["cells"], released, name)]
    if not changed:
        return None
    backup = _copy(handout.notebook)
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"  # as Jupyter writes it
    write_whole(handout.notebook, text.encode("utf-8", "surrogatepass"))
    return Reset(changed, backup)


def _put_back(cells: list[dict], released: list[dict], name: str) -> bool:
    """Whether the cell of that name was changed, or missing."""
    position = next(index for index, raw in enumerate(released) if grade_id_of(raw) == name)
    original = released[position]
    for index, raw in enumerate(cells):
        if grade_id_of(raw) == name:
            cells[index] = original
            return "".join(raw.get("source", "")) != "".join(original["source"])
    cells.insert(_place(cells, released[:position]), original)
    return True


def _place(cells: list[dict], before: list[dict]) -> int:
    """Below the nearest cell that stood above it in the handout and is still there."""
    for earlier in reversed(before):
        for index, raw in enumerate(cells):
            if raw.get("id") == earlier["id"] or grade_id_of(earlier) and grade_id_of(raw) == grade_id_of(earlier):
                return index + 1
    return 0


def _copy(notebook: Path) -> Path:
    folder, number = kept.folder_of(notebook), 1
    folder.mkdir(exist_ok=True)
    while (backup := folder / f"{notebook.stem}.before-reset-{number}.ipynb").exists():
        number += 1
    return Path(shutil.copy2(notebook, backup))
