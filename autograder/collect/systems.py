"""How the learning platforms name what they export, and whose it is.

Canvas      doejane_LATE_12345_67890_rnn-1.ipynb   sortable name, LATE, user's and file's number, the file's name
            LATE_anon_x7Qa2_67890_rnn.ipynb        an assignment that is graded anonymously
Moodle      Jane Doe_12345_assignsubmission_file_/rnn.ipynb      name, number in this assignment; older: one flat folder
Gradescope  assignment_1_export/submission_12345/rnn.ipynb       and submission_metadata.yml: who, when, how often
"""

import contextlib
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from autograder.collect.download import File
from autograder.collect.roster import slug, without_groups
from autograder.collect.worksheet import PARTICIPANT
from autograder.errors import AutograderError

CANVAS = re.compile(r"(?P<name>.*?)(?P<late>_LATE)?_(?P<user>\d+)_"
                    r"(?:(?P<file>\d{1,18})_(?P<rest>.+)|(?:text|link)\.html)", re.DOTALL)
CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon_(?P<user>[A-Za-z0-9]+)_(?P<file>\d{1,18})_(?P<rest>.+)", re.DOTALL)
CANVAS_AGAIN = re.compile(r"(?=_(?P<user>\d+)_(?P<file>\d{1,18})_.)", re.DOTALL)
MOODLE = re.compile(r"_(?P<user>\d+)_assignsubmission_[a-z]+")
GRADESCOPE = re.compile(r"submission_\d+")
METADATA = "submission_metadata.yml"
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)? ?(Z|[+-]\d\d:?\d\d)?")


@dataclass
class HandIn:
    """What one person handed in. ids: what the platform calls them, which decides who it is; several where the name of
    a file can be read in several ways; student: an id made of what the platform says; email: as the platform knows it;
    time: aware, where the platform says it; refused: why it is nobody's, if so; former: the id that
    they were known by in this assignment, if it was another; notes: sentences for the teacher."""

    system: str
    ids: tuple[str, ...]
    name: str
    student: str
    email: str = ""
    late: bool = False
    time: datetime | None = None
    files: list[File] = field(default_factory=list)
    refused: str = ""
    former: str = ""
    notes: list[str] = field(default_factory=list)


def canvas(files: list[File], known: Collection[str] = ()) -> tuple[list[HandIn], list[File]]:
    """known: the numbers of other users. Names are letters alone in Canvas, mostly: what could be read as somebody
    else's number where it is that of a known user, or where a whole second name stands, is a clash."""
    read = [match for file in files if (match := next(filter(None, map(CANVAS.fullmatch, file.parts)), None))
            and match["file"]]
    users, digits = {*known, *(match["user"] for match in read)}, min((len(match["file"]) for match in read), default=0)

    def others(match: re.Match, part: str) -> Iterator[str]:
        for again in CANVAS_AGAIN.finditer(part):
            second = again.start() > match.start("rest") >= 0 and len(again["file"]) >= digits
            if again["user"] != match["user"] and (again["user"] in users or second):
                yield again["user"]

    def person(part: str, inner: tuple[str, ...]) -> tuple[HandIn, str, int] | None:
        if match := CANVAS_ANONYMOUS.fullmatch(part):
            user = match["user"]
            made = HandIn("canvas", (f"anon {user}",), f"anonymous {user}", f"anon-{user}", late=bool(match["late"]))
        elif match := CANVAS.fullmatch(part):
            user = match["user"]
            made = HandIn("canvas", tuple(dict.fromkeys([user, *others(match, part)])), match["name"],
                          f"{slug(match['name'])}-{user}", late=bool(match["late"]))
        else:
            return None
        return made, match["rest"] or part, int(match["file"] or 0)

    return _grouped(files, person)


def moodle(files: list[File], known: Collection[str] = ()) -> tuple[list[HandIn], list[File]]:
    people, strangers = _grouped(files, _moodle_person)
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


def _grouped(files: list[File], person: Callable) -> tuple[list[HandIn], list[File]]:
    """Files by the person whom their outermost telling name belongs to: what is further in, a student chose.

    One id under two names is nobody's: one of them may be somebody else's work, by a name that was made for it.
    """
    people: dict[tuple, HandIn] = {}
    strangers = []
    for file in files:
        for place, part in enumerate(file.parts):
            inner = file.parts[place + 1:]
            if found := person(part, inner):
                made, rest, number = found
                own = people.setdefault((made.ids, made.name), made)
                own.late |= made.late
                own.files.append(replace(file, parts=inner or (rest,), number=number))
                break
        else:
            strangers.append(file)
    _refuse_clashes(list(people.values()))
    return list(people.values()), strangers


def _refuse_clashes(people: list[HandIn]) -> None:
    claims: dict[str, list[HandIn]] = {}
    for person in people:
        for each in person.ids:
            claims.setdefault(each, []).append(person)
    for each, claimants in claims.items():
        if len(claimants) > 1 or len(claimants[0].ids) > 1:
            names = " and ".join(dict.fromkeys(f"`{claimant.name}`" for claimant in claimants))
            for claimant in claimants:
                claimant.refused = claimant.refused or (
                    f"the number {each} would be that of {names}: rename the file or folder whose name was made for "
                    "it, in the unpacked download" if len(claimants) > 1 else
                    f"its name can be read as that of {' or '.join(claimant.ids)}: rename it in the unpacked download")


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
        people.append(HandIn("gradescope", (sid or email.casefold() or key,), name or key, student, email,
                             time=_time(str(entry.get(":created_at") or "")), files=list(files), notes=list(notes)))
    return people


def _refuse_shared_ids(people: list[HandIn]) -> None:
    """One student id with two addresses is nobody's: people can type their ids themselves."""
    addresses: dict[str, set[str]] = {}
    for person in people:
        addresses.setdefault(person.ids[0], set()).update({person.email.casefold()} - {""})
    for person in people:
        if len(several := addresses[person.ids[0]]) > 1:
            person.refused = (f"the id {person.ids[0]} would be that of {' and '.join(sorted(several))}: mend it in "
                              "Gradescope's roster, and export again")


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


SYSTEMS = {"canvas": canvas, "moodle": moodle, "gradescope": gradescope}


def hand_ins(files: list[File], system: str, known: Collection[str] = ()) -> tuple[list[HandIn], list[File]]:
    """What each person handed in, and the files that are nobody's. known: numbers of the platform that a roster has.

    Raises AutograderError where nothing in it is what the platform exports.
    """
    people, strangers = SYSTEMS[system](files, known)
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
