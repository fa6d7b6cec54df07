"""The course changes after grading: the gradebook follows, nothing that a person gave is lost, and it is said."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook

from autograder.cli import main
from autograder.course import load_assignment
from autograder.errors import GradebookError
from autograder.export.grades import collect_grades
from autograder.gradebook.roll import Member, read_roll, write_roll
from autograder.gradebook.scores import read_scores
from autograder.gradebook.writer import GradebookWriter
from autograder.report import CheckResult, PartResult, Question, Report, load, report_path, save

NAME = "t1_means"


def report_of(course, student: str, name: str = NAME) -> Report:
    assignment = load_assignment(name, course)
    parts = [PartResult(part.name, [CheckResult("c", "s", assignment.plan.points_of(part.name), points=1)])
             for part in assignment.plan.parts]
    return Report(name, student, "means.ipynb", parts, [Question("why_centre", 2, "because", True)])


@pytest.fixture(scope="module")
def graded_once(released, tmp_path_factory, submit, notebooks):
    """ann and bob are graded; ann has a score, extra credit and a comment by hand."""
    course = Path(shutil.copytree(released, tmp_path_factory.mktemp("changes") / "course"))
    for student in ("ann", "bob"):
        submit(course, student, notebooks["ann"])
    assert write(course) == []
    with Gradebook(f"sqlite:///{course}/gradebook.db", "") as book:
        grade = book.find_grade("scaler", "means", NAME, "ann")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 1.5, 0.25, False
        book.find_comment("why_centre", "means", NAME, "ann").manual_comment = "well said"
        book.db.commit()
    return course


@pytest.fixture
def graded(graded_once, tmp_path):
    """A copy of it for one test."""
    return Path(shutil.copytree(graded_once, tmp_path / "course"))


def write(course) -> list[str]:
    """Writes both; what was said of the course's changes."""
    with GradebookWriter(course, NAME) as writer:
        for student in ("ann", "bob"):
            writer.write(report_of(course, student), course / "submitted" / student / NAME)
        return writer.notices


def change(course: Path, name: str, old: str, new: str) -> None:
    path = course / "solutions" / NAME / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def by_hand(course) -> dict:
    cell = read_scores(course, NAME)["ann"].cells["scaler"]
    return {"manual": cell.manual, "extra": cell.extra, "comment": read_scores(course, NAME)["ann"].comments["why_centre"]}


def most(course) -> float:
    return read_roll(course)[1][NAME].max_score


def test_a_renamed_notebook_keeps_its_scores(graded):
    before, points = by_hand(graded), most(graded)
    (graded / "solutions" / NAME / "means.py").rename(graded / "solutions" / NAME / "averages.py")
    said, = write(graded)
    assert "`means` is called `averages` now" in said
    assert by_hand(graded) == before and most(graded) == points == read_scores(graded, NAME)["ann"].max_points
    assert [path.name for path in (graded / "autograded" / "ann" / NAME).glob("*.ipynb")] == ["averages.ipynb"]
    assert write(graded) == []


def test_a_notebook_that_is_there_twice_becomes_one(graded):
    """As nbgrader left it, which takes a renamed notebook for a second one."""
    before, points = by_hand(graded), most(graded)
    with Gradebook(f"sqlite:///{graded}/gradebook.db", "") as book:
        row = book.find_notebook("means", NAME)
        row.name = "old"
        book.db.commit()
        book.add_notebook("means", NAME)
        for name in ("scaler", "why_centre"):
            book.add_grade_cell(name, "means", NAME, max_score=2, cell_type="code")
            book.add_source_cell(name, "means", NAME, cell_type="code")
    said, = write(graded)
    assert "twice" in said and "`old`" in said
    assert (by_hand(graded), most(graded)) == (before, points)


@pytest.fixture
def without_scaler(graded):
    """The last part is taken out of the course."""
    notebook, checks = (graded / "solutions" / NAME / name for name in ("means.py", "checks.py"))
    before = notebook.read_text(), checks.read_text()
    text = before[0]
    start, end = text.index("# %%\nclass Scaler"), text.index('# %% tags=["demo"]')
    notebook.write_text(text[:start] + text[end:])
    parts = before[1].split('@points("scaler"')
    checks.write_text(parts[0].replace('part("scaler")\n', ""))
    return graded, lambda: (notebook.write_text(before[0]), checks.write_text(before[1]))


