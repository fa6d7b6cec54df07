"""Copies are found behind new names, comments and order; people who only solved the same exercise are left alone."""

import ast
import json
import re

import pytest
from click.testing import CliRunner

from autograder.cli import main
from autograder.course import load_assignment
from autograder.errors import AutograderError
from autograder.report import CheckResult, PartResult, Report, report_path, save
from autograder.similar import compare, find_similar, write_page
from autograder.similar.compare import WORTH_A_LOOK
from autograder.similar.shape import shape
from autograder.similar.write import COURSE

HANDOUT = 'def pool(x, size):\n    """Pools."""\n    N, D = x.shape\n    raise NotImplementedError("write your code here")\n'

# One exercise, as six people wrote it by themselves.
OWN_WAYS = [
    "def pool(x, size):\n    N, D = x.shape\n    out = np.zeros((N, D // size))\n    for i in range(D // size):\n"
    "        part = x[:, i * size:(i + 1) * size]\n        out[:, i] = part.max(axis=1)\n    cache = (x, out, size)\n"
    "    return out, cache\n\ndef helper(a, b):\n    left = a.sum(axis=0) + b\n    return left if left.any() else None\n",
    "def pool(x, size):\n    return x.reshape(len(x), -1, size).max(-1), (x, size)\n",
    "def pool(x, size):\n    rows = []\n    for row in x:\n        pieces = np.split(row, len(row) // size)\n"
    "        rows.append([max(piece) for piece in pieces])\n    return np.array(rows), dict(x=x, size=size)\n",
    "def pool(x, size):\n    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=1)\n"
    "    kept = windows[:, ::size]\n    assert kept.shape[1] * size == x.shape[1]\n    return np.amax(kept, axis=2), [x, kept]\n",
    "def pool(x, size):\n    N, D = x.shape\n    where = np.arange(D) // size\n    out = np.full((N, D // size), -np.inf)\n"
    "    np.maximum.at(out.T, where, x.T)\n    mask = out[:, where] == x\n    return out, mask\n",
    "def pool(x, size):\n    best = x[:, ::size].copy()\n    k = 1\n    while k < size:\n        other = x[:, k::size]\n"
    "        better = other > best\n        best[better] = other[better]\n        k += 1\n    return best, (best, x)\n",
]
DISGUISED = (
    "# all my own work\ndef assist(p, q):\n    # adds\n    total = p.sum(axis=0) + q\n    return (total if total.any() else None)\n\n\n"
    "def pool(values, width):\n    '''What I wrote.'''\n    rows, columns = values.shape\n"
    "    result: np.ndarray = np.zeros((rows, columns // width))   # (N, d)\n\n    for j in range(columns // width):\n"
    "        window = values[:, j*width : (j+1)*width]\n        result[:, j] = window.max(axis=1)\n"
    "    memory = (values, result, width)\n    return (result, memory)\n")


def shapes(*codes: str, parts=("a", "b")) -> dict:
    """A class in which everybody wrote the same in each part."""
    return {f"student {number}": {part: shape(code, HANDOUT) for part in parts} for number, code in enumerate(codes)}


def test_names_comments_layout_and_order_do_not_matter():
    assert shape(DISGUISED, HANDOUT) == shape(OWN_WAYS[0], HANDOUT)


def test_the_handout_does_not_count():
    assert shape(HANDOUT, HANDOUT) == [] and shape("", HANDOUT) == []
    assert "shape" not in shape(OWN_WAYS[4], HANDOUT)


def test_code_that_does_not_compile_still_has_a_shape():
    assert shape("def pool(x:\n    return x.max(axis=1)  # no", HANDOUT)
    for hostile in ("(" * 3000, "x = " + "+".join("1" * 6000), "\0", "def f():\n    return '\\d'"):
        shape(hostile, HANDOUT)


