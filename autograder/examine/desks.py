"""Where code of this process is ready to be called: the course's own, or a student's running notebook."""

from collections.abc import Callable, Sequence

from autograder.examine.face import Backend
from autograder.examine.lines import Text, text_of
from autograder.examine.namespace import NamespaceBackend
from autograder.examine.rehearsal import Rehearsal
from autograder.room import process


class NamespaceDesk:
    """The course's own code in this process: the reference, its stubs, a mistake (for audits and records)."""

    swappable = True

    def __init__(self, make: Callable[[], dict], swap_sources: Callable[[str], list] = lambda part: []):
        self._make, self._swap_sources = make, swap_sources
        self.text = text_of([])

    def backend(self, swapped: tuple[str, ...], seconds: float = 0.0,
                rehearsals: Sequence[Rehearsal] = (), hidden: bool = False) -> Backend:
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

    def __init__(self, namespace: dict, owns: Callable[[str], bool] = lambda filename: True,
                 text: Text = lambda cell, line: ""):
        self._namespace, self._owns, self.text = namespace, owns, text

    def backend(self, swapped: tuple[str, ...], seconds: float = 0.0,
                rehearsals: Sequence[Rehearsal] = (), hidden: bool = False) -> Backend:
        process.seed()  # as a room does before each check
        return NamespaceBackend(self._namespace, owns=self._owns)

    def renew(self) -> None:
        pass
