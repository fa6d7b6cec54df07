"""Shows a written question's model answer and rubric to whoever grades it in formgrader, and to nobody else."""

from pathlib import Path

import nbformat
from nbconvert.preprocessors import Preprocessor

from autograder.course import regions
from autograder.course.assignment import load_assignment
from autograder.errors import AutograderError


class ShowRubric(Preprocessor):
    """A step of nbconvert's HTMLExporter: see nbgrader_config.py. It leaves the graded notebooks as they are, from
    which `nbgrader generate_feedback` makes students' pages with the same exporter."""

    enabled = True

    def preprocess(self, notebook, resources):
        if "submission_id" not in resources or "nbgrader" in resources:  # not a page of formgrader
            return notebook, resources
        try:
            rubrics = self._rubrics(resources["assignment_id"])
        except AutograderError as error:
            self.log.warning("formgrader shows no rubrics: %s", error)
            return notebook, resources
        cells = []
        for cell in notebook.cells:
            if text := rubrics.get(cell.metadata.get("nbgrader", {}).get("grade_id")):
                quoted = "\n".join(f"> {line}" for line in text.strip().split("\n"))
                cells.append(nbformat.v4.new_markdown_cell(f"> **Rubric** (students do not see it)\n>\n{quoted}"))
            cells.append(cell)
        return nbformat.from_dict({**notebook, "cells": cells}), resources

    def _rubrics(self, assignment: str) -> dict[str, str]:
        """Question -> its model answer and rubric, as they stand in the course's source now."""
        root = Path(self.config.CourseDirectory.get("root") or Path.cwd())
        return {question.name: regions.inside(question.source, regions.SOLUTION)
                for question in load_assignment(assignment, root).questions}
