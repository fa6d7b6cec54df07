"""Nothing that a student writes runs, calls, moves a cursor or becomes a formula in what the course's people look at.

A class whose folders, cells, outputs, exceptions, code and written answers are payloads is graded by the command; its
pages are opened in a real browser, with and without their own Content-Security-Policy, and its terminal output is read
byte by byte.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from autograder.cli.progress import progress_bar
from autograder.course import load_assignment
from autograder.feedback import render_page
from autograder.gradebook import harmless
from autograder.gradebook.scores import CellScore, Scores
from autograder.pictures import Album
from autograder.pictures import shown as show
from autograder.pictures.darkroom import developed
from autograder.release.notebook import release_notebook
from autograder.render import part_html
from autograder.report import CheckResult, PartResult, Question, Report, load, report_path
from autograder.room import RoomServer
from autograder.similar import write_page
from autograder.similar.compare import Agreement, Pair
from tests.browser import ARGUMENTS
from tests.pictures.make import picture

ROOT = Path(__file__).parents[2]
NAME = "t1_means"
ELSEWHERE = "http://127.0.0.1:9/stolen"
MARKUP = ["<script>window.owned=1;alert(1)</script>", f'"><img src="{ELSEWHERE}" onerror="window.owned=1">',
          "'><svg/onload=window.owned=1>", f"</code></pre></table></style><iframe src='{ELSEWHERE}'></iframe>",
          f"<link rel=stylesheet href={ELSEWHERE}><meta http-equiv=refresh content='0;url={ELSEWHERE}'>",
          f"`<b style=\"background:url({ELSEWHERE})\" onmouseover=window.owned=1>`", "<a href='javascript:window.owned=1'>x</a>",
          "<!-- <style>*{display:none}", "{{ 7*7 }}{% raw %}", "]]><math><mtext><script>window.owned=1</script>"]
ESCAPES = ["\x1b]0;owned\x07", "\x1b[2J\x1b[H", "\x1b]8;;http://evil\x1b\\here\x1b]8;;\x1b\\", "\x9b31m", "\x1bP1$r\x1b\\", "\x07\x08\x7f\r",
           "\u202egnp.exe\u2066", "[bold red]markup[/bold red][link=http://evil]x[/link]"]
FORMULAS = ["=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1"]
PAYLOAD = "".join(MARKUP) + "".join(ESCAPES) + "".join(FORMULAS)
STUDENTS = ["<img src=x onerror=window.owned=1>", "\x1b]0;owned\x07\x1b[2Jred", "=cmd|' calc'!A0", "[bold]x[", "‮gnp", "a\nb", "{{7*7}}"]

CODE = f'''# {MARKUP!r}
def row_mean(x):
    """{"".join(MARKUP).replace('"', "'")}"""
    print({PAYLOAD!r})
    raise type({PAYLOAD!r}.replace("\\0", ""), (Exception,), {{}})({PAYLOAD!r})
'''


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """(the course, what each command printed) after grade, feedback and similar on a hostile class."""
    root = tmp_path_factory.mktemp("class") / "course"
    shutil.copytree(ROOT / "tests" / "tiny", root)
    for student in STUDENTS:
        folder = root / "submitted" / student / NAME
        folder.mkdir(parents=True)
        (folder / "means.ipynb").write_text(hostile_notebook(load_assignment(NAME, root)), encoding="utf-8")
    told = [command(root, *words) for words in (
        ["grade", NAME, "--no-gradebook", "--jobs", "1"], ["similar", NAME], ["feedback", NAME],
        ["grade", NAME, "--student", PAYLOAD.replace("\0", "")])]
    return root, told


def hostile_notebook(assignment) -> str:
    notebook = json.loads(release_notebook(assignment))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name == "why_centre":
            cell["source"] = PAYLOAD
        elif name == "code-row_mean":
            cell["source"] = CODE
        elif name == "code-centred":
            cell["source"] = f"def centred(x):\n    {PAYLOAD} this does not compile"
    notebook["cells"].append({"cell_type": "code", "id": "x", "metadata": {}, "source": f"raise Exception({PAYLOAD!r})",
                              "outputs": [], "execution_count": None})
    return json.dumps(notebook)


def command(root: Path, *words: str, **more: str) -> str:
    environment = {**os.environ, "AUTOGRADER_COURSE": str(root), "PYTHONPATH": str(ROOT), **more}
    done = subprocess.run([sys.executable, "-m", "autograder", *words], env=environment, cwd=root, capture_output=True)
    return (done.stdout + done.stderr).decode("utf-8", "surrogateescape")


def dangerous(text: str) -> set[str]:
    """The characters of a text that a terminal obeys or that turn its direction."""
    return {character for character in text if unicodedata.category(character) == "Cc" and character not in "\n\t"
            or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}


def test_terminals_get_text_only(graded):
    root, told = graded
    assert dangerous(PAYLOAD)  # there is something to find
    for text in told:
        assert dangerous(text) == set(), text
    assert "7 submissions" in told[0] and "Traceback" not in "".join(told)


def test_coloured_terminals_get_no_codes_but_our_own(graded):
    root, _ = graded
    text = command(root, "grade", NAME, "--no-gradebook", FORCE_COLOR="1", TERM="xterm-256color")
    assert dangerous(re.sub(r"\x1b\[[0-9;]*m", "", text)) == set()
    assert "\x1b[1m" not in text.partition("[bold]x[")[2][:3]


def test_the_progress_bar_takes_a_name_as_it_is(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress_bar() as bar:
        bar.add_task("[/nothing] [bold]", total=1)
        assert "[/nothing] [bold]" in bar.columns[0].render(bar.tasks[0]).plain


@dataclass
class Seen:
    """What a browser did with a page."""

    requests: list
    dialogs: list
    owned: bool
    tags: set
    attributes: list


@pytest.fixture(scope="module")
def look():
    """look(html): opens it in an empty page, clicks and hovers nothing, and says what happened."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "these tests need a browser: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page, requests, dialogs = browser.new_page(), [], []
        page.on("request", lambda request: requests.append(request.url))
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.route("**/*", lambda route: route.abort())

        def look(html: str) -> Seen:
            page.goto("about:blank")  # nothing is left of what was seen before
            requests.clear()
            dialogs.clear()
            page.set_content(html, wait_until="load")
            page.wait_for_function("() => document.readyState === 'complete'")
            found = page.evaluate("""() => ({owned: !!window.owned,
                tags: [...document.querySelectorAll('*')].map(e => e.localName),
                attributes: [...document.querySelectorAll('*')].flatMap(e => [...e.attributes].map(a => [e.localName, a.name, a.value]))})""")
            return Seen([*requests], [*dialogs], found["owned"], set(found["tags"]), found["attributes"])

        yield look
        browser.close()


