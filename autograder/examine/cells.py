"""The cells of a submitted notebook, as they are run in one room after the other."""

from collections.abc import Collection, Mapping

from autograder.errors import BudgetSpent, StudentFault, StudentRaised, TimedOut
from autograder.room.requests import Requests, lending, running

MAX_DEADLY_CELLS = 3  # cells that may hang or kill their room before the rest of the notebook is left alone
MAX_SENTENCES, MAX_SENTENCE = 8, 500  # on imports that failed in a cell, and characters of each


class Cells:
    """What was learnt about the cells in one room holds for the next: which of them hang or kill it.

    modules: path -> text of those beside the notebook, which they import; files: path -> content of what else the
    course has put there; asked: the functions that a student is to write; notes: what the cells did wrong, in words.
    """

    def __init__(self, cells: list[tuple[str, str]], modules: Mapping[str, str], asked: Collection[str] = (),
                 files: Mapping[str, bytes] | None = None):
        self.notes: dict[str, str] = {}
        self._lent = [lending(modules, files or {})] if modules or files else []
        self._sources, self._asked = dict(cells), sorted(asked)
        self._deadly: list[str] = []
        self._prepare()

    def load(self, room, seconds: float) -> bool:
        """Runs them in a fresh room, each with its deadline. False if it takes another room, and another try."""
        [script] = room.send_ahead(self._requests, timeout=seconds)
        if self._lent:
            room.next_answer(script, seconds)
        for name in self._loaded:
            try:
                self._note_imports(room.next_answer(script, seconds))
            except StudentRaised as fault:
                self.notes[name] = f"{name} raised {fault.kind}: {fault.message}"
            except BudgetSpent:
                raise
            except StudentFault as fault:
                self._leave_out(name, fault)
                return False
        return True

    def _note_imports(self, said: object) -> None:
        """What the room says of imports that failed."""
        sentences = said[:MAX_SENTENCES] if type(said) is list else []
        self.notes |= {each[:MAX_SENTENCE]: each[:MAX_SENTENCE] for each in sentences if type(each) is str}

    def _prepare(self) -> None:
        names = list(self._sources)
        if len(self._deadly) >= MAX_DEADLY_CELLS:
            names = names[:names.index(self._deadly[-1])]
        self._loaded = [name for name in names if name not in self._deadly]
        runs = [running(self._sources[name], name, self._asked_in(self._sources[name])) for name in self._loaded]
        self._requests = Requests.of([*self._lent, *runs], stop=False)

    def _asked_in(self, source: str) -> tuple[str, ...]:
        return tuple(name for name in self._asked if name.partition(".")[0] in source)

    def _leave_out(self, name: str, fault: StudentFault) -> None:
        stopped = f"ran for more than {fault.seconds:g} s" if isinstance(fault, TimedOut) else fault.found
        self.notes[name] = f"{name} is left out: {stopped}"
        self._deadly.append(name)
        self._prepare()
