"""new, preview: the author's verbs before anything is handed out."""

import sys
import webbrowser

from rich.console import Console

from autograder.course import find_root, load_assignment

console = Console(highlight=False)


def new(name: str) -> None:
    from autograder.author.new import new as begin

    root = find_root()
    notebook, *others = (path.relative_to(root) for path in begin(root, name))
    console.print("\n".join(map(str, [notebook, *others])), soft_wrap=True, markup=False)
    console.print(f"A small assignment that works. Next: `autograder preview {name}`; then open {notebook} in Jupyter "
                  f"as a notebook, and make it yours. `autograder audit {name}` says whether its checks are any good.",
                  soft_wrap=True)


def preview(name: str, run: bool, open_it: bool) -> None:
    from autograder.author.preview import preview as make

    page, problems = make(load_assignment(name), run)
    console.print("\n".join([str(page), *problems]), soft_wrap=True, markup=False)
    if open_it:
        webbrowser.open(page.as_uri())
    sys.exit(bool(problems))
