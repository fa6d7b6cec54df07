"""A file for Canvas's "Import Gradebook"."""

import re
from collections.abc import Mapping, Sequence

from autograder.collect.spreadsheet import Table
from autograder.errors import AutograderError
from autograder.export.grades import Graded
from autograder.export.roster import Matched, local_part, match, notices
from autograder.export.table import Exported, as_number, count, points
from autograder.gradebook.roll import Member
from autograder.render import clean, number, shortened

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
POINTS = "    Points Possible"


def canvas_csv(graded: Sequence[Graded], roster: Table | None = None,
               titles: Mapping[str, str] | None = None) -> Exported:
    """A file for Canvas's "Import Gradebook". roster: a gradebook exported from there, whose ids and titles count;
    titles: assignment -> its title there, where it is not the same."""
    if roster is None:
        return _canvas_without_roster(graded)
    end = roster.column("Section")
    if end is None or roster.column("ID") is None:
        raise AutograderError("a gradebook exported from Canvas, with the columns Student, ID and Section",
                              f"the columns are {shortened(roster.header)}", "Canvas: Grades, Export, Entire Gradebook")
    possible = next((row for row in roster.rows if row[0].strip() == POINTS.strip()), [""] * len(roster.header))
    rows = [row for row in roster.rows if row is not possible and row[roster.column("ID")].strip()]
    kinds = [roster.column(name) for name in ("SIS Login ID", "SIS User ID", "ID") if roster.column(name) is not None]
    keys = [[*(row[kind] for kind in kinds), *_other_names(row, roster)] for row in rows]
    exported = Exported([], delimiter=roster.delimiter)
    header, top, cells = [*roster.header[:end + 1]], [POINTS, *[""] * end], [row[:end + 1] for row in rows]
    for each in graded:
        place = _canvas_column(each.assignment.name, roster, end, (titles or {}).get(each.assignment.name))
        matched = match([grade.member for grade in each.grades.values()], keys)
        exported.filled += _add_canvas_column(each, roster, rows, matched, place, (header, top, cells), possible,
                                              exported.notices)
    exported.rows = [header, top, *cells]
    return exported


def _add_canvas_column(each: Graded, roster: Table, rows: list[list[str]], matched: Matched, place: int | None,
                       made: tuple[list, list, list], possible: list[str], said: list[str]) -> int:
    """One more column for `made`, and what is to be `said` of it; how many of its cells are scores of ours. An excused
    student stays excused."""
    header, possible_there, cells = made
    name, most = each.assignment.name, each.assignment.max_score
    header.append(roster.header[place] if place is not None else name)
    possible_there.append(possible[place] if place is not None and possible[place].strip() else number(most))
    if place is None:
        said.append(f"{name}: the roster has no assignment of that title, so Canvas will make a new one; "
                    f"--column \"{name}=TITLE\" names an old one")
    elif as_number(possible_there[-1]) != most:
        said.append(f"{name}: Canvas counts {possible_there[-1].strip()} points possible, this course {number(most)}: "
                    "scores are handed on as they are")
    by_row, filled = {row: each.grades[student] for student, row in matched.rows.items()}, 0
    for index, (row, line) in enumerate(zip(rows, cells)):
        before = row[place] if place is not None else ""
        grade = by_row.get(index)
        keep = grade is None or not grade.submitted or before.strip().upper() == "EX"
        line.append(before if keep else number(grade.score))
        filled += not keep
    names = [row[0] for row in rows if row[0] != "Student, Test"]
    said += [f"{name}: {sentence}" for sentence in notices(
        matched, {student: grade.submitted for student, grade in each.grades.items()}, names, "the roster")]
    return filled


def _canvas_without_roster(graded: Sequence[Graded]) -> Exported:
    members = {grade.student: grade.member for each in graded for grade in each.grades.values()}
    rows = [(_full_name(member), "", "", student, "",
             *(points(each.grades.get(student)) for each in graded)) for student, member in members.items()]
    return Exported([(*CANVAS, *(each.assignment.name for each in graded)),
                     (POINTS, "", "", "", "", *(number(each.assignment.max_score) for each in graded)), *rows],
                    ["without --roster: students are named by their ids, as SIS Login ID, and Canvas will make a new "
                     "assignment for each column"], filled=count(graded))


def _canvas_column(name: str, roster: Table, end: int, title: str | None) -> int | None:
    """The roster's column of an assignment: "Title (12345)". Raises AutograderError for a title that is not there."""
    titles = {place: re.sub(r" \(\d+\)$", "", text) for place, text in enumerate(roster.header) if place > end}
    wanted = _bare(title or name)
    found = [place for place, text in titles.items() if wanted in (_bare(text), _bare(roster.header[place]))]
    if title is not None and len(found) != 1:
        raise AutograderError(f"one assignment called {title} in the roster", f"there are {len(found)}",
                              f"its columns are {clean(', '.join(roster.header[end + 1:])) or 'none'}")
    return found[0] if len(found) == 1 else None


def _other_names(row: list[str], roster: Table) -> tuple[str, str]:
    """The login without its host, and what `autograder collect` calls somebody whose file's name is all it knows."""
    login = roster.column("SIS Login ID")
    return local_part(row[login]) if login is not None else "", f"{_bare(row[0])}-{row[roster.column('ID')].strip()}"


def _bare(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _full_name(member: Member) -> str:
    return ", ".join(filter(None, (member.last_name, member.first_name))) or member.student
