"""A class: every submission gets a report, whatever the others do; unchanged ones are kept; nothing is lost."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from autograder import handed_in
from autograder.errors import AutograderError
from autograder.grade import batch
from autograder.grade.secret import course_secret
from autograder.release.notebook import release_notebook, source_notebook
from autograder.report import Report, load, report_path, save

ROW_MEAN = "return x.sum(axis=1) / x.shape[1]  # (N,)"


@pytest.fixture
def submit(tiny):
    """Writes one student's notebook."""
    def submitter(student: str, content: str | bytes | None = None):
        folder = tiny.root / "submitted" / student / tiny.name
        folder.mkdir(parents=True, exist_ok=True)
        content = source_notebook(tiny) if content is None else content
        (folder / "means.ipynb").write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return submitter


def grade(assignment, **options) -> dict[str, Report]:
    folders = handed_in.submissions(assignment.root, assignment.name)
    return {report.student: report for report in batch.grade_class(assignment, folders, jobs=2, **options)}


def test_everybody_is_graded(tiny, submit):
    submit("perfect")
    submit("blank", release_notebook(tiny))
    submit("not json", b"\xff\xfe")
    submit("名前 <b>&amp;'\"; DROP TABLE", source_notebook(tiny))
    (tiny.root / "submitted" / "folder" / tiny.name / "means.ipynb").mkdir(parents=True)
    (tiny.root / "submitted" / "empty" / tiny.name).mkdir(parents=True)
    (tiny.root / "submitted" / "a file" ).mkdir()
    (tiny.root / "submitted" / "a file" / tiny.name).write_text("not a folder")
    reports = grade(tiny)
    assert {name: report.points for name, report in reports.items()} == {
        "perfect": 8, "blank": 0, "not json": 0, "名前 <b>&amp;'\"; DROP TABLE": 8, "folder": 0, "empty": 0, "a file": 0}
    assert all(report.max_points == 8 for report in reports.values())
    assert "UTF-8" in reports["not json"].problem
    for student, report in reports.items():
        assert load(report_path(tiny.root, tiny.name, student)) == report


def test_unchanged_submissions_are_kept(tiny, submit):
    submit("ada")
    submit("ben", release_notebook(tiny))
    seen = []
    grade(tiny)
    submit("ben")
    reports = grade(tiny, on_report=lambda report, kept: seen.append((report.student, kept)))
    assert sorted(seen) == [("ada", True), ("ben", False)]
    assert reports["ben"].points == 8
    seen.clear()
    tiny.checks.write_text(tiny.checks.read_text() + "\n# changed\n")
    grade(tiny, on_report=lambda report, kept: seen.append((report.student, kept)))
    assert sorted(seen) == [("ada", False), ("ben", False)]


def test_a_regrade_gives_the_same_report(tiny, submit):
    submit("ada", source_notebook(tiny).replace(ROW_MEAN, "import random; return x.mean(axis=1) + random.random()"))
    first, second = grade(tiny)["ada"], grade(tiny, again=True)["ada"]
    first.seconds = second.seconds = 0
    assert first == second


def test_a_damaged_report_is_made_again(tiny, submit):
    submit("ada")
    grade(tiny)
    report_path(tiny.root, tiny.name, "ada").write_text('{"schema": 1, "half a rep')
    assert grade(tiny)["ada"].points == 8


def test_hidden_inputs_depend_on_the_secret(tiny, submit):
    """A hidden check of the same wrong answer meets other numbers in another course."""
    submit("ada", source_notebook(tiny).replace(ROW_MEAN, "return x.sum(axis=1)"))
    def found():
        checks = {check.name: check.found for part in grade(tiny)["ada"].parts for check in part.checks}
        return checks["test_each_row_has_its_mean"], checks["test_mean_of_many_rows"]

    first = found()
    assert course_secret(tiny.root) == course_secret(tiny.root)
    (tiny.root / "course.secret").unlink()
    second = found()
    assert first[0] == second[0] and first[1] != second[1]