def assert_harmless(seen: Seen) -> None:
    assert (seen.requests, seen.dialogs, seen.owned) == ([], [], False)
    assert not seen.tags & {"script", "img", "svg", "iframe", "object", "embed", "link", "base", "form", "math", "video", "audio"}
    for tag, name, value in seen.attributes:
        assert not name.startswith("on") and name not in ("src", "srcdoc", "action", "formaction", "background"), (tag, name)
        assert name != "href" or value.startswith("#"), value
        assert name != "http-equiv" or value == "Content-Security-Policy"
        assert name != "style" or "url(" not in value


def without_policy(html: str) -> str:
    """The page without its second wall: escaping alone must hold."""
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    assert bare != html
    return bare


def test_the_browser_would_notice(look):
    seen = look("<body>" + "".join(MARKUP[:3]))
    assert seen.requests and seen.dialogs and seen.owned and {"script", "img", "svg"} <= seen.tags
    with pytest.raises(AssertionError):
        assert_harmless(seen)


def test_feedback_of_a_hostile_class(graded, look):
    root, _ = graded
    comments = {"row_mean": PAYLOAD, "code-row_mean": PAYLOAD, PAYLOAD: PAYLOAD}
    for student in STUDENTS[:3]:
        report = load(report_path(root, NAME, student))
        assert "window.owned" in report.to_json()  # it got as far as the report
        scores = Scores(student, {"why_centre": CellScore("why_centre", 2, 0, 1, comment=PAYLOAD)}, comments)
        html = render_page(report, scores)
        assert dangerous(html) == set()
        for page in (html, without_policy(html)):
            assert_harmless(look(page))


def test_a_report_of_nothing_but_payloads(look):
    check = CheckResult(PAYLOAD, PAYLOAD, 1, "failed", asked=PAYLOAD, found=PAYLOAD, hint=PAYLOAD)
    part = PartResult(PAYLOAD, [check], follow_through=[PAYLOAD], code=PAYLOAD)
    report = Report(NAME, PAYLOAD, PAYLOAD, [part], [Question(PAYLOAD, 2, PAYLOAD, True)], PAYLOAD, [PAYLOAD], PAYLOAD,
                    {"mode": PAYLOAD, "meaning": PAYLOAD}, {PAYLOAD: PAYLOAD})
    assert_harmless(look(without_policy(render_page(report))))
    assert_harmless(look(f"<body>{part_html(part)}"))  # as formgrader and the notebook show it, without a policy