def test_a_removed_part_counts_no_more_and_comes_back_with_what_was_given(without_scaler):
    course, put_back = without_scaler
    said = write(course)
    assert any(sentence.startswith("`scaler` is no longer in the course") and "2 students (1 with" in sentence
               and f"removed/cells/{NAME}/scaler.json" in sentence for sentence in said)
    scores = read_scores(course, NAME)["ann"]
    assert "scaler" not in scores.cells and scores.max_points == most(course) == 8
    assert scores.comments["why_centre"] == "well said"
    put_back()
    assert any("`scaler` is back" in sentence for sentence in write(course))
    assert by_hand(course) == {"manual": 1.5, "extra": 0.25, "comment": "well said"} and most(course) == 10


def test_an_added_or_renamed_question_is_no_reason_to_refuse(graded):
    change(graded, "means.py", 'question="why_centre" points=2', 'question="another" points=3')
    assert any("`why_centre` is no longer" in sentence for sentence in write(graded))
    ann = read_scores(graded, NAME)["ann"]
    assert ann.cells["scaler"].manual == 1.5 and ann.cells["another"].max_points == 3 and ann.max_points == 11
    change(graded, "means.py", 'question="another" points=3', 'question="why_centre" points=2')
    write(graded)
    assert by_hand(graded)["comment"] == "well said"


def test_nothing_leaves_the_gradebook_that_cannot_be_kept(without_scaler):
    course, _ = without_scaler
    (course / "removed").write_text("in the way")
    with pytest.raises(GradebookError, match="nothing has left the gradebook"):
        write(course)
    assert "scaler" in read_scores(course, NAME)["ann"].cells


