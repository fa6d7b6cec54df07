"""The cells of a submitted notebook, as they are run in one room after the other."""

import ast
import re

from autograder.errors import StudentFault, StudentRaised, TimedOut
from autograder.room.requests import Requests

MAX_MISSING_IMPORTS = 8  # of packages that are not installed, one after the other
MAX_DEADLY_CELLS = 3  # cells that may hang or kill their room before the rest of the notebook is left alone


class Cells:
    """What was learnt about the cells in one room holds for the next: which of them hang or kill it, and which
    import packages that are not installed (an unused import costs nothing).

    notes: what the cells did wrong, in words.
    """

    def __init__(self, cells: list[tuple[str, str]]):
        self.notes: dict[str, str] = {}
        self._sources = dict(cells)
        self._deadly: list[str] = []
        self._missing = 0
        self._prepare()

    def load(self, room, seconds: float) -> bool:
        """Runs them in a fresh room, each with its deadline. False if it takes another room, and another try."""
        [script] = room.send_ahead(self._requests, timeout=seconds)
        faults: dict[str, StudentRaised] = {}
        for name in self._loaded:
            try:
                room.next_answer(script, seconds)
            except StudentRaised as fault:
                faults[name] = fault
            except StudentFault as fault:
                self._leave_out(name, fault)
                return False
        if self._without_missing_imports(faults):
            return False
        self.notes |= {name: f"{name} raised {fault.kind}: {fault.message}" for name, fault in faults.items()}
        return True

    def _prepare(self) -> None:
        names = list(self._sources)
        if len(self._deadly) >= MAX_DEADLY_CELLS:
            names = names[:names.index(self._deadly[-1])]
        self._loaded = [name for name in names if name not in self._deadly]
        self._requests = Requests.of([{"do": "run", "source": self._sources[name], "name": name}
                                      for name in self._loaded], stop=False)

    def _leave_out(self, name: str, fault: StudentFault) -> None:
        stopped = f"ran for more than {fault.seconds:g} s" if isinstance(fault, TimedOut) else fault.found
        self.notes[name] = f"{name} is left out: {stopped}"
        self._deadly.append(name)
        self._prepare()

    def _without_missing_imports(self, faults: dict[str, StudentRaised]) -> bool:
        """Whether there were imports to take out of the cells."""
        changed = False
        for name, fault in faults.items():
            missing = re.fullmatch(r"No module named '(\w+)[\w.]*'", fault.message)
            without = without_import(self._sources[name], missing[1]) if missing else self._sources[name]
            if without != self._sources[name] and self._missing < MAX_MISSING_IMPORTS:
                self._sources[name], changed = without, True
                self.notes[f"{name} {missing[1]}"] = f"{name} imports `{missing[1]}`, which is not installed here"
        self._missing += changed
        if changed:
            self._prepare()
        return changed


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
