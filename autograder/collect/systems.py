"""How the learning platforms name what they export, and whose it is.

Canvas      doejane_LATE_12345_67890_rnn-1.ipynb   sortable name, LATE, user's and file's number, the file's name
            LATE_anon_x7Qa2_67890_rnn.ipynb        an assignment that is graded anonymously
Moodle      Jane Doe_12345_assignsubmission_file_/rnn.ipynb      name, number in this assignment; older: one flat folder
Gradescope  assignment_1_export/submission_12345/rnn.ipynb       and submission_metadata.yml: who, when, how often
"""

import contextlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from autograder.collect.download import File
from autograder.errors import AutograderError

CANVAS = re.compile(r"(?P<name>.*?)(?P<late>_LATE)?_(?P<user>\d+)_"
                    r"(?:(?P<file>\d{1,18})_(?P<rest>.+)|(?:text|link)\.html)", re.DOTALL)
CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon_(?P<user>[A-Za-z0-9]+)_(?P<file>\d{1,18})_(?P<rest>.+)", re.DOTALL)
MOODLE = re.compile(r"(?P<name>.*?)_(?P<user>\d+)_assignsubmission_[a-z]+(?:_(?P<rest>.*))?", re.DOTALL)
GRADESCOPE = re.compile(r"submission_\d+")
METADATA = "submission_metadata.yml"
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)? ?(Z|[+-]\d\d:?\d\d)?")


@dataclass
class HandIn:
    """What one person handed in. key: how the platform names it; student: an id made of what the platform says;
    time: aware, where the platform says it; notes: sentences for the teacher."""

    key: str
    name: str
    student: str
    numbers: tuple[str, ...] = ()
    email: str = ""
    late: bool = False
    time: datetime | None = None
    files: list[File] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def canvas(files: list[File]) -> tuple[list[HandIn], list[File]]:
    return _grouped(files, _canvas_person)


def _canvas_person(part: str) -> tuple[HandIn, str, int] | None:
    if match := CANVAS_ANONYMOUS.fullmatch(part):
        user = match["user"]
        made = HandIn(f"anon_{user}", f"anonymous {user}", f"anon-{user}", late=bool(match["late"]))
    elif match := CANVAS.fullmatch(part):
        user = match["user"]
        made = HandIn(f"{match['name']}_{user}", match["name"], f"{slug(match['name'])}-{user}", (user,),
                      late=bool(match["late"]))
    else:
        return None
    return made, match["rest"] or part, int(match["file"] or 0)


def moodle(files: list[File]) -> tuple[list[HandIn], list[File]]:
    people, strangers = _grouped(files, _moodle_person)
    names = [person.student for person in people]
    for person in people:
        if names.count(person.student) > 1:
            person.student += f"-{person.numbers[0]}"
            person.notes.append("somebody else has the same name")
    return people, strangers


def _moodle_person(part: str) -> tuple[HandIn, str, int] | None:
    if not (match := MOODLE.fullmatch(part)):
        return None
    made = HandIn(f"{match['name']}_{match['user']}", match["name"], slug(match["name"]), (match["user"],))
    return made, match["rest"] or part, 0


def _grouped(files: list[File], person: Callable) -> tuple[list[HandIn], list[File]]:
    """Files by the person whom their outermost telling name belongs to: what is further in, a student chose."""
    people: dict[str, HandIn] = {}
    strangers = []
    for file in files:
        for place, part in enumerate(file.parts):
            if found := person(part):
                made, rest, number = found
                own = people.setdefault(made.key, made)
                own.late |= made.late
                inner = file.parts[place + 1:] or (rest,)
                own.files.append(replace(file, parts=inner, number=number))
                break
        else:
            strangers.append(file)
    return list(people.values()), strangers


def gradescope(files: list[File]) -> tuple[list[HandIn], list[File]]:
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
        people.append(HandIn(f"{key} {sid or email or name}", name or key, student, (sid,) if sid else (), email,
                             time=_time(str(entry.get(":created_at") or "")), files=list(files), notes=list(notes)))
    return people


def _metadata(files: list[File]) -> dict:
    """What the export itself says; a file of that name which a student handed in is another one."""
    import yaml

    found = [file for file in files if file.name == METADATA and not file.refused
             and not any(GRADESCOPE.fullmatch(part) for part in file.parts)]
    if len(found) != 1:
        hint = _other_system(files, but="gradescope") or "in Gradescope: Review Grades, Export Submissions"
        raise AutograderError(f"an export of Gradescope, with one {METADATA}", f"found {len(found) or 'none'}", hint)
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


def slug(text: str) -> str:
    """A student id made of a name: it can be a folder's name everywhere."""
    kept = re.sub(r"[^\w@.+-]+", "-", unicodedata.normalize("NFC", text).lower()).strip("-._")
    return kept.encode()[:100].decode(errors="ignore") or "student"


SYSTEMS = {"canvas": canvas, "moodle": moodle, "gradescope": gradescope}


def hand_ins(files: list[File], system: str) -> tuple[list[HandIn], list[File]]:
    """What each person handed in, and the files that are nobody's.

    Raises AutograderError where nothing in it is what the platform exports.
    """
    people, strangers = SYSTEMS[system](files)
    if not people:
        names = ", ".join("/".join(file.parts) for file in files[:3]) + (" ..." if len(files) > 3 else "")
        found = f"no name in it is one that {system.capitalize()} gives: {names}" if files else "there is no file in it"
        raise AutograderError(f"an export of {system.capitalize()}", found, _other_system(files, but=system))
    return people, strangers


def _other_system(files: list[File], but: str) -> str:
    """A hint at the platform that the files look like; "" if there is none."""
    for system in SYSTEMS:
        with contextlib.suppress(AutograderError):
            if system != but and SYSTEMS[system](files)[0]:
                return f"it looks like one of {system.capitalize()}: `--from {system}`"
    return ""
