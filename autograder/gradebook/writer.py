"""Writes reports into the gradebook: what `nbgrader autograde` writes, without running nbgrader's steps."""

import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader import utils
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.exc import IntegrityError

from autograder import handed_in
from autograder.course.assignment import Assignment, load_assignment
from autograder.errors import GradebookError
from autograder.grade.memory import limited
from autograder.gradebook import database
from autograder.gradebook.graded import GradedNotebooks, to_json
from autograder.gradebook.rows import Graded, Rows, comment_of, score_of
from autograder.gradebook.structure import ensure_assignment
from autograder.gradebook.turns import turn
from autograder.release.build import ensure_nbgrader_source
from autograder.report import Report, stage, sweep

CHUNK_BYTES = 64 << 20  # of graded notebooks that are in memory together
CHUNK = 50  # students in one transaction: what a kill can undo
ATTEMPTS = 3  # for a chunk of which nbgrader has just written a student's first row


class GradebookWriter:
    """A context manager: opens the gradebook once, then writes any number of reports, each whole or not at all.

    Scores and comments given by hand are kept. Raises GradebookError; the gradebook is then as it was before.
    notices: sentences on what became of scores where the course has changed since they were given.
    refused: student -> why their rows could not be made, which keeps nobody else's from being written.
    db_url: nbgrader's default, or what nbgrader_config.py says, if None.
    """

    def __init__(self, root: Path, assignment: Assignment | str, db_url: str | None = None):
        self.assignment = load_assignment(assignment, root) if isinstance(assignment, str) else assignment
        self._config = database.course_config(root)
        self._directory = database.course_directory(root, self._config)
        self._url = database.database_url(self._directory, db_url)
        self._stack = ExitStack()
        self.notices: list[str] = []
        self.refused: dict[str, str] = {}

    def __enter__(self) -> "GradebookWriter":
        try:
            with database.readable_errors(self._url), turn(self._url):
                gradebook = database.open_gradebook(self._url, self._directory.course_id)
                self._stack.callback(gradebook.close)
                self.notices = ensure_assignment(gradebook, self.assignment, self._url)
                self._db = gradebook.db
                notebook = gradebook.find_notebook(self.assignment.notebook.stem, self.assignment.name)
                self._rows = Rows(self._db, notebook, self._late_penalties())
                self._db.commit()
        except BaseException:
            self._stack.close()
            raise
        self._notebooks = GradedNotebooks(self.assignment)
        ensure_nbgrader_source(self.assignment)
        return self

    def __exit__(self, *error) -> None:
        self._stack.close()

    @property
    def place(self) -> str:
        """Where the gradebook is, in words: a file of the course, or a URL without its password."""
        return database.shown(self._url).removeprefix(f"sqlite:///{self._directory.root}/")

    def _late_penalties(self) -> AssignLatePenalties:
        late = AssignLatePenalties(config=self._config)
        late.init_plugin()
        return late

    def write(self, report: Report, submitted: Path) -> None:
        """The rows and the graded notebook of one student, from the report and the submitted folder."""
        for _ in self.write_all([(report, submitted)]):
            pass
        if reason := self.refused.get(report.student):
            raise GradebookError(f"the rows of {report.student!r}", reason)

    def write_all(self, reports: Iterable[tuple[Report, Path]]) -> Iterator[str]:
        """Writes (report, submitted folder) pairs, and names each student whose rows are safely in the gradebook.

        A chunk of students is one transaction. Whoever is there already, with the same results, is left alone.
        """
        pages = self._pages(reports)
        while chunk := _chunk(pages):
            with database.readable_errors(self._url), turn(self._url):
                self._write(chunk)
            yield from (page.graded.student for page in chunk)

    def _pages(self, reports: Iterable[tuple[Report, Path]]) -> Iterator["_Page"]:
        for report, submitted in reports:
            try:
                with limited():
                    page = self._page(report, submitted)
                yield page
            except Exception as error:  # whatever a submission makes of it: the others are written
                self.refused[report.student] = " · ".join(str(error).splitlines()) or type(error).__name__

    def _write(self, chunk: list["_Page"]) -> None:
        """Rows first, renamed files last: whatever is cut off in between is seen by its files and done again."""
        staged: dict[Path, Path] = {}
        try:
            self._put(chunk)
            for path, content in (item for page in chunk for item in page.files.items()):
                staged[stage(path, content)] = path
            self._db.commit()
            for temporary, path in staged.items():
                os.replace(temporary, path)
                for former in path.parent.glob("*.ipynb"):  # the notebook was called so before
                    if former.name != f"{self.assignment.notebook.stem}.ipynb":
                        former.unlink()
        except OSError as error:
            raise GradebookError(f"the graded notebooks in {self._directory.autograded_directory}/", str(error),
                                 "look at the folder's permissions and the free space") from error
        finally:
            self._db.rollback()  # nothing is left to roll back if all went well
            for temporary in staged:
                temporary.unlink(missing_ok=True)

    def _put(self, chunk: list["_Page"]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._rows.put([page.graded for page in chunk])
                return self._db.flush()
            except IntegrityError:
                self._db.rollback()
                if attempt == ATTEMPTS:
                    raise

    def _page(self, report: Report, submitted: Path) -> "_Page":
        if reason := handed_in.refusal(report.student):
            raise GradebookError(f"a student id that can be a folder's name, not {report.student!r}", reason)
        content = self._notebooks.make(submitted, report)
        rules = [(cell["metadata"]["nbgrader"], nbformat.from_dict(cell)) for cell in content["cells"]
                 if "nbgrader" in cell["metadata"]]
        folder = Path(self._directory.format_path(self._directory.autograded_directory, report.student,
                                                  self.assignment.name))
        sweep(folder)
        files = {f"{self.assignment.notebook.stem}.ipynb": to_json(content).encode()}
        if stamp := _timestamp(submitted):  # from which nbgrader sees that a submission is newer than its grades
            files["timestamp.txt"] = stamp
        files = {folder / name: text for name, text in files.items() if _content(folder / name) != text}
        graded = Graded(report.student, {rule["grade_id"]: score_of(cell) for rule, cell in rules if rule["grade"]},
                        {rule["grade_id"]: comment_of(cell) for rule, cell in rules if rule["solution"]},
                        read_timestamp(submitted), afresh=bool(files))
        return _Page(graded, files)


@dataclass(frozen=True)
class _Page:
    """One student: the rows, and the files that differ from what lies in autograded/."""

    graded: Graded
    files: dict[Path, bytes]


def _chunk(pages: Iterator[_Page]) -> list[_Page]:
    """The next pages: at most CHUNK, and fewer where they are large."""
    chunk, size = [], 0
    for page in pages:
        chunk.append(page)
        size += sum(map(len, page.files.values()))
        if len(chunk) == CHUNK or size > CHUNK_BYTES:
            break
    return chunk


def read_timestamp(submitted: Path):
    """When a notebook was submitted (UTC), from the timestamp.txt beside it; None if it says nothing readable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of time zones that dateutil does not know
            return utils.parse_utc(_timestamp(submitted).decode("utf-8", "replace").strip() or None)
    except Exception:  # dateutil's parser raises whatever its arithmetic does, such as decimal.InvalidOperation
        return None


def _timestamp(submitted: Path) -> bytes:
    """The beginning of timestamp.txt; nothing if there is none."""
    return handed_in.beginning(submitted, "timestamp.txt", 200)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
