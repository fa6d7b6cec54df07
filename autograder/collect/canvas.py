"""Names of Canvas: doejane_LATE_12345_67890_rnn-1.ipynb is a sortable name, LATE, the user's number, the file's number
and its name; LATE_anon_x7Qa2_67890_rnn.ipynb is of an assignment that is graded anonymously."""

import re
from collections.abc import Collection, Iterator

from autograder.collect.download import File
from autograder.collect.hand_in import HandIn, grouped
from autograder.collect.roster import slug

CANVAS = re.compile(r"(?P<name>.*?)(?P<late>_LATE)?_(?P<user>\d+)_"
                    r"(?:(?P<file>\d{1,18})_(?P<rest>.+)|(?:text|link)\.html)", re.DOTALL)
CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon_(?P<user>[A-Za-z0-9]+)_(?P<file>\d{1,18})_(?P<rest>.+)", re.DOTALL)
CANVAS_AGAIN = re.compile(r"(?=_(?P<user>\d+)_(?P<file>\d{1,18})_.)", re.DOTALL)


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

    return grouped(files, person)
