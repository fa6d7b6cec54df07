"""Makes the graded notebook: a student's cells between the course's own, and each check cell's result as its output.

nbgrader reads the points from these outputs, formgrader and feedback show them. Every cell is built anew, so that
nothing in a submission but text, plots (PNG) and pictures that were made anew reaches them: no metadata, no other
output, no changed locked cell.
"""

import json
from html import escape
from pathlib import Path

from autograder import submission
from autograder.course.assignment import Assignment
from autograder.errors import SubmissionError
from autograder.gradebook import harmless
from autograder.pictures import OWN, Album, shown
from autograder.release.notebook import release_notebook
from autograder.render import clean, part_html, public
from autograder.report import PartResult, Picture, Report

ELSEWHERE = ("*The answer may stand in another cell: below this one, or wherever in this notebook the student wrote "
             "words of their own.*")
MAX_SOURCE = 500_000  # characters of one cell
_TO_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


class GradedNotebooks:
    """Makes the graded notebooks of one assignment."""

    def __init__(self, assignment: Assignment):
        self.stem = assignment.notebook.stem
        self._slots = submission.slots_of(assignment)
        self._given = {slot.text for slot in self._slots if not slot.is_code}
        self._handout = json.loads(release_notebook(assignment))
        self._course = {submission.grade_id_of(cell): cell | {"source": "".join(cell["source"])}
                        for cell in self._handout["cells"] if submission.grade_id_of(cell)}

    def make(self, folder: Path, report: Report | None = None) -> dict:
        """The notebook (nbformat 4.5) of one submission folder; without a report, without results."""
        home, submitted = self._submitted(folder, report)
        cells = self._merged(submitted, _Texts(home, report.pictures if report else {}, self._given))
        if report is not None:
            _put_results(cells, self._course, report)
        return {**self._handout, "cells": cells}

    def _submitted(self, folder: Path, report: Report | None) -> tuple[Path, list[dict]]:
        """The folder in which the notebook lies, and its raw cells; none of one that could not be read."""
        try:
            if report is None or not report.problem:
                path, _ = submission.find_notebook(folder, self.stem, self._slots)
                return path.parent, submission.submitted_cells(path)
        except SubmissionError:
            pass
        return folder, []

    def _merged(self, submitted: list[dict], texts: "_Texts") -> list[dict]:
        """The submitted cells in their order, each that is the course's in its shape. Of several copies of a course's
        cell the last one counts that was written in."""
        places = submission.placed(submitted, self._slots)
        counting = submission.counting(places, self._slots)
        cells = [self._own(counting[place.number], place.raw, texts) if place.number in counting
                 else _plain(place.raw, place.number - 1, texts) for place in places]
        self._put_back(cells)
        _point_elsewhere(cells, submission.answered_elsewhere(places, self._slots))
        return cells

    def _own(self, name: str, raw: dict, texts: "_Texts") -> dict:
        """A cell of the course, with the student's text where it is theirs to write."""
        cell = dict(self._course[name])
        if not cell["metadata"]["nbgrader"]["locked"]:
            texts.write(cell, raw)
        return cell

    def _put_back(self, cells: list[dict]) -> None:
        """Inserts each graded or locked cell that is missing behind the course's cell that comes before it."""
        place, names = 0, [submission.grade_id_of(cell) for cell in cells]
        for name, cell in self._course.items():
            rules = cell["metadata"]["nbgrader"]
            if name in names:
                place = names.index(name) + 1
            elif rules["grade"] or rules["locked"]:
                cells.insert(place, dict(cell))
                names.insert(place, name)
                place += 1


def _point_elsewhere(cells: list[dict], questions: set[str]) -> None:
    """A question whose answer may stand in another cell waits for a person: for nbgrader a text that is its stub's is
    no response."""
    for cell in cells:
        if submission.grade_id_of(cell) in questions:
            cell["source"] += f"\n\n{ELSEWHERE}"


def to_json(notebook: dict) -> str:
    """Notebook JSON with a line for each cell: indented as nbformat does it, it takes ten times as long."""
    cells = ",\n".join(map(_TO_JSON, notebook["cells"]))
    rest = _TO_JSON({key: value for key, value in notebook.items() if key != "cells"})
    return f'{{"cells": [\n{cells}\n], {rest[1:]}\n'


def points_text(points: float, maximum: float) -> str:
    """What nbgrader reads as a check cell's points: never above the maximum, negative or not a number.

    It would abort the submission for the first, and give full marks for the others.
    """
    text = repr(float(max(0.0, min(points, maximum))))
    return text.removesuffix(".0")


def _put_results(cells: list[dict], course: dict[str, dict], report: Report) -> None:
    parts = {part.name: part for part in report.parts}
    answered = {question.name for question in report.questions if question.answered}
    for cell in cells:
        name, rules = submission.grade_id_of(cell), cell["metadata"].get("nbgrader", {})
        if rules.get("grade") and rules["solution"]:
            if name not in answered:  # the stub's own text is how nbgrader tells that there is no response
                cell["source"] = course[name]["source"]
        elif rules.get("grade"):
            cell["outputs"] = [_result(parts.get(name), rules["points"], report.problem)]


def _result(part: PartResult | None, maximum: float, problem: str) -> dict:
    points = points_text(part.points, maximum) if part else "0"
    words = f"<p>{escape(clean(problem or 'This part was not examined.'))}</p>" if problem or not part else ""
    return {"output_type": "execute_result", "execution_count": None, "metadata": {},
            "data": {"text/plain": points, "text/html": words + (part_html(public(part)) if part else "")}}


def _plain(raw: dict, position: int, texts: "_Texts") -> dict:
    """A cell of the student's own, or a statement. Raw cells become Markdown: nbconvert would print their HTML."""
    cell = {"cell_type": "markdown", "id": f"student-{position}", "metadata": {}, "source": ""}
    if raw.get("cell_type") == "code":
        cell |= {"cell_type": "code", "execution_count": None, "outputs": []}
    texts.write(cell, raw)
    return cell


class _Texts:
    """What a student wrote, and the pictures in it or below it, as far as they are known from the report."""

    def __init__(self, folder: Path, pictures: dict[str, Picture], given: set[str]):
        self._album, self._pictures, self._given = Album(folder, known=pictures), pictures, given
        self._plots = harmless.Plots()

    def write(self, cell: dict, raw: dict) -> None:
        """Puts a submitted cell's text into a cell that is not locked."""
        text = submission.source_of(raw)
        if cell["cell_type"] == "markdown" and text != cell["source"]:
            if text not in self._given:
                text = shown(self._album.read(text, raw.get("attachments")), self._pictures)
            text = _cut(text)
            names = [name for _, name in OWN.findall(text) if name in self._pictures]
            if names:
                cell["attachments"] = {name: {"image/webp": self._pictures[name].data} for name in names}
            text = harmless.markdown(text, names)
        if cell["cell_type"] == "code":
            cell["outputs"] = self._plots.of(raw.get("outputs"))
        cell["source"] = _cut(text).encode("utf-8", "replace").decode()  # a file cannot hold a lone surrogate


def _cut(text: str) -> str:
    rest = len(text) - MAX_SOURCE
    return text if rest <= 0 else f"{text[:MAX_SOURCE]}\n[{rest} more characters are left out here]"