def test_nbgraders_own_command_makes_a_gradebook_without_an_activated_shell(course):
    """Its program `alembic` is not on the PATH then."""
    (course / "gradebook.db").unlink()
    bare = os.environ | {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), "JUPYTER_NO_CONFIG": "1"}
    done = subprocess.run([sys.executable, "-m", "nbgrader", "db", "assignment", "add", NAME, "--duedate",
                           "2026-11-20 23:59 UTC"], cwd=course, env=bare, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert read_roll(course)[1][NAME].duedate is not None


def test_a_half_made_gradebook_is_finished(course):
    """All tables, no note of their format, no row: what nbgrader leaves where it does not find `alembic`."""
    with sqlite3.connect(course / "gradebook.db") as connection:
        connection.execute("DROP TABLE alembic_version")
        for table, in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            connection.execute(f"DELETE FROM {table}")
    connection.close()
    assert read_scores(course, NAME) == {}
    with GradebookWriter(course, NAME):
        pass
    assert most(course) == 10
    shutil.rmtree(course)


def test_export_says_that_the_course_has_changed(graded):
    assert not any("has changed" in notice for notice in collect_grades(graded, [NAME])[0].notices)
    change(graded, "means.py", 'question="why_centre" points=2', 'question="another" points=3')
    assert any("the course has changed since it was graded (another, why_centre): run" in notice
               for notice in collect_grades(graded, [NAME])[0].notices)


# --- an assignment, or a student, under another name or gone

@pytest.fixture
def verb(graded, monkeypatch):
    """verb("grade", ...): what the command says in the graded course, and its exit code."""
    monkeypatch.setenv("AUTOGRADER_COURSE", str(graded))
    for student in ("ann", "bob"):
        save(report_of(graded, student), report_path(graded, NAME, student))

    def run(*arguments: str) -> tuple[str, int]:
        done = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
        return done.output, done.exit_code
    return run


def test_a_renamed_assignment_goes_on_under_its_new_name(graded, verb):
    assert verb("rename", NAME, "t1_averages")[1] == 2  # the folder in solutions/ first
    (graded / "solutions" / NAME).rename(graded / "solutions" / "t1_averages")
    said, code = verb("grade", "t1_averages")
    assert code == 2 and f"there are none, but 2 of {NAME}, which is no assignment of this course" in said
    assert f"hint: if t1_averages was called so before: `autograder rename {NAME} t1_averages`" in said
    shutil.copytree(graded / "solutions" / "t1_averages", graded / "solutions" / "t2_other")
    save(report_of(graded, "ann", "t2_other"), report_path(graded, "t2_other", "ann"))
    assert f"{NAME}: in the gradebook, and no assignment of this course, so left out" in verb("export")[0]
    shutil.rmtree(graded / "solutions" / "t2_other")
    said, code = verb("rename", NAME, "t1_averages")
    assert code == 0 and f"{NAME} is t1_averages now: 2 submissions" in said
    ann = read_scores(graded, "t1_averages")["ann"]
    assert ann.cells["scaler"].manual == 1.5 and ann.comments["why_centre"] == "well said"
    assert load(report_path(graded, "t1_averages", "ann")).assignment == "t1_averages"
    assert (graded / "submitted" / "ann" / "t1_averages" / "means.ipynb").is_file() and set(read_roll(graded)[1]) == {"t1_averages"}
    assert verb("rename", NAME, "t1_averages")[1] == 2  # nothing is called so any more


@pytest.mark.parametrize("old", ["*", "..", "../x", "", "t?_means"])
def test_a_name_is_no_pattern_and_no_path(graded, verb, old):
    before = sorted(graded.rglob("*"))
    assert verb("rename", old, NAME)[1] == verb("remove", f"{old}*")[1] == 2 and sorted(graded.rglob("*")) == before


def test_what_would_be_overwritten_is_not_renamed(graded, verb):
    (graded / "solutions" / NAME).rename(graded / "solutions" / "t1_averages")
    (graded / "submitted" / "bob" / "t1_averages").mkdir()
    said, code = verb("rename", NAME, "t1_averages")
    assert code == 2 and "nothing was renamed" in said and (graded / "submitted" / "ann" / NAME).is_dir()
    assert set(read_roll(graded)[1]) == {NAME}


def test_a_removed_student_is_in_no_table_and_comes_back_whole(graded, verb):
    with Gradebook(f"sqlite:///{graded}/gradebook.db", "") as book:
        book.update_or_create_student("ann", first_name="Ann", email="ann@x.edu")
    verb("feedback", NAME)
    files = {path.relative_to(graded) for path in graded.rglob("*") if "ann" in path.relative_to(graded).parts or path.name == "ann.json"}
    said, code = verb("remove", "ann")
    assert code == 0 and "with 2 scores and comments that were given by hand" in said and "removed/students/ann/" in said
    assert set(read_roll(graded)[0]) == set(read_scores(graded, NAME)) == {"bob"}
    assert not any((graded / path).exists() for path in files)
    assert "ann" not in verb("report", NAME)[0] + verb("export", NAME)[0] + (graded / "exports" / "grades.csv").read_text()
    assert "ann" not in (graded / "overview" / f"{NAME}.html").read_text()
    assert verb("remove", "ann")[1] == 2
    said, code = verb("remove", "--undo", "ann")
    assert code == 0 and "ann is back, with 2 scores" in said and all((graded / path).exists() for path in files)
    assert by_hand(graded) == {"manual": 1.5, "extra": 0.25, "comment": "well said"}
    assert (read_roll(graded)[0]["ann"].first_name, read_roll(graded)[0]["ann"].email) == ("Ann", "ann@x.edu")


@pytest.mark.parametrize("student", ["nobody", "..", "a/b"])
def test_nobody_is_not_removed(graded, verb, student):
    before = sorted(graded.rglob("*"))
    assert verb("remove", student)[1] == verb("remove", "--undo", student)[1] == 2
    assert sorted(graded.rglob("*")) == before


def test_grade_says_what_has_changed(graded, verb):
    """A notebook that was renamed, and somebody whose folder somebody has deleted."""
    shutil.rmtree(graded / "submitted" / "bob")
    write_roll(graded, [Member("cid", "Cy", "Cid")])
    (graded / "solutions" / NAME / "means.py").rename(graded / "solutions" / NAME / "averages.py")
    said, code = verb("grade", NAME, "--jobs", "1")
    assert code == 0 and "the notebook `means` is called `averages` now" in said
    assert "no longer in submitted/: bob." in said and "`autograder remove bob`" in said
    assert "nothing handed in: bob, cid" in said
