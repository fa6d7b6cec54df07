"""GradebookWriter alone: databases that do not work, students with strange names, values that nbgrader misreads."""

import base64
import json
import math
import shutil
import sqlite3

import nbformat
import pytest
from nbgrader import utils

from autograder.course import load_assignment
from autograder.errors import GradebookError
from autograder.examine.examiner import unexamined
from autograder.gradebook import harmless
from autograder.gradebook.graded import GradedNotebooks, points_text
from autograder.gradebook.scores import read_scores
from autograder.gradebook.writer import GradebookWriter
from autograder.report import CheckResult, PartResult, Question, Report

NAME = "t1_means"



def report_of(student: str, earned: float = 3.0) -> Report:
    parts = [PartResult("row_mean", [CheckResult("test_a", "a sentence", 3, points=earned)]),
             PartResult("centred", [CheckResult("test_b", "a sentence", 3, points=3)]),
             PartResult("scaler", [CheckResult("test_c", "a sentence", 2, points=0, verdict="failed")])]
    return Report(NAME, student, "means.ipynb", parts, [Question("why_centre", 2, "because", True)])


@pytest.fixture
def folder(course, submit, notebooks):
    """ann's submission."""
    return submit(course, "ann", notebooks["ann"])


def test_scores_can_be_read_back(course, folder):
    (course / "gradebook.db").unlink()
    assert read_scores(course, NAME) == {}
    assert not (course / "gradebook.db").exists()
    with GradebookWriter(course, NAME) as writer:
        writer.write(report_of("ann"), folder)
    ann = read_scores(course, NAME)["ann"]
    assert (ann.score, ann.max_points, ann.needs_manual, ann.submitted) == (6, 10, True, None)
    assert {name: cell.auto for name, cell in ann.cells.items()} == {
        "row_mean": 3, "centred": 3, "scaler": 0, "why_centre": None}
    assert read_scores(course, "another") == {}


