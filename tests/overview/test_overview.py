"""The instructor's page on a class: what it counts, whom it names, and that nothing a student wrote runs in it."""

import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import sync_playwright

from autograder.cli import main
from autograder.errors import AutograderError, BadReply, RoomDied, TimedOut
from autograder.gradebook.roll import Member
from autograder.gradebook.scores import CellScore, Scores
from autograder.overview import class_figures, render_page
from autograder.overview.attention import FORBIDDEN, concerns
from autograder.overview.charts import columns
from autograder.overview.page import Links, span
from autograder.overview.write import write_overview
from autograder.report import CheckResult, PartResult, Question, Report, report_path, save
from autograder.similar.compare import Agreement, Pair

NAME = "t1_means"
ATTACKS = ["<script>steal()</script>", '"><img src=x onerror=steal()>', "'><svg/onload=steal()>", "{{ 7*7 }}", "</style>",
           "</script><script>steal()</script>", "<!--", "`<b onclick=steal()>`", "javascript:steal()", "]]>", "a&lt;b",
           "\x1b[31mred\x1b[0m \x1b]8;;http://evil\x07", "\u202egnp.exe\u2066", "\x00\x07", "\ud800", "%s {0} \\", "C:\\..\\x"]


def check(verdict="passed", points=1.0, **rest) -> CheckResult:
    return CheckResult(rest.pop("name", "test_it"), rest.pop("sentence", "the sentence"), 1, verdict,
                       points=points if verdict in ("passed", "broken") else 0, **rest)


def report(student: str, *parts: PartResult, **rest) -> Report:
    return Report(NAME, student, "means.ipynb", list(parts), seconds=rest.pop("seconds", 0.5), **rest)


def one(student: str, *checks: CheckResult, **rest) -> Report:
    return report(student, PartResult("row_mean", list(checks)), **rest)


# --- what is counted

def test_parts_and_checks_are_counted():
    figures = class_figures(NAME, [
        one("ann", check(), check(name="test_hidden", hidden=True)),
        one("bob", check("failed"), check("failed", name="test_hidden", hidden=True, attempted=False)),
        one("cid", check("failed"), check("broken", name="test_hidden", hidden=True)),
        Report(NAME, "dan", problem="the grader's own process died on it 2 times")], {})
    assert len(figures.standings) == 3
    part, = figures.parts
    assert dict(part.counts) == {"passed": 2, "failed": 2, "not attempted": 1, "broken": 1}
    assert part.points == pytest.approx(1) and (figures.median, figures.mean) == (1, 1)
    hardest, = figures.hardest(5)
    assert (hardest.counts["failed"], hardest.tried, hardest.hidden) == (2, 3, False)


def test_the_commonest_mistake_comes_first():
    rare, common = (check("failed", hint=hint) for hint in ("the rare hint", "the common hint"))
    figures = class_figures(NAME, [one("ann", rare, common), one("bob", common), one("cid", check())], {})
    assert [(mistake.hint, mistake.students, mistake.parts) for mistake in figures.mistakes] == [
        ("the common hint", ["ann", "bob"], ["row_mean"]), ("the rare hint", ["ann"], ["row_mean"])]


def test_scores_are_final_where_the_gradebook_has_them():
    """By hand instead of by the checks, with extra credit, less the penalty; a question that waits for all is left out."""
    questions = [Question("graded", 4, "text", True), Question("waits", 8, "text", True)]
    cells = {"row_mean": CellScore("row_mean", 1, auto=0, manual=1, extra=0.5), "graded": CellScore("graded", 4, manual=3),
             "waits": CellScore("waits", 8, needs_manual=True)}
    figures = class_figures(NAME, [one("ann", check("failed"), questions=questions), one("bob", check(), questions=questions)],
                            {"ann": Scores("ann", cells, late_penalty=0.5)})
    ann, bob = figures.standings
    assert (ann.points, ann.max_points, ann.known, ann.final) == (4, 5, True, False)
    assert (bob.points, bob.max_points, bob.known, bob.final) == (1, 1, False, False)
    assert figures.ungraded == ["waits"] and figures.ungraded_points == 8
    text = Page(render_page(figures)).words
    assert "They are not final: answers of 1 student wait for a grader" in text and "final, from" not in text
    assert "Those of 1 are of the automatic checks alone" in text
    assert "Nobody has graded 1 written question (8 points) yet" in text and "checks only" in text and "1 to grade" in text


