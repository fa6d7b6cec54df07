"""Mistakes in the three files of an assignment: each is named with file and line, in these words, all at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import load_assignment
from autograder.course.lint import lint
from autograder.errors import CourseError
from autograder.release import build

N, C, M = "means.py", "checks.py", "mistakes.py"
MEAN_CELLS = '''def row_mean(x):
    """The mean of each row of x (N, D): an array (N,)."""
    ### BEGIN SOLUTION
    return x.sum(axis=1) / x.shape[1]  # (N,)
    ### END SOLUTION


# %%
check("row_mean")'''
FIRST_CHECK = '''@points("row_mean", 2)
def test_each_row_has_its_mean(student, reference, rng):
    """the mean of each row equals the reference"""
    x = rng.normal(size=(3, 5))
    same(student.row_mean(x), reference.row_mean(x), "mean", axes="N")


### BEGIN HIDDEN TESTS'''
QUESTION = '# %% [markdown] question="why_centre" points=2'

# (file, what is replaced once, by what, the whole message)
SOURCES = {
    "a region that does not end": (N, "    return x.sum(axis=1) / x.shape[1]  # (N,)\n    ### END SOLUTION\n", "", """
        means.py:35: regions that open and close
        a BEGIN SOLUTION without its END: the next one begins in line 45
        hint: each `### BEGIN ...` line needs its own `### END ...` line below it"""),
    "a region that does not begin": (N, "    ### BEGIN SOLUTION\n    mean = row", "    mean = row", """
        means.py:49: regions that open and close
        an END SOLUTION without its BEGIN
        hint: each `### BEGIN ...` line needs its own `### END ...` line below it"""),
    "a hidden region that does not end": (C, "### END HIDDEN TESTS\n", "", """
        checks.py:17: regions that open and close
        a BEGIN HIDDEN TESTS without its END
        hint: each `### BEGIN ...` line needs its own `### END ...` line below it"""),
    "a marker that is misspelt": (N, "    ### BEGIN SOLUTION\n    mean = row", "    ## begin solution\n    mean = row", """
        means.py:47: a marker is written `### BEGIN SOLUTION` or `### END SOLUTION`
        found `## begin solution`

        means.py:50: regions that open and close
        an END SOLUTION without its BEGIN
        hint: each `### BEGIN ...` line needs its own `### END ...` line below it"""),
    "a tag that is misspelt": (N, 'tags=["demo"]', 'tags=["Demo"]', """
        means.py:76: the tag of a cell that is never graded is `demo`
        found `Demo`"""),
    "a shorter training that is none": (N, 'tags=["demo"]', 'tags=["demo"] short={"epochs=9": "epochs=1"}', """
        means.py:76: short= replaces what stands in its cell
        `epochs=9` does not"""),
    "a shorter training of another kind": (N, 'tags=["demo"]', 'tags=["demo"] short=9', """
        means.py:76: short= says what stands in a text's place
        found 9
        hint: for example `# %% tags=["demo"] short={"num_epochs=10": "num_epochs=1"}`"""),
    "pictures that are no number": (N, 'tags=["demo"]', 'tags=["demo"] pictures="two"', """
        means.py:76: pictures= how many the cell shows
        found 'two'"""),
    "a region in a demo cell": (N, "    ### END SOLUTION\n\n\n# %%\ncheck(\"row_mean\")", "    ### END SOLUTION\n\n\n# %%\ncheck(\"row_mean\")\n\n\n# %% tags=[\"demo\"]\ndef draw():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION", """
        means.py:45: SOLUTION regions stand in cells that are graded
        this one is a demo cell: what a student writes there would count for nothing"""),
    "a hidden test in the notebook": (N, "# ## The mean of each row", "# ### BEGIN HIDDEN TESTS\n# a\n# ### END HIDDEN TESTS", """
        means.py:30: the regions of this file are SOLUTION
        found `# ### BEGIN HIDDEN TESTS`
        hint: SOLUTION regions stand in the notebook, HIDDEN TESTS regions in checks.py

        means.py:32: the regions of this file are SOLUTION
        found `# ### END HIDDEN TESTS`
        hint: SOLUTION regions stand in the notebook, HIDDEN TESTS regions in checks.py"""),
    "a region around a whole function": (N, "    ### BEGIN SOLUTION\n    return x.sum(axis=1) / x.shape[1]  # (N,)\n    ### END SOLUTION", "    return x.sum(axis=1) / x.shape[1]\n\n### BEGIN SOLUTION\nD = 3\n### END SOLUTION", """
        means.py:37: a SOLUTION region inside a function, below its `def` line
        it is at the top level of the cell, or holds the `def` line itself
        hint: a student gets the signature and the docstring, and writes the body"""),
    "a region that is indented otherwise": (N, "    ### BEGIN SOLUTION\n    mean = row", "        ### BEGIN SOLUTION\n    mean = row", """
        means.py:45: a cell whose stub compiles too
        the students' version does not: unexpected indent
        hint: the marker lines are indented like the code between them"""),
    "a part without checks": (C, 'part("scaler")', 'part("scaler")\npart("alone")', """
        checks.py:8: part `alone` has checks
        no check has it in its @points
        hint: a check of it says `@points("alone", n)`"""),
    "a check without a part": (C, '@points("scaler", 2)', '@points("skaler", 2)', """
        checks.py:7: part `scaler` has checks
        no check has it in its @points
        hint: a check of it says `@points("scaler", n)`

        checks.py:45: test_fit_remembers belongs to a part
        no part is called 'skaler'
        hint: declare `part("skaler")` at the top of the file"""),
    "a part in a hidden region": (C, 'part("scaler")', '### BEGIN HIDDEN TESTS\npart("scaler")\n### END HIDDEN TESTS', """
        checks.py:8: parts are declared outside of hidden regions
        `scaler` is inside"""),
    "a part whose checks are all hidden": (C, FIRST_CHECK, "### BEGIN HIDDEN TESTS", """
        checks.py:5: part `row_mean` has a check that students see
        all are hidden"""),
    "a check cell without a part": (N, 'check("scaler")', 'check("scalar")', """
        checks.py:7: part `scaler` has a check cell in the notebook
        means.py has none
        hint: below its solution cells: a cell with `check("scaler")` and nothing else

        means.py:73: check("scalar") names a part of checks.py
        the parts are row_mean, centred, scaler
        hint: declare `part("scalar")` in checks.py"""),
    "a part without a check cell": (N, '# %%\ncheck("scaler")\n', "", """
        checks.py:7: part `scaler` has a check cell in the notebook
        means.py has none
        hint: below its solution cells: a cell with `check("scaler")` and nothing else"""),
    "two check cells of a part": (N, 'check("scaler")', 'check("centred")', """
        means.py:73: each check and question stands in one cell
        `centred` has two"""),
    "check cells in another order": (C, 'part("row_mean", family="means")\npart("centred", family="means", builds_on=["row_mean"])', 'part("centred", family="means")\npart("row_mean", family="means")', """
        means.py:41: check cells in the order in which checks.py declares the parts
        `row_mean` stands where `centred` is declared"""),
    "a check cell with more in it": (N, 'check("scaler")', 'check("scaler")\nprint(1)', """
        means.py:73: a check cell holds `check("part")` and nothing else
        other lines stand beside it, or its argument is not a part's name
        hint: give each check a cell of its own"""),
    "a check cell above what it checks": (N, MEAN_CELLS, 'check("row_mean")', """
        means.py:33: check("row_mean") stands below what it checks
        no cell above it has a SOLUTION region

        mistakes.py:10: over_the_wrong_axis: @replaces names what students write
        `row_mean` is not among it: Scaler, Scaler.__init__, Scaler.fit, centred

        mistakes.py:16: sum_instead_of_mean: @replaces names what students write
        `row_mean` is not among it: Scaler, Scaler.__init__, Scaler.fit, centred

        mistakes.py:36: with_a_loop: @also_correct names what students write
        `row_mean` is not among it: Scaler, Scaler.__init__, Scaler.fit, centred"""),
    "points that do not add up": (C, 'part("row_mean", family="means")', 'part("row_mean", family="means", points=4)', """
        checks.py:5: the checks of `row_mean` add up to points=4
        they add up to 3"""),
    "no points": (C, '@points("scaler", 2)', '@points("scaler", 0)', """
        checks.py:45: test_fit_remembers is worth something
        @points says 0"""),
    "endless points": (C, '@points("scaler", 2)', '@points("scaler", 1e999)', """
        checks.py:45: test_fit_remembers is worth something
        @points says inf"""),
    "negative points": (C, '@points("scaler", 2)', '@points("scaler", -1)', """
        checks.py:45: test_fit_remembers is worth something
        @points says -1"""),
    "points that are computed": (C, '@points("scaler", 2)', '@points("scaler", float("nan"))', """
        checks.py:45: test_fit_remembers: @points("part", n) written out in literals"""),
    "a question without points": (N, QUESTION, '# %% [markdown] question="why_centre"', """
        means.py:79: question `why_centre` has points and a model answer
        points=0"""),
    "a question of NaN points": (N, QUESTION, '# %% [markdown] question="why_centre" points=NaN', """
        means.py:79: question `why_centre` has points and a model answer
        points=nan"""),
    "a question whose points are words": (N, QUESTION, '# %% [markdown] question="why_centre" points="two"', """
        means.py:79: question `why_centre` has points and a model answer
        points='two'"""),
    "a question without a model answer": (N, "# ### BEGIN SOLUTION\n# So that a shift common to all features does not matter. (1 point for shift, 1 for common)\n# ### END SOLUTION\n", "", """
        means.py:79: question `why_centre` has points and a model answer
        no `### BEGIN SOLUTION` region"""),
    "a question with a strange name": (N, QUESTION, '# %% [markdown] question="why centre?" points=2', """
        means.py:79: question= a name of letters, digits, _ and -
        found 'why centre?'"""),
    "a question with the name of a part": (N, QUESTION, '# %% [markdown] question="scaler" points=2', """
        means.py:79: each check and question stands in one cell
        `scaler` has two"""),
    "a model answer without a question": (N, QUESTION, "# %% [markdown]", """
        means.py:79: a cell with a model answer says what it is worth
        it has no question= and points=
        hint: for example `# %% [markdown] question="why" points=4`"""),
    "a missing hint": (M, '    """This is the sum of each row: a mean divides it by the number of entries."""\n', "", """
        mistakes.py:16: sum_instead_of_mean has a docstring
        found none
        hint: it is the hint that the mistake earns"""),
    "a mistake in what nobody writes": (M, '@replaces("Scaler.fit")', '@replaces("Scaler.fti", "scaled")', """
        mistakes.py:29: forgets_the_sign: @replaces names what students write
        `Scaler.fti` is not among it: Scaler, Scaler.__init__, Scaler.fit, centred, row_mean

        mistakes.py:29: forgets_the_sign: @replaces names what students write
        `scaled` is not among it: Scaler, Scaler.__init__, Scaler.fit, centred, row_mean"""),
    "a mistake in place of nothing": (M, '@replaces("centred")', "@replaces", """
        mistakes.py:22: adds_the_mean: @replaces("name") says what it stands for
        found `@replaces`"""),
    "two mistakes of one name": (M, "def sum_instead_of_mean(", "def over_the_wrong_axis(", """
        mistakes.py:16: each answer has its own name
        line 10 defines `over_the_wrong_axis` too"""),
    "a part that builds on nothing": (C, 'builds_on=["row_mean"]', 'builds_on=["row_maen"]', """
        checks.py:6: builds_on: parts that are declared above `centred`
        found row_maen; above it: row_mean
        hint: a part can only build on or wait for what a student does before it"""),
    "a part that waits for a later one": (C, 'family="means")\n', 'family="means", waits_for=["scaler"])\n', """
        checks.py:5: waits_for: parts that are declared above `row_mean`
        found scaler; above it: none
        hint: a part can only build on or wait for what a student does before it"""),
    "a prerequisite that is not in a list": (C, 'builds_on=["row_mean"]', 'builds_on="row_mean"', """
        checks.py:6: builds_on: a list of names
        found 'row_mean'"""),
    "an option that there is not": (C, 'part("scaler")', 'part("scaler", pionts=2)', """
        checks.py:7: part("scaler") takes family, points, builds_on, waits_for and forbids
        found pionts"""),
    "a part that is declared twice": (C, 'part("scaler")', 'part("scaler")\npart("scaler")', """
        checks.py:8: part("scaler") is declared once
        line 7 declares it too"""),
    "two checks of one name": (C, "def test_fit_remembers", "def test_mean_of_many_rows", """
        checks.py:45: each check has its own name
        line 19 defines `test_mean_of_many_rows` too"""),
    "a check without a sentence": (C, '    """fit remembers the largest absolute value"""\n', "", """
        checks.py:45: test_fit_remembers has a docstring
        found none
        hint: it is the sentence that a student reads"""),
    "a check without points": (C, '@points("scaler", 2)\n', "", """
        checks.py:44: test_fit_remembers has one @points("part", n)
        found none"""),
    "a check that nothing would run": (C, "def test_fit_remembers", "def tests_fit_remembers", """
        checks.py:45: the name of a check begins with test_
        found `tests_fit_remembers`"""),
    "a check in a class": (C, "### BEGIN HIDDEN TESTS", "class TestMeans:\n    pass\n\n\n### BEGIN HIDDEN TESTS", """
        checks.py:17: checks are plain functions at the left edge of the file
        found `TestMeans`, which nothing would run"""),
    "a check that asks for what there is not": (C, "def test_fit_remembers(student,", "def test_fit_remembers(students,", """
        checks.py:45: test_fit_remembers takes student, reference or rng
        found students"""),
    "a solution in a docstring": (N, "The mean of each row of x (N, D)", "x.sum(axis=1)/x.shape[1]; return x.sum(axis=1)/x.shape[1]", """
        means.py:34: what students read does not hold a line of a solution
        `\"\"\"x.sum(axis=1)/x.shape[1]; return x.sum(axis=1)/x.shape[1]: an array (N,).\"\"\"` is in the solution of line 36
        hint: say it in other words, or rename a variable where the likeness is by chance"""),
    "a solution in a given cell": (N, "    return factor * x", "    return x - mean[:, None], (x, mean)", """
        means.py:26: what students read does not hold a line of a solution
        `return x - mean[:, None], (x, mean)` is in the solution of line 49
        hint: say it in other words, or rename a variable where the likeness is by chance"""),
    "a solution in a statement": (N, "# ## The mean of each row", "# Write `self.largest = np.abs( x ).max()`.", """
        means.py:30: what students read does not hold a line of a solution
        `Write `self.largest = np.abs( x ).max()`.` is in the solution of line 67
        hint: say it in other words, or rename a variable where the likeness is by chance"""),
    "a solution in a visible check": (C, "    scaler.fit(x)", "    mean = student.row_mean(x)  # mean = row_mean(x), as always", """
        checks.py:49: what students read does not hold a line of a solution
        `mean = student.row_mean(x)  # mean = row_mean(x), as always` is in the solution of line 48
        hint: say it in other words, or rename a variable where the likeness is by chance"""),
    "a notebook that does not compile": (N, "    mean = row_mean(x)", "    mean = = row_mean(x)", """
        means.py:48: Python that compiles
        invalid syntax"""),
    "checks that do not compile": (C, "def test_fit_remembers(", "deff test_fit_remembers(", """
        checks.py:45: Python that compiles
        invalid syntax"""),
    "mistakes that do not compile": (M, "    return x.mean(axis=0)", "    return x.mean(axis=0", """
        mistakes.py:12: Python that compiles
        '(' was never closed"""),
    "a magic that the grader would run": (N, "import numpy as np\n", "%matplotlib inline\nimport numpy as np\n", """
        means.py:18: Python that compiles
        invalid syntax
        hint: magics and shell commands belong in demo cells: tags=["demo"]"""),
    "check without its import": (N, "from autograder.notebook import check\n", "", """
        means.py: a cell imports what the check cells call
        `check` is not imported
        hint: from autograder.notebook import check"""),
    "tabs beside spaces": (N, "    mean = row_mean(x)", "\tmean = row_mean(x)", """
        means.py:48: Python that compiles
        inconsistent use of tabs and spaces in indentation"""),
}

# What only running the files shows.
RUNS = {
    "a cell that fails": (N, "    return factor * x\n", "    return factor * x\n\n\nseven = scaled([1]) / 7\n", """
        means.py:26: each cell runs by itself
        TypeError: can't multiply sequence by non-int of type 'float'
        hint: cells that need data or train a model are demo cells: tags=["demo"]"""),
    "a cell that leaves": (N, "import numpy as np\n", "import numpy as np\n\nraise SystemExit(3)\n", """
        means.py:20: each cell runs by itself
        SystemExit: 3
        hint: cells that need data or train a model are demo cells: tags=["demo"]"""),
    "mistakes that fail": (M, "import reference\n", "import reference\n\nreference.median\n", """
        mistakes.py:6: Python that runs by itself
        AttributeError: module 'reference t1_means' has no attribute 'median'"""),
    "a mistake of two names without a dictionary": (M, '@replaces("row_mean")', '@replaces("row_mean", "centred")', """
        mistakes.py:9: `over_the_wrong_axis` replaces several names: it returns {name: what stands in its place}
        TypeError: over_the_wrong_axis() missing 1 required positional argument: 'x'"""),
    "a check that the reference fails": (C, 'worst < 1e-9, "each row of `out` sums to zero", f"the largest sum is {worst:.2g}"', 'worst > 1, "each row of `out` sums to zero", "it never does"', """
        checks.py:37: the reference passes `test_centred_rows_sum_to_zero`
        CheckFailed
        each row of `out` sums to zero
        it never does"""),
}


def said(call, *arguments) -> str:
    """The message of a CourseError without the folder's name, which differs from run to run."""
    with pytest.raises(CourseError) as raised:
        call(*arguments)
    folder = arguments[0].folder
    return str(raised.value).replace(f"{folder}/", "")