def test_a_disguised_copy_is_the_first_pair():
    pairs = compare(shapes(*OWN_WAYS, DISGUISED))
    assert {pairs[0].first, pairs[0].second} == {"student 0", "student 6"}
    assert pairs[0].evidence >= WORTH_A_LOOK
    assert all(pair.evidence < WORTH_A_LOOK for pair in pairs[1:])
    assert pairs[0].agreements[0].share > 0.9 and pairs[0].agreements[0].others == 0


def test_a_copy_among_two():
    """The course's own answer says what is usual where there are only two."""
    pairs = compare({COURSE: {"a": shape(OWN_WAYS[1] + OWN_WAYS[4])}, "ada": {"a": shape(OWN_WAYS[0] * 2)},
                     "bo": {"a": shape(DISGUISED * 2)}})
    assert [(pair.first, pair.second) for pair in pairs] == [("ada", "bo")]


def test_independent_people_are_left_alone():
    assert not [pair for pair in compare(shapes(*OWN_WAYS)) if pair.evidence >= WORTH_A_LOOK]


def test_what_everybody_wrote_is_no_agreement():
    assert compare(shapes(*[OWN_WAYS[0]] * 9)) == []


def test_what_many_wrote_weighs_little():
    few, many = compare(shapes(*OWN_WAYS, OWN_WAYS[0])), compare(shapes(*OWN_WAYS, *[OWN_WAYS[0]] * 3))
    assert many[0].evidence < few[0].evidence
    assert many[0].agreements[0].others == 2


def test_short_functions_agree_by_nature():
    short = ["def pool(x, size):\n    return x.sum()\n"] * 2
    assert not [pair for pair in compare(shapes(*short, *OWN_WAYS)) if pair.evidence >= WORTH_A_LOOK]


def also_correct(assignment) -> dict[str, dict[str, str]]:
    """member -> part -> code: the course's answer, and people made of the other correct answers in mistakes.py."""
    text = assignment.mistakes.read_text(encoding="utf-8")
    answers = [node for node in ast.parse(text).body
               if any("also_correct" in ast.unparse(mark) for mark in getattr(node, "decorator_list", []))]
    members, seen = {COURSE: {}}, []
    for part in assignment.plan.parts:
        cells = assignment.cells_of(part.name)
        if cells in seen:
            continue
        seen.append(cells)
        members[COURSE][part.name] = "\n\n".join(cell.source for cell in cells)
        home = [node for node in answers if {argument.value.partition(".")[0] for argument in node.decorator_list[0].args}
                & assignment.defined_by(part.name)]
        for number, node in enumerate(home):
            members.setdefault(f"person {number}", {})[part.name] = ast.get_source_segment(text, node)
    return members


def renamed(code: str) -> str:
    names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return "# mine\n" + re.sub(r"(?<![\w.\"'])[A-Za-z_]\w*(?!\w|\s*=[^=])", lambda word: word[0] + "_mine" if word[0] in names
                               else word[0], ast.unparse(ast.parse(code)))


def test_other_correct_answers_are_not_flagged(assignment):
    members = also_correct(assignment)
    found = compare({name: {part: shape(code) for part, code in parts.items()} for name, parts in members.items()})
    assert not [pair for pair in found if pair.evidence >= WORTH_A_LOOK]


@pytest.fixture
def graded(tiny):
    """Writes reports of the tiny assignment: graded({"ada": {"row_mean": code}})."""
    def write(students: dict):
        for student, parts in students.items():
            report = Report(tiny.name, student, parts=[
                PartResult(part.name, [CheckResult("c", "s", 1)], code=parts.get(part.name, "")) for part in tiny.plan.parts])
            save(report, report_path(tiny.root, tiny.name, student))
        return tiny

    return write


EVIL = "<script>alert('x')</script>"


def a_class() -> dict:
    people = {f"student-{number}": {"centred": code, "scaler": code} for number, code in enumerate(OWN_WAYS)}
    return people | {"copy": {"centred": DISGUISED + f"# {EVIL} \x1b[31m\n", "scaler": DISGUISED}}


