"""What the audit says to an author: where, and what to do about it. That the course's own checks are good: tests/course."""

import os
import subprocess
import sys

from autograder.audit.parts import PartAuditor
from autograder.course import load_assignment
from autograder.course.execute import read_reasons
from autograder.examine.open import course_examiner
from tests.conftest import ROOT

IDLE = '''

@points("row_mean", 1)
def test_a_mean_is_finite(student, rng):
    """means are numbers"""
    require(student.row_mean(rng.normal(size=(3, 5))).ndim < 9, "a number", "none")
'''


PRICED = '''

@replaces("row_mean")
def right_for_five_columns(x):
    """How many columns are there?"""
    return x.sum(axis=1) / 5
'''


def audited(tiny, part: str, budget: int | None = None, strict: bool = False) -> list[str]:
    tiny = load_assignment(tiny.name, tiny.root)
    with course_examiner(tiny, b"tests") as examiner:
        return PartAuditor(tiny, examiner).audit(part, budget, strict).problems


def audit(tiny, *names: str) -> subprocess.CompletedProcess:
    """The command, with a terminal's narrow width."""
    return subprocess.run([sys.executable, "-m", "autograder", "audit", *names, "--jobs", "1"], cwd=tiny.root, text=True,
                          capture_output=True, env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "60"})


def test_a_survivor_is_told_with_its_line_and_the_key_to_paste(tiny):
    text = tiny.mistakes.read_text(encoding="utf-8")
    (key,) = read_reasons(tiny, "EQUIVALENT")
    tiny.mistakes.write_text(text[:text.index("EQUIVALENT")] + "EQUIVALENT = {}\n", encoding="utf-8")
    told = audit(tiny, tiny.name, "centred").stdout
    line = next(line for line in told.splitlines() if "a mutant survives" in line)
    place = line.removeprefix("t1_means centred: ").partition(": ")[0]
    path, _, number = place.rpartition(":")
    assert path.endswith("means.py") and key.split(" -> ")[0].split(": ")[1] in tiny.notebook.read_text().splitlines()[int(number) - 1]
    pasted = next(line.strip() for line in told.splitlines() if line.endswith('"...",'))
    tiny.mistakes.write_text(tiny.mistakes.read_text() + f"EQUIVALENT = {{{pasted}}}\n", encoding="utf-8")
    assert read_reasons(tiny, "EQUIVALENT") == {key: "..."}
    assert audited(tiny, "centred") == []


def test_a_check_that_nothing_fails_is_named(tiny):
    tiny.checks.write_text(tiny.checks.read_text() + IDLE)
    line = len(tiny.checks.read_text().splitlines()) - 2
    assert audited(tiny, "row_mean") == [f"{tiny.checks}:{line}: no mistake and no mutant gives `test_a_mean_is_finite` a wrong answer"]
    assert audited(tiny, "row_mean", budget=3) == []  # with a few mutants, nobody can tell


def test_an_assignment_or_a_part_of_it(tiny):
    whole, part = audit(tiny), audit(tiny, tiny.name, "scaler")
    assert whole.returncode == part.returncode == 0, whole.stdout + part.stdout
    assert "row_mean" in whole.stdout and "scaler" in part.stdout and "row_mean" not in part.stdout
    assert audit(tiny, "scaler").stdout == part.stdout
    slip = audit(tiny, tiny.name, "scalar")
    assert (slip.returncode, slip.stderr) == (2, "a part of t1_means\nthere is no `scalar`\nhint: is it `scaler`?\n")
    nothing = audit(tiny, "t2_more")
    assert nothing.returncode == 2 and nothing.stderr.startswith("the assignment `t2_more`")


def test_points_for_nothing_are_named(tiny):
    tiny.checks.write_text(tiny.checks.read_text() + IDLE)
    line = len(tiny.checks.read_text().splitlines()) - 2
    told = next(problem for problem in audited(tiny, "row_mean", strict=True) if "test_a_mean_is_finite" in problem)
    assert told.startswith(f"{tiny.checks}:{line}: `test_a_mean_is_finite` gives 1 points for zeros, ones, the_input")


def test_what_a_mistake_costs_elsewhere_and_what_only_hidden_checks_notice_is_named(tiny):
    tiny.mistakes.write_text(tiny.mistakes.read_text() + PRICED, encoding="utf-8")
    tiny.checks.write_text(tiny.checks.read_text().replace(', builds_on=["row_mean"]', ""), encoding="utf-8")
    told = audited(tiny, "row_mean", strict=True)
    assert [problem.splitlines()[0] for problem in told] == [
        "the mistake `over_the_wrong_axis` of `row_mean` costs 3 points of `centred`",
        "the mistake `sum_instead_of_mean` of `row_mean` costs 3 points of `centred`",
        "the mistake `right_for_five_columns` passes all visible checks of `row_mean`, and fails `test_mean_of_many_rows`"]
    assert told[0].splitlines()[2].strip() == '"over_the_wrong_axis: centred": "...",'


def test_slips_of_array_code_are_tried(tiny):
    """A check of one shape does not notice a size that was typed in."""
    text = tiny.checks.read_text()
    tiny.checks.write_text(text[:text.index("### BEGIN HIDDEN")] + text[text.index("### END HIDDEN TESTS\n") + 21:])
    found = [problem.partition("survives: ")[2].splitlines()[0] for problem in audited(tiny, "row_mean", strict=True)
             if "survives" in problem]
    assert "row_mean: x.shape[1] -> as_at_first(x.shape[1], " in " ".join(found)
