"""How far an assignment has come, from what is kept of its last checks. Nothing is run for it."""

from dataclasses import dataclass, field

from autograder.errors import AutograderError
from autograder.notebook import kept
from autograder.study.handout import Handout
from autograder.study.watch import keys_of


@dataclass
class Overview:
    """An assignment's visible points so far. parts: name -> points, most points, and whether the last check of it is
    older than its code; next_part: the first that is not right yet, and why."""

    assignment: str
    notebook: str
    points: float = 0.0
    max_points: float = 0.0
    checked: bool = False
    parts_done: int = 0
    next_part: str = ""
    why: str = ""
    parts: dict[str, dict] = field(default_factory=dict)


def overview(handout: Handout) -> Overview:
    memory, now = kept.read(handout.notebook), _keys_now(handout)
    found = Overview(handout.name, str(handout.notebook), checked=bool(memory.parts))
    for part in handout.plan.parts:
        most, result = handout.plan.points_of(part.name), memory.parts.get(part.name)
        points = min(result.points, most) if result else 0.0
        changed = bool(memory.keys.get(part.name)) and memory.keys[part.name] != now.get(part.name)
        found.parts[part.name] = {"points": points, "max_points": most, "changed_since": changed}
        found.points, found.max_points = found.points + points, found.max_points + most
        found.parts_done += points >= most
        if points < most and not found.next_part:
            found.next_part, found.why = part.name, _why(result, changed)
    return found


def _why(result, changed: bool) -> str:
    if changed:
        return "changed since its last check"
    return "" if result is None or result.attempted else "not written yet"


def _keys_now(handout: Handout) -> dict[str, str]:
    try:
        return keys_of(handout, handout.submission())
    except AutograderError:
        return {}