def lines(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def change(assignment, name: str, old: str, new: str):
    path = assignment.folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return load_assignment(assignment.name, assignment.root)


@pytest.mark.parametrize("case", SOURCES)
def test_a_mistake_is_named(tiny, case):
    name, old, new, message = SOURCES[case]
    found = said(lint, change(tiny, name, old, new))
    many = found.split("\n", 1)[0].endswith("things to mend")
    assert (found.split("\n", 1)[1] if many else found) == lines(message)


@pytest.mark.parametrize("case", RUNS)
def test_what_fails_when_it_runs_is_named(tiny, case):
    name, old, new, message = RUNS[case]
    assert said(build.build, change(tiny, name, old, new)) == lines(message)


def test_the_mistakes_of_all_three_files_are_named_at_once(tiny):
    for case in ("no points", "a missing hint", "a question without points", "a check without a sentence"):
        name, old, new, _ = SOURCES[case]
        tiny = change(tiny, name, old, new)
    with pytest.raises(CourseError) as raised:
        build.build(tiny)
    places = [str(each).partition(": ")[0].rpartition("/")[2] for each in raised.value.each]
    assert places == ["checks.py:45", "means.py:79", "mistakes.py:16"]
    assert str(raised.value).startswith("3 things to mend\n")


def test_an_assignment_without_anything_in_it_is_named(tiny):
    for name in (N, C, M):
        (tiny.folder / name).write_text("")
    with pytest.raises(CourseError, match="an assignment has a part or a question"):
        lint(load_assignment(tiny.name, tiny.root))


def test_what_is_no_mistake_passes(assignment, tiny):
    lint(assignment)
    lint(tiny)


@pytest.mark.parametrize("edit", [
    lambda content: content.replace(b"\n", b"\r\n"),
    lambda content: b"\xef\xbb\xbf" + content,
], ids=["line ends of Windows", "a byte-order mark"])
def test_what_editors_do_to_files_changes_nothing(tiny, edit):
    before = build.build(tiny)
    for name in (N, C, M):
        (tiny.folder / name).write_bytes(edit((tiny.folder / name).read_bytes()))
    assert build.build(load_assignment(tiny.name, tiny.root)) == before


def test_a_separator_that_python_takes_for_a_line_end_hides_nothing(tiny):
    """str.splitlines splits at U+2028 and form feeds; counting lines so would cut a region in the wrong place."""
    tiny = change(tiny, C, "the mean of each row equals", "the\u2028 mean\x0c of\x1c each\x85 row equals")
    visible = build.build(tiny)["checks.py"].decode()
    assert "test_mean_of_many_rows" not in visible and "test_centred_equals_the_reference" in visible


@pytest.mark.parametrize("name", [N, C, M])
def test_a_file_that_is_not_utf8_is_named(tiny, name):
    path = tiny.folder / name
    path.write_bytes(path.read_bytes().replace(b"np", "n\u00e9".encode("latin-1"), 1).replace(b"must", b"m\xfcst", 1))
    line = path.read_bytes()[: min(i for i in (path.read_bytes().find(b"\xe9"), path.read_bytes().find(b"\xfc")) if i >= 0)].count(b"\n") + 1
    assert f"{name}:{line}: text in UTF-8\n" in said(lint, tiny)


@pytest.mark.parametrize("name", [N, M])
def test_a_missing_file_is_named(tiny, name):
    (tiny.folder / name).unlink()
    assert name in said(lint, load_assignment(tiny.name, tiny.root)) or "one notebook" in said(lint, tiny)


def test_the_command_shows_them_without_a_traceback(tiny):
    change(tiny, *SOURCES["no points"][:3])
    change(tiny, *SOURCES["a missing hint"][:3])
    done = subprocess.run([Path(sys.executable).parent / "autograder", "release"], cwd=tiny.root, capture_output=True,
                          text=True, env={name: value for name, value in os.environ.items() if name != "AUTOGRADER_COURSE"})
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "solutions/t1_means/checks.py:45: test_fit_remembers is worth something\n" in done.stderr
    assert "solutions/t1_means/mistakes.py:16: sum_instead_of_mean has a docstring\n" in done.stderr


@pytest.mark.parametrize("typed", ["means", "t1", "solutions/t1_means/", "t1_maens"])
def test_an_assignment_that_was_nearly_named_is_asked_for(tiny, typed):
    with pytest.raises(CourseError, match="is it `t1_means`"):
        load_assignment(typed, tiny.root)
