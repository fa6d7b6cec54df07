"""release, handout, audit, sample: the author's and the instructor's verbs on a course."""

import sys
from difflib import get_close_matches
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from autograder.cli.progress import progress_bar
from autograder.course import Assignment, assignment_names, find_root, load_assignment
from autograder.errors import CourseError
from autograder.render import shortened

console = Console(highlight=False, width=None if sys.stdout.isatty() else 170)


def release(names: tuple[str, ...], verify: bool, anew: bool) -> None:
    from autograder.release import build

    root = find_root()
    names = names or tuple(assignment_names(root))
    if not names:
        raise CourseError("an assignment to release", f"there is none in {root / 'solutions'}")
    for name in names:
        assignment = load_assignment(name, root)
        if verify:
            build.verify(assignment)
            console.print(f"{name}: up to date")
        else:
            changed = build.release(assignment, anew)
            console.print(f"{name}: {', '.join(changed) if changed else 'nothing changed'}")


def audit(names: tuple[str, ...], mutants: int | None, jobs: int | None) -> None:
    from autograder.audit.run import audit as run
    from autograder.audit.run import steps
    from autograder.course.lint import lint

    assignments, parts = _audited(names)
    for assignment in assignments:
        lint(assignment)
    with progress_bar() as progress:
        task = progress.add_task("auditing", total=steps(assignments, parts))
        results, wholes = run(assignments, mutants, jobs, only=parts,
                              on_done=lambda what: progress.update(task, advance=1, description=what[:24]))
    console.print(_audit_table(results))
    problems = [f"{result.assignment} {result.part}: {problem}" for result in results for problem in result.problems]
    problems += [f"{whole.assignment}: {problem}" for whole in wholes for problem in whole.problems]
    for problem in problems:  # whole: a key that is to be copied must not be broken
        console.print(problem, markup=False, soft_wrap=True)
    if wholes and not any(whole.problems for whole in wholes):
        console.print(f"from top to bottom: {', '.join(whole.assignment for whole in wholes)} run without an error")
    sys.exit(bool(problems))


def _audited(names: tuple[str, ...]) -> tuple[list[Assignment], list[str]]:
    """The assignments that are named, or all; and the parts that are named besides, each of which one of them has."""
    root = find_root()
    known = assignment_names(root)
    named = [name for name in names if name in known]
    assignments = [load_assignment(name, root) for name in named or known]
    parts = [name for name in names if name not in named]
    having = {part.name for each in assignments for part in each.plan.parts}
    for name in parts:
        if name in having:
            continue
        if not named:
            load_assignment(name, root)  # which is not there, and says what may be meant
        near = get_close_matches(name, having, n=1)
        raise CourseError(f"a part of {', '.join(named)}", f"there is no `{name}`",
                          f"is it `{near[0]}`?" if near else f"the parts are {', '.join(sorted(having))}")
    return assignments, parts


def _audit_table(results: list) -> Table:
    table = Table(title="audit", title_justify="left")
    for heading in ("assignment", "part"):
        table.add_column(heading, overflow="fold")
    for heading in ("checks", "reference", "stub", "mistakes", "caught", "hinted", "other answers", "accepted",
                    "mutants", "killed", "equivalent"):
        table.add_column(heading, justify="right", overflow="fold")
    counted = ("checks", "mistakes", "caught", "hinted", "alternatives", "accepted", "mutants", "killed", "equivalent")
    total = {name: sum(getattr(result, name) for result in results) for name in counted}
    for result in results:
        values = {name: str(getattr(result, name)) for name in counted}
        table.add_row(result.assignment, result.part, values.pop("checks"), _word(result.reference, "passes"),
                      _word(result.stub, "clean"), *values.values(), end_section=result is results[-1])
    table.add_row("", "all", str(total.pop("checks")), _word(all(result.reference for result in results), "pass"),
                  _word(all(result.stub for result in results), "clean"), *map(str, total.values()))
    return table


def _word(good: bool, word: str) -> str:
    return word if good else f"not {word}"


def handout(name: str, archive: bool) -> None:
    from autograder.release.handout import write_handout

    path = write_handout(load_assignment(name), archive)
    console.print(f"{path}", soft_wrap=True)


def sample(name: str, into: str, yes: bool) -> None:
    from autograder.sample import write_class

    def ask(others: list[str]) -> None:
        if not yes:
            click.confirm(f"In {into}/ are {len(others)} who handed in ({shortened(others)}). An invented class would "
                          "be graded, counted and exported with them; `--into FOLDER` makes it elsewhere. Add it here?",
                          abort=True)

    assignment = load_assignment(name)
    made = write_class(assignment, Path(into), before_joining=ask)
    console.print(f"{len(made)} submissions of {name} in {into}/")
