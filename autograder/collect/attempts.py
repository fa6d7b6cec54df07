"""Attempts: everything that a student handed in is kept in attempts/<student>/<assignment>/<number>/, and one counts.

The one that counts lies in submitted/. A later one takes its place, an earlier one does not; what cannot be told apart
by time or by the platform's number counts as it arrives, unless it was there before.
"""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder import handed_in
from autograder.collect.download import MAX_FILE
from autograder.collect.times import read_time
from autograder.errors import AutograderError, SubmissionError
from autograder.report import write_whole

FOLDER = "attempts"
STAMP, RECORD = "timestamp.txt", "attempt.json"


@dataclass
class Attempt:
    """One attempt. system, person: whose it was on which platform; place: the larger, the later there, or 0; time: when
    it was handed in (aware), where that is known; stamp: the time that nbgrader is told; chosen: by a teacher."""

    number: int
    digest: str
    name: str = ""
    system: str = ""
    person: str = ""
    place: int = 0
    time: datetime | None = None
    stamp: datetime | None = None
    chosen: bool = False

    def is_later(self, other: "Attempt") -> bool | None:
        """Than another one; None where nobody can say. Of the same time counts as later: it comes after."""
        if self.time and other.time:
            return self.time >= other.time
        if self.place and other.place and self.system == other.system:
            return self.place >= other.place
        return None


class Attempts:
    """All attempts of one student at one assignment."""

    def __init__(self, root: Path, student: str, assignment: str):
        self.folder = root / FOLDER / student / assignment
        self.submitted = handed_in.folder_of(root / "submitted", student) / assignment
        self.all = sorted((_read(path) for path in self.folder.glob(f"*/{RECORD}")), key=lambda each: each.number)
        self._note_what_is_there()

    def _note_what_is_there(self) -> None:
        """What came by another way, or before attempts were kept, is one, too."""
        files = _files(self.submitted)
        self.counting = self._known(_digest(files)) if files else None
        if files and self.counting is None:
            time = _stamped(self.submitted)
            self.counting = self.add(files, Attempt(0, "", next(iter(files)), time=time, stamp=time))

    def _known(self, digest: str) -> Attempt | None:
        return next((each for each in self.all if each.digest == digest), None)

    def add(self, files: Mapping[str, bytes], attempt: Attempt) -> Attempt:
        """Keeps the files as the next attempt."""
        attempt.number, attempt.digest = max((each.number for each in self.all), default=0) + 1, _digest(files)
        for name, content in files.items():
            write_whole(self.folder / str(attempt.number) / name, content)
        self._save(attempt)
        self.all.append(attempt)
        return attempt

    def take(self, files: Mapping[str, bytes], new: Attempt) -> tuple[Attempt, bool]:
        """What the new one is among the attempts, and whether it is the one that counts now."""
        before, known = self.counting, self._known(_digest(files))
        if known is None:
            known = self.add(files, new)
            counts = before is None or known.is_later(before) is not False
        else:
            self._learn(known, new)
            counts = before is None or known is before or not before.chosen and self._is_surely_later(known, before)
        if counts:
            self.put(known)
        return known, counts

    def _learn(self, known: Attempt, new: Attempt) -> None:
        """What the same files say more now: handed in once more, they are of the later time."""
        learned = {name: value for name in ("stamp", "system", "person")
                   if (value := getattr(new, name)) and value != getattr(known, name)}
        learned |= {name: value for name in ("time", "place")
                    if (value := getattr(new, name)) and (not (old := getattr(known, name)) or value > old)}
        if learned:
            vars(known).update(learned)
            self._save(known)

    @staticmethod
    def _is_surely_later(one: Attempt, other: Attempt) -> bool:
        return bool(one.is_later(other)) and not other.is_later(one)

    def put(self, attempt: Attempt) -> None:
        """Makes it the one that counts. The files of the one before leave submitted/; they are among the attempts."""
        files, there = _files(self.folder / str(attempt.number)), _files(self.submitted)
        for name, content in files.items():
            if there.get(name) != content:
                for folder in (self.submitted / name).relative_to(self.submitted).parents[:-1]:
                    if (self.submitted / folder).is_symlink():  # it would lead somewhere else
                        (self.submitted / folder).unlink()
                write_whole(self.submitted / name, content)
        for name in there:
            if name not in files:
                (self.submitted / name).unlink()
        if attempt.stamp is None:
            (self.submitted / STAMP).unlink(missing_ok=True)
        else:
            text = f"{attempt.stamp.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC\n".encode()
            if handed_in.beginning(self.submitted, STAMP, 200) != text:
                write_whole(self.submitted / STAMP, text)
        self.counting = attempt

    def choose(self, number: int) -> Attempt:
        """A teacher's decision. Raises AutograderError for an attempt that is not there."""
        found = next((each for each in self.all if each.number == number), None)
        if found is None:
            raise AutograderError(f"attempt {number}", f"there are {', '.join(str(each.number) for each in self.all)}"
                                  if self.all else "there is none")
        for each in self.all:
            if each.chosen != (each is found):
                each.chosen = each is found
                self._save(each)
        self.put(found)
        return found

    def _save(self, attempt: Attempt) -> None:
        record = {name: value.isoformat() if isinstance(value, datetime) else value
                  for name, value in asdict(attempt).items()}
        write_whole(self.folder / str(attempt.number) / RECORD, json.dumps(record, ensure_ascii=False).encode())


def people_before(root: Path, assignment: str) -> dict[str, set[tuple[str, str]]]:
    """Student -> whom they were on the platforms, (system, id), in their attempts at this assignment."""
    found: dict[str, set[tuple[str, str]]] = {}
    for path in (root / FOLDER).glob(f"*/{assignment}/*/{RECORD}"):
        attempt = _read(path)
        if attempt.person:
            found.setdefault(path.parents[2].name, set()).add((attempt.system, attempt.person))
    return found


def _read(path: Path) -> Attempt:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        times = {name: datetime.fromisoformat(data[name]) for name in ("time", "stamp") if data.get(name)}
        return Attempt(**data | times)
    except (OSError, ValueError, TypeError) as error:
        raise AutograderError(f"{path}, what is known of an attempt", str(error), "remove that folder: the notebook in "
                              "submitted/ is not touched") from None


def _files(folder: Path) -> dict[str, bytes]:
    """The plain files of a folder but our own; nothing of one that is not there. Raises SubmissionError for a link."""
    found = {}
    if folder.exists() or folder.is_symlink():
        for name in handed_in.plain_files(folder, _is_theirs):
            with contextlib.suppress(SubmissionError):  # what cannot be read cannot be kept, and stays
                found[name] = handed_in.read(folder, name, MAX_FILE)
    return found


def _is_theirs(name: str) -> bool:
    return name not in (STAMP, RECORD) and not name.startswith(".")


def _stamped(folder: Path) -> datetime | None:
    return read_time(handed_in.beginning(folder, STAMP, 200).decode("utf-8", "replace"))


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, content in sorted(files.items()):
        digest.update(f"{len(name)} {name} {len(content)} ".encode("utf-8", "surrogateescape") + content)
    return digest.hexdigest()
