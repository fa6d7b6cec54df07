"""A part's result for people: plain lines, and an HTML table that needs no network, script or style sheet."""

import re
from dataclasses import replace
from html import escape

from autograder.report import BROKEN, FAILED, PASSED, SKIPPED, CheckResult, PartResult

# Words carry the verdict; colour and mark only repeat it. The colours are told apart by colour-blind readers.
MARKS = {PASSED: ("✓", "#0072b2"), FAILED: ("✗", "#c44601"), SKIPPED: ("→", "#767676"), BROKEN: ("!", "#8e44ad")}
CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def clean(text: str, limit: int = 2000) -> str:
    """`text` without terminal escapes, control characters and overlong tails: it may quote a student's output."""
    text = CONTROL.sub("", text)
    return text if len(text) <= limit else text[:limit] + " ..."


def number(points: float) -> str:
    """Points as people write them: 3, 2.5."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def verdict_word(check: CheckResult) -> str:
    if not check.attempted:
        return "not attempted"
    return f"{check.verdict} (follow-through)" if check.follow_through else check.verdict


def public(result: PartResult) -> PartResult:
    """The part as its student may see it: of a hidden check no more than verdict, points, the earned hint, and
    that it was not attempted or which part it waits for."""
    return replace(result, checks=[_without_secrets(check) if check.hidden else check for check in result.checks])


def _without_secrets(check: CheckResult) -> CheckResult:
    known = check.found.startswith(("not attempted", "waits for"))
    return replace(check, name="", sentence="a hidden check, on other inputs", asked="", where=[],
                   difference=None, found=check.found.split(";")[0] if known else "")


def lines_for_student(check: CheckResult) -> list[str]:
    """What a student reads of one check: the sentence, and unless it passed what differs and the hint."""
    check = _without_secrets(check) if check.hidden else check
    lines = check.lines if check.verdict != PASSED else [check.sentence]
    return [clean(line.removeprefix("not attempted: ")) for line in lines]  # the verdict says that already


def headline(result: PartResult) -> str:
    text = f"{result.name}: {number(result.points)} of {number(result.max_points)} points"
    if result.follow_through:
        text += f", examined with a correct {', '.join(f'`{name}`' for name in result.follow_through)} in place"
    return text


def part_text(result: PartResult) -> str:
    """The result in plain lines, for a terminal."""
    lines = [headline(result)]
    for check in result.checks:
        first, *rest = lines_for_student(check)
        lines.append(f"  {MARKS[check.verdict][0]} {verdict_word(check)}: {first}")
        lines += [f"      {line}" for line in rest]
    return "\n".join(lines)


def part_html(result: PartResult) -> str:
    """The result as a table: verdict, what was asked and found, points."""
    rows = "".join(_row(check) for check in result.checks)
    return (f'<div role="region" aria-label="{_code(result.name, plain=True)}">'
            f'<p style="margin:.3em 0"><strong>{_code(headline(result))}</strong></p>'
            f'<table style="border-collapse:collapse;text-align:left">'
            f'<thead><tr><th {_CELL}>verdict</th><th {_CELL}>check</th><th {_CELL}>points</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></div>")


_CELL = 'style="text-align:left;vertical-align:top;padding:.25em .8em .25em 0"'


def _row(check: CheckResult) -> str:
    mark, colour = MARKS[check.verdict]
    first, *rest = lines_for_student(check)
    more = "".join(f'<div style="opacity:.85">{_code(line)}</div>' for line in rest)
    return (f'<tr><td {_CELL}><span style="color:{colour};font-weight:bold;white-space:nowrap">{mark} '
            f"{escape(verdict_word(check))}</span></td><td {_CELL}>{_code(first)}{more}</td>"
            f'<td {_CELL}><span style="white-space:nowrap">{number(check.points)} of {number(check.max_points)}</span>'
            "</td></tr>")


def _code(text: str, plain: bool = False) -> str:
    """Escaped text, its `names` in code type."""
    text = escape(clean(text))
    return text if plain else re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
