"""What takes the place of nbgrader's own steps in `nbgrader autograde`: see nbgrader_config.py.

A student's code never runs in this process or in a kernel: the grader examines the submitted notebook in its room,
and what nbgrader goes on with is made of the course's cells and the report.
"""

import atexit
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.apps.baseapp import NbGrader
from nbgrader.preprocessors import NbGraderPreprocessor
from tornado.log import app_log
from traitlets.config import Application

from autograder.course.assignment import Assignment, load_assignment
from autograder.grade.grader import Grader
from autograder.grade.key import course_key, submission_key
from autograder.grade.secret import course_secret
from autograder.gradebook import database
from autograder.gradebook.graded import GradedNotebooks
from autograder.gradebook.structure import ensure_assignment
from autograder.report import report_path, save
from autograder.room import strongest_mode


class Examine(NbGraderPreprocessor):
    """In place of Execute: saves the report of the submitted folder, and makes the notebook with its results."""

    def preprocess(self, notebook, resources):
        names, directory = resources["nbgrader"], self.parent.parent.coursedir
        assignment = load_assignment(names["assignment"], Path(directory.root))
        folder = Path(directory.format_path(directory.submitted_directory, names["student"], names["assignment"]))
        report = _warm_grader(assignment).grade(names["student"], folder)
        report.key = submission_key(_course_key(assignment), folder)  # so `autograder grade` need not repeat it
        save(report, report_path(assignment.root, assignment.name, names["student"]))
        for note in filter(None, [report.problem, *report.notes]):
            self.log.warning("%s: %s", names["student"], note)
        return nbformat.from_dict(GradedNotebooks(assignment).make(folder, report)), resources


class BlankExporter(NotebookExporter):
    """Begins with an empty notebook in place of the submitted one, which Examine reads itself.

    nbgrader would give up on a file that is not a notebook or has strange metadata, and the student had no score.
    """

    def from_file(self, file_stream, resources=None, **options):
        return self.from_notebook_node(nbformat.v4.new_notebook(), resources=resources, **options)


def know_assignment(assignment: str, **names) -> None:
    """nbgrader's pre_convert_hook: puts the assignment into the gradebook if it is not there yet.

    So `nbgrader autograde` works after `autograder release`, without `nbgrader generate_assignment --force`.
    """
    directory = _course_directory()
    if (directory.root, assignment) not in _known:
        url = database.database_url(directory)
        gradebook = database.open_gradebook(url, directory.course_id)
        try:
            for sentence in ensure_assignment(gradebook, load_assignment(assignment, Path(directory.root)), url):
                app_log.warning("%s", sentence)
        finally:
            gradebook.close()
        _known.add((directory.root, assignment))


_known: set[tuple[str, str]] = set()
_warm: dict[str, Grader] = {}  # course key -> the one grader of this process


def _course_directory():
    """That of the nbgrader command which runs (its options may name another database), else of the folder we are in."""
    app = Application.instance() if Application.initialized() else None
    while isinstance(app, NbGrader) and app.subapp is not None:
        app = app.subapp
    root = Path.cwd()  # nbgrader changes to the course's folder before it converts
    return getattr(app, "coursedir", None) or database.course_directory(root, database.course_config(root))


def _warm_grader(assignment: Assignment) -> Grader:
    """A grader that stays for the whole process: until the course's files change, or another assignment comes."""
    key = _course_key(assignment)
    if key not in _warm:
        _close()
        _warm[key] = Grader(assignment, course_secret(assignment.root)).__enter__()
    return _warm[key]


def _course_key(assignment: Assignment) -> str:
    return course_key(assignment, course_secret(assignment.root), strongest_mode())


@atexit.register
def _close() -> None:
    while _warm:
        _warm.popitem()[1].__exit__(None, None, None)
