"""A submitted notebook in the room, ready to be called."""

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence

from autograder.course.plan import SECONDS
from autograder.errors import StudentFault
from autograder.examine.cells import Cells
from autograder.examine.face import Backend
from autograder.examine.lines import text_of
from autograder.examine.rehearsal import Prompted, Rehearsal
from autograder.room.budget import Budget
from autograder.room.script import Script

CALL_SECONDS, CELL_SECONDS = 10.0, 30.0


class TimedRoom:
    """A room as a backend whose every operation has the same deadline."""

    def __init__(self, room, seconds: float):
        self._room, self._seconds = room, seconds

    def get(self, owner, name):
        return self._room.get(owner, name, timeout=self._seconds)

    def set(self, owner, name, value):
        self._room.set(owner, name, value, timeout=self._seconds)

    def call(self, function, args, kwargs):
        return self._room.call(function, args, kwargs, timeout=self._seconds)

    def vjp(self, function, args, kwargs, cotangent):
        return self._room.vjp(function, args, kwargs, cotangent, timeout=self._seconds)

    def evaluate(self, source):
        return self._room.evaluate(source, timeout=self._seconds)


class RoomDesk:
    """A submission's rooms: hidden checks have one of their own.

    What has been sent to a room may come out of it in the words of an exception, or in anything else that is shown of
    a visible check. So a room in which those are asked is never sent a hidden one's questions.

    cells: (name, source) in order; swap_sources: the reference's cells of a part; given: the names of the cells that
    the course wrote; modules: path -> text of those beside the notebook, which the cells import; files: path ->
    content of what else the course has put there; budget: what all
    rooms together may take; asked: the functions that the student is to write; notes: what the notebook's cells did
    wrong; output: what they printed.
    """

    swappable = True

    def __init__(self, server, cells: list[tuple[str, str]], swap_sources: Callable[[str], list],
                 given: Collection[str] = (), modules: Mapping[str, str] | None = None,
                 budget: Budget | None = None, asked: Collection[str] = (),
                 files: Mapping[str, bytes] | None = None):
        modules, budget = modules or {}, budget or Budget(SECONDS)
        self._cells = Cells(cells, modules, asked, files)
        self.text = text_of([*modules.items(), *cells], given)
        self._rooms = {hidden: Rooms(server, self._cells, swap_sources, budget) for hidden in (False, True)}

    @property
    def notes(self) -> dict[str, str]:
        return self._cells.notes

    @property
    def output(self) -> str:
        return self._rooms[False].output

    def backend(self, swapped: tuple[str, ...], seconds: float = CALL_SECONDS,
                rehearsals: Sequence[Rehearsal] = (), hidden: bool = False) -> Backend:
        return self._rooms[hidden].backend(swapped, seconds, rehearsals)

    def renew(self) -> None:
        for rooms in self._rooms.values():
            rooms.renew()


class Rooms:
    """One room after another: a well-behaved one serves check after check; after a failed part, a death or a timeout
    the next check gets a new one."""

    def __init__(self, server, cells: Cells, swap_sources: Callable[[str], list], budget: Budget):
        self._server, self._cells, self._swap_sources, self._budget = server, cells, swap_sources, budget
        self._room = None
        self._swapped: tuple[str, ...] = ()
        self._ahead: dict[Rehearsal, Script] = {}  # what the room has been sent, and no check has heard
        self._careful = False
        self.output = ""

    def backend(self, swapped: tuple[str, ...], seconds: float, rehearsals: Sequence[Rehearsal]) -> Backend:
        self._budget.require()
        self._careful |= self._room is not None and not self._room.alive
        if self._room is None or not self._is_free(seconds, rehearsals) or self._swapped not in ((), swapped):
            self.renew()
            self._room, self._swapped = self._open(), ()
        if self._swapped != swapped:
            self._swap(swapped)
        if not rehearsals:
            return TimedRoom(self._room, seconds)
        return Prompted(self._room, seconds, rehearsals[0], lambda: self._sent(rehearsals, seconds))

    def _sent(self, rehearsals: Sequence[Rehearsal], seconds: float) -> Script:
        """What the room is asked for the first of them. It is sent all of them together, until one has been lost."""
        if rehearsals[0] not in self._ahead:
            rehearsals = rehearsals[:1] if self._careful else rehearsals
            scripts = self._room.send_ahead(*(each.requests for each in rehearsals), timeout=seconds)
            self._ahead = dict(zip(rehearsals, scripts))
        return self._ahead.pop(rehearsals[0])

    def renew(self) -> None:
        if self._room is not None:
            if not self._swapped:
                self.output = self.output or self._room.output
            self._room.close()
            self._room = None
            self._ahead.clear()

    def _is_free(self, seconds: float, rehearsals: Sequence[Rehearsal]) -> bool:
        """Whether the room is there, and has been asked for the first of them, or is through with all it was asked."""
        if not (rehearsals and rehearsals[0] in self._ahead):
            with contextlib.suppress(StudentFault):
                self._room.end_scripts(seconds)
        return self._room.alive

    def _swap(self, swapped: tuple[str, ...]) -> None:
        """Lets the reference of those parts into the room."""
        self.output = self.output or self._room.output
        self._swapped = swapped
        self._ahead.clear()
        for name, source in (cell for part in swapped for cell in self._swap_sources(part)):
            self._room.run(source, name=name, timeout=CELL_SECONDS)

    def _open(self):
        """A room with the notebook run in it."""
        while True:
            self._budget.require()
            room = self._server.open(self._budget)
            try:
                if self._cells.load(room, CELL_SECONDS):
                    return room
            except BaseException:
                room.close()
                raise
            room.close()
