"""Grades out: nbgrader's columns, Canvas, Moodle; quoted, without formulas, and never in the wrong hands."""

import csv
import io
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook

from autograder.cli import main
from autograder.collect.roster import read_roster
from autograder.collect.spreadsheet import Table, read_table
from autograder.errors import AutograderError
from autograder.export.canvas import canvas_csv
from autograder.export.grades import Grade, Graded, collect_grades
from autograder.export.moodle import moodle_csv
from autograder.export.roster import match, of_the_class
from autograder.export.sheet import Verbatim, cell, write_sheet
from autograder.export.table import NBGRADER, nbgrader_csv
from autograder.grade.grader import Grader
from autograder.gradebook.roll import Listed, Member
from autograder.gradebook.writer import GradebookWriter
from autograder.release import build
from autograder.release.notebook import release_notebook, source_notebook
from autograder.report import CheckResult, PartResult, Report, report_path, save

NAME = "t1_means"
HOSTILE = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "=HYPERLINK(\"http://evil\";\"x\")",
           "-cmd|' /C calc'!A0", "＝1", "=1,2\n=3", "\x1b[31m=1", "\x00=1"]
HARMLESS = ["O'Hara, \"Ann\"", "a;b", "a,b", "line\nline", "Zoë 李雷", "'=1", "a=b", "a-b", "", "null", "ann@x.edu", "1e5"]


# --- cells and files

@pytest.mark.parametrize("text", HOSTILE)
def test_a_spreadsheet_computes_nothing(text):
    assert cell(text).startswith("'")


@pytest.mark.parametrize("text", [*HARMLESS, "-5", "+4.5", "-0,5", "12 %".replace(" ", ""), "-", "--"])
def test_what_is_no_formula_stays(text):
    assert cell(text) == text


def test_numbers_stay_numbers():
    assert [cell(value) for value in (-2.5, 0.0, 7, None, datetime(2026, 1, 2, 3, 4, 5), Verbatim("- good"))] == [
        "-2.5", "0.0", "7", "", "2026-01-02 03:04:05", "- good"]


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_what_is_written_is_read_back(tmp_path, delimiter):
    rows = [["name", "other"], *([text, "x"] for text in HARMLESS)]
    path = write_sheet(tmp_path / "a.csv", rows, delimiter)
    assert not path.read_bytes().startswith(b"\xef\xbb\xbf")
    with open(path, encoding="utf-8", newline="") as file:
        assert list(csv.reader(file, delimiter=delimiter)) == rows
    sheet = read_table(path, "it")
    assert ([sheet.header, *sheet.rows], sheet.delimiter) == (rows, delimiter)


@pytest.mark.parametrize("content, said", [(b"", "is empty"), (b"\xff\xfe\x00", "utf-16"), (b'a,b\n"c', "unexpected end")])
def test_a_roster_that_is_none_is_refused(tmp_path, content, said):
    (tmp_path / "roster.csv").write_bytes(content)
    with pytest.raises(AutograderError, match=said):
        read_table(tmp_path / "roster.csv", "--roster")


def test_a_roster_with_a_byte_order_mark(tmp_path):
    (tmp_path / "roster.csv").write_bytes("\ufeffStudent;ID\r\nZoë;1;surplus\r\n;\r\n".encode())
    sheet = read_table(tmp_path / "roster.csv", "--roster")
    assert (sheet.header, sheet.rows, sheet.delimiter) == (["Student", "ID"], [["Zoë", "1"]], ";")


# --- who is who

def test_students_are_found_by_id_and_address():
    keys = [["ann@x.edu", "77", "ann"], ["BOB", "78", ""], ["eve@x.edu", "79", "eve"], ["eve@y.edu", "80", "eve"]]
    members = [Member("ANN"), Member("b", email="bob"), Member("79"), Member("eve"), Member("nobody"),
               Member("f", lms_user_id="80")]
    found = match(members, keys)
    assert found.rows == {"ANN": 0, "b": 1, "79": 2, "f": 3} and found.unknown == ["eve", "nobody"]


