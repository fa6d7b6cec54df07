"""What a student reads after each known mistake, as pages of the documentation: would it lead to the cause?

`python -m autograder.audit.messages` writes docs/messages/<assignment>.md anew, of all assignments or of those named.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

from autograder.audit.parts import home
from autograder.audit.run import SECRET
from autograder.course import assignment_names, execute, find_root, load_assignment
from autograder.course.assignment import Assignment
from autograder.examine.desks import LiveDesk
from autograder.examine.examiner import Examiner
from autograder.examine.open import course_examiner, handout_examiner
from autograder.render import lines_for_student
from autograder.report import FAILED, write_whole

COMMAND = "python -m autograder.audit.messages"


@dataclass(frozen=True)
class Message:
    """A known mistake, and what a student reads of the failed check that says most about it.

    hidden: what visible checks notice earns no hint, so that the student reads it after grading only.
    """

    part: str
    mistake: str
    hidden: bool
    lines: list[str]


def messages(assignment: Assignment) -> Iterator[Message]:
    """One for each known mistake, in the order of the parts. The assignment must have been released."""
    order = [part.name for part in assignment.plan.parts]
    mistakes = [(home(assignment, answer.replaces[0]), answer) for answer in execute.read_answers(assignment)
                if not answer.correct]
    with handout_examiner(assignment.handout) as notebook, course_examiner(assignment, SECRET) as grader:
        for part, answer in sorted(mistakes, key=lambda pair: order.index(pair[0])):
            yield _message(assignment, part, answer, notebook, grader)


def _message(assignment: Assignment, part: str, answer: execute.Answer, notebook: Examiner,
             grader: Examiner) -> Message:
    desk = LiveDesk(vars(execute.with_answer(assignment, answer)))
    owners = {name.partition(".")[0] for name in answer.replaces}
    sharing = [each.name for each in assignment.plan.parts if owners & assignment.defined_by(each.name)]
    failed = [(check, examiner is grader) for examiner in (notebook, grader)
              for result in examiner.examine(desk, sharing) for check in result.checks if check.verdict == FAILED]
    if not failed:
        return Message(part, answer.name, True, ["no check notices it"])
    telling, hidden = next((each for each in failed if each[0].hint), failed[0])
    return Message(part, answer.name, hidden, _anywhere(lines_for_student(telling), assignment))


def _anywhere(lines: list[str], assignment: Assignment) -> list[str]:
    """Without the place in mistakes.py at which one raises: a student reads a line of the own notebook there."""
    place = re.compile(rf" in `[^`]*` \({re.escape(str(assignment.mistakes))}, line \d+\)")
    return [place.sub("", line) for line in lines]


def page(assignment: Assignment) -> str:
    """All messages of one assignment as Markdown: a table for each part."""
    found = list(messages(assignment))
    later = sum(message.hidden for message in found)
    text = [f"<!-- made by `{COMMAND}`: change solutions/{assignment.name}/mistakes.py instead -->",
            f"# What a student reads: {assignment.name}", "",
            f"{len(found)} known mistakes. {len(found) - later} of them earn their hint in the notebook; the other "
            f"{later} with the checks that are hidden, so that their hints are read after grading.", ""]
    for part, group in groupby(found, key=lambda message: message.part):
        text += [f"## {part}", "", "| mistake | what a student reads |", "|---|---|"]
        text += [f"| {_markdown(message.mistake.replace('_', ' '))}{' *(after grading)*' * message.hidden} "
                 f"| {'<br>'.join(map(_markdown, message.lines))} |" for message in group]
        text.append("")
    return "\n".join(text)


def _markdown(text: str) -> str:
    """Text for a cell of a table: as it stands, with its `names` in code type."""
    parts = re.split(r"(`[^`]+`)", text.replace("|", "\\|"))
    return "".join(part if part.startswith("`") else re.sub(r"([*_\[\]])", r"\\\1", escape(part, quote=False))
                   for part in parts)


def path_of(assignment: Assignment) -> Path:
    return assignment.root / "docs" / "messages" / f"{assignment.name}.md"


def main(names: list[str]) -> None:
    root = find_root()
    for assignment in (load_assignment(name, root) for name in names or assignment_names(root)):
        write_whole(path_of(assignment), page(assignment).encode())


if __name__ == "__main__":
    main(sys.argv[1:])
