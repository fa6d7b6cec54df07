"""Files for Moodle: an assignment's grading worksheet filled in, or a table for its gradebook's import."""

from collections.abc import Sequence
from html import escape

from autograder.collect.roster import slug
from autograder.collect.spreadsheet import Table
from autograder.collect.worksheet import NO, Worksheet, find_worksheet
from autograder.errors import AutograderError
from autograder.export.grades import Grade, Graded
from autograder.export.roster import local_part, match, notices
from autograder.export.sheet import Verbatim
from autograder.export.table import Exported, as_number, count, points
from autograder.render import number, shortened


def moodle_csv(graded: Sequence[Graded], roster: Table | None = None) -> Exported:
    """A file for Moodle. roster: an assignment's grading worksheet, in any language, which is filled in; without one a
    table for "Grades, Import, CSV file"."""
    if roster is None:
        return _moodle_import(graded)
    if len(graded) != 1:
        raise AutograderError("one assignment for one grading worksheet", f"{len(graded)} assignments")
    sheet = find_worksheet(roster.header, roster.rows)
    if sheet is None or sheet.grade is None:
        raise AutograderError("a grading worksheet of Moodle, with columns such as Identifier, Grade and Last modified "
                              "(grade), in its language", f"the columns are {shortened(roster.header, 12)}",
                              "Moodle: the assignment, View all submissions, Download grading worksheet")
    return _filled_in(graded[0], roster, sheet)


def _filled_in(graded: Graded, roster: Table, sheet: Worksheet) -> Exported:
    keys = [_names(row, sheet) for row in roster.rows]
    matched = match([grade.member for grade in graded.grades.values()], keys)
    exported = Exported([roster.header, *(list(row) for row in roster.rows)], delimiter=roster.delimiter)
    rows, comments = exported.rows[1:], sheet.named.get("feedback comments")
    for row in rows if comments is not None else []:
        row[comments] = Verbatim(row[comments])
    for student, place in matched.rows.items():
        grade, row = graded.grades[student], rows[place]
        if grade.submitted:
            row[sheet.grade] = number(grade.score)
            exported.filled += 1
            if comments is not None and _is_ours(row[comments], grade):
                row[comments] = _comment(grade)
    exported.notices = notices(matched, {student: grade.submitted for student, grade in graded.grades.items()},
                               [sheet.cell(row, "full name") or row[0] for row in roster.rows], "the worksheet")
    exported.notices += _what_moodle_skips(graded, roster, sheet, matched.rows)
    return exported


def _what_moodle_skips(graded: Graded, roster: Table, sheet: Worksheet, rows: dict[str, int]) -> list[str]:
    """Grades that Moodle does not take, of which it says nothing."""
    if sheet.most is None or sheet.changeable is None:
        return []
    mine = {student: roster.rows[place] for student, place in rows.items() if graded.grades[student].submitted}
    most = {student: as_number(row[sheet.most]) for student, row in mine.items()}
    said = []
    if closed := [student for student, row in mine.items() if row[sheet.changeable].strip().casefold() in NO]:
        said.append(f"Moodle will not change the grades of {shortened(closed)}: they are locked there")
    if above := [student for student, top in most.items() if top is not None and graded.grades[student].score > top]:
        said.append(f"Moodle will silently skip {shortened(above)}: the score is above its maximum grade")
    if scale := [row[sheet.most] for student, row in mine.items() if most[student] is None and row[sheet.most].strip()]:
        said.append(f"Moodle grades this assignment by a scale ({shortened(scale[0].split())}), not by points: choose "
                    "points in its settings, and download the worksheet again")
    return said


def _names(row: Sequence[str], sheet: Worksheet) -> list[str]:
    """What may name one row's student, also what `autograder collect` calls somebody of whom it knows the name only."""
    participant, email, name = sheet.participant(row), sheet.cell(row, "email address"), sheet.cell(row, "full name")
    collected = slug(name) if name else ""
    return [participant, f"participant-{participant}", email, local_part(email), name, collected,
            f"{collected}-{participant}", sheet.cell(row, "id number"), sheet.cell(row, "username")]


def _comment(grade: Grade) -> str:
    """The points of each part, as Moodle shows comments: HTML."""
    return "<br>".join(f"{escape(name)}: " + (f"{number(score)} of {number(most)}" if score is not None else
                                             f"not graded yet, of {number(most)}")
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
                                      "`Email address` to what Moodle knows"], filled=count(graded))
