"""hint, reveal, reset and submit: what a student does with a part, and with the whole."""

import json
import sys
from dataclasses import asdict
from textwrap import indent

import click
from rich.text import Text

from autograder.cli.console import console, plain
from autograder.cli.group import is_course
from autograder.cli.progress import progress_bar
from autograder.errors import DataError
from autograder.render import number
from autograder.study import handout as handouts


def hint(part: str, notebook: str | None, as_json: bool) -> None:
    from autograder.study.bench import Bench
    from autograder.study.hint import next_hint
    from autograder.study.watch import examined

    handout = handouts.having(part, notebook)
    if is_course() and handouts.is_foreign(handout.folder):
        raise DataError("a hint for a notebook of one of your own handouts", f"{handout.folder} is none",
                        "`autograder check` examines it, confined")
    with Bench(handout) as bench, progress_bar() as progress:
        progress.add_task("examining", total=None)
        (result,), notes = examined(handout, bench, (part,))
    given = next_hint(handout, result)
    if as_json:
        print(json.dumps(asdict(given) | {"right": given.right, "notes": notes}, indent=1))
        sys.exit(not given.right)
    for note in notes:
        console.print(plain(note))
    if given.right:
        console.print(f"{part} is right: nothing to hint at")
    for step, text in enumerate(given.hints, start=1):
        style = "bold" if step == len(given.hints) else "dim"
        console.print(Text(f"{part}, hint {step} of {given.of}", style=style))
        console.print(Text(indent(plain(text).plain, "  "), style=style.replace("bold", "")))
    if given.hints and len(given.hints) < given.of:
        console.print(Text("try again; the same command says one thing more", style="dim"))
    sys.exit(not given.right)


def reveal(part: str, notebook: str | None, yes: bool) -> None:
    from autograder.study.reveal import reveal as look_up

    handout = handouts.having(part, notebook)
    answer = look_up(handout, part)
    if not yes:
        click.confirm(f"This shows the answer to {part}. What you find yourself stays longer. Show it?", abort=True)
    console.print(Text(f"{part}: {answer.place}", style="bold"))
    if console.is_terminal:
        from rich.syntax import Syntax

        console.print(Syntax(answer.code, "python", theme="ansi_light", background_color="default"))
    else:
        print(answer.code)
    if answer.mistakes:
        console.print(Text("\nWhat people get wrong here", style="bold"))
    for mistake in answer.mistakes:
        console.print(plain(f"- {mistake}"))


def reset(part: str, notebook: str | None, yes: bool) -> None:
    from autograder.study.reset import reset as put_back

    handout = handouts.having(part, notebook)
    if not yes:
        click.confirm(f"This takes your code for {part} out of {handout.notebook} (a copy is kept). Do it?", abort=True)
    done = put_back(handout, part)
    if done is None:
        console.print(f"{part} is as it was handed out: nothing to do")
        return
    empty = [f"`{name}`" for slot in handout.slots if slot.name in done.cells for name in sorted(slot.defines)]
    console.print(plain(f"the part `{part}` is as it was handed out{': ' * bool(empty)}{', '.join(empty)}\n"
                        f"before that: {done.backup}"))
    console.print("If the notebook is open in Jupyter: File, Reload Notebook from Disk, before anything else.")


def submit(notebook: str | None, exchange: bool, anyway: bool, as_json: bool) -> None:
    from autograder.study import submit as study
    from autograder.study.look_over import look_over

    handout = handouts.the_one(notebook)
    found = look_over(handout)
    said = ""
    if anyway or not found.problems:
        if exchange:
            said = study.submit_to_exchange(handout)
        else:
            found.zip = str(study.make_zip(handout))
    if as_json:
        print(json.dumps(asdict(found) | {"submitted": bool(found.zip or said)}, indent=1))
    else:
        _show_hand_in(found, said)
    sys.exit(not (found.zip or said))


def _show_hand_in(found, said: str) -> None:
    console.print(plain(f"{found.notebook}: {found.assignment}, version {found.version}"))
    for problem in found.problems:
        console.print(Text("problem: ", style="red").append(plain(problem)))
    for note in found.notes:
        console.print(plain(f"note: {note}"))
    for what, names in (("not attempted", found.not_attempted), ("not answered", found.not_answered)):
        if names:
            console.print(plain(f"{what}: {', '.join(names)}"))
    points = f"{number(found.points)} of {number(found.max_points)} points for the visible checks"
    console.print(f"last checked: {points}" + (f"; changed since: {', '.join(found.changed)}" if found.changed else "")
                  if found.checked else "never checked: `autograder check` says how far it is right")
    if found.zip:
        console.print(Text("hand in this file: ", style="bold").append(plain(found.zip)))
    elif said:
        console.print(plain(said))
    else:
        console.print("nothing is handed in yet: mend this, or hand it in as it is with --anyway")
