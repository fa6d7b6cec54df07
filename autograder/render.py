"""A part's result for people: plain lines, and an HTML table that needs no network, script or style sheet."""

import difflib
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from html import escape

from autograder.report import BROKEN, FAILED, PASSED, SKIPPED, CheckResult, Difference, PartResult

# Words carry the verdict; colour and mark only repeat it. Colour-blind readers tell the colours apart. They are the
# ground of white letters, so that these can be read on any theme and any stripe of a table.
MARKS = {PASSED: ("✓", "#1a6ca6"), FAILED: ("✗", "#b8440a"), SKIPPED: ("→", "#696969"), BROKEN: ("!", "#8b47ab")}
CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def clean(text: str, limit: int = 2000) -> str:
    """`text` without terminal escapes, control characters, half characters and overlong tails: it may quote a student's
    output, or the name of a folder."""
    text = CONTROL.sub("", text)
    text = text if text.isascii() else text.encode("utf-8", "replace").decode()
    return text if len(text) <= limit else text[:limit] + " ..."


def number(points: float) -> str:
    """Points as people write them: 3, 2.5."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def shortened(names: Sequence[str], most: int = 5) -> str:
    """Some names for a sentence: "ann, bob and 3 more"."""
    names = [clean(name, 60) for name in names]
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def nearest(unknown: str, known: Collection[str]) -> str:
    """The hint for a name that nobody has: the one that was probably meant, or which there are."""
    near = difflib.get_close_matches(unknown.casefold(), {name.casefold(): name for name in known}, n=1)
    if near:
        return f"did you mean `{clean(next(name for name in known if name.casefold() == near[0]), 60)}`?"
    return f"there are {shortened(sorted(known))}"


def verdict_word(check: CheckResult) -> str:
    if not check.attempted:
        return "not attempted"
    return f"{check.verdict} (follow-through)" if check.follow_through else check.verdict


def public(result: PartResult) -> PartResult:
    """The part as its student may see it: of a hidden check no more than verdict, points, the earned hint, and
    that it was not attempted or which part it waits for."""
    return replace(result, checks=[_without_secrets(check) if check.hidden else check for check in result.checks])


def _without_secrets(check: CheckResult) -> CheckResult:
    known = check.found.startswith(("not attempted", "waits for", "it fails also with a correct"))
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


def in_brief(result: PartResult) -> list[CheckResult]:
    """Its checks, each hint with the first check that earned it."""
    told: set[str] = set()
    checks = []
    for check in result.checks:
        checks.append(replace(check, hint="") if check.hint in told else check)
        told.add(check.hint)
    return checks


def part_text(result: PartResult) -> str:
    """The result in plain lines, for a terminal."""
    lines = [headline(result)]
    for check in in_brief(result):
        first, *rest = lines_for_student(check)
        lines.append(f"  {MARKS[check.verdict][0]} {verdict_word(check)}: {first}")
        rest, hint = _hint_apart(rest, check)
        lines += [f"      {line}" for line in [*rest, *difference_text(_shown(check)), *hint]]
    return "\n".join(lines)


def part_html(result: PartResult) -> str:
    """The result as a table: verdict, what was asked and found, points."""
    rows = "".join(_row(check) for check in in_brief(result))
    return (f'<div role="region" aria-label="{coded(result.name, plain=True)}" style="overflow-x:auto">'
            f'<p style="margin:.3em 0"><strong>{coded(headline(result))}</strong></p>'
            f'<table style="border-collapse:collapse;text-align:left;color:inherit">'
            f'<thead><tr><th {_CELL}>verdict</th><th {_CELL}>check</th><th {_CELL}>points</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></div>")


# A narrow page scrolls, and breaks no word.
_CELL = 'style="text-align:left;vertical-align:top;padding:.25em .8em .25em 0;word-break:normal;overflow-wrap:normal"'
_WORDS = f'{_CELL[:-1]};min-width:12em"'
_VERDICT = ("color:#fff;font-weight:bold;white-space:nowrap;padding:.1em .45em;border-radius:.3em;"
            "print-color-adjust:exact")


def _row(check: CheckResult) -> str:
    mark, colour = MARKS[check.verdict]
    first, *rest = lines_for_student(check)
    said, hint = ("".join(f'<div style="opacity:.85">{coded(line)}</div>' for line in lines)
                  for lines in _hint_apart(rest, check))
    more = said + difference_html(_shown(check)) + hint
    return (f'<tr><td {_CELL}><span style="background:{colour};{_VERDICT}">{mark} '
            f"{escape(verdict_word(check))}</span></td><td {_WORDS}>{coded(first)}{more}</td>"
            f'<td {_CELL}><span style="white-space:nowrap">{number(check.points)} of {number(check.max_points)}</span>'
            "</td></tr>")


TEXT_ROWS = 10  # of a picture in plain text
FEWEST = 6  # entries of an array that is worth a picture


def difference_text(difference: Difference | None) -> list[str]:
    """Where an array is wrong, as lines of digits; no lines for a few values, or where none agrees."""
    if difference is None or _says_nothing(difference):
        return []
    rows = [row.replace("0", ".") for row in difference.rows[:TEXT_ROWS]]
    rest = ["..."] if len(difference.rows) > TEXT_ROWS else []
    return [f"where ({_directions(difference)}; . agrees, 1 to 9: how wrong):", *(f"  {row}" for row in [*rows, *rest])]


def difference_html(difference: Difference | None) -> str:
    """The same as a drawing: a square for each digit, empty where the answer agrees, fuller the more wrong."""
    if difference is None or _says_nothing(difference):
        return ""
    rows, wide = difference.rows, len(difference.rows[0])
    side = max(5, min(14, 280 // max(wide, len(rows))))
    squares = {digit: "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, entry in enumerate(row)
                              if entry == digit) for digit in "123456789"}
    paths = "".join(f'<path d="{path}" fill="#d55e00" fill-opacity="{0.25 + int(digit) / 12:.2f}"/>'
                    for digit, path in squares.items() if path)
    if edges := "".join(f"M0 {y}h{wide}" for y in _edges(difference)):
        paths += f'<path d="{edges}" stroke="currentColor" stroke-width=".12"/>'
    label = escape(f"{_directions(difference)}; empty squares agree, full ones are most wrong")
    return (f'<div style="margin:.4em 0"><svg role="img" aria-label="where it differs: {label}" '
            f'width="{side * wide}" height="{side * len(rows)}" viewBox="0 0 {wide} {len(rows)}" '
            f'style="display:block;max-width:100%;outline:1px solid currentColor">{paths}</svg>'
            f'<div style="opacity:.7;font-size:.85em">{label}</div></div>')


def _hint_apart(lines: list[str], check: CheckResult) -> tuple[list[str], list[str]]:
    """What was found, and the hint: between the two stands the picture."""
    count = len(lines) - bool(check.hint)
    return lines[:count], lines[count:]


def _shown(check: CheckResult) -> Difference | None:
    return None if check.hidden else check.difference


def _says_nothing(difference: Difference) -> bool:
    digits = "".join(difference.rows)
    return len(digits) < FEWEST or "0" not in digits or len(set(digits)) < 2


def _directions(difference: Difference) -> str:
    """Which axes run down and which across, with their sizes: "N=3 down, H=5 across"."""
    *down, across = (f"{clean(name)}={size}" for name, size in zip(difference.axes, difference.shape))
    return f"{', '.join(down)} down, {across} across" if down else f"{across} across"


def _edges(difference: Difference) -> range:
    """The rows at which the first of three axes or more goes on, where each row of the array is one of the picture."""
    rows, group = len(difference.rows), math.prod(difference.shape[1:-1])
    whole = len(difference.shape) > 2 and difference.shape[0] * group == rows and group > 1
    return range(group, rows, group) if whole else range(0)


def coded(text: str, plain: bool = False) -> str:
    """Escaped text, its `names` in code type."""
    text = escape(clean(text))
    return text if plain else re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
