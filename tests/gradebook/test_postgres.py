"""The gradebook on a real PostgreSQL server: what is in it, two graders at once, crashes, and moving there and back."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import create_engine, text

from autograder.course import load_assignment
from autograder.errors import GradebookError
from autograder.gradebook.copy import copy_gradebook
from autograder.gradebook.remove import remove_student, restore_student
from autograder.gradebook.rename import move_submission
from autograder.gradebook.roll import Member, read_roll, write_roll
from autograder.gradebook.scores import read_scores
from autograder.gradebook.writer import GradebookWriter
from autograder.release import build
from tests.postgres import postgres_server

NAME, OTHER = "t1_means", "t2_means"
ODD = "c o'hara+ü@x.edu"


def contents(url: str) -> dict:
    """All that a gradebook says, by names: through nbgrader's own interface."""
    with Gradebook(url) as gradebook:
        return {"students": sorted((each.id, each.first_name, each.email) for each in gradebook.students),
                "assignments": sorted((each.name, each.duedate, each.max_score) for each in gradebook.assignments),
                "cells": sorted((cell.name, cell.cell_type, cell.source, cell.locked) for assignment in gradebook.assignments
                                for notebook in assignment.notebooks for cell in notebook.source_cells),
                "submissions": sorted(_submission(each) for assignment in gradebook.assignments
                                      for each in assignment.submissions)}


def _submission(each) -> tuple:
    notebook, = each.notebooks
    return (each.name, each.student_id, each.timestamp, each.extension, each.score, each.needs_manual_grade,
            notebook.late_submission_penalty,
            sorted((grade.name, grade.auto_score, grade.manual_score, grade.extra_credit, grade.needs_manual_grade)
                   for grade in notebook.grades),
            sorted((comment.name, comment.auto_comment, comment.manual_comment) for comment in notebook.comments))


@pytest.fixture(scope="module")
def server():
    with postgres_server() as started:
        yield started


@pytest.fixture(scope="module")
def graded(released, notebooks, submit, tmp_path_factory) -> Path:
    """A class with two assignments, graded into SQLite, with points and comments by hand."""
    root = Path(shutil.copytree(released, tmp_path_factory.mktemp("postgres") / "course"))
    shutil.copytree(root / "solutions" / NAME, root / "solutions" / OTHER)
    build.release(load_assignment(OTHER, root))
    for student, notebook in notebooks.items():
        submit(root, student, notebook, {"ann": "2025-05-01 02:00:00 UTC"}.get(student, ""))
        shutil.copytree(root / "submitted" / student / NAME, root / "submitted" / student / OTHER)
    for name in (NAME, OTHER):
        done = start(root, "grade", name).communicate(timeout=240)
        assert "5 submissions" in done[0], done
    return root


def start(root: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-m", "autograder", *arguments], cwd=root, text=True, start_new_session=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"JUPYTER_NO_CONFIG": "1"})


def on(root: Path, url: str, into: Path) -> Path:
    """A copy of a course folder whose gradebook is the database at `url`."""
    course = Path(shutil.copytree(root, into / "course"))
    (course / "gradebook.db").unlink()
    shutil.rmtree(course / "autograded")
    with open(course / "nbgrader_config.py", "a") as file:
        file.write(f"\nc.CourseDirectory.db_url = {url!r}\n")
    return course


def expected(root: Path) -> dict:
    return contents(f"sqlite:///{root}/gradebook.db")


def finish(process: subprocess.Popen) -> str:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, out + err
    return out


@pytest.fixture
def course(server, graded, tmp_path):
    """(the class on an empty PostgreSQL database, its URL): its submissions have reports, so grading only writes."""
    url = server.new_database(tmp_path.name.replace("-", "_"))
    return on(graded, url, tmp_path), url


def test_graders_at_once_on_one_assignment_and_on_two(course, graded):
    """All begin with an empty database, in which none finds the tables, the assignments or the students."""
    root, url = course
    elsewhere = shutil.copytree(root, root.with_name("elsewhere"))  # as on another machine
    graders = [start(folder, "grade", name) for folder, name in ((root, NAME), (root, OTHER), (elsewhere, NAME))]
    for output in map(finish, graders):
        assert "5 submissions, 5 unchanged" in output and "postgresql" in output
    assert contents(url) == expected(graded)


def test_nbgraders_own_commands_agree(course, graded, run_nbgrader):
    root, url = course
    for name in (NAME, OTHER):
        finish(start(root, "grade", name))
    assert run_nbgrader(root, "autograde", NAME, "--student", "ann", "--force").returncode == 0
    assert contents(url) == expected(graded)
    for folder in (root, graded):
        assert run_nbgrader(folder, "export").returncode == 0
    tables = [sorted((folder / "grades.csv").read_text().splitlines()) for folder in (root, graded)]
    assert tables[0] == tables[1] and len(tables[0]) == 11


class Obstacle:
    """An open transaction, at whose end others wait: such as for the same student to be added."""

    def __init__(self, url: str, statement: str):
        self.engine = create_engine(url)
        self.connection = self.engine.connect()
        self.connection.execute(text(statement))

    def wait_for_a_grader(self) -> None:
        deadline = time.monotonic() + 120
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        with self.engine.connect() as watch:
            while not watch.execute(waiting).scalar():
                assert time.monotonic() < deadline, "no grader came"
                watch.rollback()
                time.sleep(0.05)

    def remove(self) -> None:
        self.connection.rollback()
        self.connection.close()
        self.engine.dispose()


def test_a_grader_killed_while_it_writes_loses_nothing(course, graded):
    root, url = course
    Gradebook(url).close()
    obstacle = Obstacle(url, "INSERT INTO student (id) VALUES ('bob')")
    killed = start(root, "grade", NAME)
    obstacle.wait_for_a_grader()
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=60)
    obstacle.remove()
    assert len(contents(url)["submissions"]) < 5
    for name in (NAME, OTHER):
        assert "5 unchanged" in finish(start(root, "grade", name))
    assert contents(url) == expected(graded)


