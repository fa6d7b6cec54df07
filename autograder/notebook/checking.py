"""`check("part")` and `check()` in a notebook: runs visible checks on what the notebook defines, and shows the result.

Works on the running notebook itself and leaves it as it was found. The stop button ends it at once; code that does
not come to an end is stopped by a deadline.
"""

import sys
import warnings

from autograder.errors import DataError
from autograder.lab.kernel import shell
from autograder.notebook.cells import prepare_cells
from autograder.notebook.overheard import Overheard
from autograder.notebook.unwritten import explain_stubs

explain_stubs()  # importing `check` is the first thing that a notebook does
prepare_cells()
_told: set[str] = set()  # packages
_busy = False  # a plain name: the stop button may be pressed between taking a lock and noting that it is taken


class CheckStopped(KeyboardInterrupt):
    """The stop button was pressed. IPython shows the sentence alone, and does not go on to the next cell."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def check(part: str | None = None) -> "Answer | Overview":  # noqa: F821 (loaded when it is needed)
    """Examines one part of this notebook, or without an argument all of them. The last value of its cell: a table.

    Raises DataError for a part that does not exist, or where the assignment's files are not found.
    """
    global _busy
    if _busy:
        raise DataError("one check at a time", "another one is running",
                        "do not call `check` inside your own functions")
    try:
        _busy = True
        return _check(part, sys._getframe(1).f_globals)
    finally:
        _busy = False


def _check(part: str | None, namespace: dict):
    began: list[str] = []
    try:
        from autograder.notebook.answer import Bar, Overview
        from autograder.notebook.home import warm

        opened = warm(namespace)
        names = [each.name for each in opened.examiner.plan.parts]
        if part is not None:
            return _examine(opened, namespace, [_known(part, opened.examiner.functions)], began.append)[0]
        bar = Bar(len(names))
        overview = None
        try:
            overview = Overview(_examine(opened, namespace, names, lambda name: (began.append(name), bar.step(name))))
        finally:
            bar.close(overview)
        return overview
    except KeyboardInterrupt:
        raise _stopped(began) from None


def _stopped(began: list[str]) -> CheckStopped:
    from autograder.notebook.home import forget

    forget()
    at = f" at `{began[-1]}`" if began else ""
    return CheckStopped(f"check was stopped{at}; nothing in your notebook has changed")


def _examine(opened, namespace: dict, wanted: list[str], begins) -> list:
    """The answers of the wanted parts. begins: called with the name of each part before it is examined."""
    from autograder.notebook.answer import Answer
    from autograder.notebook.deadline import StopButton, alarm
    from autograder.notebook.desk import NotebookDesk
    from autograder.notebook.home import notebook_of, remember
    from autograder.notebook.places import Places, bare
    from autograder.notebook.stale import stale
    from autograder.notebook.untouched import as_found
    from autograder.rules.style import Notebook, rule_out
    from autograder.submission import local_modules

    examiner, places = opened.examiner, Places(opened.given)
    ear, printed, results = Overheard(places.name), {}, []

    def done(result) -> None:
        printed[result.name] = ear.take()
        results.append(result)
        if result.name != order[-1]:
            begins(order[order.index(result.name) + 1])

    order = _with_prerequisites(examiner.plan, wanted)
    with StopButton() as button, alarm() as clock, as_found(namespace):
        warnings.simplefilter("default")
        warnings.showwarning = ear.warn
        begins(order[0])
        examiner.examine(NotebookDesk(namespace, places, ear, clock, button), only=order, on_part=done)
        results = [result for result in results if result.name in wanted]
        cells = _history(namespace)
        modules = local_modules(opened.folder.resolve(), cells)
        if any(examiner.plan.part(name).forbids for name in wanted):
            own = [name for name, source in cells if bare(source) in opened.given]
            rule_out(results, examiner.plan, Notebook(cells, examiner.functions, own, modules))
    _tell_of_packages([*modules.items(), *cells], opened.sources, modules)
    remember(namespace, results)
    file = notebook_of(namespace)
    return [Answer(result, printed[result.name], stale(examiner.functions[result.name], namespace, cells, places, file))
            for result in results]


def _tell_of_packages(texts: list[tuple[str, str]], given: list[str], modules) -> None:
    """Says once of each package that is here, and that a grader may lack."""
    from autograder.submission.packages import sentences, unexpected

    found = {name: where for name, where in unexpected(texts, given, modules).items() if name not in _told}
    _told.update(found)
    for sentence in sentences(found):
        print(sentence)


def _with_prerequisites(plan, wanted: list[str]) -> list[str]:
    """The parts that have to be examined, in order."""
    needed = set(wanted)
    for part in reversed(plan.parts):
        if part.name in needed:
            needed.update(part.prerequisites)
    return [part.name for part in plan.parts if part.name in needed]


def _known(part: str, written: dict[str, frozenset[str]]) -> str:
    if part in written:
        return part
    from autograder.notebook.meant import part_meant

    said = part if isinstance(part, str) else getattr(part, "__name__", str(part))
    if said in written:
        raise DataError("the name of a part, in quotation marks", f"{said} itself", f'write check("{said}")')
    raise DataError("a part of this notebook", f"there is no `{said}`", part_meant(said, written))


def _history(namespace: dict) -> list[tuple[str, str]]:
    """The cells that this kernel has run, in that order; none where there is no IPython that ran them."""
    if getattr(shell(), "user_ns", None) is not namespace:
        return []
    from autograder.submission import plain_python

    ran = getattr(getattr(shell(), "history_manager", None), "input_hist_raw", [])
    return [(f"In [{number}]", plain_python(source)) for number, source in enumerate(ran) if source]