def test_an_answer_that_waits_is_neither_nothing_nor_final():
    """One of two is graded: the other is not 0 of 4, and nothing is said to be final before both are."""
    def scores(student: str, given: float | None) -> Scores:
        cells = {"row_mean": CellScore("row_mean", 1, auto=1), "why": CellScore("why", 4, manual=given, needs_manual=given is None)}
        return Scores(student, cells)

    reports = [one(name, check(), questions=[Question("why", 4, "text", True)]) for name in ("ann", "bob")]
    figures = class_figures(NAME, reports, {"ann": scores("ann", 3), "bob": scores("bob", None)})
    assert [(each.points, each.max_points, each.final) for each in figures.standings] == [(4, 5, True), (1, 1, False)]
    text = Page(render_page(figures)).words
    assert figures.waiting == 1 and "not final" in text and "1 to grade" in text
    done = class_figures(NAME, reports, {"ann": scores("ann", 3), "bob": scores("bob", 0)})
    assert [(each.points, each.max_points, each.final) for each in done.standings] == [(4, 5, True), (1, 5, True)]
    assert "Points are final, from the gradebook" in Page(render_page(done)).words


def test_a_penalty_ends_at_zero():
    figures = class_figures(NAME, [one("ann", check())], {"ann": Scores("ann", {"row_mean": CellScore("row_mean", 1, auto=1)}, late_penalty=9)})
    assert figures.standings[0].points == 0


