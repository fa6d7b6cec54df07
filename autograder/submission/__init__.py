"""Reads what was submitted, and never runs it: the notebook, its cells, and the student's own modules beside it."""

from autograder.submission.counting import answered_elsewhere, chosen, counting, is_answered
from autograder.submission.finding import find_notebook
from autograder.submission.matching import Place, placed
from autograder.submission.modules import local_modules
from autograder.submission.notebook_file import grade_id_of, raw_cells, read_notebook, source_of, submitted_cells
from autograder.submission.python import plain_python
from autograder.submission.reader import Submission, read, read_cells, read_submission, with_modules
from autograder.submission.slots import Slot, released_slots, slots_of

__all__ = ["Place", "Slot", "Submission", "answered_elsewhere", "chosen", "counting", "find_notebook", "grade_id_of",
           "is_answered", "local_modules", "placed", "plain_python", "raw_cells", "read", "read_cells",
           "read_notebook", "read_submission", "released_slots", "slots_of", "source_of", "submitted_cells",
           "with_modules"]