def test_a_locked_gradebook_says_so_and_can_be_written_later(course, folder):
    url = f"sqlite:///{course}/gradebook.db?timeout=0.1"
    with GradebookWriter(course, NAME, url) as writer:
        other = sqlite3.connect(course / "gradebook.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(GradebookError) as raised:
            writer.write(report_of("ann"), folder)
        lines = str(raised.value).splitlines()
        assert len(lines) == 3 and lines[0].startswith("a gradebook that can be read and written at sqlite:///")
        assert "database is locked" in lines[1] and lines[2].startswith("hint: another program is writing")
        assert not (course / "autograded" / "ann").exists()
        other.execute("ROLLBACK")
        writer.write(report_of("ann"), folder)
    assert read_scores(course, NAME)["ann"].score == 6


@pytest.mark.parametrize("spoil, hint", [
    (lambda path: path.write_bytes(b"this is not a database" * 100), "restore it from a copy"),
    (lambda path: execute(path, "UPDATE alembic_version SET version_num = 'old'"), "nbgrader db upgrade"),
    (lambda path: execute(path, "DROP TABLE alembic_version"), "nbgrader db upgrade"),
    (lambda path: execute(path, "ALTER TABLE grade DROP COLUMN auto_score"), "nbgrader db upgrade"),
    (lambda path: (path.unlink(), path.mkdir()), "permissions"),
])
def test_a_gradebook_that_cannot_be_used_is_left_alone(course, folder, spoil, hint):
    with GradebookWriter(course, NAME) as writer:
        writer.write(report_of("bob"), folder)
    path = course / "gradebook.db"
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(GradebookError) as raised, GradebookWriter(course, NAME) as writer:
        writer.write(report_of("ann"), folder)
    assert len(str(raised.value).splitlines()) == 3 and hint in str(raised.value).splitlines()[2]
    assert (path.read_bytes() if path.is_file() else b"") == before
    with pytest.raises(GradebookError):
        read_scores(course, NAME)


def execute(path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


def test_a_failing_write_loses_no_earlier_student(course, folder, monkeypatch):
    with GradebookWriter(course, NAME) as writer:
        writer.write(report_of("ann"), folder)
        with monkeypatch.context() as patch, pytest.raises(GradebookError, match="No space left"):
            patch.setattr("autograder.gradebook.writer.stage", full_disk)
            writer.write(report_of("bob"), folder)
        writer.write(report_of("cleo"), folder)
    assert sorted(read_scores(course, NAME)) == ["ann", "cleo"]


def full_disk(path, content):
    raise OSError(28, "No space left on device")


def test_the_configured_database_is_used_and_its_password_never_shown(course, folder):
    with open(course / "nbgrader_config.py", "a") as file:
        file.write('\nc.CourseDirectory.db_url = "sqlite:///elsewhere.db"\n')
    with GradebookWriter(course, NAME) as writer:
        writer.write(report_of("ann"), folder)
    assert (course / "elsewhere.db").exists()
    (course / "elsewhere.db").unlink()
    assert read_scores(course, NAME) == {}
    with pytest.raises(GradebookError) as raised:
        GradebookWriter(course, NAME, "postgresql+nodriver://teacher:geheim@localhost/grades").__enter__()
    assert "geheim" not in str(raised.value) and "teacher" in str(raised.value)


@pytest.mark.parametrize("student", ["", ".", "..", "../bob", "a/b", "a\\b", "a\0b"])
def test_a_student_id_that_is_a_path_is_refused(course, folder, student):
    with GradebookWriter(course, NAME) as writer, pytest.raises(GradebookError, match="student id"):
        writer.write(report_of(student), folder)


@pytest.mark.parametrize("student", ["müller, jo'\"; DROP TABLE grade;--", "<script>", "%7Bx%7D", "{student_id}",
                                     "a b", "学生"])
def test_odd_student_ids_are_only_names(course, folder, student):
    with GradebookWriter(course, NAME) as writer:
        writer.write(report_of(student), folder)
        writer.write(report_of(student, 1.5), folder)
    assert read_scores(course, NAME)[student].score == 4.5
    assert (course / "autograded" / student / NAME / "means.ipynb").is_file()


def test_a_submission_with_a_problem_has_zeros_and_is_in_the_gradebook(course, tmp_path):
    plan = load_assignment(NAME, course).plan
    problem = Report(NAME, "dan", problem="the file\nis not JSON\nhint: save it <again>",
                     parts=unexamined(plan, "not attempted: there is no notebook that can be read"))
    died = Report(NAME, "eve", problem="the grader's own process died on this submission, 2 times")
    with GradebookWriter(course, NAME) as writer:
        for report in (problem, died):
            writer.write(report, tmp_path / "nowhere")
    for scores in read_scores(course, NAME).values():
        assert {name: cell.auto for name, cell in scores.cells.items()} == {
            "row_mean": 0, "centred": 0, "scaler": 0, "why_centre": 0}
        assert not scores.needs_manual
    page = json.loads((course / "autograded" / "dan" / NAME / "means.ipynb").read_text())
    tables = [cell["outputs"][0]["data"]["text/html"] for cell in page["cells"] if cell.get("outputs")]
    assert len(tables) == 3 and all("save it &lt;again&gt;" in table for table in tables)


@pytest.mark.parametrize("points, maximum, text", [
    (3, 3.0, "3"), (2.5, 3.0, "2.5"), (0.1 + 0.2, 0.3, "0.3"), (1 / 3, 1 / 3, repr(1 / 3)), (0, 2, "0"),
    (-1, 2, "0"), (math.nan, 2, "0"), (math.inf, 2, "2"), (1e-9, 2, "1e-09")])
def test_nbgrader_reads_the_points_and_never_more_than_the_maximum(points, maximum, text):
    assert points_text(points, maximum) == text
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("execute_result", {"text/plain": text})],
                                     metadata={"nbgrader": {"grade": True, "solution": False, "points": maximum}})
    assert utils.determine_grade(cell)[0] == float(text) <= maximum


