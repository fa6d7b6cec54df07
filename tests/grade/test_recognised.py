"""What a student wrote reaches whoever grades it, whatever became of the cell that it was written in."""

import json

import pytest

from autograder.gradebook.graded import ELSEWHERE, GradedNotebooks
from autograder.release.notebook import release_notebook, source_notebook
from autograder.report import Question, Report
from autograder.submission import find_notebook, is_answered, read_submission, slots_of
from tests.study.helpers import cell

ANSWER = "Because a common shift carries nothing."
SCALER = "class Scaler:\n    def __init__(self):\n        self.largest = 0.0\n\n    def fit(self, x):\n        return 7\n"


@pytest.fixture
def blank(tiny) -> dict:
    return json.loads(release_notebook(tiny))


@pytest.fixture
def notebook(tiny) -> dict:
    """Solved; the question has an answer of a student's."""
    solved = json.loads(source_notebook(tiny))
    question = cell(solved, "why_centre")
    question["source"] = f"Why does one centre data?\n\n{ANSWER}"
    return solved


@pytest.fixture
def read(tiny, tmp_path):
    def reader(notebook: dict):
        path = tmp_path / "submission" / "means.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(notebook))
        return read_submission(path, tiny)

    return reader


@pytest.fixture
def graded(tiny, tmp_path):
    """graded(submission): nbgrader's cells by name, after the last `read`."""
    def make(submission) -> dict[str, dict]:
        questions = [Question(each.name, each.points, submission.answers.get(each.name, ""),
                              is_answered(slots_of(tiny)[-1], submission.answers.get(each.name)))
                     for each in tiny.questions]
        cells = GradedNotebooks(tiny).make(tmp_path / "submission", Report(tiny.name, "ann", questions=questions))["cells"]
        return {each["metadata"].get("nbgrader", {}).get("grade_id", each["id"]): each for each in cells}

    return make


def without_names(notebook: dict) -> None:
    for number, each in enumerate(notebook["cells"]):
        each["metadata"], each["id"] = {}, f"new-{number}"


def code(submission) -> str:
    return "\n".join(source for _, source in submission.cells)


def runs(submission) -> dict:
    """The names that its cells define, run one after the other."""
    names: dict = {}
    for _, source in submission.cells:
        exec(source.replace("from autograder.notebook import check", ""), names)
    return names


def test_names_that_are_gone(read, graded, notebook):
    whole = read(notebook)
    without_names(notebook)
    submission = read(notebook)
    assert submission.code == whole.code and submission.answers == whole.answers
    assert [source for _, source in submission.cells] == [source for _, source in whole.cells]
    assert "names are gone" in submission.notes[0] and len(submission.notes) == 1
    made = graded(submission)
    assert ANSWER in made["why_centre"]["source"] and "x.sum(axis=1)" in made["code-row_mean"]["source"]


def test_ids_alone_are_enough(read, notebook):
    for each in notebook["cells"]:
        each["metadata"] = {}
    cell_of_mean = next(each for each in notebook["cells"] if "def row_mean" in "".join(each["source"]))
    cell_of_mean["source"] = "row_mean = lambda x: x.mean(axis=1)"
    submission = read(notebook)
    assert "lambda" in submission.code["row_mean"] and submission.notes == []


def test_edited_demos_and_given_cells_without_names_are_known(read, notebook):
    without_names(notebook)
    given = next(each for each in notebook["cells"] if "def scaled" in "".join(each["source"]))
    given["source"] = "def scaled(x, factor=2.0):\n    return 'mine'"
    text = code(read(notebook))
    assert "'mine'" not in text and "return factor * x" in text


def test_an_answer_whose_question_was_changed(read, notebook):
    without_names(notebook)
    notebook["cells"][-1]["source"] = f"### Why does one centre the data?\n\n{ANSWER}"
    submission = read(notebook)
    assert ANSWER in submission.answers["why_centre"]


def test_an_answer_that_nothing_tells_from_other_words_waits_for_a_person(read, graded, notebook, tiny):
    without_names(notebook)
    notebook["cells"][-1]["source"] = ANSWER
    submission = read(notebook)
    assert submission.answers == {"why_centre": ANSWER} and is_answered(slots_of(tiny)[-1], ANSWER)
    assert "the answer to `why_centre` may stand elsewhere: in cell 12" in submission.notes
    made = graded(submission)
    assert made["why_centre"]["source"].endswith(ELSEWHERE)
    assert any(each["source"] == ANSWER for each in made.values())


def test_an_answer_in_a_cell_of_its_own_below_the_question(read, graded, blank):
    blank["cells"] += [{"cell_type": "markdown", "id": "own", "metadata": {}, "source": ANSWER}]
    submission = read(blank)
    assert ANSWER in submission.answers["why_centre"] and graded(submission)["why_centre"]["source"].endswith(ELSEWHERE)


def test_a_blank_notebook_waits_for_nobody(read, graded, blank, tiny):
    submission = read(blank)
    assert submission.notes == [] and not is_answered(slots_of(tiny)[-1], submission.answers["why_centre"])
    assert ELSEWHERE not in graded(submission)["why_centre"]["source"]


