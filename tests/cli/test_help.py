"""`autograder --help`: every command once, under the reader who uses it, in whole sentences."""

from click.testing import CliRunner

from autograder.cli import main
from autograder.cli.group import READERS


def test_every_command_has_a_reader_and_a_whole_sentence():
    assert sorted(name for names in READERS.values() for name in names) == sorted(main.commands)
    said = " ".join(CliRunner().invoke(main, ["--help"]).output.split())
    for heading, names in READERS.items():
        assert f"{heading}: {names[0]}" in said
    for name, command in main.commands.items():
        assert f"{name} {' '.join(command.get_short_help_str(limit=300).split())}" in said
    assert "..." not in said.partition("Students:")[2]
