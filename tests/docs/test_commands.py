"""Every command that a page, a message or a comment names can be typed: `autograder` and `nbgrader` have it."""

import re
from pathlib import Path

import pytest
from nbgrader.apps import NbGraderApp

from autograder.cli import main

ROOT = Path(__file__).parents[2]
TEXTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "autograder").rglob("*.py"),
         *(ROOT / "autograder").rglob("*.j2")]
NAMED = r"(autograder|nbgrader) ([a-z][a-z_-]+)([^`\n#]*)"
BETWEEN_BACKTICKS, IN_A_BLOCK = re.compile(rf"`{NAMED}"), re.compile(rf"^ {{4}}{NAMED}", re.MULTILINE)
OPTION = re.compile(r"(?<!\S)--[a-z][a-z-]+")


def named() -> set[tuple[str, str, str, str]]:
    """(file, program, command, what follows) wherever one stands in a code block or between backticks."""
    return {(str(path.relative_to(ROOT)), *match.groups()) for path in TEXTS
            for pattern in ((BETWEEN_BACKTICKS, IN_A_BLOCK) if path.suffix == ".md" else (BETWEEN_BACKTICKS,))
            for match in pattern.finditer(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("program, commands", [("autograder", main.commands), ("nbgrader", NbGraderApp.subcommands)])
def test_every_command_exists(program, commands):
    found = {(where, command) for where, named_program, command, _ in named() if named_program == program}
    assert len(found) > 10
    assert {(where, command) for where, command in found if command not in commands} == set()


def test_every_option_exists():
    flags = {name: {flag for parameter in command.params for flag in parameter.opts} | {"--help"}
             for name, command in main.commands.items()}
    assert {(where, command, option) for where, program, command, rest in named() if program == "autograder"
            for option in OPTION.findall(rest) if option not in flags.get(command, ())} == set()
