"""The student's own lines, beside what is said of an exception that their code raised."""

from collections.abc import Callable, Collection, Sequence

SHOWN = 2  # lines, the innermost: where it failed, and who called that

Text = Callable[[str, int], str]  # (cell, line) -> the line that the student wrote there, stripped; '' for any other


def text_of(cells: Sequence[tuple[str, str]], given: Collection[str] = ()) -> Text:
    """cells: (name, source); given: the names of those that the course wrote."""
    lines = {name: source.split("\n") for name, source in cells if name not in given}

    def text(cell: str, line: int) -> str:
        return lines[cell][line - 1].strip() if cell in lines and 0 < line <= len(lines[cell]) else ""

    return text


def raised_at(frames: Sequence[tuple[str, int, str]], text: Text) -> str:
    """Where code raised: behind the sentence that says so the function, and below it the lines, the outermost first.
    Of given code that it failed in, only how the student came there."""
    own = [frame for frame in frames if text(*frame[:2])]
    if not own:
        return f"{_inside(frames[-1])} ({frames[-1][0]}, line {frames[-1][1]})" if frames else ""
    places = list(dict.fromkeys((cell, line) for cell, line, _ in own[-SHOWN:]))  # once in a recursion
    return "\n".join([_inside(own[-1]), *(f"{cell}, line {line}: {text(cell, line)}" for cell, line in places)])


def _inside(frame: tuple[str, int, str]) -> str:
    return f" in `{frame[2]}`" if frame[2] != "<module>" else ""