def test_nobody_gets_anothers_grade():
    """Neither two students in one row, nor one whose id and address lead to different rows."""
    keys = [["ann", "1"], ["bob", "2"]]
    both = match([Member("ann"), Member("1")], keys)
    assert (both.rows, both.unknown) == ({}, ["ann", "1"])
    assert match([Member("ann", email="2")], keys).unknown == ["ann"]
    assert match([Member("ann")], []).unknown == ["ann"]


# --- the formats

def graded(name: str = NAME, most: float = 8, **scores: float | None) -> Graded:
    """Student -> score; None for somebody of the gradebook without a submission."""
    grades = {student: Grade(Member(student, email=f"{student}@x.edu"), score or 0.0, submitted=score is not None,
                             parts={"row_mean": (score or 0.0, most)}) for student, score in scores.items()}
    return Graded(Listed(name, most), grades)


def sheet(text: str, delimiter: str = ",") -> Table:
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    return Table(rows[0], rows[1:], delimiter)


CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,T1 Means (501),Quiz (502),Final Score
    Points Possible,,,,,8.00,5.00,(read only)
"Ann, A",901,u1,ann,S1,3.00,1,50
"=Bob, B",902,u2,bob@x.edu,S1,EX,2,50
"Cid, C",903,u3,cid,S2,7.00,,50
"Eve, E",904,u4,eve,S2,,,50
"Student, Test",905,,c0ffee,S1,,,
"""


def test_canvas_gets_its_own_ids_and_titles_back():
    exported = canvas_csv([graded(ann=7.5, bob=8.0, cid=None, dan=1.0)], sheet(CANVAS))
    assert [list(map(cell, row)) for row in exported.rows] == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "T1 Means (501)"],
        ["    Points Possible", "", "", "", "", "8.00"],
        ["Ann, A", "901", "u1", "ann", "S1", "7.5"],
        ["'=Bob, B", "902", "u2", "bob@x.edu", "S1", "EX"],
        ["Cid, C", "903", "u3", "cid", "S2", "7.00"],
        ["Eve, E", "904", "u4", "eve", "S2", ""],
        ["Student, Test", "905", "", "c0ffee", "S1", ""]]
    assert exported.notices == [f"{NAME}: not in the roster, or not surely, and left out: dan",
                                f"{NAME}: in the roster without a submission, left as they are: Cid, C, Eve, E"]


def test_canvas_knows_who_was_collected_without_a_roster():
    assert canvas_csv([graded(**{"anna-901": 2.0, "anna-902": 3.0})], sheet(CANVAS)).rows[2][5] == "2"


def test_canvas_titles():
    """One that is not there makes a new column; one that is named must be there; other points are said."""
    made = canvas_csv([graded("t2", most=3, ann=1.0)], sheet(CANVAS))
    assert (made.rows[0][5], made.rows[1][5], made.rows[2][5]) == ("t2", "3", "1") and "make a new one" in made.notices[0]
    named = canvas_csv([graded("t2", most=3, ann=1.0)], sheet(CANVAS), {"t2": "Quiz"})
    assert (named.rows[0][5], named.rows[1][5]) == ("Quiz (502)", "5.00")
    assert "Canvas counts 5.00 points possible, this course 3" in named.notices[0]
    with pytest.raises(AutograderError, match="one assignment called Essay"):
        canvas_csv([graded("t2", ann=1.0)], sheet(CANVAS), {"t2": "Essay"})


def test_canvas_takes_several_assignments_and_semicolons():
    exported = canvas_csv([graded(ann=7.0), graded("quiz", most=5, eve=4.25)], sheet(CANVAS.replace(",", ";").replace(
        '"Ann; A"', '"Ann, A"'), ";"))
    assert exported.delimiter == ";" and exported.rows[0][5:] == ["T1 Means (501)", "Quiz (502)"]
    assert exported.rows[2][5:] == ["7", "1"] and exported.rows[5][5:] == ["", "4.25"]


def test_canvas_without_a_roster():
    exported = canvas_csv([graded(ann=7.5, bob=None)])
    assert exported.rows == [("Student", "ID", "SIS User ID", "SIS Login ID", "Section", NAME),
                             ("    Points Possible", "", "", "", "", "8"), ("ann", "", "", "ann", "", "7.5"),
                             ("bob", "", "", "bob", "", "")]


def test_a_canvas_roster_needs_its_columns():
    with pytest.raises(AutograderError, match="Student, ID and Section"):
        canvas_csv([graded(ann=1.0)], sheet("name,grade\nann,1\n"))


MOODLE = """Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed","Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 11","Ann A",ann@x.edu,"Submitted for grading",,8.00,Yes,"Monday, 1 June 2026, 9:00 AM",-,
"Participant 12","=Bob",bob@x.edu,"Submitted for grading",5.00,8.00,No,-,-,"- good work"
"Participant 13","Cid C",cid@x.edu,"No submission",,8.00,Yes,-,-,"- where is it?"
"Participant 14","Eve E",eve@x.edu,"Submitted for grading",,7.00,Yes,-,-,"row_mean: 1 of 8"
"""


def test_moodles_worksheet_is_filled_in():
    exported = moodle_csv([graded(ann=7.5, bob=6.0, dan=1.0) ], sheet(MOODLE))
    rows = [list(map(cell, row)) for row in exported.rows]
    assert rows[0] == sheet(MOODLE).header
    assert [(row[0], row[1], row[4], row[9]) for row in rows[1:]] == [
        ("Participant 11", "Ann A", "7.5", "row_mean: 7.5 of 8"), ("Participant 12", "'=Bob", "6", "- good work"),
        ("Participant 13", "Cid C", "", "- where is it?"), ("Participant 14", "Eve E", "", "row_mean: 1 of 8")]
    assert exported.notices == [
        "not in the worksheet, or not surely, and left out: dan",
        "in the worksheet without a submission, left as they are: Cid C, Eve E",
        "Moodle will not change the grades of bob: they are locked there"]


def test_moodle_knows_students_by_its_own_number_and_skips_what_is_too_much():
    each = graded(**{"14": 7.5})
    each.grades["14"] = Grade(Member("14"), 7.5, parts={"row_mean": (7.5, 8), "<b>": (0, 1)})
    exported = moodle_csv([each], sheet(MOODLE))
    assert exported.rows[4][4] == "7.5" and exported.rows[4][9] == "row_mean: 7.5 of 8<br>&lt;b&gt;: 0 of 1"
    assert "Moodle will silently skip 14" in exported.notices[-1]


def test_moodle_knows_who_was_collected_without_a_roster():
    """By the name, and by the name and number of one of two Evas."""
    twins = MOODLE.replace("Cid C", "Eve E")
    exported = moodle_csv([graded(**{"ann-a": 2.0, "eve-e-14": 3.0, "eve-e": 4.0})], sheet(twins))
    assert [row[4] for row in exported.rows[1:]] == ["2", "5.00", "", "3"] and "left out: eve-e" in exported.notices[0]


def test_moodles_import_without_a_worksheet():
    exported = moodle_csv([graded(ann=7.5, bob=None), graded("t2", bob=1.0)])
    assert exported.rows == [("Username", "Email address", "First name", "Last name", NAME, "t2"),
                             ("ann", "ann@x.edu", "", "", "7.5", ""), ("bob", "bob@x.edu", "", "", "", "1")]


@pytest.mark.parametrize("roster, assignments", [("a,b\n1,2\n", 1), (MOODLE, 2)])
def test_moodles_worksheet_is_of_one_assignment_and_has_its_columns(roster, assignments):
    with pytest.raises(AutograderError):
        moodle_csv([graded(ann=1.0)] * assignments, sheet(roster))


GERMAN = """ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Bewertung kann geändert werden","Zuletzt geändert (Abgabe)","Zuletzt geändert (Bewertung)","Feedback als Kommentar"
Teilnehmer/in1234567,"Ann A",ann@x.edu,"Zur Bewertung abgegeben",,"8,00",Ja,"Montag, 20. April 2026, 21:14",-,
Teilnehmer/in1234568,"Bob B",bob@x.edu,"Zur Bewertung abgegeben",,"8,00",Nein,-,-,
"""
FRENCH = """Identifiant,"Nom complet","Adresse de courriel",Statut,Note,"Note maximale","La note peut être modifiée","Dernière modification (travail remis)","Dernière modification (note)","Feedback par commentaires"
Participant1234567,"Ann A",ann@x.edu,"Remis pour évaluation",,"8,00",Oui,"lundi 20 avril 2026, 21:14",-,
Participant1234568,"Bob B",bob@x.edu,"Remis pour évaluation",,"8,00",Non,-,-,
"""
BLIND = """Identifier,Status,Grade,"Maximum Grade","Grade can be changed","Last modified (submission)","Last modified (grade)","Feedback comments"
Participant 1234567,"Submitted for grading",,8.00,Yes,"Monday, 20 April 2026, 9:14 PM",-,
Participant 1234568,"Submitted for grading",,8.00,No,-,-,
"""


@pytest.mark.parametrize("text, students", [(GERMAN, ("ann", "bob")), (FRENCH, ("ann", "bob")), (GERMAN, ("1234567", "bob-b")),
                                            (BLIND, ("participant-1234567", "participant-1234568"))])
def test_moodles_worksheet_in_other_languages_and_without_names(text, students):
    exported = moodle_csv([graded(**dict(zip(students, (7.5, 8.0))))], sheet(text))
    before, header = sheet(text), exported.rows[0]
    grade = header.index(next(title for title in header if title in ("Bewertung", "Note", "Grade")))
    rows = [list(map(cell, row)) for row in exported.rows[1:]]
    assert [(row[0], row[grade], row[-1]) for row in rows] == [
        (before.rows[0][0], "7.5", "row_mean: 7.5 of 8"), (before.rows[1][0], "8", "row_mean: 8 of 8")]
    assert [[value for place, value in enumerate(row) if place not in (grade, len(header) - 1)] for row in rows] == [
        row[:grade] + row[grade + 1:-1] for row in before.rows]  # Moodle's own dashes too
    assert exported.filled == 2 and exported.notices == [f"Moodle will not change the grades of {students[1]}: they are locked there"]


def test_a_scale_of_moodle_is_no_number_of_points():
    exported = moodle_csv([graded(ann=7.5)], sheet(GERMAN.replace('"8,00"', '"nicht bestanden    bestanden"')))
    assert "Moodle grades this assignment by a scale (nicht, bestanden, bestanden)" in exported.notices[-1]


def test_an_answer_that_waits_is_not_0_points():
    each = graded(ann=6.0)
    each.grades["ann"] = Grade(Member("ann"), 6.0, parts={"row_mean": (6.0, 6), "why": (None, 2)})
    assert moodle_csv([each], sheet(GERMAN.replace("ann@x.edu", "ann@y.edu"))).rows[1][-1] == "row_mean: 6 of 6<br>why: not graded yet, of 2"


def test_rows_that_were_filled_are_counted():
    assert moodle_csv([graded(ann=1.0, nobody=2.0, cid=None)], sheet(MOODLE)).filled == 1
    assert canvas_csv([graded(ann=7.5, bob=8.0, cid=None, dan=1.0)], sheet(CANVAS)).filled == 1  # bob is excused
    assert canvas_csv([graded(ann=7.5, cid=None)]).filled == nbgrader_csv([graded(ann=7.5, cid=None)]).filled == 1


def test_points_are_rounded_to_hundredths():
    each = Graded(Listed(NAME, 100.0), {"ann": Grade(Member("ann"), 73.63329999999999 + 0.1, 0.1)})
    assert [cell(value) for value in nbgrader_csv([each]).rows[1][7:]] == ["73.73", "0.1", "73.63", "100.0"]


def test_a_table_with_a_roster_is_of_the_whole_class(tmp_path):
    """Its order and names; who handed in nothing, whom the gradebook does not know; who is not on it comes last."""
    (tmp_path / "class.csv").write_text("student_id,first name,last name,email\nzoe,Zoë,Z,zoe@x.edu\nann,Ann,A,ann@x.edu\n"
                                        "u7,Jo,Kim,jo@x.edu\nann2,Ann,A,\n", encoding="utf-8")
    each, = of_the_class([graded(**{"jo-kim": 4.0, "ann": 7.5, "eve": 1.0, "bob": None})], read_roster(tmp_path / "class.csv"))
    rows = nbgrader_csv([each]).rows[1:]
    assert [(row[3], row[5], row[6], row[9]) for row in rows] == [
        ("zoe", "Zoë", "zoe@x.edu", 0), ("ann", "Ann", "ann@x.edu", 7.5), ("jo-kim", "Jo", "jo@x.edu", 4), ("ann2", "Ann", "", 0),
        ("eve", "", "eve@x.edu", 1), ("bob", "", "bob@x.edu", 0)]
    assert each.notices == [f"{NAME}: not on the roster, or not surely, so last in the table: eve, bob"]


# --- from the gradebook, beside nbgrader's own export

@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """Two graded students, one with names that bite, one without a submission; scores by hand, extra credit, late."""
    import shutil

    from autograder.course import load_assignment

    here = Path(__file__).parents[2]
    root = tmp_path_factory.mktemp("export") / "course"
    shutil.copytree(here / "tests" / "tiny", root)
    shutil.copy(here / "nbgrader_config.py", root)
    assignment = load_assignment(NAME, root)
    build.release(assignment)
    with Grader(assignment, b"secret") as grader, GradebookWriter(root, assignment) as writer:
        for student, text in (("ann", source_notebook(assignment)), ("bob", release_notebook(assignment))):
            folder = root / "submitted" / student / NAME
            folder.mkdir(parents=True)
            (folder / "means.ipynb").write_text(text, encoding="utf-8")
            (folder / "timestamp.txt").write_text("2026-05-01 10:00:00 UTC")
            report = grader.grade(student, folder)
            save(report, report_path(root, NAME, student))
            writer.write(report, folder)
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        book.update_or_create_student("ann", first_name="Ann", last_name="Arc", email="ann@x.edu", lms_user_id="901")
        book.update_or_create_student("cid", first_name="=1+1", last_name='D"; DROP', email="+@x")
        book.update_or_create_assignment(NAME, duedate="2026-04-30 10:00:00")
        notebook = book.find_submission_notebook("means", NAME, "ann")
        for grade, by_hand, extra in ((book.find_grade("why_centre", "means", NAME, "ann"), 1.5, None),
                                      (book.find_grade("row_mean", "means", NAME, "ann"), None, 0.5)):
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = by_hand, extra, False
        notebook.late_submission_penalty = 2.0
        book.find_submission_notebook("means", NAME, "bob").late_submission_penalty = 3.0
        book.db.commit()
    return root


def test_it_is_what_nbgrader_exports(course):
    """Cell by cell, but for the formula, which nbgrader hands on as it is."""
    subprocess.run([sys.executable, "-m", "nbgrader", "export", "--to", "stock.csv"], cwd=course, check=True,
                   capture_output=True, timeout=240)
    with open(course / "stock.csv", newline="", encoding="utf-8") as file:
        stock = {row[3]: row for row in csv.reader(file)}
    ours = {row[3]: row for row in ([cell(value) for value in row]
                                    for row in nbgrader_csv(collect_grades(course, [NAME])).rows)}
    assert list(ours["student_id"]) == list(NBGRADER)
    assert {student: ours[student] for student in ("student_id", "ann", "bob")} == {
        student: stock[student] for student in ("student_id", "ann", "bob")}
    assert ours["ann"][7:] == ["10.0", "2.0", "8.0", "10.0"] and ours["bob"][7:] == ["0.0", "3.0", "0.0", "10.0"]
    assert ours["cid"][4:] == ['D"; DROP', "'=1+1", "'+@x", "0.0", "0.0", "0.0", "10.0"]


def test_the_verb_for_all_three(course, monkeypatch, tmp_path):
    monkeypatch.setenv("AUTOGRADER_COURSE", str(course))
    roster = tmp_path / "roster.csv"
    roster.write_text(CANVAS)
    for arguments, name, words in ((["export"], "grades.csv", "2 grades: exports/grades.csv"),
                                   (["export", NAME, "--to", "canvas", "--roster", str(roster)], "canvas.csv",
                                    "Canvas counts 8.00 points possible, this course 10"),
                                   (["export", NAME, "--to", "moodle"], "moodle.csv", "Grades, Import, CSV file"),
                                   (["export", NAME, "--to", "canvas", "--roster", str(roster)], "canvas.csv", "1 of 2 grades: exports/canvas.csv"),
                                   (["export", NAME, "--roster", str(roster)], "grades.csv", "2 grades: exports/grades.csv")):
        done = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert done.exit_code == 0 and words in done.output
        assert read_table(course / "exports" / name, "it").rows
    assert ",eve," in (course / "exports" / "grades.csv").read_text()  # of the roster alone
    done = CliRunner().invoke(main, ["export", NAME, "--to", "canvas", "--roster", str(roster), "--column", "x=y"])
    assert done.exit_code == 2 and "--column ASSIGNMENT=TITLE" in done.output


def test_what_nobody_has_handed_in_is_no_column(course, monkeypatch):
    """Only what has grades is exported; who asks for an assignment without any is told what to run."""
    monkeypatch.setenv("AUTOGRADER_COURSE", str(course))
    monkeypatch.setattr("autograder.cli.export_verbs.load_assignment", lambda *of: None)
    monkeypatch.setattr("autograder.cli.export_verbs.assignment_names", lambda root: ["t0_future", NAME])
    done = CliRunner().invoke(main, ["export", "--to", "canvas"], catch_exceptions=False)
    assert done.exit_code == 0 and "t0_future" not in done.output
    assert read_table(course / "exports" / "canvas.csv", "it").header[-1] == NAME
    done = CliRunner().invoke(main, ["export", "t0_future"])
    assert done.exit_code == 2 and "grades of t0_future\nnobody has a score yet" in done.output


def test_without_a_gradebook_the_reports_count(tiny):
    save(Report(NAME, "ann\x1b[31m", parts=[PartResult("row_mean", [CheckResult("c", "s", 2, points=1.5)])]),
         report_path(tiny.root, NAME, "ann"))
    save(Report(NAME, "bob", problem="the grader's own process died on it 2 times"), report_path(tiny.root, NAME, "bob"))
    each, = collect_grades(tiny.root, [NAME])
    assert {student: grade.score for student, grade in each.grades.items()} == {"ann\x1b[31m": 1.5}
    assert each.assignment.max_score == 2
    assert "the gradebook has no scores" in each.notices[0] and "no grade for bob" in each.notices[1]


def test_answers_that_wait_and_reports_that_are_not_in_the_gradebook_are_said(course):
    path = report_path(course, NAME, "late")
    save(Report(NAME, "late", parts=[PartResult("row_mean", [CheckResult("c", "s", 2)])]), path)
    try:
        each, = collect_grades(course, [NAME])
    finally:
        path.unlink()
    assert any("a report, but no score in the gradebook, has late" in notice for notice in each.notices)
    assert "late" not in each.grades


def test_a_gradebook_that_is_older_than_the_reports_is_said(course):
    path = report_path(course, NAME, "ann")
    before = path.read_bytes()
    try:
        save(Report(NAME, "ann", parts=[PartResult("row_mean", [CheckResult("c", "s", 3, points=1)])]), path)
        assert any("is older than the reports of ann" in notice for notice in collect_grades(course, [NAME])[0].notices)
    finally:
        path.write_bytes(before)
    assert not any("is older" in notice for notice in collect_grades(course, [NAME])[0].notices)
