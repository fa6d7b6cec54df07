"""The group of all commands: who uses which, help that says so, and errors as their three lines."""

import contextlib
import os
import sys
from pathlib import Path

import click

from autograder.errors import AutograderError

# Who uses a command, and in which order; a command that is not named here stands under the last heading.
READERS = {
    "Students": ["check", "progress", "hint", "reset", "reveal", "submit"],
    "Authors": ["new", "preview", "release", "audit", "sample"],
    "Instructors": ["handout", "collect", "attempts", "grade", "report", "feedback", "similar", "export", "gradescope",
                    "remove", "rename"],
    "The machine": ["doctor", "copy-gradebook"],
}
PRIVATE = {*READERS["Instructors"], "copy-gradebook"} - {"handout"}  # whose files hold grades, or name hidden checks
STUDENTS = next(iter(READERS))
GRADES = Path(__file__).parents[1] / "grade" / "__init__.py"


def is_course() -> bool:
    """Whether this is a whole course kit: a student's copy carries nothing that grades."""
    return GRADES.exists()


class Group(click.Group):
    """Shows its commands by reader, and our own errors without a traceback."""

    def by_reader(self) -> dict[str, dict[str, click.Command]]:
        """All commands, under the headings of READERS."""
        named = {name for names in READERS.values() for name in names}
        groups = {reader: {name: self.commands[name] for name in names if name in self.commands}
                  for reader, names in READERS.items()}
        list(groups.values())[-1].update({name: each for name, each in self.commands.items() if name not in named})
        return groups

    def list_commands(self, context) -> list[str]:
        """In a student's copy, a student's commands."""
        return [name for name in super().list_commands(context) if is_course() or name in READERS[STUDENTS]]

    def get_command(self, context, name: str) -> click.Command | None:
        command, here = super().get_command(context, name), self.list_commands(context)
        if command is not None and name not in here:
            raise AutograderError(f"the command `{name}`", "this is a student's copy, which has no such command",
                                  f"its commands are {', '.join(here)}")
        return command

    def resolve_command(self, context, args):
        name, command, rest = super().resolve_command(context, args)
        if name in PRIVATE:
            _close_the_course(context)
        return name, command, rest

    def format_commands(self, context, formatter) -> None:
        here = self.list_commands(context)
        for reader, commands in self.by_reader().items():
            rows = [(name, each.get_short_help_str(limit=300)) for name, each in commands.items() if name in here]
            if rows:
                with formatter.section(reader):
                    formatter.write_dl(rows)

    def invoke(self, context):
        try:
            return super().invoke(context)
        except AutograderError as error:
            from autograder.render import clean

            said = clean(str(error), 100_000)  # it may quote a student's words
            click.echo(said.replace(os.getcwd() + os.sep, ""), err=True)
            sys.exit(2)


def _close_the_course(context: click.Context) -> None:
    """What this command writes is for nobody else to read."""
    from autograder.course.assignment import find_root
    from autograder.errors import CourseError
    from autograder.private import close_to_others

    with contextlib.suppress(CourseError):  # said by the command itself
        before = close_to_others(find_root())
        context.call_on_close(lambda: os.umask(before))
