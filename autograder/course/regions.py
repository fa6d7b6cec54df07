"""The one region grammar: nbgrader's `### BEGIN X` and `### END X` lines."""

from autograder.course.reading import Findings
from autograder.errors import CourseError

SOLUTION = "SOLUTION"
HIDDEN = "HIDDEN TESTS"


def find(source: str, kind: str, where: str = "") -> list[tuple[int, int]]:
    """Line numbers (first is 1) of the begin and end lines of each region of a kind.

    Raises CourseError, naming `where` and the line, for each region that is not opened, not closed or nested.
    """
    regions, begin, findings = [], None, Findings()
    for number, line in enumerate(source.split("\n"), start=1):
        if f"### BEGIN {kind}" in line:
            if begin is not None:
                findings.append(_unbalanced(where, begin, f"a BEGIN {kind} without its END: the next one begins in "
                                                          f"line {number}"))
            begin = number
        elif f"### END {kind}" in line:
            if begin is None:
                findings.append(_unbalanced(where, number, f"an END {kind} without its BEGIN"))
            else:
                regions.append((begin, number))
            begin = None
    if begin is not None:
        findings.append(_unbalanced(where, begin, f"a BEGIN {kind} without its END"))
    findings.settle()
    return regions


def has(source: str, kind: str) -> bool:
    """Whether a region of this kind begins in `source`."""
    return f"### BEGIN {kind}" in source


def replace(source: str, kind: str, stub: str = "") -> str:
    """`source` with each region, its two marker lines included, replaced by the indented stub (or by nothing)."""
    lines = source.split("\n")
    for begin, end in reversed(find(source, kind)):
        marker = lines[begin - 1]
        indent = marker[: len(marker) - len(marker.lstrip())]
        lines[begin - 1 : end] = [indent + line for line in stub.split("\n")] if stub else []
    return "\n".join(lines)


def inside(source: str, kind: str) -> str:
    """What stands in the regions of this kind, without their marker lines."""
    lines = source.split("\n")
    return "\n".join(line for begin, end in find(source, kind) for line in lines[begin:end - 1])


def _unbalanced(where: str, line: int, found: str) -> CourseError:
    return CourseError(f"{where or 'source'}:{line}: regions that open and close", found,
                       "each `### BEGIN ...` line needs its own `### END ...` line below it")