def test_columns_hold_everybody():
    assert columns([0, 0.05, 0.95, 1.0]) == [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert len(columns([0.7] * 40)) == 20 and sum(columns([number / 300 for number in range(301)])) == 301


@pytest.mark.parametrize("seconds, said", [(0.418, "0.42 s"), (35.2, "35 s"), (250, "4 min 10 s"), (7500, "2 h 5 min")])
def test_times_are_said_as_people_say_them(seconds, said):
    assert span(seconds) == said


# --- who needs a look

def test_each_reason_for_a_look_has_its_cases():
    reports = [
        Report(NAME, "a", problem="the grader could not examine it"),
        one("b", check("broken", found="ZeroDivisionError")),
        one("c", check("failed", attempted=False), problem="means.ipynb:\nit is not JSON"),
        one("d", check("failed", found=BadReply("too long").found)),
        one("e", check("failed", found=TimedOut(10).found)),
        one("f", check("failed", found=RoomDied("it exited").found)),
        one("g", check("failed", found=f"`row_mean`{FORBIDDEN}cell 3, line 2 calls numpy.mean")),
        report("h", PartResult("centred", [check(follow_through=True)], ["row_mean"])),
        one("i", check(), notes=["cell 7 raised SyntaxError"]),
        one("j", check(), questions=[Question("why", 2, "text", True)]),
        one("k", check(), questions=[Question("why", 2, "text", True)]),
        one("l", check(), questions=[Question("why", 2, "", False)])]
    pairs = [Pair("e", "f", [Agreement("row_mean", 90, 1.0, .5, 0, 80.0)])]
    given = {"k": Scores("k", {"why": CellScore("why", 2, manual=0, needs_manual=True)})}
    found = {concern.title: [case.student for case in concern.cases] for concern in concerns(reports, given, pairs)}
    assert list(found.values()) == [["a"], ["b"], ["c"], ["d"], ["e", "f"], ["g"], [""], ["h"], ["i"], ["j"]]
    assert not concerns([one("ann", check())], {})


def test_who_handed_in_nothing_is_in_the_table():
    members = [Member("ann", "Arc", "Ann"), Member("<b>cid", "Cy", "Cid"), Member("dan")]
    figures = class_figures(NAME, [one("ann", check())], {"dan": Scores("dan")}, members)
    assert figures.absent == {"<b>cid": "Cid Cy"} and len(figures.standings) == 1
    found = concerns([], {}, (), figures.absent)
    assert [(concern.title, concern.cases[0].student) for concern in found] == [("Nothing handed in", "<b>cid")]
    words = Page(render_page(figures, found)).words
    assert words.count("<b>cid") == 2 and "<b>cid: Cid Cy" in words and "nothing handed in" in words


# --- the page

class Page(HTMLParser):
    """What a browser would see of a page; every tag must be closed."""

    VOID = {"meta", "wbr"}

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not set(self.open) & {"style", "title", "script"}:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def hostile(attack: str) -> str:
    """A page with an attack in everything that a student may have had a say in."""
    checks = [check("failed", found=attack, hint=attack, sentence=attack), check("failed", found=RoomDied(attack).found)]
    bad = one(f"x {attack}", *checks, notes=[attack], problem=attack, questions=[Question(attack, 2, attack, True)])
    reports = [bad, one("ann", check()), Report(NAME, attack, problem=attack)]
    links = Links({bad.student: ["..", "feedback", bad.student, NAME, "means.html"]})
    pairs = [Pair(attack, "ann", [Agreement("row_mean", 90, 1.0, .5, 0, 80.0)])]
    return render_page(class_figures(NAME, reports, {}), concerns(reports, {}, pairs), links)


@pytest.mark.parametrize("attack", ATTACKS)
def test_whatever_a_student_writes_stays_text(attack):
    page, harmless = Page(hostile(attack)), Page(hostile("harmless"))
    assert [tag for tag in page.tags if tag != "code"] == [tag for tag in harmless.tags if tag != "code"]
    assert [(tag, name) for tag, name, _ in page.attributes] == [(tag, name) for tag, name, _ in harmless.attributes]
    assert not any(name.startswith("on") for _, name, _ in page.attributes)
    assert all(value.startswith(("../feedback/", "../similar/")) for _, name, value in page.attributes if name == "href")
    assert "49" not in page.words.split() and not set(page.words) & set("\x1b\x00\x07\u202e\u2066")


def test_it_asks_for_nothing_from_elsewhere():
    page = Page(hostile("harmless"))
    policy = next(value for tag, name, value in page.attributes if tag == "meta" and value.startswith("default-src"))
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")
    assert not {"img", "link", "iframe", "object"} & set(page.tags) and page.tags.count("script") == 1


def test_pictures_say_in_words_what_they_show():
    reports = [one("ann", check(), check("skipped")), one("bob", check("failed"), check())]
    labels = [value for _, name, value in Page(render_page(class_figures(NAME, reports, {}))).attributes
              if name == "aria-label"]
    assert labels == ["Students by their share of the points. 50 to 60 %: 2.", "2 passed, 1 failed, 1 skipped"]


@pytest.fixture(scope="module")
def browser():
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "these tests drive a real browser: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser, path: Path, **options):
    """(page, what went wrong or was asked for while it loaded)"""
    page, events = browser.new_page(**options), []
    page.on("console", lambda message: events.append(message.text))
    page.on("pageerror", lambda error: events.append(str(error)))
    page.on("request", lambda request: events.append(request.url) if not request.url.endswith(path.name) else None)
    page.goto(path.as_uri())
    return page, events


def test_no_attack_runs_in_a_browser(browser, tmp_path):
    path = tmp_path / "page.html"
    names = [name.replace("\ud800", "") for name in ATTACKS]
    reports = [one(f"{number} {name}", check("failed", found=name, hint=name)) for number, name in enumerate(names)]
    text = render_page(class_figures(NAME, reports, {}), concerns(reports, {}))
    path.write_text(text.replace("<head>", "<head><!-- -->"), encoding="utf-8")
    page, events = opened(browser, path)
    assert events == []
    assert page.locator("#students tbody tr").count() == len(names)
    assert page.locator("#students tbody th").first.text_content().strip() == "0 <script>steal()</script>"
    assert page.locator("img, #students svg[onload], b").count() == 0
    page.close()


def test_a_click_sorts_and_a_second_one_turns_round(browser, tmp_path):
    path = tmp_path / "page.html"
    reports = [one("ann", *[check()] * 2), one("bob", *[check()] * 10, *[check("failed")]), one("Cid", check("failed"))]
    path.write_text(render_page(class_figures(NAME, reports, {})), encoding="utf-8")
    page, events = opened(browser, path)

    def names():
        return [name.strip() for name in page.locator("#students tbody th").all_text_contents()]

    for heading, expected in (("points", "bob ann Cid"), ("points", "Cid ann bob"), ("student", "ann bob Cid"),
                              ("student", "Cid bob ann"), ("passed", "bob ann Cid")):
        page.get_by_role("button", name=heading, exact=True).click()
        assert names() == expected.split()
    assert events == []
    page.close()


def test_it_fits_a_telephone_and_a_sheet_of_paper(browser, tmp_path):
    path = tmp_path / "page.html"
    reports = [one(f"a-student-with-a-very-long-name-{'x' * 60}-{number}", check(), check("failed"), seconds=number)
               for number in range(50)]
    path.write_text(render_page(class_figures(NAME, reports, {}), concerns(reports, {})), encoding="utf-8")
    page, events = opened(browser, path, viewport={"width": 375, "height": 800}, color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(22, 25, 29)"
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf().startswith(b"%PDF") and events == []
    page.close()


# --- the verb

@pytest.fixture
def graded(tiny, monkeypatch):
    """The tiny course with three reports."""
    monkeypatch.setenv("AUTOGRADER_COURSE", str(tiny.root))
    for each in (one("ann \x1b[31m [bold]", check(), check("failed", hint="look at the [red]sign[/red]")), one("bob", check()),
                 Report(tiny.name, "cid", problem="the grader's own process died on it 2 times")):
        save(each, report_path(tiny.root, tiny.name, each.student))
    return tiny


def test_the_verb_writes_the_page_and_says_the_main_things(graded):
    page = graded.root / "feedback" / "bob" / NAME / "means.html"
    page.parent.mkdir(parents=True)
    page.touch()
    done = CliRunner().invoke(main, ["report", NAME], catch_exceptions=False)
    assert done.exit_code == 0 and "\x1b" not in done.output
    for words in ("2 submissions", "1 made this mistake: look at the [red]sign[/red]", "overview/t1_means.html",
                  "to look at: The grader could not do its work: 1", "of the automatic checks"):
        assert words in done.output
    html = (graded.root / "overview" / f"{NAME}.html").read_text(encoding="utf-8")
    assert '<a href="../feedback/bob/t1_means/means.html">bob</a>' in html and "../feedback/ann" not in html


COPIED = "def centred(x):\n" + "".join(f"    x = x[{number}:] * {number} + max(x, key=abs)\n" for number in range(12))
OWN = ["def centred(x):\n    while x:\n        yield [each for each in x if each not in (1, 2)]\n",
       "def centred(x):\n    with x as y, y.z as z:\n        assert z, y\n    return lambda a, b: {a: b for a in b}\n"]


def test_similar_solutions_and_strange_names_are_found_and_linked(graded, browser):
    """A link leads to the page of a student whose name needs quoting; a pair that agrees is named."""
    name = "c o'hara+ü%41#?@x.edu"
    for student, code in ((name, COPIED), ("copy", COPIED), ("own", OWN[0]), ("way", OWN[1])):
        part = PartResult("centred", [check("failed", found=RoomDied("it exited").found)], code=code)
        save(report(student, part), report_path(graded.root, NAME, student))
    page = graded.root / "feedback" / name / NAME / "means.html"
    page.parent.mkdir(parents=True)
    page.write_text("<title>the right one</title>")
    path, _, found = write_overview(graded)
    agree = next(concern for concern in found if concern.title.startswith("Solutions that agree"))
    assert [case.detail for case in agree.cases] == [f"{name} and copy: centred"]
    opened_page, events = opened(browser, path)
    assert events == [] and "autograder similar t1_means shows them" in opened_page.locator("main").inner_text()
    opened_page.get_by_role("link", name=name).first.click()
    assert opened_page.title() == "the right one"
    opened_page.close()


def test_without_reports_it_says_what_to_run(tiny):
    with pytest.raises(AutograderError, match="autograder grade t1_means"):
        write_overview(tiny)
