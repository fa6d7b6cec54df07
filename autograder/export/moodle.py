"""Files for Moodle: an assignment's grading worksheet filled in, or a table for its gradebook's import."""

from collections.abc import Sequence
from html import escape

from autograder.collect.systems import slug
from autograder.errors import AutograderError
from autograder.export.grades import Grade, Graded
from autograder.export.roster import local_part, match, notices
from autograder.export.sheet import Sheet, Verbatim
from autograder.export.table import Exported, as_number, points
from autograder.render import number, shortened

WORKSHEET = ("Identifier", "Grade", "Last modified (grade)")  # what Moodle looks for in a grading worksheet


def moodle_csv(graded: Sequence[Graded], roster: Sheet | None = None) -> Exported:
    """A file for Moodle. roster: an assignment's grading worksheet, which is filled in; without one a table for
    "Grades, Import, CSV file"."""
    if roster is None:
        return _moodle_import(graded)
    if len(graded) != 1:
        raise AutograderError("one assignment for one grading worksheet", f"{len(graded)} assignments")
    if missing := [name for name in WORKSHEET if roster.column(name) is None]:
        raise AutograderError(f"a grading worksheet of Moodle, in English, with the columns {', '.join(WORKSHEET)}",
                              f"there is no {', '.join(missing)}",
                              "Moodle: the assignment, View all submissions, Download grading worksheet")
    return _worksheet(graded[0], roster)


def _worksheet(graded: Graded, roster: Sheet) -> Exported:
    def column(row: list[str], name: str) -> str:
        place = roster.column(name)
        return row[place] if place is not None else ""

    keys = [_names(row[roster.column("Identifier")].split(" ")[-1], column(row, "Email address"),
                   column(row, "Full name"), column(row, "ID number"), column(row, "Username")) for row in roster.rows]
    matched = match([grade.member for grade in graded.grades.values()], keys)
    rows, closed, above = [list(row) for row in roster.rows], [], []
    comments = roster.column("Feedback comments")
    for row in rows if comments is not None else []:
        row[comments] = Verbatim(row[comments])
    for student, place in matched.rows.items():
        grade, row = graded.grades[student], rows[place]
        if not grade.submitted:
            continue
        row[roster.column("Grade")] = number(grade.score)
        if comments is not None and _is_ours(row[comments], grade):
            row[comments] = _comment(grade)
        if column(row, "Grade can be changed").strip().casefold() == "no":
            closed.append(student)
        most = as_number(column(row, "Maximum Grade"))
        if most is not None and grade.score > most:
            above.append(student)
    said = notices(matched, {student: grade.submitted for student, grade in graded.grades.items()},
                   [column(row, "Full name") or row[0] for row in roster.rows], "the worksheet")
    if closed:
        said.append(f"Moodle will not change the grades of {shortened(closed)}: they are locked there")
    if above:
        said.append(f"Moodle will silently skip {shortened(above)}: the score is above its maximum grade")
    return Exported([roster.header, *rows], said, roster.delimiter)


def _names(participant: str, email: str, name: str, *others: str) -> list[str]:
    """What may name one row's student, also what `autograder collect` calls somebody of whom it knows the name only."""
    collected = slug(name) if name else ""
    return [participant, email, local_part(email), name, collected, f"{collected}-{participant}", *others]


def _comment(grade: Grade) -> str:
    """The points of each part, as Moodle shows comments: HTML."""
    return "<br>".join(f"{escape(name)}: {number(score)} of {number(most)}"
                       for name, (score, most) in grade.parts.items())


def _is_ours(comment: str, grade: Grade) -> bool:
    """Whether nobody wrote this: it is empty, or from an export before. A person's own words are kept."""
    return not comment.strip() or any(comment.startswith(f"{escape(name)}: ") for name in grade.parts)


def _moodle_import(graded: Sequence[Graded]) -> Exported:
    members = {grade.student: grade.member for each in graded for grade in each.grades.values()}
    rows = [(student, member.email, member.first_name, member.last_name,
             *(points(each.grades.get(student)) for each in graded)) for student, member in members.items()]
    header = ("Username", "Email address", "First name", "Last name", *(each.assignment.name for each in graded))
    return Exported([header, *rows], ["without --roster: a table for Grades, Import, CSV file; map `Username` or "
                                      "`Email address` to what Moodle knows"])
