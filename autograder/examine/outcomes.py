"""What a check said of answers that it has heard before: the same, since answers are all that it hears."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from autograder.errors import StudentFault
from autograder.examine.face import Backend
from autograder.examine.rehearsal import Disturbed, Prompted

KEPT = 64  # outcomes of a check
MOST = 64 << 20  # bytes of the arrays in all outcomes


class Outcomes:
    """(check, digest of all answers) -> what the check raised, or None, for checks that asked nothing but what was
    foreseen. Many students of a class answer a question alike, to the last bit."""

    def __init__(self):
        self._known: dict[Hashable, OrderedDict[bytes, BaseException | None]] = {}
        self._size = 0

    def of(self, check: Hashable, student: Backend, run: Callable[[], BaseException | None]) -> BaseException | None:
        """What `run` gives, or gave before. It is what the check raises for `student`."""
        if not isinstance(student, Prompted):
            return run()
        try:
            answers = student.hear_out()
        except StudentFault as fault:
            return fault
        known = self._known.setdefault(check, OrderedDict())
        if answers in known:
            known.move_to_end(answers)
            return known[answers]
        raised = run()
        if answers is not None and student.followed and not isinstance(raised, Disturbed):
            known[answers] = _bare(raised)
            self._size += _size(raised)
            if len(known) > KEPT:
                self._size -= _size(known.popitem(last=False)[1])
            if self._size > MOST:
                self._known, self._size = {}, 0
        return raised


def _size(raised: BaseException | None) -> int:
    got = getattr(getattr(raised, "evidence", None), "got", None)
    return 0 if got is None else got.nbytes


def _bare(raised: BaseException | None) -> BaseException | None:
    """Without the frames that it came through, and what they hold."""
    if raised is not None:
        raised.__traceback__ = raised.__context__ = raised.__cause__ = None
    return raised