def test_an_unanswered_question_is_the_stub_again(course, submit, notebooks):
    blank = json.loads(json.dumps(notebooks["ann"]))
    for cell in blank["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "why_centre":
            cell["source"] = "Why does one   centre data?\n\n\n*Write your answer here.*"
    report = report_of("ann")
    report.questions[0].answered = False
    made = GradedNotebooks(load_assignment(NAME, course)).make(submit(course, "ann", blank), report)
    cell = nbformat.from_dict(next(cell for cell in made["cells"] if cell["source"].startswith("Why does")))
    assert utils.determine_grade(cell) == (0, 2)


def test_harmless_markdown_keeps_web_links_pictures_and_formulas():
    text = "[a](https://pytorch.org/docs) ![b](attachment:picture-0123456789abcdef) $a < b$ `x[i](j)` > 3"
    made = harmless.markdown(text, ["picture-0123456789abcdef"])
    assert made.replace(harmless.BREAK, "") == text
    assert made.count(harmless.BREAK) == 1  # in the code: not a link that we know
    assert harmless.BREAK in harmless.markdown("![b](attachment:picture-0123456789abcdef)")
    for active in ("![x](https://hub/logout)", "![x][y]", r"$\href{javascript:x}{y}$", r"$\style{background:url(//hub)}{y}$",
                   "``` mermaid\nclick A", "[x]: javascript:y", "[![x](https://hub/logout)](https://x.org)"):
        assert harmless.BREAK in harmless.markdown(active, ["y"]), active


def png(width: int, height: int, tail: bytes = b"pixels") -> str:
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big")
                            + tail).decode()


def test_plots_are_png_pictures_of_a_size_that_a_browser_can_show():
    def output(**data):
        return {"output_type": "display_data", "data": {key.replace("_", "/"): value for key, value in data.items()}}

    good = png(300, 200)
    found = harmless.Plots().of([output(image_png=good, text_html="<script>"), output(image_png=good[:40] + "\n" + good[40:]),
                            output(image_png=[good[:40] + "\n", good[40:]])])
    assert [each["data"] for each in found] == [{"image/png": good}] * 3
    for bad, why in ((png(0, 3), "0 x 3"), (png(100_000, 100_000), "100000 x 100000 pixels"), (png(8_000, 8_000), "8000 x 8000"),
                     ("not base64!", "no PNG"), (good + '"onerror=', "no PNG"), ("", "no PNG"), ("iVBO", "no PNG"), (7, "no PNG"),
                     (None, "no PNG"), (base64.b64encode(b"<svg onload=x>" * 9).decode(), "no PNG")):
        [said] = harmless.Plots().of([output(image_png=bad)])
        assert said["output_type"] == "stream" and why in said["text"] and "is not shown" in said["text"]
    assert "no PNG" in harmless.Plots().of([output(image_svg="<svg/>"), output(**{"image_svg+xml": "<svg/>"})])[0]["text"]
    for bad in (None, "x", 7, {}, [None], [{"data": 3}], [[]], [output(text_html="<b>")]):
        assert harmless.Plots().of(bad) == []
    for many in ([output(image_png=png(9, 9, b"x" * 7_000_000))] * 5, [output(image_png=png(4_000, 4_000))] * 15):
        shown = [each["output_type"] for each in harmless.Plots().of(many)]
        assert shown[0] == "display_data" and shown[-1] == "stream" and shown.count("stream") <= 3


def test_nbgraders_hook_puts_the_assignment_into_a_new_gradebook(course, monkeypatch):
    from autograder.gradebook.preprocessor import know_assignment

    (course / "gradebook.db").unlink()
    monkeypatch.chdir(course)
    for _ in range(2):
        know_assignment(assignment=NAME, student="ann", notebooks=[])
    with sqlite3.connect(course / "gradebook.db") as connection:
        assert [name for name, in connection.execute("SELECT name FROM assignment")] == [NAME]


def test_a_fresh_clone_gets_nbgraders_source_folder_as_a_release_makes_it(course):
    """Formgrader lists only what lies in it."""
    def content() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (course / "build" / "source" / NAME).iterdir()}

    released = content()
    shutil.rmtree(course / "build")
    with GradebookWriter(course, NAME):
        pass
    assert content() == released
