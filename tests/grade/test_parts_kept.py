"""A regrade after a change to the course examines again what the change can have touched, and nothing else."""

from dataclasses import replace

import pytest

from autograder import handed_in
from autograder.course import load_assignment
from autograder.course.execute import read_answers
from autograder.grade import batch
from autograder.grade.grader import Grader
from autograder.release.notebook import release_notebook, source_notebook
from autograder.report import load, report_path, save
from autograder.sample import with_answers


@pytest.fixture
def submitted(tiny):
    """Somebody perfect, somebody with a mistake that earns follow-through marks, and a blank notebook."""
    mistake = next(answer for answer in read_answers(tiny) if answer.replaces == ("row_mean",) and not answer.correct)
    texts = {"ada": source_notebook(tiny), "ben": with_answers(tiny, [mistake]), "cy": release_notebook(tiny)}
    for student, text in texts.items():
        folder = tiny.root / "submitted" / student / tiny.name
        folder.mkdir(parents=True)
        (folder / "means.ipynb").write_text(text)
    return tiny


def examine(assignment, before=None):
    """The report of each student."""
    folders = handed_in.submissions(assignment.root, assignment.name)
    with Grader(load_assignment(assignment.name, assignment.root)) as grader:
        return {student: grader.grade(student, folder, before and before[student])
                for student, folder in folders.items()}


def marked(reports):
    """The reports, each part of them with a mark to be known by."""
    for report in reports.values():
        for part in report.parts:
            part.checks[0].sentence = "kept"
    return reports


def kept(reports):
    """The parts of which every student's result was kept."""
    marks = [{part.name for part in report.parts if part.checks[0].sentence == "kept"} for report in reports.values()]
    assert all(mark == marks[0] for mark in marks)
    return sorted(marks[0])


def change(path, old, new):
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize("file, old, new, left", [
    ("checks", "worst < 1e-9", "worst < 1e-8", ["row_mean", "scaler"]),
    ("checks", "size=(7, 2)", "size=(7, 3)", ["scaler"]),  # `centred` builds on `row_mean`
    ("checks", '"""What', '# a comment\n"""What', ["centred", "row_mean", "scaler"]),
    ("checks", 'part("scaler")', 'part("scaler", waits_for=["centred"])', []),
    ("notebook", "The smallest assignment", "A small assignment", ["centred", "row_mean", "scaler"]),
    ("notebook", "factor * x", "x * factor", []),
    ("mistakes", "import reference", "import math  # noqa\nimport reference", [])])
def test_only_what_changed_is_examined_again(submitted, file, old, new, left):
    before = marked(examine(submitted))
    change(getattr(submitted, file), old, new)
    after = examine(submitted, before)
    assert kept(after) == left
    anew = examine(submitted)
    for report in (*after.values(), *anew.values()):
        report.seconds = 0.0
    assert marked(after) == marked(anew)


def test_another_secret_keeps_nothing(submitted):
    before = marked(examine(submitted))
    folder = handed_in.submissions(submitted.root, submitted.name)["ada"]
    with Grader(submitted, b"another") as grader:
        assert kept({"ada": grader.grade("ada", folder, before["ada"])}) == []


def test_changed_code_is_examined_whole_and_other_output_not_at_all(submitted):
    before = marked(examine(submitted))
    notebook = submitted.root / "submitted" / "ada" / submitted.name / "means.ipynb"
    notebook.write_text(notebook.read_text() + "\n")
    after = examine(submitted, before)
    assert len(kept(after)) == 3
    change(notebook, "x.sum(axis=1) / x.shape[1]", "x.mean(axis=1)")
    assert not kept({"ada": examine(submitted, after)["ada"]})


def test_a_batch_keeps_what_it_may(submitted):
    def grade(**options):
        assignment = load_assignment(submitted.name, submitted.root)
        folders = handed_in.submissions(submitted.root, submitted.name)
        return {report.student: report for report in batch.grade_class(assignment, folders, jobs=1, **options)}

    for report in marked(grade()).values():
        save(report, report_path(submitted.root, submitted.name, report.student))
    change(submitted.checks, "worst < 1e-9", "worst < 1e-8")
    reports = grade()
    assert kept(reports) == ["row_mean", "scaler"]
    for student, report in reports.items():
        saved = load(report_path(submitted.root, submitted.name, student))
        assert replace(saved, seconds=0.0) == replace(report, seconds=0.0)
    assert kept(grade(again=True)) == []
