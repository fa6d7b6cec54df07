"""The group of all commands: who uses which, help that says so, and errors as their three lines."""

import os
import sys

import click

from autograder.errors import AutograderError

# Who uses a command, and in which order; a command that is not named here stands under the last heading.
READERS = {
    "Students": ["check", "progress", "hint", "reset", "reveal", "submit"],
    "Authors": ["new", "preview", "release", "audit", "sample"],
    "Instructors": ["handout", "collect", "grade", "report", "feedback", "similar", "export", "gradescope"],
    "The machine": ["doctor", "copy-gradebook"],
}


class Group(click.Group):
    """Shows its commands by reader, and our own errors without a traceback."""

    def by_reader(self) -> dict[str, dict[str, click.Command]]:
        """All commands, under the headings of READERS."""
        named = {name for names in READERS.values() for name in names}
        groups = {reader: {name: self.commands[name] for name in names if name in self.commands}
                  for reader, names in READERS.items()}
        list(groups.values())[-1].update({name: each for name, each in self.commands.items() if name not in named})
        return groups

    def format_commands(self, context, formatter) -> None:
        for reader, commands in self.by_reader().items():
            with formatter.section(reader):
                formatter.write_dl([(name, each.get_short_help_str(limit=300)) for name, each in commands.items()])

    def invoke(self, context):
        try:
            return super().invoke(context)
        except AutograderError as error:
            from autograder.render import clean

            said = clean(str(error), 100_000)  # it may quote a student's words
            click.echo(said.replace(os.getcwd() + os.sep, ""), err=True)
            sys.exit(2)
