"""nbgrader's configuration for this course: stock `nbgrader` commands work in this folder.

Its autograde step examines a notebook in the sandboxed room instead of executing it in a kernel, and takes from
a submission nothing but the text of its cells.
"""

import os
import sys
from pathlib import Path

from autograder.course.execute import STUB
from autograder.release.notebook import ANSWER_STUB

c = get_config()  # noqa: F821 (traitlets gives it to every configuration file)

# A new gradebook is made with the program `alembic`, which lies beside this Python, activated or not.
if (_programs := str(Path(sys.executable).parent)) not in os.environ.get("PATH", "").split(os.pathsep):
    os.environ["PATH"] = os.pathsep.join([_programs, os.environ.get("PATH", os.defpath)])

c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.source_directory = "build/source"  # made by `autograder release`; never solutions/ itself
c.CourseDirectory.release_directory = "assignments"

c.ClearSolutions.code_stub = {"python": STUB}
c.ClearSolutions.text_stub = ANSWER_STUB

c.Autograde.pre_convert_hook = "autograder.gradebook.preprocessor.know_assignment"
c.Autograde.exporter_class = "autograder.gradebook.preprocessor.BlankExporter"
c.Autograde.sanitize_preprocessors = []
c.Autograde.autograde_preprocessors = [
    "autograder.gradebook.preprocessor.Examine",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# In formgrader, and only there, a written question shows its rubric.
c.HTMLExporter.preprocessors = ["autograder.gradebook.rubric.ShowRubric"]
