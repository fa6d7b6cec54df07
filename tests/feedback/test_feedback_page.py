"""The page of one student: what it says, what it never says, and that nothing in it can run."""

import shutil
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autograder.errors import AutograderError
from autograder.feedback import render_page, write_feedback
from autograder.gradebook.scores import CellScore, Scores
from autograder.report import CheckResult, Difference, PartResult, Question, Report, report_path, save

NAME = "t1_means"
ATTACKS = ["<script>steal()</script>", '"><img src=x onerror=steal()>', "'><svg/onload=steal()>", "{{ 7*7 }}",
           "</style><script>", "</code></pre><script>steal()</script>", "<!--", "`<b onclick=steal()>`",
           "javascript:steal()", "]]>",
           "\x1b[31mred\x1b[0m \x1b]8;;http://evil\x07", "\u202egnp.exe\u2066", "\x00\x07", "\ud800", "%s {0} \\"]


class Page(HTMLParser):
    """What a browser would see of a page."""

    VOID = {"meta", "br", "img", "hr", "input", "link", "wbr"}

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.attributes, self.text, self.open, self.headings = [], [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in self.VOID:
            self.open.append(tag)
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not set(self.open) & {"style", "title"}:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def check(verdict="passed", points=1.0, **rest) -> CheckResult:
    return CheckResult(rest.pop("name", "test_it"), rest.pop("sentence", "the sentence of the check"), 1, verdict,
                       points=points if verdict == "passed" else 0, **rest)


def report(*parts: PartResult, **rest) -> Report:
    return Report(NAME, "ann", "means.ipynb", list(parts), **rest)


def test_a_page_says_what_was_asked_what_was_found_and_the_hint_once():
    found = "`mean` differs at N=0: got 2, expected 1"
    page = Page(render_page(report(PartResult("row_mean", [
        check(), check("failed", found=found, hint="Divide by `N`."),
        check("failed", hidden=True, hint="Divide by `N`.")],
        code="def row_mean(x):\n    return x.sum(1)  # all\n"))))
    assert "1 of 3 points" in page.words
    assert "passed: the sentence of the check" in page.words
    assert "failed: the sentence of the check" in page.words and "differs at N=0: got 2, expected 1" in page.words
    assert "failed: a hidden check, on other inputs" in page.words
    assert page.words.count("Divide by N .") == 1
    assert "def row_mean ( x ): return x . sum ( 1 ) # all" in page.words


def test_a_drawing_says_where_an_array_is_wrong():
    wrong = Difference(["N", "T", "H"], [2, 2, 3], ["000", "000", "900", "500"])
    html = render_page(report(PartResult("a", [check("failed", found="`h` differs", difference=wrong)])))
    page = Page(html)
    label, = (value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label"))
    assert "N=2, T=2 down, H=3 across" in label and "N=2, T=2 down, H=3 across" in page.words
    assert html.count("h1v1h-1z") == 2
    for silent in (check("failed", found="x", difference=wrong, hidden=True), check(difference=wrong)):
        assert "svg" not in Page(render_page(report(PartResult("a", [silent])))).tags


def test_all_verdicts_have_a_word_and_a_sign():
    page = Page(render_page(report(
        PartResult("a", [check("skipped", found="waits for `z`, which fails; until then: x")]),
        PartResult("b", [check("broken", found="the check itself cannot run")]),
        PartResult("c", [check("failed", attempted=False, found="not attempted: `c` is not written yet")]),
        PartResult("d", [check(), check("failed", found="wrong")]),
        PartResult("e", [check(follow_through=True)], follow_through=["a"]), PartResult("f", [])))).words
    for words in ("→ skipped: the sentence", "! broken: the sentence", "○ not attempted: the sentence",
                  "≈ partly passed", "✓ passed (follow-through): the sentence",
                  "Examined with a correct a in place of yours"):
        assert words in page


def test_nothing_of_a_hidden_check_is_told():
    secret = dict(hidden=True, name="test_secret_name", sentence="a secret sentence", asked="a secret property",
                  where=[["cell 1", 3, "secret_where"]])
    parts = [PartResult(name, [check(verdict, found=found, attempted=verdict != "failed", **secret)])
             for name, verdict, found in (
                 ("a", "passed", "secret numbers"), ("b", "failed", "not attempted: `b` is not written yet"),
                 ("c", "broken", "the check itself cannot run (secret)"),
                 ("d", "failed", "`x` differs: secret numbers"),
                 ("e", "skipped", "waits for `d`, which fails; until then: `x` differs: secret numbers"))]
    html = render_page(report(*parts, output="printed secret inputs"))
    assert "secret" not in html
    assert "waits for <code>d</code>, which fails" in html


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_a_student_writes_can_run(attack):
    wrong = Difference([attack, attack], [3, 5], ["09990", "90000", "99999"])
    part = PartResult(attack, [check("failed", found=f"got {attack}", asked=attack, hint=attack, sentence=attack,
                                     difference=wrong)],
                      follow_through=[attack], code=f"x = '{attack}'\n{attack}\n")
    hostile = Report(attack, attack, attack, [part], [Question(attack, 2, attack, True)], attack, [attack], attack,
                     {"mode": attack}, {attack: attack})
    scores = Scores(attack, {attack: CellScore(attack, 2, 0, 1, comment=attack)}, {attack + "x": attack})
    html = render_page(hostile, scores)
    page = Page(html)
    assert page.tags.count("svg") == 1 and not set(page.tags) & {"script", "img", "iframe", "object", "link", "base", "form", "b"}
    for _, name, value in page.attributes:
        assert not name.startswith("on") and name not in ("src", "srcdoc", "action")
        assert name != "href" or value.startswith("#")
    assert "default-src 'none'" in html and "49" not in page.words
    assert not set(html) & set("\x1b\x00\x07\u202e\u2066")


def test_giant_and_twisted_texts_stay_small():
    texts = ["x" * 3_000_000, "f'{" * 50_000, '"""' * 50_000, "\n" * 100_000, "\\\n" * 50_000, "`" * 100_000,
             "0x_" * 50_000]
    for text in texts:
        html = render_page(report(PartResult("a", [check("failed", found=text)], code=text), notes=[text],
                                  questions=[Question("q", 2, text, True)]))
        assert len(html) < 2_000_000


def test_the_page_is_whole_and_needs_nothing_from_elsewhere():
    html = render_page(report(PartResult("a", [check()], code="a = 1\n"), PartResult("b", [check()], code="a = 1\n"),
                              questions=[Question("why", 2, "Because.", True)], notes=["a note"]),
                       Scores("ann", comments={"code-a": "Well done."}, submitted=datetime(2025, 5, 1, 12)))
    page = Page(html)
    assert page.open == [] and ("html", "lang", "en") in page.attributes
    assert page.headings[0] == "h1" and page.headings.count("h1") == 1
    assert all(after <= before or after == f"h{int(before[1]) + 1}"
               for before, after in zip(page.headings, page.headings[1:]))
    assert "http:" not in html and "https:" not in html and "url(" not in html and "@import" not in html
    assert {value for tag, name, value in page.attributes if tag == "th" and name == "scope"} == {"row", "col"}
    ids = [value for tag, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = {value[1:] for tag, name, value in page.attributes if name == "href"}
    assert targets <= set(ids)
    assert "Your code is the same as that of a" in page.words and "prefers-color-scheme: dark" in html


def test_points_given_by_hand_count_and_are_shown_as_such():
    graded = report(PartResult("row_mean", [check("failed", found="wrong")]),
                    questions=[Question("why", 4, "Because.", True), Question("how", 2, "", False)])
    before = Page(render_page(graded)).words
    assert "0 of 3 points" in before and "4 more points are for written answers" in before
    scores = Scores("ann", {"row_mean": CellScore("row_mean", 1, 0.0, 0.5, 0.25), "how": CellScore("how", 2, 0.0),
                            "why": CellScore("why", 4, None, 3, comment="Good, but `h` is missing.")},
                    {"why": "x", "code-row_mean": "Use `axis`."}, late_penalty=1)
    after = Page(render_page(graded, scores)).words
    assert "2.75 of 7 points" in after and "more points" not in after
    assert "These points were given by a person. The checks gave 0." in after
    assert "Comment. Good, but h is missing." in after and "row_mean Use axis ." in after
    assert "1 point is taken off" in after
    late = Page(render_page(graded, replace(scores, late_penalty=9))).words
    assert "0 of 7 points" in late and "9 points are taken off" in late  # never below nothing


def test_what_a_grader_wrote_is_not_cut():
    long = "Look at `tanh` again. " * 1000 + "The end."
    graded = report(PartResult("row_mean", [check()]), questions=[Question("why", 4, "Because.", True)])
    scores = Scores("ann", {"why": CellScore("why", 4, None, 3, comment=long)}, {"code-row_mean": long})
    assert Page(render_page(graded, scores)).words.count("The end.") == 2


def test_code_that_is_cut_says_by_how_much():
    page = Page(render_page(report(PartResult("row_mean", [check("failed", found="wrong")], code="x = 1\n" * 5000)))).words
    assert "10000 more characters are left out here" in page


def test_a_problem_is_told_first():
    page = Page(render_page(report(problem="the notebook in UTF-8\nbyte 7 is not\nhint: save it again"))).words
    assert "Your notebook could not be examined. the notebook in UTF-8 byte 7 is not hint: save it again" in page
    assert "0 of 0 points" in page


@pytest.fixture
def course(tmp_path) -> Path:
    root = Path(shutil.copytree(Path(__file__).parents[1] / "tiny", tmp_path / "course"))
    for student in ("ann", "b o'ü", "z.json"):
        save(Report(NAME, student, parts=[PartResult("row_mean", [check()])]), report_path(root, NAME, student))
    return root


def test_pages_stand_where_nbgrader_would_put_them(course):
    pages = write_feedback(course, NAME, scores={})
    assert [page.relative_to(course).as_posix() for page in pages] == [
        f"feedback/{student}/{NAME}/means.html" for student in ("ann", "b o'ü", "z.json")]
    first = pages[0].read_bytes()
    assert write_feedback(course, NAME, ["ann"], scores={}) == pages[:1]
    assert pages[0].read_bytes() == first


def test_an_unknown_student_is_named(course):
    with pytest.raises(AutograderError, match="autograder grade t1_means"):
        write_feedback(course, NAME, ["nobody"], scores={})
    assert write_feedback(course, NAME, [], scores={}) == []
    shutil.rmtree(course / "reports")
    with pytest.raises(AutograderError, match="there are none in reports/t1_means/"):
        write_feedback(course, NAME)
