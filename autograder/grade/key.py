"""What determines a report, and each part of it: what has not changed is not graded again."""

import ast
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from autograder import handed_in, pictures
from autograder.course.assignment import Assignment
from autograder.course.execute import reference_sources
from autograder.grade.versions import versions
from autograder.report import SCHEMA


def course_key(assignment: Assignment, secret: bytes, mode: str) -> str:
    """A digest of everything but the submission: notebook, checks, mistakes, versions, secret and room mode."""
    files = [path.read_bytes() for path in (assignment.notebook, assignment.checks, assignment.mistakes)]
    return _digest([*files, _surroundings(assignment, mode)], secret)


def submission_key(course: str, folder: Path) -> str:
    """A digest of the course's key, and of names and bytes of what is read of a submission. Never raises: what cannot
    be read is said in the report."""
    return _digest([course.encode(), handed_in.digest(folder, is_read)])


def is_read(name: str) -> bool:
    """Whether grading looks at a submitted file of that name: a notebook, a module or a picture."""
    return handed_in.is_notebook(name) or handed_in.is_module(name) or pictures.travels(name)


def part_keys(assignment: Assignment, secret: bytes, mode: str) -> dict[str, str]:
    """For each part a digest of all that its verdicts depend on but the submission: the code of the notebook, the
    mistakes, its own checks and what they share with others, and the parts before it that it builds on or waits for."""
    shared, own = _checks_by_part(assignment)
    code = json.dumps(reference_sources(assignment)).encode()
    common = [code, assignment.mistakes.read_bytes(), shared.encode(), _surroundings(assignment, mode)]
    keys: dict[str, str] = {}
    for part in assignment.plan.parts:
        before = [keys[name].encode() for name in part.prerequisites]
        keys[part.name] = _digest([*common, own[part.name].encode(), *before], secret)
    return keys


def answered_keys(part_keys: dict[str, str], cells: list[tuple[str, str]], modules: dict[str, str]) -> dict[str, str]:
    """For each part a digest of its key and the code of a submission."""
    code = json.dumps([cells, modules] if modules else cells).encode()
    return {name: _digest([key.encode(), code]) for name, key in part_keys.items()}


def _checks_by_part(assignment: Assignment) -> tuple[str, dict[str, str]]:
    """checks.py as (what all parts share, the checks of each part): its code, without comments."""
    checks = {check.name: check for check in assignment.plan.checks}
    shared, own = [], {part.name: "" for part in assignment.plan.parts}
    for node in ast.parse(assignment.checks.read_text(encoding="utf-8")).body:
        check = checks.get(getattr(node, "name", ""))
        if check is None:
            shared.append(ast.unparse(node))
        else:
            own[check.part] += f"{check.hidden}\n{ast.unparse(node)}\n"
    return "\n".join(shared), own


def _surroundings(assignment: Assignment, mode: str) -> bytes:
    support = _digest(piece for name, content in assignment.support.items() for piece in (name.encode(), content))
    return json.dumps([SCHEMA, mode, versions(assignment), *([support] if assignment.support else [])],
                      sort_keys=True).encode()


def _digest(pieces: Iterable[bytes], secret: bytes = b"") -> str:
    digest = hashlib.blake2b(digest_size=16, key=secret[:64])
    for piece in pieces:
        digest.update(len(piece).to_bytes(8, "big") + piece)
    return digest.hexdigest()
