"""The learning platforms that we know the exports of."""

import contextlib
from collections.abc import Collection

from autograder.collect.canvas import canvas
from autograder.collect.download import File
from autograder.collect.gradescope import gradescope
from autograder.collect.hand_in import HandIn
from autograder.collect.moodle import moodle
from autograder.errors import AutograderError

SYSTEMS = {"canvas": canvas, "moodle": moodle, "gradescope": gradescope}


def hand_ins(files: list[File], system: str, known: Collection[str] = ()) -> tuple[list[HandIn], list[File]]:
    """What each person handed in, and the files that are nobody's. known: numbers of the platform that a roster has.

    Raises AutograderError where nothing in it is what the platform exports.
    """
    try:
        people, strangers = SYSTEMS[system](files, known)
    except AutograderError as error:
        raise AutograderError(error.asked, error.found, _other_system(files, but=system) or error.hint) from None
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
