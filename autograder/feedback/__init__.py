"""Makes one self-contained page for each student, from reports and what people added by hand in the gradebook."""

from autograder.feedback.page import render_page
from autograder.feedback.write import write_feedback

__all__ = ["render_page", "write_feedback"]
