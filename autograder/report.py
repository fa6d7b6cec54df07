"""The report of one graded submission: the only thing that gradebook, feedback and exports see.

Saved as JSON, schema 1, documented field by field in docs/report.md. Two reports of the same notebook,
checks and secret are equal in everything but `seconds`.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.errors import AutograderError
from autograder.private import for_owner

SCHEMA = 1

# The four verdicts differ in who must act: nobody, the student, the student (elsewhere first), the course.
PASSED, FAILED, SKIPPED, BROKEN = "passed", "failed", "skipped", "broken"
VERDICTS = (PASSED, FAILED, SKIPPED, BROKEN)
_TO_JSON = json.JSONEncoder(ensure_ascii=False, default=vars).encode


@dataclass
class Difference:
    """Where an array is wrong, as a picture of at most 32 x 32 digits.

    axes, shape: of the whole array. The last axis runs along the rows of the picture, all others down; a larger array
    is shown in blocks, each with its worst entry. Digits: 0 agrees; 9 is wrong by at least the largest expected value,
    or not finite; each digit below by a factor of sqrt(10) less; 1 is all that is smaller.
    """

    axes: list[str]
    shape: list[int]
    rows: list[str]


@dataclass
class CheckResult:
    """One check: what was asked (`sentence`), what was found and where, and the hint that the answer earned."""

    name: str
    sentence: str
    max_points: float
    verdict: str = PASSED
    hidden: bool = False
    points: float = 0.0
    asked: str = ""
    found: str = ""
    hint: str = ""
    attempted: bool = True
    follow_through: bool = False
    where: list = field(default_factory=list)
    difference: Difference | None = None

    @property
    def lines(self) -> list[str]:
        """The failure in up to three lines: what was asked; where and by how much; `hint:`."""
        hint = [f"hint: {self.hint}"] if self.hint else []
        return [self.asked or self.sentence, *self.found.splitlines(), *hint]


@dataclass
class PartResult:
    """One part. follow_through: earlier parts that the reference stood in for, where that earned points;
    code: what the student wrote for it; key: what determines this part."""

    name: str
    checks: list[CheckResult]
    follow_through: list[str] = field(default_factory=list)
    code: str = ""
    key: str = ""

    @property
    def points(self) -> float:
        return sum(check.points for check in self.checks)

    @property
    def max_points(self) -> float:
        return sum(check.max_points for check in self.checks)

    @property
    def attempted(self) -> bool:
        return any(check.attempted for check in self.checks)

    @property
    def failed(self) -> bool:
        return any(check.verdict in (FAILED, SKIPPED) for check in self.checks)


@dataclass
class Question:
    """A written question, to be graded by hand in nbgrader's formgrader."""

    name: str
    max_points: float
    answer: str = ""
    answered: bool = False


@dataclass
class Picture:
    """A picture that a student's text shows. data: a small WebP as base64, made anew; refused: why there is none."""

    data: str = ""
    refused: str = ""


@dataclass
class Report:
    """One student's submission of one assignment.

    problem: why it could not be examined at all, or ''; notes: sentences on the notebook itself, such as a cell
    that does not compile; room: the mode of the sandbox and its walls; key: what determines this report.
    """

    assignment: str
    student: str
    notebook: str = ""
    parts: list[PartResult] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    output: str = ""
    pictures: dict[str, Picture] = field(default_factory=dict)
    room: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    key: str = ""
    seconds: float = 0.0

    @property
    def points(self) -> float:
        return sum(part.points for part in self.parts)

    @property
    def max_points(self) -> float:
        """Without the written questions."""
        return sum(part.max_points for part in self.parts)

    @property
    def examined(self) -> bool:
        """False if the grader itself could not do its work: then there is no score, and nothing to write down."""
        return bool(self.parts)

    def counts(self) -> dict[str, int]:
        """How many checks have each verdict."""
        verdicts = [check.verdict for part in self.parts for check in part.checks]
        return {verdict: verdicts.count(verdict) for verdict in VERDICTS}

    def hints(self) -> list[str]:
        """The hints earned, in order, each once."""
        return list(dict.fromkeys(check.hint for part in self.parts for check in part.checks if check.hint))

    def to_json(self) -> str:
        """One line for each part."""
        data = {"schema": SCHEMA, **vars(self), "points": self.points, "max_points": self.max_points}
        parts = ",\n".join(map(_TO_JSON, data.pop("parts")))
        return f'{_TO_JSON(data)[:-1]}, "parts": [\n{parts}\n]}}\n'

    @classmethod
    def from_json(cls, text: str) -> "Report":
        """Raises AutograderError for text that is not a report of this schema."""
        try:
            data = json.loads(text)
            if data.pop("schema") != SCHEMA:
                raise ValueError("another schema")
            del data["points"], data["max_points"]
            parts = [part_from(part) for part in data.pop("parts")]
            questions = [Question(**question) for question in data.pop("questions")]
            pictures = {name: Picture(**picture) for name, picture in data.pop("pictures", {}).items()}
            return cls(parts=parts, questions=questions, pictures=pictures, **data)
        except (ValueError, KeyError, TypeError) as error:
            raise AutograderError(f"a report of schema {SCHEMA}", f"{type(error).__name__}: {error}",
                                  "delete the file and grade again") from None


def part_from(data: dict[str, Any]) -> PartResult:
    """The part of which `dataclasses.asdict` made `data`. Raises KeyError or TypeError for anything else."""
    return PartResult(data["name"], [_check(**check) for check in data["checks"]], data["follow_through"], data["code"],
                      data.get("key", ""))


def _check(difference: dict | None = None, **fields) -> CheckResult:
    return CheckResult(**fields, difference=Difference(**difference) if difference else None)


def report_path(root: Path, assignment: str, student: str) -> Path:
    return root / "reports" / assignment / f"{student}.json"


def save(report: Report, path: Path) -> None:
    """Writes a report whole or not at all: a killed batch leaves no half file. It names hidden checks: only its owner
    may read it."""
    with for_owner(path.parents[2]):
        write_whole(path, report.to_json().encode("utf-8", "replace"))


def load(path: Path) -> Report:
    return Report.from_json(path.read_text(encoding="utf-8"))


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file by renaming a finished one into its place."""
    temporary = stage(path, content)
    try:
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def stage(path: Path, content: bytes, permissions: int = 0o666) -> Path:
    """A finished file beside `path`, ready to be renamed into its place: here a full disk shows. permissions: what the
    umask leaves of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)
        temporary.touch(permissions)
        temporary.write_bytes(content)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def sweep(folder: Path) -> None:
    """Removes the unfinished files that killed processes have left in a folder."""
    if os.name == "nt":  # no way to ask whether a process lives
        return
    for path in folder.glob(".*.*"):
        owner = path.name.rpartition(".")[2]
        if owner.isascii() and owner.isdigit() and not _lives(int(owner)):
            path.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True