def test_similar_pages(tmp_path, look):
    shutil.copytree(ROOT / "tests" / "tiny", tmp_path / "course")
    assignment = load_assignment(NAME, tmp_path / "course")
    pair = Pair(STUDENTS[0], PAYLOAD, [Agreement("row_mean", 60, 1.0, 0.1, 0, 50)])
    page = write_page(assignment, [pair], {name: {"row_mean": f"{CODE}{PAYLOAD}"} for name in (STUDENTS[0], PAYLOAD)})
    html = page.read_text(encoding="utf-8")
    assert "&lt;img " in html and dangerous(html) == set()
    for text in (html, without_policy(html)):
        assert_harmless(look(text))


def test_written_answers_as_formgrader_shows_them(look):
    """formgrader turns a student's Markdown into HTML, through nbconvert's own converter."""
    from nbconvert.filters import markdown2html

    for text in (*MARKUP, "[x](javascript:window.owned=1)", f"![x]({ELSEWHERE})", f"<{ELSEWHERE}>", f"[x]: {ELSEWHERE}\n![x]",
                 "`<script>window.owned=1</script>`", "$<img src=x onerror=window.owned=1>$"):
        seen = look(f"<body>{markdown2html(harmless.markdown(text, {}))}")
        assert (seen.dialogs, seen.owned) == ([], False), text
        assert not seen.tags & {"script", "svg", "iframe", "object", "form", "math"}, text
        assert not [name for _, name, _ in seen.attributes if name.startswith("on")], text


PICTURES = [f"![x]({ELSEWHERE})", f"![x][y]\n\n[y]: {ELSEWHERE}", f"![y]\n\n[y]: <{ELSEWHERE}> 'title'", f'<img src="{ELSEWHERE}">',
            f"<IMG/SRC={ELSEWHERE}>", f"[![x]({ELSEWHERE})](https://x.org)", f"`![x]({ELSEWHERE})", f"```\n![x]({ELSEWHERE})",
            f"> ![x]({ELSEWHERE})\n1. ![x]({ELSEWHERE})", f"|a|\n|-|\n|![x]({ELSEWHERE})|", f"![a ![b]({ELSEWHERE}) c](d.png)",
            f"\\![x]({ELSEWHERE})", f"![x](\n{ELSEWHERE}\n)", "![x](//127.0.0.1:9/stolen) ![x](\\\\127.0.0.1:9/stolen)",
            f"![x](attachment:{ELSEWHERE}) ![x](attachment:a.png)", f"![x](data:text/html,<img src={ELSEWHERE}>)",
            f"![x](data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='{ELSEWHERE}'/></svg>)",
            f"``` mermaid\nflowchart TD\nA@{{ img: \"{ELSEWHERE}\" }}", f"![x]({ELSEWHERE} =300x200)", "![x](&#104;ttp://127.0.0.1:9/)",
            "![x](HTTP://127.0.0.1:9/stolen)", f"![\u200bx]({ELSEWHERE})", f"!\u200b[x]({ELSEWHERE})", f"<picture><source srcset={ELSEWHERE}>"]


def test_pictures_of_answers_ask_for_nothing(tmp_path, look):
    """Neither in formgrader nor on the student's page: what is shown is data of ours, and the words stay."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    small = picture()
    (tmp_path / "photo.png").write_bytes(small)
    shown = {}
    with RoomServer() as server:
        for text in [*PICTURES, "![x](photo.png)"]:
            album = Album(tmp_path)
            read = album.read(f"before\n\n{text}\n\nafter", {"a.png": {"image/svg+xml": "<svg onload='window.owned=1'/>"}})
            pictures = developed(server, album.wanted)
            answer = show(read, pictures)
            attachments = {name: {"image/webp": each.data} for name, each in pictures.items() if each.data}
            renderer = IPythonRenderer(escape=False, attachments=attachments)
            theirs = MarkdownWithMath(renderer=renderer).render(harmless.markdown(answer, attachments))
            ours = render_page(Report(NAME, "ann", questions=[Question("q", 1, answer, True)], pictures=pictures))
            for html in (f"<body>{theirs}", without_policy(ours)):
                seen = look(html)
                assert (seen.dialogs, seen.owned) == ([], False) and "before" in html and "after" in html, text
                sources = [value for tag, name, value in seen.attributes if name in ("src", "srcset", "background", "data")]
                assert all(value.startswith("data:image/webp;base64,") for value in sources), (text, sources)
                assert [url for url in seen.requests if not url.startswith("data:image/webp;")] == [], text
                assert not seen.tags & {"script", "svg", "iframe", "object", "picture", "source", "image"}, text
                shown[text] = len(sources)
    assert shown.pop("![x](photo.png)") == 1 and not any(shown.values())
