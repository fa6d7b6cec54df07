"""What `check` shows: the result of one part, or of the whole notebook with a bar that grows in place.

Everything is offered as HTML that needs no script, and as plain text.
"""

import sys
from collections.abc import Sequence
from html import escape

from autograder.examine.verdict import GONE
from autograder.lab.kernel import in_kernel, shell
from autograder.render import clean, coded, number, part_html, part_text
from autograder.report import SKIPPED, PartResult

PRINTED_LINES = 12  # in plain text
WIDTH = 30  # of the bar in plain text


class Answer:
    """One part's result. In a kernel its text form is the points, because nbgrader reads the last value of a check
    cell; `print(check("part"))` has all the words. notes: on what was examined, to be read before the result."""

    def __init__(self, result: PartResult, printed: str = "", notes: Sequence[str] = ()):
        self.result, self.printed = result, clean(printed, limit=20_000)
        self.notes = [clean(note) for note in notes]

    def _repr_html_(self) -> str:
        notes = "".join(f'<p style="margin:.3em 0">{coded(note)}</p>' for note in self.notes)
        return notes + part_html(self.result) + self._folded()

    def __str__(self) -> str:
        return "\n".join([*self.notes, self._result()])

    def _result(self) -> str:
        lines = self.printed.splitlines()
        if not lines:
            return part_text(self.result)
        rest = [f"... and {len(lines) - PRINTED_LINES} lines more"] * (len(lines) > PRINTED_LINES)
        quoted = [f"  | {line}" for line in [*lines[:PRINTED_LINES], *rest]]
        return "\n".join([part_text(self.result), f"  {_said(lines)}", *quoted])

    def __repr__(self) -> str:
        return repr(float(self.result.points)) if in_kernel() else str(self)

    def _folded(self) -> str:
        if not self.printed:
            return ""
        return (f'<details style="margin:.3em 0"><summary>{_said(self.printed.splitlines())}</summary>'
                f'<pre style="max-height:20em;overflow:auto">{escape(self.printed)}</pre></details>')


class Overview:
    """The whole notebook: a line for each part, its table folded below, the sum, and what to do next."""

    def __init__(self, answers: list[Answer]):
        self.answers = answers
        self._shown_in = None

    @property
    def results(self) -> list[PartResult]:
        return [answer.result for answer in self.answers]

    @property
    def next_part(self) -> str:
        """The first part that is not complete, and that waits for no other; '' when all is done."""
        open_parts = [result for result in self.results if result.points < result.max_points]
        ready = [result for result in open_parts if not any(check.verdict == SKIPPED for check in result.checks)]
        return next((result.name for result in [*ready, *open_parts]), "")

    @property
    def summary(self) -> str:
        points = number(sum(result.points for result in self.results))
        most = number(sum(result.max_points for result in self.results))
        text = f"{points} of {most} points for the visible checks"
        return f"{text}; next: `{self.next_part}`" if self.next_part else f"{text}; all parts are complete"

    def __str__(self) -> str:
        wide = max((len(result.name) for result in self.results), default=0)
        lines = [f"{_mark(result)} {result.name:{wide}}  {_points(result):>10}  {state(result)}"
                 for result in self.results]
        return "\n".join([*lines, self.summary.replace("`", "")])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td {_CELL}>{_mark(answer.result)} {_folded_part(answer)}</td>"
                       f"<td {_CELL}>{escape(state(answer.result))}</td>"
                       f"<td {_NARROW}>{_points(answer.result)}</td></tr>" for answer in self.answers)
        heads = "".join(f'<th scope="col" {_CELL}>{name}</th>' for name in ("part", "state", "points"))
        points, _, what_next = self.summary.partition("; ")
        what_next = what_next.replace(f"`{self.next_part}`", f"<code>{escape(self.next_part)}</code>")
        return (f'<p style="margin:.3em 0"><strong>{points}</strong>; {what_next}</p><table style="border-collapse:'
                f'collapse;text-align:left;color:inherit"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>')

    def _ipython_display_(self) -> None:
        """As the last value of its own cell it stands there already, where the bar was."""
        if self._shown_in is None or self._shown_in != shell().execution_count:
            _show(self) if in_kernel() else print(self)


class Bar:
    """How far the examination is: one line, written over in place. Silent where that cannot be done."""

    def __init__(self, total: int):
        self.total, self.done, self._handle = total, 0, None
        self._terminal = not in_kernel() and sys.stdout.isatty()

    def step(self, name: str) -> None:
        """Part `name` begins."""
        text = f"{self.done} of {self.total} parts: {name}"
        if in_kernel():
            html = f'<label>{escape(text)} <progress max="{self.total}" value="{self.done}"></progress></label>'
            self._update({"text/plain": f"{self._blocks()} {text}", "text/html": html})
        elif self._terminal:
            print(f"\r\x1b[K{self._blocks()} {text}", end="", flush=True)
        self.done += 1

    def close(self, overview: Overview | None = None) -> None:
        """Puts the result in the place of the bar; without one, takes the bar away."""
        if self._handle is not None and overview is not None:
            self._update(_bundle(overview))
            overview._shown_in = shell().execution_count
        elif self._terminal:
            print("\r\x1b[K", end="", flush=True)

    def _blocks(self) -> str:
        full = WIDTH * self.done // self.total
        return f"[{'#' * full}{'.' * (WIDTH - full)}]"

    def _update(self, bundle: dict[str, str]) -> None:
        if self._handle is None:
            from IPython.display import display

            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


def state(result: PartResult) -> str:
    """A part in a few words."""
    checks = result.checks
    if not result.attempted:
        return "not attempted yet"
    if waits := next((check.found for check in checks if check.verdict == SKIPPED), ""):
        return waits.partition(",")[0].replace("`", "")
    if all(check.found.endswith(GONE) for check in checks):
        return GONE
    passed = sum(check.points == check.max_points for check in checks)
    return "complete" if passed == len(checks) else f"{passed} of {len(checks)} checks passed"


_CELL = 'style="text-align:left;vertical-align:top;padding:.2em 1em .2em 0"'
_NARROW = _CELL[:-1] + ';white-space:nowrap"'


def _mark(result: PartResult) -> str:
    if result.points == result.max_points:
        return "✓"
    return "✗" if result.attempted and not any(check.verdict == SKIPPED for check in result.checks) else "○"


def _points(result: PartResult) -> str:
    return f"{number(result.points)} of {number(result.max_points)}"


def _folded_part(answer: Answer) -> str:
    return ('<details style="display:inline-block;vertical-align:top"><summary>'
            f"<code>{escape(answer.result.name)}</code></summary>{answer._repr_html_()}</details>")


def _said(lines: list[str]) -> str:
    return f"your code said {len(lines)} line{'s' * (len(lines) != 1)} meanwhile:"


def _bundle(shown: Overview) -> dict[str, str]:
    return {"text/plain": str(shown), "text/html": shown._repr_html_()}


def _show(shown: Overview) -> None:
    from IPython.display import display

    display(_bundle(shown), raw=True)
