"""What a check said of answers that it has heard before: the same, since answers are all that it hears."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from autograder.errors import StudentFault
from autograder.examine.face import Backend
from autograder.examine.rehearsal import Disturbed, Prompted

KEPT = 64  # outcomes of a check


class Outcomes:
    """(check, digest of all answers) -> what the check raised, or None, for checks that asked nothing but what was
    foreseen. Many students of a class answer a question alike, to the last bit."""

    def __init__(self):
        self._known: dict[Hashable, OrderedDict[bytes, BaseException | None]] = {}

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
            if len(known) > KEPT:
                known.popitem(last=False)
        return raised


def _bare(raised: BaseException | None) -> BaseException | None:
    """Without the frames that it came through, and what they hold."""
    if raised is not None:
        raised.__traceback__ = raised.__context__ = None
    return raised
