"""Names of Moodle: Jane Doe_12345_assignsubmission_file_/rnn.ipynb is a name, and a number that holds in this
assignment alone; older ones are one flat folder of Jane Doe_12345_assignsubmission_file_rnn.ipynb."""

import re
from collections.abc import Collection

from autograder.collect.download import File
from autograder.collect.hand_in import HandIn, grouped
from autograder.collect.roster import slug, without_groups
from autograder.collect.worksheet import PARTICIPANT

MOODLE = re.compile(r"_(?P<user>\d+)_assignsubmission_[a-z]+")


def moodle(files: list[File], known: Collection[str] = ()) -> tuple[list[HandIn], list[File]]:
    people, strangers = grouped(files, _moodle_person)
    group = _group([person.name for person in people])
    for person in people:
        if any(name.casefold() in PARTICIPANT for name in without_groups(person.name)):  # blind marking
            person.student = f"participant-{person.ids[0]}"
        elif group:
            person.student = slug(person.name.removeprefix(group))
            person.notes.append(f"of the group {group[:-1]}")
    names = [person.student for person in people]
    for person in people:
        if names.count(person.student) > 1:
            person.student += f"-{person.ids[0]}"
            person.notes.append("somebody else has the same name")
    return people, strangers


def _group(names: list[str]) -> str:
    """What Moodle puts before every name where a teacher has chosen a group to download: "Lab 2-"."""
    group, hyphen, _ = names[0].partition("-") if names else ("", "", "")
    shared = bool(hyphen) and len(set(names)) > 1 and all(name.startswith(f"{group}-") for name in names)
    return f"{group}-" if shared else ""


def _moodle_person(part: str, inner: tuple[str, ...]) -> tuple[HandIn, str, int] | None:
    """A folder's name ends with the number. In older names a file's name follows, and then a name that itself looks
    like one of these may belong to either number."""
    found = list(MOODLE.finditer(part))
    if not found:
        return None
    is_folder = bool(inner) and part[found[-1].end():] in ("", "_")
    ids = tuple(match["user"] for match in (found[-1:] if is_folder else found))
    first = found[-1] if is_folder else found[0]
    name, rest = part[:first.start()], part[first.end():].removeprefix("_")
    return HandIn("moodle", tuple(dict.fromkeys(ids)), name, slug(name)), rest or part, 0
