"""A picture beside a notebook, from `submit` by way of an LMS to the page of whoever wrote it."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from autograder.collect import hand_ins, opened, take
from autograder.course import load_assignment
from autograder.feedback import render_page
from autograder.grade.batch import grade_class
from autograder.grade.job import Job
from autograder.grade.key import submission_key
from autograder.grade.parcel import Parcel
from autograder.gradebook.graded import GradedNotebooks
from autograder.release import build
from autograder.study.handout import of_notebook
from autograder.study.look_over import look_over
from autograder.study.submit import make_zip
from tests.pictures.make import base64_of, claiming, picture

ANSWER = """Because ![by hand](photo.jpg) and ![a plot](figures/a%20plot.png) and ![pasted](attachment:my photo (1).png) say so.

![gone](gone.png) ![web](https://hub/logout) ![vast](vast.png) and the words below"""


@pytest.fixture
def handout(tiny, tmp_path):
    """A student's copy, its question answered with pictures of every kind."""
    build.release(tiny)
    folder = tmp_path / "home" / "assignments" / tiny.name
    shutil.copytree(tiny.handout, folder)
    path = folder / "means.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "why_centre":
            cell["source"] = f"{''.join(cell['source'])}\n\n{ANSWER}"
            cell["attachments"] = {"my photo (1).png": {"image/png": base64_of(picture(70, 50))}}
    path.write_text(json.dumps(notebook))
    (folder / "figures").mkdir()
    (folder / "photo.jpg").write_bytes(picture(600, 400, "JPEG"))
    (folder / "figures" / "a plot.png").write_bytes(picture(90, 60))
    (folder / "vast.png").write_bytes(claiming(60_000, 60_000))
    (folder / "not mine.png").write_bytes(picture())
    return of_notebook(path)


def test_submit_says_what_a_grader_would_not_see(handout):
    problems = [problem for problem in look_over(handout).problems if "grader" in problem]
    assert problems == [
        "a grader will not see the picture gone.png: no such file lies beside the notebook (put it there)",
        "a grader will not see a picture from elsewhere (https://hub/logout): only what was handed in is shown (paste the "
        "picture itself into the cell)",
        "a grader will not see a picture: it has 60000 x 60000 pixels, and at most 120 million are shown (save it as PNG or JPEG)"]


def test_pictures_travel_from_the_zip_to_the_pages(handout, tiny, tmp_path):
    made = make_zip(handout)
    with zipfile.ZipFile(made) as archive:
        assert sorted(archive.namelist()) == ["figures/a plot.png", "means.ipynb", "photo.jpg", "vast.png"]
    download = tmp_path / "submissions"
    download.mkdir()
    shutil.copy(made, download / "doejane_12345_67890_t1_means.zip")
    with opened(download) as files:
        [taken] = take(tiny, hand_ins(files, "canvas")[0])
        assert (taken.state, taken.notes) == ("new", [])
    with opened(download) as files:
        assert [each.state for each in take(tiny, hand_ins(files, "canvas")[0])] == ["as before"]
    folder = tiny.root / "submitted" / taken.student / tiny.name
    [report] = grade_class(tiny, {taken.student: folder}, jobs=1)
    assert sum(bool(each.data) for each in report.pictures.values()) == 3
    page, notebook = render_page(report), json.dumps(GradedNotebooks(tiny).make(folder, report))
    for text in (page, notebook.replace("\u200b", "")):
        assert "and the words below" in text and "the picture gone.png is not shown: no such file" in text
        assert "(https://hub/logout) is not shown" in text and "60000 x 60000 pixels" in text
    assert page.count('src="data:image/webp;base64,') == 3 and notebook.count('"image/webp"') == 3
    assert "answer to `why_centre`: the picture gone.png is not shown" in report.notes[0]


def test_nobody_is_told_of_the_courses_own_pictures(tiny, tmp_path):
    """A figure of the question on the web, one of a statement that no browser may show: they are no student's."""
    text = tiny.notebook.read_text()
    text = text.replace("# # Means\n", "# # Means\n# ![the plan](plan.svg)\n", 1)
    head = next(line for line in text.splitlines() if 'question="why_centre"' in line)
    tiny.notebook.write_text(text.replace(head, f"{head}\n# ![](https://course.edu/figure.png)\n#"))
    assignment = load_assignment(tiny.name, tiny.root)
    build.release(assignment)
    folder = tmp_path / "submitted" / "ann" / tiny.name
    shutil.copytree(assignment.handout, folder)
    path = folder / "means.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "why_centre":
            cell["source"] = "".join(cell["source"]) + "\n\nBecause. ![](mine.svg)"
    path.write_text(json.dumps(notebook))
    assert [each for each in look_over(of_notebook(path)).problems if "grader will not" in each] == [
        "a grader will not see the picture mine.svg: only PNG, JPEG, GIF, WebP and BMP can be shown (save it as PNG or JPEG)"]
    [report] = grade_class(assignment, {"ann": folder}, jobs=1)
    assert [note for note in report.notes if "picture" in note] == [
        "answer to `why_centre`: the picture mine.svg is not shown: only PNG, JPEG, GIF, WebP and BMP can be shown"]
    made = json.dumps(GradedNotebooks(assignment).make(folder, report))
    assert "the submission has changed" not in made and "plan.svg is not shown" not in made and "https://course.edu" in made


def test_another_picture_is_another_submission(handout, tiny, tmp_path):
    folder = tmp_path / "submitted" / "ann" / tiny.name
    shutil.copytree(handout.folder, folder)
    keys = {submission_key("", folder)}
    for name in ("photo.jpg", "figures/a plot.png"):
        (folder / name).write_bytes(picture(30, 20))
        keys.add(submission_key("", folder))
    assert len(keys) == 3


def test_pictures_go_to_a_cluster_with_the_notebook(handout, tiny, tmp_path):
    folder = tmp_path / "submitted" / "ann" / tiny.name
    shutil.copytree(handout.folder, folder)
    (tmp_path / "there").mkdir()
    there = Parcel.of(Job(folder)).unpack(tmp_path / "there").folder
    assert submission_key("", there) == submission_key("", folder)
    assert (there / "figures" / "a plot.png").read_bytes() == picture(90, 60)


def unpacked(folder: Path, files: dict) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_an_attempt_without_pictures_leaves_none_of_the_one_before(tiny, tmp_path):
    first = {"doejane_1_2_means.ipynb": "first", "doejane_1_3_photo.jpg": b"a", "doejane_1_4_..png": b"b",
             "doejane_1_5_notes.txt": "x"}
    for files, names in ((first, ["means.ipynb", "photo.jpg"]), ({"doejane_1_9_means.ipynb": "second"}, ["means.ipynb"])):
        with opened(unpacked(tmp_path / names[-1], files)) as found:
            [taken] = take(tiny, hand_ins(found, "canvas")[0])
        folder = tiny.root / "submitted" / taken.student / tiny.name
        assert sorted(path.name for path in folder.iterdir()) == names
    assert taken.state == "replaced"