def test_a_server_that_crashes_says_so_and_loses_nothing(course, graded, server):
    root, url = course
    Gradebook(url).close()
    obstacle = Obstacle(url, "INSERT INTO student (id) VALUES ('bob')")
    grader = start(root, "grade", NAME)
    obstacle.wait_for_a_grader()
    server.stop("immediate")
    out, err = grader.communicate(timeout=120)
    lines = err.strip().splitlines()[-3:]
    assert grader.returncode == 2 and lines[0].startswith("a gradebook that can be read and written at postgresql")
    assert lines[2].startswith("hint: "), err
    obstacle.connection.invalidate()
    obstacle.remove()
    out, err = start(root, "grade", NAME).communicate(timeout=120)
    assert "is the database server running?" in err, err
    server.start()
    for name in (NAME, OTHER):
        finish(start(root, "grade", name))
    assert contents(url) == expected(graded)


def grade_by_hand(url: str) -> None:
    with Gradebook(url) as gradebook:
        grade = gradebook.find_grade("why_centre", "means", NAME, "ann")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 1.5, 0.25, False
        gradebook.find_comment("why_centre", "means", NAME, "ann").manual_comment = "Gut – weiter so: <b> & 'q' \\ %s"
        gradebook.update_or_create_student(ODD, first_name="Cü", email="c@x.edu")
        gradebook.db.commit()


def test_moving_to_a_server_and_back(course, graded, tmp_path):
    root, url = course
    old = f"sqlite:///{shutil.copy(graded / 'gradebook.db', tmp_path / 'old.db')}"
    grade_by_hand(old)
    there = copy_gradebook(graded, url, old)
    assert contents(url) == contents(old) and there["student"] == 5 and there["grade"] == 40
    output = finish(start(root, "copy-gradebook", "sqlite:///back.db"))
    assert "5 students, 10 submissions, 40 grades" in output
    assert contents(f"sqlite:///{root}/back.db") == contents(old)
    finish(start(root, "grade", NAME))  # it goes on there
    ann = next(each for each in contents(url)["submissions"] if each[:2] == (NAME, "ann"))
    assert ("why_centre", None, 1.5, 0.25, True) in ann[7]


def test_moving_refuses_what_would_lose_grades(course, graded, tmp_path):
    root, url = course
    with pytest.raises(GradebookError, match="there is none"):
        copy_gradebook(root, f"sqlite:///{tmp_path}/new.db")
    copy_gradebook(graded, url)
    with pytest.raises(GradebookError, match="there are tables in it"):
        copy_gradebook(graded, url)
    with pytest.raises(GradebookError, match=r"begin the URL with postgresql\+psycopg://"):
        copy_gradebook(graded, "postgresql+psycopg2://teacher@/grades")
    with pytest.raises(GradebookError, match="does not exist"):
        copy_gradebook(graded, url.replace(tmp_path.name.replace("-", "_"), "nowhere"))


def test_a_copy_that_breaks_off_leaves_an_empty_database(course, graded):
    root, url = course
    copy_gradebook(graded, url)
    obstacle = Obstacle(url, "LOCK TABLE grade IN ACCESS EXCLUSIVE MODE")
    killed = start(root, "copy-gradebook", "sqlite:///half.db")
    obstacle.wait_for_a_grader()
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=60)
    obstacle.remove()
    assert (root / "half.db").exists()
    copy_gradebook(root, "sqlite:///half.db")
    assert contents(f"sqlite:///{root}/half.db") == contents(url)


def test_the_course_changes_on_a_server_too(server, graded, tmp_path):
    """Where every row that is left behind is refused: parts, notebooks and students leave, and come back."""
    url = server.new_database("changes")
    copy_gradebook(graded, url)
    course = on(graded, url, tmp_path)
    source = course / "solutions" / NAME / "means.py"
    text = source.read_text()
    source.write_text(text.replace('question="why_centre" points=2', 'question="another" points=3'))
    source.rename(source.with_name("averages.py"))
    with GradebookWriter(course, NAME) as writer:
        assert len(writer.notices) == 2
    with Gradebook(url) as book:
        assert (book.find_assignment(NAME).max_score, len(book.find_assignment(NAME).notebooks)) == (11, 1)
        book.find_notebook("averages", NAME).name = "old"
        book.db.commit()
        book.add_notebook("averages", NAME)
    source.with_name("averages.py").write_text(text)
    with GradebookWriter(course, NAME) as writer:
        assert any("twice" in sentence for sentence in writer.notices)
    before = read_scores(course, OTHER)
    remove_student(course, "ann")
    assert "ann" not in read_scores(course, OTHER) | read_roll(course)[0]
    restore_student(course, "ann")
    assert {name: cell.score for name, cell in read_scores(course, OTHER)["ann"].cells.items()} == {
        name: cell.score for name, cell in before["ann"].cells.items()}
    assert move_submission(course, OTHER, "ann", "u1") and "u1" in read_scores(course, OTHER)
    assert write_roll(course, [Member("u1", "Arc", "Ann"), Member("u2")]) == 2