@pytest.mark.parametrize("kind", ["markdown", "raw"])
@pytest.mark.parametrize("named", [True, False])
def test_a_solution_in_another_type_of_cell_counts(read, graded, notebook, kind, named):
    if not named:
        without_names(notebook)
    turned = next(each for each in notebook["cells"] if "def row_mean" in "".join(each["source"]))
    turned["cell_type"] = kind
    submission = read(notebook)
    assert runs(submission)["row_mean"] and "x.sum(axis=1)" in submission.code["row_mean"]
    assert any(f"was turned into {kind}: it counts as what it was" in note for note in submission.notes)
    assert graded(submission)["code-row_mean"]["cell_type"] == "code"


def test_an_answer_in_a_code_cell_counts(read, graded, notebook):
    cell(notebook, "why_centre")["cell_type"] = "code"
    submission = read(notebook)
    assert ANSWER in submission.answers["why_centre"]
    made = graded(submission)["why_centre"]
    assert made["cell_type"] == "markdown" and ANSWER in made["source"]


@pytest.mark.parametrize("first", [True, False])
def test_the_stub_of_a_copied_cell_does_not_win(read, graded, notebook, blank, tiny, first):
    for name in ("why_centre", "code-row_mean"):
        place = next(number for number, each in enumerate(notebook["cells"]) if each is cell(notebook, name))
        notebook["cells"].insert(place + (not first), cell(blank, name))
    submission = read(notebook)
    assert submission.answers["why_centre"].endswith(ANSWER) and is_answered(slots_of(tiny)[-1], submission.answers["why_centre"])
    assert "NotImplementedError" not in code(submission) + submission.code["row_mean"]
    made = graded(submission)
    assert ANSWER in made["why_centre"]["source"] and "x.sum(axis=1)" in made["code-row_mean"]["source"]


def test_a_stub_below_what_was_written_in_a_cell_of_its_own_does_not_win(read, blank):
    blank["cells"].insert(0, {"cell_type": "code", "id": "own", "metadata": {}, "source": SCALER, "outputs": []})
    submission = read(blank)
    assert runs(submission)["Scaler"]().fit(0) == 7 and submission.code["scaler"] == SCALER
    assert "cell 10 is an empty copy of `code-Scaler`: it is not run" in submission.notes


def test_two_answers_are_both_read(read, notebook):
    notebook["cells"].append({**cell(notebook, "why_centre"), "source": "Another one."})
    assert ANSWER in read(notebook).answers["why_centre"] and "Another one." in read(notebook).answers["why_centre"]


def test_all_functions_in_one_cell(read, graded, notebook):
    without_names(notebook)
    functions = [each for each in notebook["cells"] if "def " in "".join(each["source"])]
    text = "\n\n".join("".join(each["source"]) for each in functions)
    for each in functions[1:]:
        notebook["cells"].remove(each)
    functions[0]["source"] = text
    submission = read(notebook)
    assert all("def row_mean" in submission.code[part] for part in ("row_mean", "centred", "scaler"))
    assert runs(submission)["Scaler"] and not any("missing" in note for note in submission.notes)


FOLDERS = {
    "blank beside a copy": ({"means.ipynb": "blank", "means-Copy1.ipynb": "solved"}, "means-Copy1.ipynb", "as it was handed out"),
    "only copies": ({"Copy of means.ipynb": "solved", "means (1).ipynb": "blank"}, "Copy of means.ipynb", "there is no means.ipynb"),
    "the right one": ({"means.ipynb": "solved", "means-Copy1.ipynb": "blank"}, "means.ipynb", ""),
    "half of it": ({"means.ipynb": "half", "means-Copy1.ipynb": "solved"}, "means.ipynb", "has more written in it"),
    "mailed": ({"means.ipynb.txt": "solved"}, "means.ipynb.txt", "is called means.ipynb.txt"),
    "mailed, and a blank one": ({"means.ipynb.json": "solved", "means.ipynb": "blank"}, "means.ipynb.json", "handed out"),
    "in a folder": ({"work/homework/means.ipynb": "solved", "__MACOSX/means.ipynb": "blank"}, "work/homework/means.ipynb", "is called"),
    "a blank one above": ({"means.ipynb": "blank", "new/means.ipynb": "solved"}, "new/means.ipynb", "handed out"),
    "a broken one beside": ({"means.ipynb": "broken", "means-Copy1.ipynb": "solved"}, "means-Copy1.ipynb", "cannot be read"),
    "all blank": ({"means.ipynb": "blank", "means-Copy1.ipynb": "blank"}, "means.ipynb", ""),
    "two answers": ({"a.ipynb": "solved", "b.ipynb": "half"}, "a.ipynb", "there is no means.ipynb"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_the_notebook_that_was_written_in_counts(tiny, tmp_path, notebook, blank, case):
    files, counts, said = FOLDERS[case]
    half = json.loads(json.dumps(blank))
    cell(half, "code-row_mean")["source"] = cell(notebook, "code-row_mean")["source"]
    contents = {"blank": json.dumps(blank), "solved": json.dumps(notebook), "half": json.dumps(half), "broken": "{"}
    for name, kind in files.items():
        (tmp_path / "s" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "s" / name).write_text(contents[kind])
    path, notes = find_notebook(tmp_path / "s", "means", slots_of(tiny))
    assert path.relative_to(tmp_path / "s").as_posix() == counts
    assert said in " ".join(notes) and bool(said) == bool(notes)