def test_the_page_shows_both_sides_and_runs_nothing(graded):
    assignment = graded(a_class())
    pairs, members = find_similar(assignment)
    assert [(pair.first, pair.second) for pair in pairs] == [("copy", "student-0")]
    page = write_page(assignment, pairs, members)
    text = page.read_text(encoding="utf-8")
    assert page == assignment.root / "similar" / "t1_means.html"
    assert "<script" not in text and "&lt;script&gt;" in text and "\x1b" not in text
    assert "http" not in re.sub(r"http-equiv", "", text) and "default-src 'none'" in text
    assert text.count("<mark>") > 10 and "no others agree as much" in text
    assert "student-3" not in text


def test_the_verb(graded, monkeypatch):
    assignment = graded(a_class())
    monkeypatch.setenv("AUTOGRADER_COURSE", str(assignment.root))
    done = CliRunner().invoke(main, ["similar", "t1_means"], catch_exceptions=False)
    assert done.exit_code == 0 and "7 submissions, 1 pair worth a look" in done.output
    assert "copy" in done.output and "similar/t1_means.html" in done.output
    assert sorted(path.name for path in (assignment.root / "reports" / "t1_means").iterdir()) == sorted(
        f"{name}.json" for name in a_class())


def test_without_reports_it_says_what_to_run(tiny):
    with pytest.raises(AutograderError, match="autograder grade t1_means"):
        find_similar(tiny)


def test_a_copy_of_another_answer_is_found():
    """One of the people made of other correct answers gives everything away, with new names for the variables."""
    assignment = load_assignment("a1_rnn_captioning")
    members = also_correct(assignment)
    members["copy"] = {part: renamed(code) for part, code in members["person 0"].items()}
    assert json.dumps(members["copy"]) != json.dumps(members["person 0"])
    first = compare({name: {part: shape(code) for part, code in parts.items()} for name, parts in members.items()})[0]
    assert {first.first, first.second} == {"copy", "person 0"} and first.evidence >= WORTH_A_LOOK


ODD = ("def pool(x, size):\n    k = x.T[::-1]\n    w = sorted(range(len(k)), key=lambda j: -j // size)\n"
       "    return np.stack([k[w[j::size]].max(0) - 0 * k[j].sum() for j in range(size)]), w[::-1] or [x, x, x]\n")


def test_a_short_part_that_nobody_else_would_write_is_worth_a_look():
    tokens = len(shape(ODD, HANDOUT))
    assert tokens < 110
    pairs = compare(shapes(*OWN_WAYS, ODD, ODD, parts=("a",)))
    assert {pairs[0].first, pairs[0].second} == {"student 6", "student 7"}
    assert WORTH_A_LOOK <= pairs[0].evidence <= tokens and all(pair.evidence < WORTH_A_LOOK for pair in pairs[1:])


def test_an_instructor_may_see_the_first_pairs_whatever_they_weigh(graded, monkeypatch):
    like = "def pool(x, size):\n    k = x.T[::-1]\n    return k[::size].max(0) - 0 * k.sum(), [x, k, size]\n"
    people = {f"student-{number}": {"centred": code} for number, code in enumerate([*OWN_WAYS, like, like])}
    assignment = graded(people)
    monkeypatch.setenv("AUTOGRADER_COURSE", str(assignment.root))
    assert "8 submissions, 0 pairs worth a look" in CliRunner().invoke(main, ["similar", "t1_means"]).output
    done = CliRunner().invoke(main, ["similar", "t1_means", "--top", "3"], catch_exceptions=False)
    assert "student-6" in done.output and "student-7" in done.output and "0 pairs worth a look" in done.output
    assert "little enough for chance" in (assignment.root / "similar" / "t1_means.html").read_text(encoding="utf-8")
