"""An export of Gradescope: assignment_1_export/submission_12345/rnn.ipynb, and submission_metadata.yml says who, when
and how often."""

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from autograder.collect.download import File
from autograder.collect.hand_in import HandIn
from autograder.collect.roster import slug
from autograder.errors import AutograderError

GRADESCOPE = re.compile(r"submission_\d+")
METADATA = "submission_metadata.yml"
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)? ?(Z|[+-]\d\d:?\d\d)?")


def gradescope(files: list[File], known: Collection[str] = ()) -> tuple[list[HandIn], list[File]]:
    """Raises AutograderError where submission_metadata.yml is missing: it alone knows who is who."""
    described = _metadata(files)
    handed: dict[str, list[File]] = {}
    strangers = []
    for file in files:
        place = next((number for number, part in enumerate(file.parts[:-1]) if GRADESCOPE.fullmatch(part)), None)
        if place is not None:
            handed.setdefault(file.parts[place], []).append(replace(file, parts=file.parts[place + 1:]))
        elif file.name != METADATA:
            strangers.append(file)
    people = [person for key in dict.fromkeys([*described, *handed])
              for person in _gradescope_people(key, described.get(key), handed.get(key, []))]
    _refuse_shared_ids(people)
    return people, strangers


def _gradescope_people(key: str, entry, files: list[File]) -> list[HandIn]:
    entry = entry if isinstance(entry, dict) else {}
    submitters = entry.get(":submitters")
    submitters = [each for each in submitters if isinstance(each, dict)] if isinstance(submitters, list) else []
    before = entry.get(":history")
    notes = [f"attempt {len(before) + 1}"] if isinstance(before, list) and before else []
    if len(submitters) > 1:
        notes.append(f"a group of {len(submitters)}")
    if not submitters:
        submitters, notes = [{}], [f"{METADATA} does not say whose it is"]
    people = []
    for each in submitters:
        name, sid, email = (str(each.get(field) or "") for field in (":name", ":sid", ":email"))
        student = slug(sid or email or name or key)
        people.append(HandIn("gradescope", (email.casefold() or sid or key,), name or key, student,
                             (sid,) if sid else (), email, time=_time(str(entry.get(":created_at") or "")),
                             files=list(files), notes=list(notes)))
    return people


def _refuse_shared_ids(people: list[HandIn]) -> None:
    """One student id with two addresses is nobody's: people can type their ids themselves."""
    addresses: dict[str, set[str]] = {}
    for person in people:
        addresses.setdefault(person.student, set()).update({person.email.casefold()} - {""})
    for person in people:
        if len(several := addresses[person.student]) > 1:
            person.refused = (f"the id {person.student} would be that of {' and '.join(sorted(several))}: mend it in "
                              "Gradescope's roster, and export again")


def _metadata(files: list[File]) -> dict:
    """What the export itself says; a file of that name which a student handed in is another one."""
    import yaml

    found = [file for file in files if file.name == METADATA and not file.refused
             and not any(GRADESCOPE.fullmatch(part) for part in file.parts)]
    if len(found) != 1:
        raise AutograderError(f"an export of Gradescope, with one {METADATA}", f"found {len(found) or 'none'}",
                              "in Gradescope: Review Grades, Export Submissions")
    try:  # every scalar stays a string: a student number 007 is no 7, and a name No is not False
        described = yaml.load(found[0].read().decode("utf-8"), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise AutograderError(f"{METADATA} that can be read", str(error)) from None
    return {str(key): value for key, value in described.items()} if isinstance(described, dict) else {}


def _time(text: str) -> datetime | None:
    match = TIME.match(text)
    if not match:
        return None
    zone = "+00:00" if match[3] in (None, "Z") else match[3]
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}")
    except ValueError:
        return None
