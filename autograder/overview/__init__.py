"""Makes the instructor's page on a class: how it went, what to explain next, who needs a human look."""

from autograder.overview.figures import ClassFigures, class_figures
from autograder.overview.page import render_page
from autograder.overview.write import write_overview

__all__ = ["ClassFigures", "class_figures", "render_page", "write_overview"]
