"""Finds and opens nbgrader's gradebook."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from alembic.script import ScriptDirectory
from jupyter_core.paths import jupyter_config_path
from nbgrader import api, dbutil
from nbgrader.api import Base, Course, Gradebook, InvalidEntry
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import Connection, create_engine, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from tornado.log import app_log
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.errors import GradebookError
from autograder.private import for_owner

CONFIG = "nbgrader_config.py"

# What a database says, and what to do about it.
HINTS = {
    "locked": "another program is writing to it, formgrader or a database browser: close it and run this again",
    "not a database": "restore it from a copy, or move it away: a new one is made, without scores given by hand",
    "malformed": "restore it from a copy, or move it away: a new one is made, without scores given by hand",
    "readonly": "this user may not write to it: look at the permissions of the file and its folder",
    "disk is full": "make room on the disk, then run this again: the reports are saved",
    "disk I/O error": "is the disk full? Make room, then run this again: the reports are saved",
    "unable to open": "look at the permissions of the file and its folder",
    "no such column": "it belongs to another nbgrader: back it up, then run `nbgrader db upgrade`",
    "no such table": "it belongs to another nbgrader: back it up, then run `nbgrader db upgrade`",
    "does not exist": "look at `c.CourseDirectory.db_url`, or run `nbgrader db upgrade` after a backup",
    "connect": "is the database server running? Look at `c.CourseDirectory.db_url`",
    "too long": "a student's id is the name of a folder in submitted/: the database takes 128 characters",
    "unique": "another program was writing at the same time: run this again",
}


def course_config(root: Path) -> Config:
    """nbgrader's configuration: Jupyter's folders first, the course's own nbgrader_config.py last."""
    config = Config()
    for folder in [*reversed(jupyter_config_path()), str(root)]:
        if Path(folder, CONFIG).is_file():
            config.merge(PyFileConfigLoader(CONFIG, path=folder).load_config())
    return config


def course_directory(root: Path, config: Config) -> CourseDirectory:
    return CourseDirectory(config=config, root=str(Path(root).resolve()))


def database_url(directory: CourseDirectory, db_url: str | None = None) -> str:
    """The database to use; a relative SQLite path is meant from the course's folder."""
    given = db_url or directory.db_url
    try:
        url = make_url(given)
    except ArgumentError:
        raise GradebookError("a database URL, such as sqlite:////path/gradebook.db", f"`{given}` is none") from None
    if url.drivername.startswith("sqlite") and url.database not in (None, "", ":memory:"):
        url = url.set(database=os.path.join(directory.root, url.database))
    return url.render_as_string(hide_password=False)


@contextlib.contextmanager
def readable_errors(url: str) -> Iterator[None]:
    """Turns what a database says into a GradebookError. nbgrader's own traceback on the way is not printed."""
    before, app_log.disabled = app_log.disabled, True
    try:
        yield
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise GradebookError(f"a gradebook at {shown(url)}", str(error),
                             "for PostgreSQL, `pip install 'psycopg[binary]'` and begin the URL with "
                             "postgresql+psycopg://") from None
    except (SQLAlchemyError, InvalidEntry) as error:
        raise _readable(error, url) from error
    finally:
        app_log.disabled = before


def is_new(url: str) -> bool:
    """Whether there is nothing in the database yet, or no database."""
    with readable_errors(url):
        return _version(url) == "new"


def open_gradebook(url: str, course_id: str = "") -> Gradebook:
    """Raises GradebookError for a database that cannot be opened or was made by another nbgrader."""
    with readable_errors(url):
        version = _version(url)
        if version not in ("new", _head()):
            raise GradebookError(f"a gradebook of nbgrader's present format at {shown(url)}",
                                 f"its format is {version or 'older than any number'}, expected {_head()}",
                                 "back it up, then run `nbgrader db upgrade`")
        if version == "new":
            _make(url)
        gradebook = Gradebook(url, course_id)
        if gradebook.db.get(Course, course_id) is None:  # nbgrader makes no row for a course without a name, to which
            gradebook.db.add(Course(id=course_id))       # its assignments refer: SQLite lets that pass, others do not
            gradebook.db.commit()
        return gradebook


@contextlib.contextmanager
def existing(root: Path, db_url: str | None = None) -> Iterator[Gradebook | None]:
    """The course's gradebook while it is open, None if there is none yet. Raises GradebookError, also for what is
    raised within."""
    directory = course_directory(root, course_config(root))
    url = database_url(directory, db_url)
    if is_new(url):
        yield None
        return
    gradebook = open_gradebook(url, directory.course_id)
    try:
        with readable_errors(url):
            yield gradebook
    finally:
        gradebook.close()


def _make(url: str) -> None:
    place = make_url(url)
    if place.drivername.startswith("sqlite") and place.database not in (None, "", ":memory:"):
        with for_owner(Path(place.database).parent), contextlib.suppress(OSError):  # said by the database itself
            Path(place.database).touch()  # SQLite would give a group no right to write
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            make_tables(connection)
    finally:
        engine.dispose()


def make_tables(connection: Connection) -> None:
    """nbgrader's tables, all or none: nbgrader makes one after the other, and could not use what a kill left."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # Python's sqlite3 begins none for CREATE TABLE
    if _version_in(connection) == "new":  # nobody else has just made them
        Base.metadata.create_all(connection)
        connection.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": _head()})


def _version(url: str) -> str:
    """The format of a database: "new" for an empty one, "" for one that does not say."""
    if (database := make_url(url)).drivername.startswith("sqlite") and not os.path.exists(database.database or ""):
        return "new"
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return _version_in(connection)
    finally:
        engine.dispose()


def _version_in(connection: Connection) -> str:
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" in tables and (
            version := connection.execute(text("SELECT version_num FROM alembic_version")).scalar()):
        return version
    # Tables without a row are what nbgrader leaves if it ends between making them and noting their format.
    rows = any(connection.execute(select(table).limit(1)).first() for table in Base.metadata.sorted_tables
               if table.name in tables)
    return "" if rows or tables - {"alembic_version", *Base.metadata.tables} else "new"


def _head() -> str:
    """The format that this nbgrader writes."""
    return ScriptDirectory(dbutil.ALEMBIC_DIR).get_current_head()


# nbgrader would start the program `alembic` for this: a second, and an error where no environment is active.
api.get_alembic_version = _head


def _readable(error: Exception, url: str) -> GradebookError:
    found = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    hint = next((hint for words, hint in HINTS.items() if words in str(error)),
                "the reports are saved: run this again once the database works")
    return GradebookError(f"a gradebook that can be read and written at {shown(url)}", found, hint)


def shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)
