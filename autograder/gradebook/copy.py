"""Copies a gradebook from one database to another: SQLite to PostgreSQL, or back."""

from pathlib import Path

from nbgrader.api import Base
from sqlalchemy import Connection, Table, create_engine, insert, select
from sqlalchemy.engine import make_url

from autograder.errors import GradebookError
from autograder.gradebook import database
from autograder.gradebook.turns import turn

ROWS = 1000  # that are in memory at a time


def copy_gradebook(root: Path, target: str, source: str | None = None) -> dict[str, int]:
    """Copies every row of the course's gradebook into the empty database `target`; {table: rows copied}.

    source: the URL of another gradebook than that of nbgrader_config.py. The target is written in one transaction: it
    stays empty if something fails. Raises GradebookError.
    """
    directory = database.course_directory(root, database.course_config(root))
    old, new = database.database_url(directory, source), database.database_url(directory, target)
    if database.is_new(old):
        raise GradebookError(f"a gradebook to copy at {database.shown(old)}", "there is none",
                             "look at `c.CourseDirectory.db_url` in nbgrader_config.py")
    database.open_gradebook(old, directory.course_id).close()  # is it of the present format?
    if not database.is_new(new):
        raise GradebookError(f"an empty database at {database.shown(new)}", "there are tables in it",
                             "name a new one, so that no grades are overwritten")
    with database.readable_errors(old), turn(old):
        return _copy(old, new)


def _copy(old: str, new: str) -> dict[str, int]:
    source, target = create_engine(old), create_engine(new)
    if make_url(old).drivername.startswith("postgresql"):
        source = source.execution_options(isolation_level="REPEATABLE READ")  # all tables as of one moment
    try:
        with source.connect() as reading, database.readable_errors(new), target.begin() as writing:
            database.make_tables(writing)
            return {table.name: _copy_table(table, reading, writing) for table in Base.metadata.sorted_tables}
    finally:
        source.dispose()
        target.dispose()


def _copy_table(table: Table, reading: Connection, writing: Connection) -> int:
    rows = reading.execution_options(yield_per=ROWS).execute(select(table)).mappings()
    count = 0
    for batch in rows.partitions():
        writing.execute(insert(table), [dict(row) for row in batch])
        count += len(batch)
    return count
