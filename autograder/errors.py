"""Every error that the project raises on purpose.

    AutograderError                what was asked / what was found / what to do next
    ├── CourseError                a folder of solutions/ breaks a rule of the house
    ├── StaleRelease               assignments/ is older than solutions/
    ├── SubmissionError            a notebook cannot be read at all
    ├── DataError                  a data set is missing, incomplete or damaged
    ├── GradebookError             nbgrader's gradebook cannot be read or written
    ├── RoomUnavailable            this machine cannot give the isolation that was asked for
    └── StudentFault               what a student's code did (a fact for the examiner, not a bug of ours)
        ├── StudentRaised          it raised an exception
        ├── TimedOut               it did not answer before its deadline
        ├── BudgetSpent            the submission as a whole has used up its time
        ├── RoomDied               its process ended: exit, crash, or a limit
        └── BadReply               its process answered with something that is not an answer
"""

__all__ = [
    "AutograderError",
    "BadReply",
    "BudgetSpent",
    "CourseError",
    "DataError",
    "GradebookError",
    "RoomDied",
    "RoomUnavailable",
    "StaleRelease",
    "StudentFault",
    "StudentRaised",
    "SubmissionError",
    "TimedOut",
]


class AutograderError(Exception):
    """A sentence on what was asked, one on what was found, and a hint where one is known."""

    def __init__(self, asked: str, found: str = "", hint: str = ""):
        super().__init__(asked, found, hint)
        self.asked, self.found, self.hint = asked, found, hint

    def __str__(self) -> str:
        lines = [self.asked, self.found, f"hint: {self.hint}" if self.hint else ""]
        return "\n".join(line for line in lines if line)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the sentences say all, and a traceback would lead into our code."""
        return str(self).splitlines()


class CourseError(AutograderError):
    """A folder of solutions/ breaks a rule of the house. `each`: the single errors, where one tells of several."""

    def __init__(self, asked: str, found: str = "", hint: str = ""):
        super().__init__(asked, found, hint)
        self.each = [self]


class StaleRelease(AutograderError):
    """assignments/ is not what solutions/ would produce now."""


class SubmissionError(AutograderError):
    """A submitted notebook cannot be read at all."""


class DataError(AutograderError):
    """A data set is missing, incomplete or damaged."""


class GradebookError(AutograderError):
    """nbgrader's gradebook cannot be read or written."""


class RoomUnavailable(AutograderError):
    """This machine cannot give the isolation that was asked for."""


class StudentFault(AutograderError):
    """What a student's code did when it was called."""


class StudentRaised(StudentFault):
    """It raised an exception.

    `frames` holds (cell name, line number, function name) of the student's own frames, outermost first;
    `unwritten` is the innermost function that raised NotImplementedError, or ''; `given`: the shapes that it was called
    with (autograder.examine.shapes), where that is known.
    """

    def __init__(self, kind: str, message: str = "", frames=(), unwritten: str = ""):
        super().__init__("the code raised an exception", f"{kind}: {message}" if message else kind)
        self.kind, self.message = kind, message
        self.frames, self.unwritten = list(frames), unwritten
        self.given = None


class TimedOut(StudentFault):
    """It did not answer before its deadline of `seconds`."""

    def __init__(self, seconds: float):
        super().__init__(f"an answer within {seconds:g} s", f"still running after {seconds:g} s, so it was stopped")
        self.seconds = seconds


class BudgetSpent(StudentFault):
    """The submission as a whole has used up the `seconds` that all its cells and calls may take together."""

    def __init__(self, seconds: float):
        super().__init__(f"all of the notebook within {seconds:g} s",
                         f"not run: the notebook as a whole has used up its {seconds:g} s")
        self.seconds = seconds


class RoomDied(StudentFault):
    """Its process ended: it called exit, crashed, or ran into a limit."""

    def __init__(self, reason: str):
        super().__init__("an answer", f"the process that runs the notebook ended: {reason}")
        self.reason = reason


class BadReply(StudentFault):
    """Its process answered with something that is not an answer (only tampering does that)."""

    def __init__(self, reason: str):
        super().__init__("an answer", f"what came back is not an answer: {reason}")
        self.reason = reason
