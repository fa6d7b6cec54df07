"""Who needs a human look, and why: the machine's own faults first, then what only people can judge."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from autograder.errors import BadReply, RoomDied, TimedOut
from autograder.gradebook.scores import Scores
from autograder.report import BROKEN, CheckResult, Report
from autograder.similar import Pair

# How the sentences begin that a report holds where a call did not come back.
LATE = TimedOut(1).found.partition("1")[0]
ENDED = RoomDied("").found
FORGED = BadReply("").found
FORBIDDEN = " is to be written, not called: "


@dataclass(frozen=True)
class Case:
    """Somebody to look at. student: "" where the case is not one student's."""

    student: str
    detail: str


@dataclass
class Concern:
    """One reason for a human look: what it is, what to do, and all its cases."""

    title: str
    advice: str
    cases: list[Case] = field(default_factory=list)


def concerns(reports: Sequence[Report], scores: Mapping[str, Scores], pairs: Sequence[Pair] = (),
             absent: Mapping[str, str] = MappingProxyType({})) -> list[Concern]:
    """The reasons that have cases, the most urgent first. absent: students without a submission, id -> name."""
    found = [
        Concern("The grader could not do its work", "They have no score. Run `autograder grade` again, and look at "
                "the machine if it happens twice.", _problems(reports, examined=False)),
        Concern("A check broke", "The check's own fault: its full points were given. Mend the check, then grade "
                "again; only what the change concerns is examined anew.", _by_check(reports, _broken)),
        Concern("Notebooks that cannot be read", "They count as nothing handed in. Ask for the file again.",
                _problems(reports, examined=True)),
        Concern("Answers that no notebook gives by accident", "Their process sent bytes that are no answer. Read the "
                "code.", _by_check(reports, _begins(FORGED))),
        Concern("Ran out of time, or ended the process", "An endless loop, too much memory, `exit()`: often a small "
                "slip that cost a whole part.", _by_check(reports, _begins(LATE, ENDED))),
        Concern("Called what they were to write", "The part forbids the call; its checks failed for that alone.",
                _by_check(reports, lambda check: FORBIDDEN in check.found)),
        Concern("Solutions that agree more than is usual", "No proof of anything: read both sides, and ask.",
                [Case("", f"{pair.first} and {pair.second}: {', '.join(each.part for each in pair.agreements[:3])}")
                 for pair in pairs]),
        Concern("Examined with the reference in place of earlier parts", "Follow-through marks: a person may find "
                "more to give.", _follow_through(reports)),
        Concern("Unusual notebooks", "What was said about the file itself: cells that failed, are missing or were "
                "copied.", [Case(report.student, "; ".join(report.notes)) for report in reports
                            if report.examined and report.notes]),
        Concern("Written answers without a score", "They are graded in formgrader: `jupyter lab`, menu Nbgrader.",
                _unwritten_scores(reports, scores)),
        Concern("Nothing handed in", "They are in the gradebook, and nothing of theirs is in submitted/.",
                [Case(student, name) for student, name in absent.items()]),
    ]
    return [concern for concern in found if concern.cases]


def _problems(reports: Iterable[Report], examined: bool) -> list[Case]:
    return [Case(report.student, report.problem.replace("\n", ": ")) for report in reports
            if report.problem and report.examined == examined]


def _by_check(reports: Iterable[Report], concerned: Callable[[CheckResult], bool]) -> list[Case]:
    """One case for each student, with the parts, and the words of the first of their checks."""
    cases = []
    for report in reports:
        found = [(part.name, check) for part in report.parts for check in part.checks if concerned(check)]
        if found:
            parts = ", ".join(dict.fromkeys(name for name, _ in found))
            cases.append(Case(report.student, f"{parts}: {(found[0][1].found.splitlines() or [''])[0]}"))
    return cases


def _broken(check: CheckResult) -> bool:
    return check.verdict == BROKEN


def _begins(*starts: str) -> Callable[[CheckResult], bool]:
    return lambda check: check.found.startswith(starts)


def _follow_through(reports: Iterable[Report]) -> list[Case]:
    cases = []
    for report in reports:
        parts = [f"{part.name} (with {', '.join(part.follow_through)})" for part in report.parts if part.follow_through]
        if parts:
            cases.append(Case(report.student, ", ".join(parts)))
    return cases


def _unwritten_scores(reports: Iterable[Report], scores: Mapping[str, Scores]) -> list[Case]:
    cases = []
    for report in reports:
        given = scores[report.student].cells if report.student in scores else {}
        names = [question.name for question in report.questions if question.answered
                 and (question.name not in given or given[question.name].waits)]
        if names:
            cases.append(Case(report.student, ", ".join(names)))
    return cases
