"""Where a student's code is ready to be called: a room, or a namespace of this process."""

import ast
import re
from collections.abc import Callable

from autograder.errors import StudentFault, StudentRaised, TimedOut
from autograder.examine.face import Backend
from autograder.examine.namespace import NamespaceBackend
from autograder.room.wire import Opaque

CALL_SECONDS, CELL_SECONDS = 10.0, 30.0
MAX_MISSING_IMPORTS = 8  # packages that are not installed, in one cell
MAX_DEADLY_CELLS = 3  # cells that may hang or kill their room before the rest of the notebook is left alone


class NamespaceDesk:
    """The course's own code in this process: the reference, its stubs, a mistake (for audits and records)."""

    swappable = True

    def __init__(self, make: Callable[[], dict], swap_sources: Callable[[str], list] = lambda part: []):
        self._make, self._swap_sources = make, swap_sources

    def backend(self, swapped: tuple[str, ...], seconds: float = CALL_SECONDS) -> Backend:
        namespace = self._make()
        for part in swapped:
            for name, source in self._swap_sources(part):
                exec(compile(source, name, "exec"), namespace)
        return NamespaceBackend(namespace)

    def renew(self) -> None:
        pass


class LiveDesk:
    """A student's own running notebook: called as it stands, never swapped, never renewed."""

    swappable = False

    def __init__(self, namespace: dict, owns: Callable[[str], bool] = lambda filename: True):
        self._namespace, self._owns = namespace, owns

    def backend(self, swapped: tuple[str, ...], seconds: float = CALL_SECONDS) -> Backend:
        return NamespaceBackend(self._namespace, owns=self._owns)

    def renew(self) -> None:
        pass


class TimedRoom:
    """A room as a backend whose every operation has the same deadline.

    known: the functions and classes of this room's notebook that checks have asked for already.
    """

    def __init__(self, room, seconds: float, known: dict[str, Opaque]):
        self._room, self._seconds, self._known = room, seconds, known

    def get(self, owner, name):
        if owner is None and name in self._known:
            return self._known[name]
        value = self._room.get(owner, name, timeout=self._seconds)
        if owner is None and type(value) is Opaque and value.type in ("function", "type"):
            self._known[name] = value
        return value

    def set(self, owner, name, value):
        if owner is None:
            self._known.pop(name, None)
        self._room.set(owner, name, value, timeout=self._seconds)

    def call(self, function, args, kwargs):
        return self._room.call(function, args, kwargs, timeout=self._seconds)

    def vjp(self, function, args, kwargs, cotangent):
        return self._room.vjp(function, args, kwargs, cotangent, timeout=self._seconds)

    def evaluate(self, source):
        return self._room.evaluate(source, timeout=self._seconds)


class RoomDesk:
    """A submitted notebook in the room. A well-behaved room serves check after check; after a failed part,
    a death or a timeout the next check gets a new one.

    cells: (name, source) in order; notes: what its cells did wrong; output: what they printed.
    """

    swappable = True

    def __init__(self, server, cells: list[tuple[str, str]], swap_sources: Callable[[str], list]):
        self._server, self._cells, self._swap_sources = server, list(cells), swap_sources
        self._room = None
        self._known: dict[str, Opaque] = {}
        self._swapped: tuple[str, ...] = ()
        self._deadly: set[str] = set()
        self.notes: dict[str, str] = {}
        self.output = ""

    def backend(self, swapped: tuple[str, ...], seconds: float = CALL_SECONDS) -> Backend:
        if self._room is None or not self._room.alive or self._swapped != swapped:
            self.renew()
            self._room, self._swapped, self._known = self._open(swapped), swapped, {}
        return TimedRoom(self._room, seconds, self._known)

    def renew(self) -> None:
        if self._room is not None:
            if not self._swapped:
                self.output = self.output or self._room.output
            self._room.close()
            self._room = None

    def _open(self, swapped: tuple[str, ...]):
        """A room with the notebook run in it. A cell that hangs or kills its room is left out of the next one."""
        while True:
            room = self._server.open()
            try:
                if self._load(room, swapped):
                    return room
            except BaseException:
                room.close()
                raise
            room.close()

    def _load(self, room, swapped: tuple[str, ...]) -> bool:
        for name, source in self._cells:
            if name in self._deadly or len(self._deadly) >= MAX_DEADLY_CELLS:
                continue
            try:
                self._run(room, name, source)
            except StudentRaised as fault:
                self.notes[name] = f"{name} raised {fault.kind}: {fault.message}"
            except StudentFault as fault:
                self._deadly.add(name)
                stopped = f"ran for more than {fault.seconds:g} s" if isinstance(fault, TimedOut) else fault.found
                self.notes[name] = f"{name} is left out: {stopped}"
                return False
        for part in swapped:
            for name, source in self._swap_sources(part):
                room.run(source, name=name, timeout=CELL_SECONDS)
        return True

    def _run(self, room, name: str, source: str) -> None:
        """Runs a cell, without its imports of packages that are not installed: an unused import costs nothing."""
        for _ in range(MAX_MISSING_IMPORTS):
            try:
                return room.run(source, name=name, timeout=CELL_SECONDS)
            except StudentRaised as fault:
                missing = re.fullmatch(r"No module named '(\w+)[\w.]*'", fault.message)
                without = without_import(source, missing[1]) if missing else source
                if without == source:
                    raise
                self.notes[f"{name} {missing[1]}"] = f"{name} imports `{missing[1]}`, which is not installed here"
                source = without
        room.run(source, name=name, timeout=CELL_SECONDS)


def without_import(source: str, package: str) -> str:
    """`source` with the import statements of a package blanked, line for line."""
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        modules = ([alias.name for alias in node.names] if isinstance(node, ast.Import)
                   else [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else [])
        if any(module.partition(".")[0] == package for module in modules):
            others = [alias for alias in node.names if alias.name.partition(".")[0] != package]
            kept = ast.unparse(ast.Import(others)) if isinstance(node, ast.Import) and others else "pass"
            lines[node.lineno - 1] = lines[node.lineno - 1][: node.col_offset] + kept
            lines[node.lineno : node.end_lineno] = [""] * (node.end_lineno - node.lineno)
    return "\n".join(lines)


__all__ = ["LiveDesk", "NamespaceDesk", "RoomDesk"]
