"""Who somebody is: by the platform's number or address, as the roster or an earlier attempt knows it, and only last by
what they call themselves."""

import shlex
from dataclasses import replace

from autograder.collect.hand_in import HandIn
from autograder.collect.roster import Roster
from autograder.course.assignment import Assignment


def identified(person: HandIn, roster: Roster | None, before: dict[str, set[tuple[str, str]]]) -> HandIn:
    """The person as the roster knows them, or else as an earlier attempt did. What somebody calls themselves makes
    nobody a student of the roster, or somebody who had another number on the platform before."""
    identity, found = (person.system, person.ids[0]), replace(person, notes=[*person.notes])
    if roster and not person.refused and (entry := roster.find(*person.handles, person.name)):
        found.student, found.time, found.late = entry.student, person.time or entry.time, person.late or entry.late
        found.former = next((each for each, ids in before.items() if identity in ids and each != entry.student), "")
        if roster.is_sure(*person.handles):
            return found
    elif roster and roster.is_sure(*person.handles):
        found.refused = person.refused or "its number and its address are not those of one student of the roster"
    elif roster:
        found.notes.append("not on the roster")
        if person.student.casefold() in {student.casefold() for student in roster.members}:
            found.refused = person.refused or (f"is called like the student `{person.student}` of the roster, and is "
                                               "not known to be the same")
    elif former := [student for student, ids in before.items() if identity in ids]:
        found.student = former[0]
    others = {each for system, each in before.get(found.student, ()) if system == person.system} - {person.ids[0]}
    if others and identity not in before[found.student]:
        found.refused = found.refused or (
            f"`{found.student}` was number {', '.join(sorted(others))} of {person.system.capitalize()} before, this is "
            f"{person.ids[0]}: give a roster with its numbers")
    return found


def go_on(assignment: Assignment, person: HandIn) -> list[str]:
    """Who was known by another id goes on under the one of the roster, with all that was graded: what is to be said."""
    if not person.former:
        return []
    from autograder.gradebook.rename import move_submission  # nbgrader takes a second to import

    if move_submission(assignment.root, assignment.name, person.former, person.student):
        return [f"was `{person.former}` before: attempts, reports and scores go on under this id"]
    return [f"was `{person.former}` before, and both have something of {assignment.name}: "
            f"`autograder remove {shlex.quote(person.former)}` keeps the former's apart"]


def refused_rivals(person: HandIn, rivals: list[HandIn], roster: Roster | None) -> str:
    """Why nobody of several who would be one student counts; "" for one person's several hand-ins."""
    if len({(each.system, each.ids) for each in rivals}) == 1:
        return ""
    return (f"{len(rivals)} people would be the student `{person.student}`: "
            + ("the roster does not tell them apart" if roster else "give a roster"))