def test_a_killed_batch_goes_on_where_it_was(tiny, submit):
    """SIGKILL in the middle; then the same command ends with all reports."""
    for number in range(12):
        submit(f"student-{number:02d}", source_notebook(tiny).replace(ROW_MEAN, f"import time; time.sleep(0.1); {ROW_MEAN}"))
    command = [sys.executable, "-m", "autograder", "grade", tiny.name, "--no-gradebook", "--jobs", "2"]
    running = subprocess.Popen(command, cwd=tiny.root, start_new_session=True, stdout=subprocess.DEVNULL)
    reports = tiny.root / "reports" / tiny.name
    deadline = time.monotonic() + 60
    while len(list(reports.glob("[a-z]*.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    before = {path.name: path.read_bytes() for path in reports.glob("[a-z]*.json")}
    assert 3 <= len(before) < 12
    done = subprocess.run(command, cwd=tiny.root, capture_output=True, text=True, check=True)
    assert f"{len(before)} unchanged" in done.stdout
    after = {path.name: path.read_bytes() for path in reports.glob("[a-z]*.json")}
    assert len(after) == 12 and all(json.loads(text)["points"] == 8 for text in after.values())
    assert all(after[name] == text for name, text in before.items())


def test_a_dying_grader_process_costs_only_its_submission(tiny, submit, monkeypatch):
    """The worker that meets this student dies each time: reported, not tried for ever, and all others are graded."""
    for student in ("ada", "ben", "poison", "zoe"):
        submit(student)
    (tiny.root / "sitecustomize.py").write_text(
        "import os\nfrom autograder.grade import grader\nbefore = grader.find_notebook\n"
        "def find(folder, *rest):\n    if 'poison' in str(folder):\n        os._exit(1)\n    return before(folder, *rest)\n"
        "grader.find_notebook = find\n")
    monkeypatch.setenv("PYTHONPATH", str(tiny.root))
    reports = grade(tiny)
    assert [reports[name].points for name in ("ada", "ben", "zoe")] == [8, 8, 8]
    assert not reports["poison"].examined and "died" in reports["poison"].problem and reports["poison"].key == ""


def test_a_full_disk_leaves_no_half_report(tmp_path, monkeypatch):
    path = tmp_path / "reports" / "a" / "ada.json"
    save(Report("a", "ada"), path)
    before = path.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("autograder.report.os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        save(Report("a", "ada", problem="x"), path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["ada.json"]


def test_reports_of_another_schema_are_refused():
    with pytest.raises(AutograderError, match="schema"):
        Report.from_json('{"schema": 99}')


def test_only_a_chosen_student(tiny, submit):
    submit("ada")
    submit("ben")
    command = [sys.executable, "-m", "autograder", "grade", tiny.name, "--no-gradebook", "--student", "ben"]
    done = subprocess.run(command, cwd=tiny.root, capture_output=True, text=True, check=True)
    assert "1 submissions" in done.stdout
    assert [path.name for path in (tiny.root / "reports" / tiny.name).iterdir()] == ["ben.json"]
    for meant, hint in (("Bem", "did you mean `ben`?"), ("nobody", "there are ada, ben")):
        command[-1] = meant
        done = subprocess.run(command, cwd=tiny.root, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (2, f"a submission of {tiny.name} by {meant}\nthere is no submitted/{meant}/{tiny.name}/\nhint: {hint}\n")


def test_a_report_that_cannot_be_written_is_said_in_three_lines(tiny, submit):
    """The reports/ folder of the assignment is a file: nothing can be written below it."""
    submit("ada")
    (tiny.root / "reports").mkdir()
    (tiny.root / "reports" / tiny.name).write_text("in the way")
    command = [sys.executable, "-m", "autograder", "grade", tiny.name, "--no-gradebook"]
    done = subprocess.run(command, cwd=tiny.root, capture_output=True, text=True)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert done.stderr.startswith("to write ") and "run the same command again" in done.stderr
