"""Reading a course: cells, parts and regions. What is wrong in a source: test_lint.py."""

import json

import pytest

from autograder.course import load_assignment
from autograder.course.regions import find, replace
from autograder.course.source import read_cells
from autograder.errors import CourseError
from autograder.examine.open import functions_by_part
from autograder.release.notebook import release_notebook


def test_cells_have_roles_and_names(tiny):
    assert [(cell.role, cell.name) for cell in tiny.cells if cell.role != "text"] == [
        ("given", "given-import-numpy-as-np-from-autograder"), ("given", "given-scaled"),
        ("solution", "code-row_mean"), ("check", "row_mean"), ("solution", "code-centred"), ("check", "centred"),
        ("solution", "code-Scaler"), ("check", "scaler"),
        ("demo", "demo-get_ipython-run_line_magic-pwd-noqa-f821-the"), ("written", "why_centre")]
    assert tiny.max_points == 10
    assert functions_by_part(tiny)["scaler"] == {"Scaler.fit"}


def test_what_an_author_writes_is_what_students_get(tiny):
    """A comment stays one, whatever it begins with; so does a magic."""
    lines = ["# copy the weights first", "# why?", "# !pip install x", "# %matplotlib inline", "#cat file", "# ls", "#!ls",
             "%time 1", "!ls", "text = 1  # !ls", "# why not?? really", "# # %matplotlib"]
    given = "\n".join(line for line in lines if line[0] == "#")
    before = 'check("row_mean")'
    tiny.notebook.write_text(tiny.notebook.read_text().replace(
        f"# %%\n{before}", "\n\n".join([f"# %%\n{given}\nx = 1", '# %% tags=["demo"]\n' + "\n".join(lines), f"# %%\n{before}"])))
    cells = json.loads(release_notebook(load_assignment("t1_means", tiny.root)))["cells"]
    shown = ["".join(cell["source"]) for cell in cells if "copy the weights" in "".join(cell["source"])]
    assert shown == [f"{given}\nx = 1", "\n".join(lines)]


def test_two_checks_in_a_row_share_their_cells(tiny):
    for path, old, new in ((tiny.notebook, 'check("scaler")', 'check("scaler")\n\n# %%\ncheck("again")'),
                           (tiny.checks, 'part("scaler")', 'part("scaler")\npart("again")')):
        path.write_text(path.read_text().replace(old, new))
    tiny.checks.write_text(tiny.checks.read_text() + '\n\n@points("again", 1)\ndef test_again(student):\n    """once more"""\n')
    assert load_assignment("t1_means", tiny.root).cells_of("again") == tiny.cells_of("scaler")


def test_an_unknown_assignment_names_those_there_are(tiny):
    with pytest.raises(CourseError, match="(?s)t9_nothing.*t1_means"):
        load_assignment("t9_nothing", tiny.root)


def test_regions():
    source = "a\n  ### BEGIN SOLUTION\n  b\n  ### END SOLUTION\nc"
    assert find(source, "SOLUTION") == [(2, 4)]
    assert replace(source, "SOLUTION", "stub") == "a\n  stub\nc"
    assert replace(source, "SOLUTION") == "a\nc"
    with pytest.raises(CourseError, match="x.py:2"):
        find("a\n### END SOLUTION", "SOLUTION", "x.py")


def test_a_folder_with_two_notebooks(tiny):
    (tiny.folder / "more.py").write_text("# %%\n")
    with pytest.raises(CourseError, match="one notebook beside"):
        tiny.notebook  # noqa: B018


def test_cell_names_are_unique(tiny):
    tiny.notebook.write_text(tiny.notebook.read_text().replace("# ## The mean of each row", "# # Means\n# The smallest assignment: three parts that build"))
    names = [cell.name for cell in read_cells(tiny.notebook)]
    assert len(set(names)) == len(names)
