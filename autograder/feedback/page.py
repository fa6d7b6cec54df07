"""The page of one student: what was found in each part, what it is worth, and what to look at next.

Everything in it comes from the report and from what people wrote in the gradebook. The notebook's printed output is
left out on purpose: code under examination may print the inputs of hidden checks.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.feedback.answer import answer_html
from autograder.feedback.code import code, words
from autograder.gradebook.scores import CellScore, Scores
from autograder.render import MARKS, clean, difference_html, lines_for_student, number, public, verdict_word
from autograder.report import BROKEN, FAILED, PASSED, CheckResult, PartResult, Picture, Question, Report

MAX_TEXT = 20_000  # characters
MAX_COMMENT = 100_000  # of a person who graded
MAX_LINES = 12  # of what a check found
PARTLY, UNWRITTEN = "partly passed", "not attempted"
SIGNS = {verdict: mark for verdict, (mark, _) in MARKS.items()} | {PARTLY: "≈", UNWRITTEN: "○"}


@dataclass
class Check:
    """One line of a part. word: the verdict, or "not attempted"; title: what was asked; details: what was found;
    drawing: where an array is wrong, as HTML, or ""."""

    verdict: str
    word: str
    title: str
    details: list[str]
    points: float
    max_points: float
    drawing: Markup = Markup()


@dataclass
class Part:
    """One part. points: what counts; by_checks: what the checks gave, where a person gave something else;
    same_code: an earlier part that has the same code."""

    name: str
    points: float
    max_points: float
    checks: list[Check]
    hints: list[str]
    stand_ins: list[str]
    code: str
    by_checks: float | None = None
    same_code: str = ""

    @property
    def state(self) -> str:
        """The verdict that the part as a whole has."""
        verdicts = {check.verdict for check in self.checks}
        if BROKEN in verdicts or len(verdicts) == 1 and FAILED not in verdicts:
            return BROKEN if BROKEN in verdicts else verdicts.pop()
        if all(check.word == UNWRITTEN for check in self.checks):
            return UNWRITTEN
        return PARTLY if PASSED in verdicts else FAILED


@dataclass
class Answer:
    """A written question. points: None until a person has graded it; text: what was written; state: in words."""

    name: str
    points: float | None
    max_points: float
    text: Markup
    comment: str
    state: str


def render_page(report: Report, scores: Scores | None = None) -> str:
    """The HTML of one student's page; scores: what people gave by hand, if anything."""
    cells = scores.cells if scores else {}
    parts = [_part(public(part), cells.get(part.name)) for part in report.parts]
    answers = [_answer(question, cells.get(question.name), report.pictures) for question in report.questions]
    _share_code(parts)
    graded = [each for each in (*parts, *answers) if each.points is not None]
    penalty = scores.late_penalty if scores else 0.0
    known = {each.name for each in (*parts, *answers)}
    comments = {name: text for name, text in (scores.comments if scores else {}).items()
                if name not in known and text != "No response."}
    return _environment().get_template("page.html.j2").render(
        report=report, parts=parts, answers=answers, comments=comments, penalty=penalty,
        points=max(0.0, sum(each.points for each in graded) - penalty),  # as the exports have it
        max_points=sum(each.max_points for each in graded),
        pending=sum(answer.max_points for answer in answers if answer.points is None),
        submitted=scores.submitted if scores else None)


def _part(result: PartResult, given: CellScore | None) -> Part:
    points, by_checks = result.points, None
    if given is not None and (given.manual is not None or given.extra):
        points = (given.manual if given.manual is not None else result.points) + given.extra
        by_checks = result.points
    hints = list(dict.fromkeys(check.hint for check in result.checks if check.hint))
    checks = [_check(check) for check in result.checks]
    for before, after in zip(checks[:-1][::-1], checks[1:][::-1]):
        if after.details == before.details:  # such as "not attempted", once is enough
            after.details = []
    return Part(result.name, points, result.max_points, checks, hints, result.follow_through, result.code, by_checks)


def _share_code(parts: list[Part]) -> None:
    """Parts that are written in one cell, such as the methods of a class, show it once."""
    first: dict[str, str] = {}
    for part in parts:
        part.same_code = first.setdefault(part.code, part.name) if part.code else ""


def _check(check: CheckResult) -> Check:
    first, *rest = lines_for_student(replace(check, hint=""))  # hints are shown once for the whole part
    title = first if check.hidden else clean(check.sentence)
    asked = [first] if first != title else []
    details = [line.removeprefix(f"{UNWRITTEN}: ") for line in (asked + rest)[:MAX_LINES]]
    drawing = Markup(difference_html(check.difference)) if check.verdict != PASSED else Markup()
    return Check(check.verdict, verdict_word(check), title, details, check.points, check.max_points, drawing)


def _answer(question: Question, given: CellScore | None, pictures: dict[str, Picture]) -> Answer:
    points = 0.0 if not question.answered else None
    if given is not None and given.manual is not None:
        points = given.manual
    if points is not None and given is not None:
        points += given.extra
    state = "to be graded" if points is None else "graded" if question.answered else "not answered"
    return Answer(question.name, points, question.max_points, answer_html(question.answer, pictures),
                  given.comment if given else "", state)


def share(points: float, max_points: float) -> str:
    """A width for CSS, between 0 and 100 %."""
    return f"{100 * min(max(points / max_points, 0), 1) if max_points else 0:.4g}%"


def breakable(name: str) -> Markup:
    """A part's name, which a narrow page may break after each underscore."""
    return escape(clean(name, 200)).replace("_", Markup("_<wbr>"))


def readable(name: str) -> str:
    """A name of ours, such as a1_rnn_captioning, as words."""
    return clean(name, 200).replace("_", " ")


def _finalize(value):
    """Whatever a template prints that is not HTML of ours yet: no control characters, no endless text."""
    return clean(value, MAX_TEXT) if type(value) is str else value


@lru_cache(1)
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("autograder.feedback", ""), autoescape=True, finalize=_finalize,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=number, words=words, code=code, breakable=breakable, clean=clean,
                               readable=readable)
    environment.globals.update(share=share, signs=SIGNS, comment_limit=MAX_COMMENT)
    return environment
