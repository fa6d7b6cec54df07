"""The pages of the site that are made from something else: one for each command, and the files of the root."""

import re
from html import escape
from inspect import cleandoc
from pathlib import Path

import click
from mkdocs.structure.files import File

from autograder.cli import main

ROOT = Path(__file__).parents[1]

FROM_ROOT = ("CHANGELOG", "CONTRIBUTING", "SECURITY")
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)")

def on_config(config):
    """Puts the commands into the navigation, under the entry `Commands`."""
    entry = next(entry for entry in config.nav if "Commands" in entry)
    entry["Commands"] = ["commands/index.md", *({reader: [f"commands/{name}.md" for name in commands]}
                                                for reader, commands in main.by_reader().items())]
    return config


def on_files(files, config):
    """Adds the generated pages."""
    for name in FROM_ROOT:
        files.append(File.generated(config, f"{name.lower()}.md", content=_from_root(name)))
    files.append(File.generated(config, "commands/index.md", content=_overview()))
    for commands in main.by_reader().values():
        for name, command in commands.items():
            files.append(File.generated(config, f"commands/{name}.md", content=_page(name, command)))
    return files


def _from_root(name: str) -> str:
    """A file of the repository's root, its links made for the site: what is no page there is not a link any more."""
    def link(found: re.Match) -> str:
        words, path, anchor = found[1], found[2], found[3] or ""
        if path.removesuffix(".md") in FROM_ROOT:
            path = path.lower()
        elif path and not path.startswith("docs/"):
            return words
        return f"[{words}]({path.removeprefix('docs/')}{anchor})"

    return LINK.sub(link, (ROOT / f"{name}.md").read_text(encoding="utf-8"))


def _overview() -> str:
    lines = ["# Commands", "", "Each is one step on the way from solutions to grades. `autograder COMMAND --help` says "
             "the same as these pages, which are made from the code.", ""]
    for reader, commands in main.by_reader().items():
        lines += [f"## {reader}", "", "| command | what it does |", "|---|---|"]
        lines += [f"| [`{name}`]({name}.md) | {_text(command.get_short_help_str(300))} |"
                  for name, command in commands.items()]
        lines.append("")
    return "\n".join(lines)


def _page(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"autograder {name}")
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    options = [record for record in records if record and record[1]]  # of arguments the usage says enough
    usage = " ".join(command.get_usage(context).split()).removeprefix("Usage: ")
    return "\n".join([f"# {name}", "", f"    {usage}", "", _text(cleandoc(command.help or "")), "",
                      "| option | what it does |", "|---|---|",
                      *(f"| `{flags}` | {_text(text)} |" for flags, text in options), ""])


def _text(text: str) -> str:
    """Words as they stand: a name in angle or square brackets is neither an element nor a link."""
    return escape(text, quote=False).replace("[", "\\[").replace("|", "\\|")
