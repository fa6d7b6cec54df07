"""Rehearsals: each check is run once on the reference, to know what it asks and what the reference answers.

A check draws its inputs itself, so it asks every student (nearly) the same. Its questions can therefore be sent to
a room all at once, and the reference need not be asked again. Where a check asks something else after all, because
an answer was wrong, the room and the reference are asked directly.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from autograder.errors import RoomDied, StudentFault, TimedOut
from autograder.examine.conversation import NOWHERE, Asked, Question, equal, keys, resolved
from autograder.examine.face import Backend
from autograder.examine.values import PLAIN, copied
from autograder.room.requests import Requests
from autograder.room.script import Script
from autograder.room.wire import Earlier


class Recorder(Asked):
    """A backend that passes everything on to another, and notes questions and answers."""

    def __init__(self, backend: Backend):
        self.backend = backend
        self.questions: list[Question] = []
        self.answers: list[Any] = []
        self._given: dict[int, tuple[Any, Any, Earlier]] = {}  # id -> what was given, as it was then, where it was

    def _ask(self, do, **arguments):
        self.questions.append(Question(do, self._traced(arguments)))
        answer = getattr(self.backend, do)(**arguments)
        self.answers.append(copied(answer, lambda other: other))
        self._remember(answer, self.answers[-1], Earlier(len(self.answers) - 1))
        return answer

    def _remember(self, value: Any, then: Any, where: Earlier) -> None:
        if type(value) in PLAIN or type(value) is tuple and not value:  # one object may stand for many of these
            return
        self._given[id(value)] = (value, then, where)
        for key in keys(value):
            self._remember(value[key], then[key], Earlier(where.answer, (*where.path, key)))

    def _traced(self, value: Any) -> Any:
        given, then, where = self._given.get(id(value), (NOWHERE, None, None))
        if given is value and equal(then, value):  # else the check has changed it since
            return where
        if type(value) in (tuple, list):
            return type(value)(self._traced(entry) for entry in value)
        if type(value) is dict:
            return {key: self._traced(entry) for key, entry in value.items()}
        return copied(value, lambda other: other)


class _Follower(Asked):
    """Hears the questions of a rehearsal again. Knows its own answers by identity."""

    def __init__(self, questions: list[Question]):
        self._questions = questions
        self._answers: list[Any] = []
        self._follows = True

    def _ask(self, do, **arguments):
        if self._follows and not self._is_next(do, arguments):
            self._leave()
            self._follows = False
        if not self._follows:
            return self._direct(do, arguments)
        self._answers.append(self._foreseen(len(self._answers)))
        return self._answers[-1]

    def _is_next(self, do: str, arguments: dict) -> bool:
        if len(self._answers) == len(self._questions):
            return False
        expected = self._questions[len(self._answers)]
        return expected.do == do and equal(expected.arguments, arguments, self._at)

    def _at(self, where: Earlier) -> Any:
        value = self._answers[where.answer]
        for key in where.path:
            if key not in keys(value):
                return NOWHERE
            value = value[key]
        return value

    def _foreseen(self, number: int) -> Any:
        raise NotImplementedError

    def _leave(self) -> None:
        raise NotImplementedError

    def _direct(self, do: str, arguments: dict) -> Any:
        raise NotImplementedError


class Remembered(_Follower):
    """The reference, which gives the answers of the rehearsal; asked something else, it catches up first."""

    def __init__(self, questions: list[Question], answers: list[Any], reference: Callable[[], Backend]):
        super().__init__(questions)
        self._known, self._reference = answers, reference

    def _foreseen(self, number):
        return copied(self._known[number], lambda other: other)

    def _leave(self):
        self._backend = self._reference()
        real: list[Any] = []
        for question in self._questions[:len(self._answers)]:
            arguments = resolved(question.arguments, real)
            real.append(getattr(self._backend, question.do)(**arguments))

    def _direct(self, do, arguments):
        return getattr(self._backend, do)(**arguments)


class Disturbed(BaseException):
    """A room was lost over questions that were sent ahead, and that the check did not ask in the end."""


class Prompted(_Follower):
    """A room that is sent the questions of a rehearsal ahead. seconds: the deadline of each answer; sent: sends them,
    or has done so before."""

    def __init__(self, room, seconds: float, rehearsal: "Rehearsal", sent: Callable[[], Script]):
        super().__init__(rehearsal.questions)
        self._room, self._seconds, self._sent = room, seconds, sent
        self._script: Script | None = None

    def hear_out(self) -> bytes | None:
        """Waits for all answers. A digest of them; None if the room was lost before it had given them all."""
        self._script = self._sent()
        return self._room.hear_out(self._script, self._seconds)

    @property
    def followed(self) -> bool:
        """Whether the check has asked nothing else."""
        return self._follows

    def _foreseen(self, number):
        if self._script is None:
            self.hear_out()
        try:
            return self._room.next_answer(self._script, self._seconds)
        except (TimedOut, RoomDied):
            if number in self._script.certain:
                raise
            raise Disturbed from None  # it may have been a later question, and this one's answer is lost with it

    def _leave(self):
        with contextlib.suppress(StudentFault):
            self._room.end_scripts(self._seconds)
        if not self._room.alive:  # over what it was sent besides, perhaps for another check
            raise Disturbed

    def _direct(self, do, arguments):
        return getattr(self._room, do)(**arguments, timeout=self._seconds)


class Rehearsal:
    """What one check asks a student, in the form in which it is sent; and the reference's part of it."""

    def __init__(self, student: Recorder, reference: Recorder, make_reference: Callable[[], Backend]):
        self.questions = student.questions
        self.requests = Requests.of([{"do": do, **arguments} for do, arguments in student.questions],
                                    pauses=_calls(student.questions))
        self._reference, self._make = reference, make_reference

    def reference_told(self) -> Iterator[tuple[str, dict[str, Any], Any]]:
        """(operation, arguments, answer) of each question to the reference."""
        for (do, arguments), answer in zip(self._reference.questions, self._reference.answers):
            yield do, resolved(arguments, self._reference.answers), answer

    def reference(self) -> Backend:
        """The reference's part, for one more sitting."""
        return Remembered(self._reference.questions, self._reference.answers, self._make)

    @classmethod
    def of(cls, run: Callable[[Backend, Backend], BaseException | None],
           make_reference: Callable[[], Backend]) -> "Rehearsal | None":
        """run(student, reference) is what the check raises. None if the reference does not pass its own check."""
        student, reference = Recorder(make_reference()), Recorder(make_reference())
        if run(student, reference) is not None:
            return None
        return cls(student, reference, make_reference)


def _calls(questions: list[Question]) -> dict[int, str]:
    """The questions that call something, with a name of what they call."""
    return {number: _origin(question.arguments["function"], questions) for number, question in enumerate(questions)
            if "function" in question.arguments}


def _origin(value: Any, questions: list[Question]) -> str:
    """How a check came by a value, such as "Model().forward"."""
    if type(value) is not Earlier:
        return ""
    do, arguments = questions[value.answer]
    if do == "get":
        owner = _origin(arguments["owner"], questions)
        return f"{owner}.{arguments['name']}" if owner else arguments["name"]
    called = arguments.get("function") or arguments.get("source")
    return f"{_origin(called, questions) or called}(){''.join(f'[{key}]' for key in value.path)}"
